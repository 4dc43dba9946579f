"""One sheet of a workbook: opened by calamine, judged like any other table, written."""

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.findings import Findings, Outcome
from files.readers.layout import Layout
from files.readers.names import column_names
from files.readers.parts import TableWriter
from files.readers.remarks import warn_of_layout
from files.readers.scan import Record
from files.readers.taking import Taker
from files.readers.workbook.biff import marks_of_xls
from files.readers.workbook.choosing import Chosen, choose
from files.readers.workbook.marks import WIDEST, Marks
from files.readers.workbook.opendocument import write_whole
from files.readers.workbook.packages import marks_of
from files.readers.workbook.rows import records_of

Report = Callable[[float, str, int], None]

REPORTED = 20_000  # rows


def read_spreadsheet(path: Path, kind: str, folder: Path, choices: Choices, limits: Limits, report: Report) -> Outcome:
    """Reads a sheet of a workbook into `folder`/table and its rejects into `folder`/rejects.

    `kind`: xlsx, xlsb, xls or ods. The line of a row is its number in the sheet. Memory holds the sheet, which
    calamine reads as a whole: about 85 bytes a cell. Raises NotATable where there is none that can be read.
    """
    report(0.0, "Opening the workbook", 0)
    with _sentences(), _opened(path, kind, folder) as book:
        chosen = choose(book, kind, choices, limits)
        report(0.3, f"Looking at the sheet “{chosen.name}”", 0)
        place = [sheet.name for sheet in book.sheets_metadata].index(chosen.name)
        book.close()  # the texts that all sheets share; this sheet has its own
        marks = marks_of_xls(path, place) if kind == "xls" else marks_of(path, kind, place, chosen.name)
        reading = _Reading(kind, chosen, marks, folder, choices, limits, report)
        return reading.run()


@contextmanager
def _sentences() -> Iterator[None]:
    """What calamine says of a broken workbook, as a sentence for the user."""
    try:
        yield
    except PasswordError as error:
        raise NotATable("The workbook is protected with a password. Save it without one and upload that.") from error
    except CalamineError as error:
        raise NotATable(_damaged(str(error))) from error
    except OSError as error:
        if error.errno is not None:  # the disk's own; calamine's, of a part that ends too early, have no number
            raise
        raise NotATable(_damaged(str(error))) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a defect that a broken file met; no Exception to Python
            raise
        raise NotATable(_damaged("a part of it makes no sense")) from error


def _damaged(what: str) -> str:
    if "password" in what.lower() or "encrypt" in what.lower():
        return "The workbook is protected with a password. Save it without one and upload that."
    return f"The workbook is damaged or cut off ({what[:200]}). Open it in a spreadsheet program and save it anew."


@contextmanager
def _opened(path: Path, kind: str, folder: Path) -> Iterator[CalamineWorkbook]:
    """The workbook, under a name that ends as its content does: calamine goes by that."""
    link = folder / f"workbook.{kind}"
    folder.mkdir(parents=True, exist_ok=True)
    if kind != "ods" or not write_whole(path, link):
        link.symlink_to(path.resolve())
    try:
        yield CalamineWorkbook.from_path(link)
    finally:
        link.unlink()


class _Reading:
    """One pass over the rows of the chosen sheet."""

    def __init__(
        self, kind: str, chosen: Chosen, marks: Marks, folder: Path, choices: Choices, limits: Limits, report: Report
    ):
        self.kind, self.chosen, self.marks, self.folder = kind, chosen, marks, folder
        self.choices, self.limits, self.report = choices, limits, report
        self.layout: Layout = chosen.layout
        if self.layout.width > limits.columns:
            raise NotATable(f"The table has {self.layout.width:,} columns; the limit is {limits.columns:,}.")
        self.findings = Findings(folder / "rejects")
        self.writer = TableWriter(folder / "table", self.layout.width, quoted=True)
        self.taker = Taker(self.findings, self.writer, self.layout, grid=True)
        self.headers = 0
        self.stopped = False  # at limits.rows_bytes, before the sheet's end

    def run(self) -> Outcome:
        layout = self.layout
        names, unnamed, repeated = column_names(layout.names or [""] * layout.width)
        self._warn_of_sheets()
        warn_of_layout(self.findings, layout, None, "", unnamed, repeated, names, self.choices.header)
        self._read_rows()
        self.taker.release(at_end=not self.stopped)
        self._warn_of_marks(self.chosen.sheet)
        rows = self.writer.close()
        if not rows and not self.findings.rejected:
            self.findings.warn("no_rows", "The sheet names columns and holds no rows.", layout.header_line)
        self.findings.close()
        counted = rows + self.findings.rejected + self.findings.skipped + self.headers
        if counted != self.taker.seen:
            raise RuntimeError(f"{self.taker.seen} rows were seen, but {counted} are accounted for")
        return Outcome(
            format=self.kind,
            rows=rows,
            rejected=self.findings.rejected,
            skipped=self.findings.skipped,
            padded=0,  # every row of a sheet has all of its cells
            columns=[{"name": name, "type": "text"} for name in names],
            reading=self._describe(),
            warnings=self.findings.warnings,
            reasons=self.findings.reasons,
            complete=not self.stopped,
        )

    def _read_rows(self) -> None:
        layout, sheet = self.layout, self.chosen.sheet
        top, height = layout.header_line or layout.first_line, max(sheet.total_height, 1)
        written = _Written(layout.names)
        rows = records_of(sheet, self.kind, self.choices.comment or "", self.limits.cell_bytes, self.marks)
        reported, most, size = -REPORTED, self.limits.rows_bytes, 0
        for record in rows:
            if most is not None and size >= most:
                self.stopped = True
                return
            size += sum(1 + len(cell or "") for cell in record.cells)
            if record.line >= reported + REPORTED:
                reported = record.line
                self._go_on(record.line / height)
            if record.line < top:
                self.taker.seen += 1
                self.findings.skipped += 1
            elif record.line == layout.header_line:
                self.taker.seen += 1
                self.headers = 1
                self.taker.last_line = record.line
            else:
                self.taker.take(record, written)

    def _go_on(self, fraction: float) -> None:
        if shutil.disk_usage(self.folder).free < self.limits.free_disk_bytes:
            raise NotATable("Reading stopped: the disk is almost full. Ask the administrator to make room.")
        count = self.writer.count
        self.report(0.3 + 0.65 * min(fraction, 1.0), f"Reading rows: {count:,} so far", count)

    def _describe(self) -> dict[str, object]:
        layout = self.layout
        return {
            "sheet": self.chosen.name,
            "members": self.chosen.members,
            "header": layout.header_line is not None,
            "header_line": layout.header_line,
            "first_line": layout.first_line,
            "preamble": (layout.header_line or layout.first_line) - 1,
            "comment": layout.dialect.comment,
            "tables": 1 + len(layout.other_tables),
        }

    def _warn_of_sheets(self) -> None:
        members, name = self.chosen.members, self.chosen.name
        if len(members) > 1 and self.choices.member is None:
            shown = ", ".join(f"“{m['name']}”" + (" (hidden)" if m["hidden"] else "") for m in members[:10])
            more = f" and {len(members) - 10:,} more" if len(members) > 10 else ""
            why = self.chosen.why
            self.findings.warn(
                "sheets", f"The workbook has {len(members):,} sheets: {shown}{more}. “{name}” was read, {why}."
            )

    def _warn_of_marks(self, sheet: CalamineSheet) -> None:
        marks, warn = self.marks, self.findings.warn
        first = self.layout.first_line
        if errors := [key for key in marks.errors if key // WIDEST >= first]:
            warn("cell_errors", f"Cells hold an error of the spreadsheet, such as {marks.errors[min(errors)]}; they are"
                 " kept as that text.", min(errors) // WIDEST, len(errors))  # fmt: skip
        if marks.uncomputed:
            warn("uncomputed", "Cells hold a formula whose value is not in the file; they are read as empty. Open the"
                 " workbook in a spreadsheet program, save it and upload that.", marks.first_uncomputed, marks.uncomputed)  # fmt: skip
        hidden = [
            f"{count:,} {what}{'s' if count > 1 else ''}"
            for count, what in ((marks.hidden_rows, "row"), (marks.hidden_columns, "column"))
            if count
        ]
        if hidden:
            warn("hidden", f"Hidden in the spreadsheet and read like the others: {' and '.join(hidden)}.")
        if not marks.is_whole:
            warn("marks", "Cells with an error, such as #N/A, could not be told from empty ones in this workbook.")
        merged = [start[0] + 1 for start, end in sheet.merged_cell_ranges or [] if end[0] + 1 >= first]
        if merged:
            warn("merged", "Merged cells: what they hold stands in the first of them, the others are empty.",
                 min(merged), len(merged))  # fmt: skip


class _Written:
    """A record as a line of CSV: a sheet has no bytes of its own."""

    def __init__(self, names: list[str]):
        self._names = names

    def text(self, record: Record) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([cell or "" for cell in record.cells])
        return out.getvalue()

    def offset(self, record: Record) -> None:
        return None

    def last_line(self, record: Record) -> int:
        return record.line

    def is_header(self, record: Record) -> bool:
        return [cell or "" for cell in record.cells] == self._names
