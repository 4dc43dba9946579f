"""What a reader has to say beside the rows: lines that it could not read, and what it guessed or repaired."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from files.readers.parts import TableWriter

REJECT_COLUMNS = [
    {"name": "offset", "type": "integer"},
    {"name": "column", "type": "text"},
    {"name": "reason", "type": "text"},
    {"name": "text", "type": "text"},
    {"name": "kind", "type": "text"},
]


@dataclass
class Warned:
    kind: str
    message: str
    count: int
    first_line: int | None


class Findings:
    """Collects rejects and warnings of one reading. Rejects must come in the order of their lines."""

    def __init__(self, folder: Path):
        self._rejects = TableWriter(folder, len(REJECT_COLUMNS), quoted=True)
        self._warned: dict[str, Warned] = {}
        self.reasons: dict[str, int] = {}  # kind of reject -> how many
        self.skipped = 0  # records that are no data: comments, footnotes, other tables of the same file

    def reject(
        self, line: int, offset: int | None, kind: str, reason: str, text: str, column: str | None = None
    ) -> None:
        """A record that cannot be a row: physical line from 1, byte offset in the unpacked file from 0 (None where it
        has none, as in a spreadsheet), `kind` a short sentence without values for counting, `reason` the whole story,
        `text` the record as written."""
        self._rejects.add(line, [None if offset is None else str(offset), column, reason, text, kind])
        self.reasons[kind] = self.reasons.get(kind, 0) + 1

    def warn(self, kind: str, message: str, line: int | None = None, count: int = 1) -> None:
        """Said once a kind, with the first line and how often."""
        if known := self._warned.get(kind):
            known.count += count
            if line is not None and (known.first_line is None or line < known.first_line):
                known.first_line = line
        else:
            self._warned[kind] = Warned(kind, message, count, line)

    @property
    def rejected(self) -> int:
        return self._rejects.count

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """In the contract's shape, in the order of their first occurrence."""
        return [vars(warned) for warned in self._warned.values()]

    def close(self) -> None:
        self._rejects.close()


@dataclass
class Outcome:
    """What a reading ends with; `as_dict` is JSON."""

    format: str  # csv, tsv, vcf, ...: docs/formats.md lists them
    rows: int
    rejected: int
    skipped: int
    padded: int
    columns: list[dict[str, Any]]  # {"name", "type"}, and "at" where the place in Parquet is not the place here
    reading: dict[str, Any]  # compression, encoding, delimiter ... as read
    warnings: list[dict[str, Any]]
    reasons: dict[str, int]
    header: dict[str, Any] = field(default_factory=dict)  # of a VCF: its definitions, samples and lines as written
    complete: bool = True  # False where Limits.rows_bytes ended the reading before the file's end
    types_told: bool = False  # the file itself says what type each column has; else every cell is asked

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))
