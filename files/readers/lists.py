"""Lists: one variant a line, by its rsID, HGVS name or place. Colons, bars and blanks in a name part no columns."""

import re
from collections import Counter

from files.readers.celltypes import is_missing
from files.readers.choices import Choices
from files.readers.layout import Layout
from files.readers.scan import Dialect, Record
from files.readers.sniff import SEPARATOR
from files.readers.taking import Taker, Written

LISTED = 0.8  # share of the lines that must name a variant; the others are rows all the same, and counted
LISTED_ALONE = 0.5  # the same where no line has a delimiter that could part it
MOSTLY = 0.8  # share of the names of one kind; below it the list is mixed
MIXED = "query"
COMMENT = "#"
WHAT = {
    "rsID": "rsID", "HGVS": "HGVS name", "variant": "place with alleles (such as 17-43057062-T-TG)",
    "ClinVar": "ClinVar accession", "SPDI": "SPDI name", MIXED: "rsID, HGVS name or place with alleles",
}  # fmt: skip

_CHANGE = r"(?:[^\s,;|\"\[\]]|\[[^\]\s]*\])+"
_CHROM = r"(?:chr(?:omosome)?)?(?:[0-9]{1,2}|X|Y|MT?)"
_POS = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_KINDS: list[tuple[str, str]] = [  # a kind's name is the name of the list's column
    ("rsID", r"rs\d{1,15}"),
    ("ClinVar", r"[VRS]CV\d{6,12}(?:\.\d+)?"),
    # Of SPDI the position counts from 0, so it is no place as VCF means it.
    ("SPDI", r"N[CGMTW]_\d+\.\d+:\d+:(?:[ACGTN]*|\d+):[ACGTN]*"),
    ("HGVS", rf"(?:[A-Z][\w.-]*(?:\([\w.-]+\))?(?: ?: ?| ))?[cgmnpr]\.{_CHANGE}(?: \(?(?:[NE]\w+[\d.]*:)?p\.{_CHANGE})?"),
    ("variant", rf"{_CHROM}([-:_/]){_POS}(?:\1(?:[ACGTN]*|[*.]|<\w+>)\1(?:[ACGTN]*|[*.]|<\w+>)|[ :_/-]?[ACGTN]+>[ACGTN]+)"),
]  # fmt: skip
_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS]
_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"\s*[^\W\d_][\w .()/#-]{0,39}")


def kind_of(text: str) -> str | None:
    """What names a variant here: rsID, HGVS, variant (chr-pos-ref-alt), ClinVar or SPDI; None where nothing does."""
    text = text.strip("\ufeff \t\"'")
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(text)), None)


def find_list(text: str, choices: Choices) -> Layout | None:
    """The layout of a text that begins a list, None where it is a table or what a user set says so."""
    if choices.delimiter:
        return None
    comment = COMMENT if choices.comment is None else choices.comment
    top = 1 + (SEPARATOR.match(text) is not None)
    lines = [
        (number, line)
        for number, line in enumerate(_LINE_END.split(text.lstrip("\ufeff")), start=1)
        if line.strip() and not (comment and line.startswith(comment)) and number >= (choices.header_line or top)
    ]
    if not lines or choices.header_line not in (None, lines[0][0]):
        return None
    number, first = lines[0]
    named = bool(choices.header_line) or (choices.header if choices.header is not None else _is_name(first))
    body = [line for _, line in lines[named:]]
    kinds = Counter(kind for line in body if (kind := kind_of(line)))
    enough = LISTED if any(re.search(r"[,;\t|]", line) for line in body) else LISTED_ALONE
    if not kinds or kinds.total() < enough * len(body) or named and _are_words(first, body):
        return None
    kind, count = kinds.most_common(1)[0]
    kind = kind if count >= MOSTLY * kinds.total() else MIXED
    quote = '"' if choices.quote is None else choices.quote
    dialect = Dialect("", quote, comment=comment)
    name = first.strip(f" \t{quote}") if named else kind
    return Layout(dialect, 1, number if named else None, [name], number + 1 if named else top, list_of=kind)


def _is_name(line: str) -> bool:
    """Whether a first line is the list's name: words, and neither a variant nor what stands for none."""
    bare = line.strip(" \t\"'")
    return kind_of(line) is None and not is_missing(bare) and bare.lower() != "novel" and bool(_NAME.fullmatch(bare))


def _are_words(name: str, body: list[str]) -> bool:
    """Whether a name of several words stands above lines of several: then blanks part columns (`gene hgvs`)."""
    return " " in name.strip() and any(" " in line.strip() for line in body)


class ListTaker(Taker):
    """Takes the lines of a list, and says how many of them name no variant of its kind."""

    def _row(self, record: Record, written: Written | None) -> None:
        kind = kind_of(record.cells[0] or "")
        wanted = self.layout.list_of
        if kind != wanted and (kind is None or wanted != MIXED):
            message = f"Lines that are no {WHAT[wanted]}, as the others are; they are rows all the same."
            self.findings.warn("unlike_the_list", message, record.line)
        super()._row(record, written)
