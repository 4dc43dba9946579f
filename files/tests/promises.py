"""What must hold of every reading, whatever the bytes: told from the file alone, by code that shares none with the readers.

Property tests and the fuzz targets of tools/fuzz hold each reading against these.
"""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from files.readers.choices import Choices, Limits
from files.readers.findings import Outcome
from files.readers.parts import part_paths
from files.readers.reading import read_any

LIMITS = Limits(free_disk_bytes=0)
ASIAN = ("cp932", "euc_jp", "gb18030", "cp949", "big5", "big5hkscs", "johab", "gbk")
_NOT_WORD = re.compile(r"[^0-9A-Za-z]+")
_NAMES = re.compile(rb"#?CHROM(\t| +)POS(\t| +|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """A reading and what it wrote: rows are (line, cells...), rejects (line, offset, column, reason, text, kind)."""

    outcome: Outcome
    rows: list[tuple[Any, ...]]
    rejects: list[tuple[Any, ...]]


def written(folder: Path) -> list[tuple[Any, ...]]:
    """The records of a table in the order of their lines; those of a wide one joined."""
    rows: dict[int, list[Any]] = {}
    for paths in part_paths(folder):
        found = duckdb.read_parquet([str(path) for path in paths]).fetchall()
        for line, *cells in found:
            rows.setdefault(line, []).extend(cells)
    return [(line, *rows[line]) for line in sorted(rows)]


def read_bytes(data: bytes, folder: Path, choices: Choices | None = None, limits: Limits = LIMITS) -> Reading:
    """Reads what an upload of these bytes would be read to. Raises NotATable."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "upload"
    path.write_bytes(data)
    outcome = read_any(path, folder, choices or Choices(), limits, lambda *said: None)
    return Reading(outcome, written(folder / "table"), written(folder / "rejects"))


def line_starts(data: bytes, encoding: str) -> list[int]:
    """The first byte of each physical line, and the end of the last one."""
    unit = {"utf-16": 2, "utf-32": 4}.get(encoding[:6], 1)
    if unit == 1:
        ends = [found.end() for found in re.finditer(rb"\r\n|\n|\r", data)]
    else:
        to_int = partial(int.from_bytes, byteorder="big" if encoding.endswith("be") else "little")
        codes = [to_int(data[at : at + unit]) for at in range(0, len(data) - unit + 1, unit)]
        ends = [
            (at + 1) * unit
            for at, code in enumerate(codes)
            if code == 10 or code == 13 and (at + 1 == len(codes) or codes[at + 1] != 10)
        ]
    return [0, *ends, *([len(data)] if not ends or ends[-1] < len(data) else [])]


def words(text: str) -> str:
    """The ASCII letters and digits of a text: no dialect parts, quotes, escapes or trims with these."""
    return _NOT_WORD.sub("", text)


def check(data: bytes, reading: Reading) -> None:
    """Everything that must hold of a reading of `data`, which is not packed and was read to its end."""
    outcome = reading.outcome
    assert (outcome.rows, outcome.rejected) == (len(reading.rows), len(reading.rejects))
    assert sum(outcome.reasons.values()) == outcome.rejected
    lines = [row[0] for row in reading.rows] + [reject[0] for reject in reading.rejects]
    assert len(set(lines)) == len(lines), "two records on one line"
    names = [column["name"] for column in outcome.columns]
    assert len({name.lower() for name in names}) == len(names) or outcome.format == "vcf"
    if outcome.format == "vcf":
        _check_vcf(data, reading)
    else:
        _check_table(data, reading)


def _check_table(data: bytes, reading: Reading) -> None:
    told = reading.outcome.reading
    starts, text_of = line_starts(data, told["encoding"]), _decoder(told["encoding"])
    mark = next((len(bom) for bom in (b"\xef\xbb\xbf", b"\x84\x31\x95\x33") if data.startswith(bom)), 0)
    mark = mark or (len("\ufeff".encode(told["encoding"])) if told["encoding"][:5] in ("utf-1", "utf-3") else 0)
    covered: set[int] = set()
    for line, offset, _, _, text, kind in reading.rejects:
        first = starts[line - 1]
        assert int(offset) in {first, mark if line == 1 else first}, f"line {line} is not at byte {offset}"
        count = 1 + _ends_in(text)
        covered.update(range(line, line + count))
        if text_of:
            assert words(text) == words(text_of(data[first : starts[line - 1 + count]])), f"line {line}: {kind}"
    for line, *cells in reading.rows:
        count = 1 + sum(_ends_in(cell) for cell in cells if cell)
        covered.update(range(line, line + count))
        if text_of:
            lines = data[starts[line - 1] : starts[line - 1 + count]]
            assert words("".join(cell or "" for cell in cells)) == words(text_of(lines)), f"line {line}"
    if text_of:
        texts = {n: text_of(data[a:b]) for n, (a, b) in enumerate(zip(starts, starts[1:], strict=False), start=1)}
        _check_nothing_is_lost({n for n, text in texts.items() if words(text) and n not in covered}, covered, reading)


def _check_nothing_is_lost(lost: set[int], covered: set[int], reading: Reading) -> None:
    """`lost`: lines with text that are in no row and no reject. Each must be the header's, or counted as skipped."""
    outcome, told = reading.outcome, reading.outcome.reading
    if told["header"]:  # which may go on over lines, to the first record at most
        behind = min((line for line in covered if line > told["header_line"]), default=1 << 60)
        header = {line for line in lost if told["header_line"] <= line < behind}
        lost = lost - (header if told["quote"] else {told["header_line"]})
    if (
        told["quote"]
        and outcome.skipped
        and (told["tables"] > 1 or {"footnotes", "repeated_header"} & _warned(outcome))
    ):
        return  # what was skipped may go on over lines too
    assert len(lost) <= outcome.skipped, f"lines {sorted(lost)[:9]} are lost; {outcome.skipped} were skipped"


def _warned(outcome: Outcome) -> set[str]:
    return {warning["kind"] for warning in outcome.warnings}


def _ends_in(text: str) -> int:
    return len(re.findall(r"\r\n|\n|\r", text))


def _decoder(encoding: str):
    """How to find the ASCII of some lines; None where a broken character may take an ASCII byte along."""
    if encoding in ASIAN:
        return None
    name = encoding if encoding[:6] in ("utf-16", "utf-32") else "latin-1"
    return lambda lines: lines.decode(name, "replace")


def _check_vcf(data: bytes, reading: Reading) -> None:
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if reading.outcome.reading["line_end"] == "CR":
        bare = bare.replace(b"\r", b"\n")
    skipped = len(data) - len(bare)
    lines = bare.split(b"\n")
    starts = [skipped]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for line, offset, *_ in reading.rejects:
        assert int(offset) == starts[line - 1], f"line {line} is not at byte {offset}"
    for line, *cells in reading.rows:
        fixed = [cell or "" for cell in cells[:7]]
        raw = lines[line - 1].rstrip(b"\r")
        texts = (raw.decode(errors="replace"), raw.decode("latin-1"))
        assert fixed in [part for text in texts for part in (text.split("\t")[:7], text.split()[:7])], f"line {line}"
    data_lines = {n for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith(b"#")}
    named = {n for n in data_lines if _NAMES.match(lines[n - 1])}
    found = {row[0] for row in reading.rows} | {reject[0] for reject in reading.rejects}
    assert data_lines - named <= found <= data_lines, "a line of data is neither row nor reject"
