"""What becomes of each record of a table: a row, a reject, or something that is no data. Knows nothing of bytes."""

import re
from typing import Protocol

from files.readers.celltypes import is_identifier
from files.readers.findings import Findings
from files.readers.layout import Layout
from files.readers.parts import TableWriter
from files.readers.scan import COMMENT, ENCODING, NEVER_CLOSED, NUL, STRAY, TOO_LONG, Record

HELD = 100  # rows of one cell kept back until it is known whether they are footnotes
MORE_CELLS = "more cells than columns"

REASONS = {
    NEVER_CLOSED: "A cell opens with a quote that never closes, or closes where the row has the wrong width.",
    NUL: "The line holds a NUL byte.",
    ENCODING: "The line holds bytes that are no text in the encoding of the file.",
    TOO_LONG: "A cell is longer than the limit.",
}
_MARKED = re.compile(r"\s*(\*|\(|note|source|total|legend|footnote)", re.IGNORECASE)
_ROW = re.compile(r"[A-Z][A-Z-]*\d\w*$")  # a gene or sample alone: the beginning of a row, not a sentence
_NOTE = re.compile(rf"{_MARKED.pattern}|(\S+\s+){{2}}\S", re.IGNORECASE)


class Written(Protocol):
    """Where a record came from: asked only where one is no row."""

    def text(self, record: Record) -> str:
        """The record as written, fit to show."""

    def offset(self, record: Record) -> int | None:
        """Its first byte in the unpacked file, from 0; None where the file has no such place (a spreadsheet)."""

    def last_line(self, record: Record) -> int:
        """The physical line on which it ends."""

    def is_header(self, record: Record) -> bool:
        """Whether it is the header once more."""


class Taker:
    """Takes the records of one table in the order of their lines. Everything taken is counted: see seen.

    `grid`: a record has all cells of the table, and those at its end that hold nothing are not given (a spreadsheet).
    """

    def __init__(self, findings: Findings, writer: TableWriter, layout: Layout, *, grid: bool = False):
        self.findings, self.writer, self.layout, self.grid = findings, writer, layout, grid
        self.seen = self.padded = 0
        self.last_line = 0  # of the record seen last
        self._held: list[Record] = []
        self._gap = False  # an empty line stands before the rows held

    def take(self, record: Record, written: Written) -> None:
        self.seen += 1
        after_gap = record.line > self.last_line + 1
        self.last_line = written.last_line(record)
        layout = self.layout
        if layout.end_line and record.line >= layout.end_line:
            self.findings.skipped += 1
        elif record.remark == COMMENT:
            self.findings.skipped += 1
            self.findings.warn("comments", f"Lines that begin with {layout.dialect.comment} were skipped.", record.line)
        elif record.remark and record.remark != STRAY:
            self._reject(record, written, record.remark, REASONS[record.remark])
        elif self._may_be_note(record, after_gap) and len(self._held) < HELD:
            self._gap = after_gap if not self._held else self._gap
            self._held.append(record)
        else:
            self.release()
            self._row(record, written)

    def _may_be_note(self, record: Record, after_gap: bool) -> bool:
        """Whether a row may stand below the table: it has one cell, or few and an empty line before it."""
        cells, width = len(record.cells), self.layout.width
        if width == 1 or width == 2 and cells > 1:
            return False
        if after_gap or self._held:
            return cells < width / 2 or cells <= width / 2 and _MARKED.match(record.cells[0] or "") is not None
        return cells == 1 and width > 2

    def _row(self, record: Record, written: Written | None) -> None:
        cells, width = record.cells, self.layout.width
        if len(cells) > width:
            if any(cell and not cell.isspace() for cell in cells[width:]):
                assert written is not None
                number = max(at for at, cell in enumerate(cells, start=1) if cell and not cell.isspace())
                self._reject(record, written, MORE_CELLS, f"The row has {number:,} cells for {width:,} columns.")
                return
            message = (
                "Rows with more delimiters than the header; if an empty cell is one too many, those behind it moved."
            )
            self.findings.warn("surplus", message, record.line)
            cells = cells[:width]
        elif len(cells) < width:
            if not self.grid:
                self.padded += 1
                self.findings.warn(
                    "padded", "Rows with fewer cells than the header; the missing cells are empty.", record.line
                )
            cells = cells + [None] * (width - len(cells))
        elif width > 2 and written is not None and written.is_header(record):
            self.findings.skipped += 1
            self.findings.warn("repeated_header", "The header comes again; it was skipped.", record.line)
            return
        if record.remark == STRAY:
            message = "Cells with a quote that neither opens, closes nor is doubled; they are kept as written."
            self.findings.warn("quotes", message, record.line)
        self.writer.add(record.line, cells)

    def _reject(self, record: Record, written: Written, kind: str, reason: str) -> None:
        self.release()
        self.findings.reject(record.line, written.offset(record), kind, reason, written.text(record))

    def release(self, *, at_end: bool = False) -> None:
        """The rows held back: footnotes where the table ends with them and they read so, else rows."""
        if not self._held:
            return
        held, self._held = self._held, []
        texts = [record.cells[0] or "" for record in held]
        apart = self._gap and all(len(record.cells) == 1 for record in held)
        notes = any(texts) and (apart or all(_NOTE.match(text) for text in texts))
        if at_end and notes and not any(map(_begins_a_row, texts)):
            self.findings.skipped += len(held)
            self.findings.warn(
                "footnotes", "Lines below the table were taken for notes and skipped.", held[0].line, len(held)
            )
            return
        for record in held:
            self._row(record, None)


def _begins_a_row(text: str) -> bool:
    """Whether it names a variant, a gene or a sample, and says nothing of the table."""
    words = text.split()
    return bool(words) and (is_identifier(words[0]) or len(words) == 1 and _ROW.match(text.strip()) is not None)
