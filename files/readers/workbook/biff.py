"""Marks of the sheets of an XLS, from the records of its stream (MS-XLS 2.1.4)."""

from collections.abc import Iterator
from pathlib import Path

from files.readers.errors import NotATable
from files.readers.ole import NotOle, Ole
from files.readers.workbook.marks import ERRORS, Marks

FORMULA, EOF, COLINFO, BOUNDSHEET, BOOLERR, ROW, BOF = 0x06, 0x0A, 0x7D, 0x85, 0x0205, 0x0208, 0x0809
CUT_OFF = "The workbook is damaged or cut off: its end is missing. Upload a whole copy of it."


def marks_of_xls(path: Path, index: int) -> Marks:
    """Of the sheet at this place of the workbook. Raises NotATable where its end is missing: calamine would not say."""
    marks = Marks()
    try:
        with path.open("rb") as file:
            ole = Ole(file, path.stat().st_size)
            data = ole.content("Workbook" if "Workbook" in ole.streams else "Book")
    except NotOle as error:
        raise NotATable(CUT_OFF) from error
    sheets = [int.from_bytes(body[:4], "little") for kind, body in _substream(data, 0) if kind == BOUNDSHEET]
    if index >= len(sheets):
        return Marks(is_whole=False)
    for kind, body in _substream(data, sheets[index]):
        _take(kind, body, marks)
    return marks


def _substream(data: bytes, at: int) -> Iterator[tuple[int, memoryview]]:
    """Kind and body of the records from a BOF to its EOF, without those of charts within."""
    view, depth = memoryview(data), 0
    while at + 4 <= len(view):
        kind, size = int.from_bytes(view[at : at + 2], "little"), int.from_bytes(view[at + 2 : at + 4], "little")
        depth += (kind == BOF) - (kind == EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, view[at + 4 : at + 4 + size]
        at += 4 + size
    raise NotATable(CUT_OFF)


def _take(kind: int, body: memoryview, marks: Marks) -> None:
    def number(at: int) -> int:
        return int.from_bytes(body[at : at + 2], "little")

    if kind == BOOLERR and len(body) >= 8 and body[7]:
        marks.error(number(0) + 1, number(2), ERRORS.get(body[6], "#ERROR!"))
    elif kind == FORMULA and len(body) >= 14 and number(12) == 0xFFFF and body[6] == 2:
        marks.error(number(0) + 1, number(2), ERRORS.get(body[8], "#ERROR!"))
    elif kind == ROW and len(body) >= 16:
        marks.hidden_rows += bool(body[12] & 0x20)
    elif kind == COLINFO and len(body) >= 10 and body[8] & 1:
        marks.hidden_columns += number(2) - number(0) + 1
