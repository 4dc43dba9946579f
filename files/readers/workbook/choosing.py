"""Which sheet of a workbook is the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.layout import Layout, layout_of
from files.readers.scan import COMMENT, Dialect, Record
from files.readers.workbook.marks import Marks
from files.readers.workbook.rows import records_of

HEAD_ROWS = 2_000  # that the header and the width are told from
HEAD_CELLS = 200_000
KEPT_CELLS = 1_000_000  # of a sheet that is kept while others are looked at
TABLE, NARROW, SOMETHING, NOTHING = range(4)
WHY = {
    TABLE: "the first one with three columns or more",
    NARROW: "the first one with two columns",
    SOMETHING: "the first one that holds anything",
}


@dataclass
class Chosen:
    name: str
    sheet: CalamineSheet
    layout: Layout
    members: list[dict[str, Any]]  # every worksheet: name, size (None), hidden
    why: str = ""


def choose(book: CalamineWorkbook, kind: str, choices: Choices, limits: Limits) -> Chosen:
    """The sheet asked for, or the first visible one that looks like a table, whatever its size.

    Notes and legends, which often come first, have one or two columns; so three columns with a row below the
    header are a table. Failing that, the first sheet with two columns, then the first that holds anything, visible ones before
    hidden ones. Raises NotATable where there is none.
    """
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    members = [{"name": sheet.name, "size": None, "hidden": _is_hidden(sheet)} for sheet in sheets]
    if choices.member is not None:
        if choices.member not in [sheet.name for sheet in sheets]:
            raise NotATable(f"The workbook has no sheet called {choices.member!r}. Its sheets: {_named(sheets)}.")
        sheet = book.get_sheet_by_name(choices.member)
        _, layout = _judged(sheet, kind, choices, limits)
        if layout is None:
            raise NotATable(f"The sheet {choices.member!r} is empty. The sheets of the workbook: {_named(sheets)}.")
        return Chosen(choices.member, sheet, layout, members)
    best, name, held = NOTHING, "", None
    for one in sorted(sheets, key=_is_hidden):
        if _is_hidden(one) and best < NOTHING:
            break
        sheet = book.get_sheet_by_name(one.name)
        rank, layout = _judged(sheet, kind, choices, limits)
        if rank == TABLE and layout:
            return Chosen(one.name, sheet, layout, members, WHY[rank])
        if rank < best:
            best, name, held = rank, one.name, sheet if sheet.total_height * sheet.total_width < KEPT_CELLS else None
    if not name:
        raise NotATable("The workbook is empty: no sheet of it holds a text or a number.")
    sheet = held or book.get_sheet_by_name(name)
    _, layout = _judged(sheet, kind, choices, limits)
    assert layout is not None
    return Chosen(name, sheet, layout, members, WHY[best])


def _is_hidden(sheet: SheetMetadata) -> bool:
    return sheet.visible != SheetVisibleEnum.Visible


def _named(sheets: list[SheetMetadata]) -> str:
    return ", ".join(f"“{sheet.name}”" for sheet in sheets[:20]) or "none"


def _judged(sheet: CalamineSheet, kind: str, choices: Choices, limits: Limits) -> tuple[int, Layout | None]:
    """How much the sheet looks like a table, and its layout."""
    records = records_of(sheet, kind, choices.comment or "", limits.cell_bytes, Marks())
    head, complete = _head(records, choices.header_line or 1)
    if not any(record.remark != COMMENT for record in head):
        return NOTHING, None
    dialect = Dialect(",", comment=choices.comment or "")
    header = True if choices.header is None and choices.header_line else choices.header
    layout = layout_of(head, dialect, complete=complete, header=header)
    if layout.width > 2 and head[-1].line >= layout.first_line:
        return TABLE, layout
    return (NARROW if layout.width > 1 else SOMETHING), layout


def _head(records: Iterator[Record], first_line: int) -> tuple[list[Record], bool]:
    """The first rows from this line on, and whether they are all."""
    head: list[Record] = []
    cells = 0
    for record in records:
        if record.line < first_line:
            continue
        if len(head) >= HEAD_ROWS or cells > HEAD_CELLS:
            return head, False
        head.append(record)
        cells += len(record.cells)
    return head, True
