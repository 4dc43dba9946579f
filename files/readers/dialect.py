"""Which delimiter and quote a text table uses and whether it has a header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

DELIMITERS = "\t,;|"
NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}
SAMPLE_RECORDS = 200
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quoted: bool  # cells may be enclosed in double quotes
    header: bool


def csv_reader(lines: Iterable[str], delimiter: str, *, quoted: bool, strict: bool = False) -> Any:
    """A reader of the csv module: `quoted` cells stand in double quotes, a doubled quote is one.

    Only a `strict` one tells a quote that never ends; the other hands the rest of the file over as one cell.
    """
    if quoted:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL, strict=strict)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)


def records_of(text: str, delimiter: str, *, quoted: bool) -> list[list[str]]:
    """The records of a piece of text whose last line may be cut off: that one is left out."""
    reader = csv_reader(io.StringIO(text, newline=""), delimiter, quoted=quoted)
    found = []
    try:
        for record in reader:
            if any(record):
                found.append(record)
            if len(found) > SAMPLE_RECORDS:
                break
    except csv.Error:  # a cell longer than the limit: what was read before it is enough to judge
        pass
    return found[:SAMPLE_RECORDS]


def _score(records: list[list[str]]) -> tuple[float, int]:
    """How table-like: the share of records as wide as most are or as the first is, then the width."""
    if not records or len(records[0]) < 2:
        return (0.0, 1)
    usual = Counter(len(record) for record in records).most_common(1)[0][0]
    alike = sum(len(record) in (usual, len(records[0])) for record in records)
    return (round(alike / len(records), 2), len(records[0])) if usual > 1 else (0.0, 1)


def looks_quoted(text: str, delimiter: str) -> bool:
    """Whether a cell of `text` begins with a double quote."""
    return bool(re.search(rf'(?:^|[\r\n{re.escape(delimiter)}])"', text))


def has_header(records: list[list[str]]) -> bool:
    """A first record with a number in it is data; anything else names the columns, also where a name repeats."""
    filled = [cell.strip() for cell in records[0] if cell.strip()] if records else []
    return bool(filled) and not any(_NUMBER.match(cell) for cell in filled)


def sniff(text: str) -> Dialect:
    """The dialect of a sample. One column of text is a table too: its delimiter is then a comma."""
    best, found = (0.0, 1), ","
    for delimiter in DELIMITERS:
        score = _score(records_of(text, delimiter, quoted=looks_quoted(text, delimiter)))
        if score > best:
            best, found = score, delimiter
    quoted = looks_quoted(text, found)
    return Dialect(found, quoted, has_header(records_of(text, found, quoted=quoted)))
