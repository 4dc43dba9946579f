"""The part of a file's page that shows its rows, for the reading in use and for one from before."""

from typing import Any

from django.http import HttpRequest

from files.columns import Window, window
from files.models import AnyReading
from files.store import Table
from files.tables import LONGEST_CELL, rows_table
from project.common.paging import url_with
from project.common.params import whole_number
from project.common.problems import BadQuery

ROWS_PAGE, COLUMNS_PAGE = 100, 100


def reading_number(request: HttpRequest) -> int | None:
    """`reading=` of a page: the number of a reading from before; None is the one in use."""
    try:
        return whole_number(request.GET, "reading", default=0) if request.GET.get("reading") else None
    except BadQuery:
        return None


def rows_of(request: HttpRequest, reading: AnyReading) -> dict[str, Any]:
    """The rows at `offset`, or those around `line`, in file order; of a wide table the columns at `columns`."""
    table, total = Table(reading.table_path, reading.columns), reading.row_count or 0
    try:
        line = whole_number(request.GET, "line", default=0)
        offset = whole_number(request.GET, "offset", default=0)
    except BadQuery:
        line = offset = 0
    said, asked = "", request.GET.get("columns", "")
    try:
        shown = window(reading.columns, asked, COLUMNS_PAGE)
    except BadQuery:
        shown, said = window(reading.columns, "", COLUMNS_PAGE), f"No column is called “{asked[:100]}”."
    if line and "offset" not in request.GET:
        offset = table.rows_before(line) // ROWS_PAGE * ROWS_PAGE
    names = [column["name"] for column in shown.columns]
    rows = table.slice(offset=offset, limit=ROWS_PAGE, only=names, longest=LONGEST_CELL).rows
    last = offset + len(rows)
    return {
        "line": line or None,
        "is_no_row": bool(line and line not in {number for number, _ in rows}),
        "table": rows_table(shown.columns, rows, highlight_line=line or None),
        "rows_sentence": f"Rows {offset + 1:,} to {last:,} of {total:,}" if rows
        else f"No rows here; the table has {total:,}" if total else "The table has no rows",
        "page": {
            "next_url": url_with(request.path, request.GET, offset=str(last), line=None) if rows and last < total else None,
            "previous_url": url_with(request.path, request.GET, offset=str(max(0, offset - ROWS_PAGE)), line=None)
            if offset else None,
        },
        "columns": None if shown.is_whole else _columns_pager(request, shown, offset) | {"said": said},
    }  # fmt: skip


def _columns_pager(request: HttpRequest, shown: Window, offset: int) -> dict[str, Any]:
    def at(first: int) -> str:
        return url_with(request.path, request.GET, columns=f"{first:d}-{first + COLUMNS_PAGE - 1:d}")

    return {
        "sentence": shown.sentence, "offset": offset,
        "next_url": at(shown.last + 1) if shown.last < shown.total else None,
        "previous_url": at(max(1, shown.first - COLUMNS_PAGE)) if shown.first > 1 else None,
    }  # fmt: skip
