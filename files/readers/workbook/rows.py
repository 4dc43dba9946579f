"""The rows of a sheet as records."""

from collections import deque
from collections.abc import Iterator

from python_calamine import CalamineSheet

from files.readers.scan import COMMENT, NUL, TOO_LONG, Record
from files.readers.workbook.cells import cell_text, written_duration
from files.readers.workbook.marks import WIDEST, Marks


def records_of(sheet: CalamineSheet, kind: str, comment: str, longest: int, marks: Marks) -> Iterator[Record]:
    """The rows of a sheet by their number in it, from 1; wholly empty ones are none.

    Cells at the end of a row that hold nothing are not given. `longest`: characters of a cell.
    """
    errors = deque(sorted(marks.errors))
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell_text(cell) for cell in row]
        if kind == "ods":
            cells = [written_duration(cell) if cell and cell.startswith("PT") else cell for cell in cells]
        while errors and errors[0] < (number + 1) * WIDEST:  # calamine gives nothing there
            _put(cells, errors[0] % WIDEST, marks.errors[errors.popleft()])
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield Record(number, 0, 0, cells, _remark(cells, comment, longest))


def _put(cells: list[str | None], column: int, text: str) -> None:
    cells += [None] * (column + 1 - len(cells))
    cells[column] = cells[column] or text


def _remark(cells: list[str | None], comment: str, longest: int) -> str:
    if comment and (cells[0] or "").startswith(comment):
        return COMMENT
    if any(cell and (len(cell) > longest or "\0" in cell) for cell in cells):
        return NUL if any(cell and "\0" in cell for cell in cells) else TOO_LONG
    return ""
