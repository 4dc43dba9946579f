"""Which delimiter, quote and escape a text table uses, told from how alike its records are.

Each dialect that could be is tried on the sample with the real scanner. The best has records of one width (as the
consistency measures of van den Burg et al. 2019 and García 2024 ask) whose cells look like single values.
"""

import re
from collections import Counter
from dataclasses import replace
from itertools import islice

from files.readers.celltypes import is_identifier, is_measured, likeness
from files.readers.scan import COMMENT, NEVER_CLOSED, STRAY, Dialect, Record, Scanner

SAMPLE_CHARS = 128 * 1024
SAMPLE_RECORDS = 1000
SAMPLE_CELLS = 6000
# Delimiters and how much each is believed: a colon parts times and HGVS names, a blank the words of a sentence.
DELIMITERS = {
    ",": 1.0, "\t": 1.05, ";": 1.0, "|": 1.0, "||": 0.95, "::": 0.8, "\x1f": 1.0, "\x01": 1.0, "\x1e": 1.0, "¦": 0.9, "¬": 0.9,
    "^": 0.9, "~": 0.9, "~|~": 0.95, "|~|": 0.95, " ": 0.5, ":": 0.5, "&": 0.5, "#": 0.45, "!": 0.45, "@": 0.4, "*": 0.45, "/": 0.3,
}  # fmt: skip
SEPARATOR = re.compile(r"\ufeff?sep=([^\w\s\"]|\t)\s*[\r\n]", re.IGNORECASE)  # a first line that Excel writes and reads
QUOTES = "\"'`"
PADDED = 1.1  # how much more than a bare delimiter one with blanks around it is believed where the header has only such
_HGVS = re.compile(r":[cgmnpr]\.|\bchr\w{1,2}:\d")
ONE_COLUMN = 0.25  # a score under it is no better than taking every line for one cell


def sniff(text: str, *, delimiter: str | None = None, quote: str | None = None, escape: str | None = None) -> Dialect:
    """The dialect of a sample that ends with a line end or with the file. What is given is kept."""
    if len(text) > SAMPLE_CHARS:
        text = _whole_lines(text[:SAMPLE_CHARS])
    if delimiter is None and (said := SEPARATOR.match(text)):
        delimiter = said[1]
    candidates = {delimiter: 1.0} if delimiter is not None else _candidates(text)
    best, best_score = Dialect(delimiter or "", quote if quote is not None else '"', escape or ""), ONE_COLUMN
    for candidate, belief in candidates.items():
        if not candidate:
            continue
        for dialect in _dialects(text, candidate, quote, escape):
            score = _score(text, dialect, belief)
            if delimiter is not None:
                score += ONE_COLUMN
            if score > best_score + 1e-9:
                best, best_score = dialect, score
    if not best.delimiter and quote is None:
        best = replace(best, quote=_quote_of_lines(text))
    return best


def _candidates(text: str) -> dict[str, float]:
    """The delimiters worth trying and how much each is believed."""
    found = {}
    for delimiter, belief in DELIMITERS.items():
        count = text.count(delimiter)
        if not count or _always_doubled(text, delimiter) or delimiter in ": " and _in_names(text, delimiter):
            continue
        found[delimiter] = belief
        for padded in (f"{delimiter} ", f" {delimiter} "):
            if delimiter in ",;|" and padded in text and _has_blanks(text, delimiter, padded):
                found[padded] = PADDED * belief
    return found


def _has_blanks(text: str, delimiter: str, padded: str) -> bool:
    """Whether a delimiter has blanks around it, and within cells none: `name, value` above `a, 3,5`."""
    lines = [line for line in text.splitlines() if line.strip()]
    usual, usual_bare = (
        Counter(line.count(mark) for line in lines).most_common(1)[0][0] for mark in (padded, delimiter)
    )
    return lines[0].count(padded) == lines[0].count(delimiter) == usual != usual_bare


def _in_names(text: str, delimiter: str) -> bool:
    """Whether it stands within names, as in `NM_000059.4(BRCA2):c.68-7T>A (p.Arg2Gly)` or `chr7:117559590`."""
    lines = [line for line in text.splitlines() if delimiter in line]
    colons = text.count(":") if delimiter == ":" else 0
    return 0 < colons <= 2 * len(_HGVS.findall(text)) or 2 * sum(map(is_identifier, lines)) > len(lines)


def _quote_of_lines(text: str) -> str:
    """The quote of a table with one column: one that begins and ends its lines."""
    lines = [line for line in text.splitlines() if line]
    for mark in "'`":
        if sum(len(line) > 1 and line[0] == line[-1] == mark for line in lines) > 0.9 * len(lines):
            return mark
    return '"'


def _always_doubled(text: str, delimiter: str) -> bool:
    """Whether a delimiter is but half of one: `a||b`."""
    if text.count(delimiter * 2) < 3:
        return False
    return delimiter * 2 in DELIMITERS and 2 * text.count(delimiter * 2) == text.count(delimiter)


def _whole_lines(text: str) -> str:
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


def _dialects(text: str, delimiter: str, quote: str | None, escape: str | None) -> list[Dialect]:
    """The quotes and escapes worth trying: a quote must open a cell and close one."""
    found = []
    for mark in QUOTES if quote is None else quote:
        edge = re.escape(delimiter)
        opens = re.search(rf"(?:^|{edge})[ \t]*{re.escape(mark)}", text, re.MULTILINE)
        closes = re.search(rf"{re.escape(mark)}[ \t]*(?:{edge}|$|\r)", text, re.MULTILINE)
        if opens and closes or quote is not None:
            found.append(Dialect(delimiter, mark))
            if f"\\{mark}" in text:
                found.append(Dialect(delimiter, mark, escape="\\"))
    if not any(dialect.quote == '"' for dialect in found) and quote is None or not found:
        found.insert(0, Dialect(delimiter, '"' if quote is None else quote))  # one may come later
    elif quote is None and not any(_is_strict(text, dialect) for dialect in found):
        found.append(Dialect(delimiter, ""))
    if escape is not None:
        found = list(dict.fromkeys(replace(dialect, escape=escape) for dialect in found))
    if delimiter == " ":
        found = [
            replace(dialect, runs=runs) for dialect in found for runs in ([False, True] if "  " in text else [False])
        ]
    return found


def _is_strict(text: str, dialect: Dialect) -> bool:
    """Whether each quote of the sample encloses a cell or is doubled in one: then they are quotes."""
    return not any(record.remark in (STRAY, NEVER_CLOSED) for record in records_of(text, dialect, SAMPLE_RECORDS))


def records_of(text: str, dialect: Dialect, count: int, width: int | None = None) -> list[Record]:
    return list(islice(Scanner(dialect, width).records(text, 1, final=True), count))


def _score(text: str, dialect: Dialect, belief: float) -> float:
    """0..1: how much the sample looks like a table when read so, by a delimiter that is believed so much."""
    records = records_of(text, dialect, SAMPLE_RECORDS)
    records = [r for r in records if r.remark != COMMENT and not _is_note(r)] or records
    widths = Counter(len(record.cells) for record in records)
    width = max((w for w in widths if w > 1), key=lambda w: (widths[w] * (1 - 1 / w), w), default=1)
    if width == 1:
        return 0.0
    if any(record.remark for record in records):  # once more: by the width, stray quotes are told from others
        records = records_of(text, dialect, SAMPLE_RECORDS, width)
        records = [r for r in records if r.remark != COMMENT and not _is_note(r)] or records
    table = _without_preamble(records, width)
    body = _without_notes(table)
    alike = sum(len(record.cells) == width for record in body)
    shorter = sum(1 < len(record.cells) < width for record in body)
    consistency = (alike + 0.5 * shorter) / len(body)
    few = len(body) < 2 or len(body) < 3 and not all(map(_holds_values, body))
    if dialect.delimiter in " :/#*&!@" and (consistency < 0.9 or few):
        return 0.0
    odd = sum(record.remark in (STRAY, NEVER_CLOSED) for record in body) / len(body)
    cells = [cell or "" for record in body for cell in record.cells][:SAMPLE_CELLS]
    like = sum(map(likeness, cells)) / len(cells)
    quoted = _share_in_quotes(text, dialect, len(cells))  # whoever quoted a cell says that it is one
    like += (1 - like) * quoted
    belief += max(0.0, 1 - belief) * min(1.0, 1.5 * quoted)
    filled = sum(1 for cell in cells if cell) / len(cells)
    marks = sum(_in_marks(cell) for cell in cells) / len(cells)
    breadth = (1 - 1 / width) ** 0.3
    score = consistency**2 * like**1.5 * breadth * (1 - 0.5 * odd) * (1 - 0.3 * marks) * (0.8 + 0.2 * filled)
    return belief * score * (len(body) / len(table)) ** 0.5


def _holds_values(record: Record) -> bool:
    """Whether it is no prose: an identifier stands in it, or two numbers."""
    cells = [cell or "" for cell in record.cells]
    return any(map(is_identifier, cells)) or sum(map(is_measured, cells)) > 1


def _share_in_quotes(text: str, dialect: Dialect, cells: int) -> float:
    if not dialect.quote:
        return 0.0
    mark, edge = re.escape(dialect.quote), re.escape(dialect.delimiter)
    found = re.findall(
        rf"(?:^|{edge}) *{mark}(?:[^{mark}\r\n]|{mark}{mark})*{mark}(?= *(?:{edge}|$|\r))", text, re.MULTILINE
    )
    return min(1.0, len(found) / cells)


def _is_note(record: Record) -> bool:
    text = record.cells[0] or ""
    return text.startswith("##") or len(record.cells) == 1 and text.startswith("#")


def _without_preamble(records: list[Record], width: int) -> list[Record]:
    first = next((at for at, record in enumerate(records) if len(record.cells) == width), 0)
    return records[first:] if first <= 30 and first < len(records) / 2 else records


def _without_notes(records: list[Record]) -> list[Record]:
    """Without the records of one cell at the end, where these are the fewer."""
    last = next(at for at in range(len(records), -1, -1) if not at or len(records[at - 1].cells) > 1)
    return records[:last] if last > len(records) / 2 else records


def _in_marks(cell: str) -> bool:
    """Whether a quote was left on, or half of a pair: the dialect does not know of it."""
    return bool(cell) and (cell[0] in QUOTES or cell[-1] in QUOTES or any(cell.count(mark) % 2 for mark in QUOTES))
