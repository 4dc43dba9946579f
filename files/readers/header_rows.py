"""Where among the rows of a table its header stands: behind titles and notes, in one row or two."""

from collections import Counter

from files.readers.celltypes import is_identifier
from files.readers.headers import (
    HEADER_AGAIN,
    MOSTLY,
    begins_with_identifier,
    filled,
    is_header,
    looks_like_names,
    names_numbers,
)
from files.readers.scan import Record

LOOK = 50  # rows from the table's beginning among which its header is looked for
BELOW = 100  # rows below a header that are compared with it
COLUMN_TYPES = {"STRING", "NUMBER", "BOOLEAN"}  # as cBioPortal writes them above the names


def first_row(rows: list[Record], width: int) -> int:
    """The place of the header, or of the first row where there is none: behind titles and notes."""
    look = rows[:LOOK]
    if width == 1 and (first := _first_identifier(rows)):
        return first - 1
    thin = 1 if width > 2 else 0
    at = next((n for n, row in enumerate(look) if filled(row) > thin and len(row.cells) >= min(width, 2)), 0)
    supported = {
        w for w, count in Counter(len(row.cells) for row in rows[at + 1 :]).items() if count >= 0.02 * len(rows)
    }
    row = look[at]
    fits = len(row.cells) in supported or len(row.cells) == width or at + 1 == len(rows)
    sparse = width > 3 and filled(row) <= width / 2
    if fits and not sparse:
        return at
    for later in range(at + 1, min(at + 6, len(look))):
        candidate, below = look[later], rows[later + 1 : later + BELOW]
        names = looks_like_names(candidate) and len(candidate.cells) == width and filled(candidate) > 0.7 * width
        fuller = not sparse or filled(candidate) > 1.5 * filled(row)
        if not below or not names or not fuller or any(is_identifier(cell or "") for cell in candidate.cells):
            continue
        # A row that is half full may be the header itself: then what is below must say more.
        if is_header(candidate, below) and (2 * filled(row) != width or names_numbers([candidate, *below])):
            return later
    return at


def _first_identifier(rows: list[Record]) -> int:
    """In a list of identifiers, the place of the first; 0 where the rows are no such list."""
    found = [begins_with_identifier(row.cells[0] or "") for row in rows[: LOOK + BELOW]]
    first = found.index(True) if True in found[:LOOK] else 0
    return first if sum(found) >= MOSTLY * (len(found) - first) else 0


def below_types(rows: list[Record], at: int) -> int:
    """Of a clinical table of cBioPortal, whose names stand below `#` lines with labels, descriptions, types and
    priorities of the columns: the place of the names; else 0."""
    marked = at
    while marked < min(len(rows), at + LOOK) and (rows[marked].cells[0] or "").startswith("#"):
        marked += 1
    types = ({(cell or "").lstrip("#").strip() for cell in row.cells} for row in rows[at:marked])
    typed = any(cells <= COLUMN_TYPES for cells in types)
    return marked if typed and marked < len(rows) and looks_like_names(rows[marked]) else 0


def header_rows(rows: list[Record], at: int, width: int) -> tuple[int, int]:
    """The places of the first and the last row of a header at `at`: of two where one names groups of columns.

    Either the gaps of this one are filled by texts below it, over columns of numbers; or this one has names that come
    again, and the row above tells them apart.
    """
    row = rows[at]
    if len(row.cells) != width or width < 3:
        return at, at
    under = next((n for n in range(at + 1, min(at + 3, len(rows))) if filled(rows[n])), None)
    if under is not None and len(rows[under].cells) == width:
        gaps = [place for place, cell in enumerate(row.cells) if not cell]
        second = rows[under]
        fills = all(second.cells[place] for place in gaps)
        apart = len(set(joined_names(row, second))) == width
        if gaps and fills and apart and filled(row) > 1 and _names_columns(rows[under : under + 1 + BELOW]):
            return at, under
    names = [cell for cell in row.cells if cell]
    above = rows[at - 1] if at else None
    if above is None or len(above.cells) != width or not 1 < filled(above) < width or len(names) < width:
        return at, at
    groups = joined_names(above, row)
    apart = len(set(groups)) > len(set(names))
    return (at - 1, at) if apart and above.cells[0] and looks_like_names(above) else (at, at)


def _names_columns(rows: list[Record]) -> bool:
    """Whether the first of the rows names columns, some of numbers, and is no row: nothing of it comes again below."""
    row, below = rows[0], rows[1:]
    if any(is_identifier(cell or "") for cell in row.cells):
        return False
    again = [sum(bool(a) and a == b for a, b in zip(row.cells, r.cells, strict=False)) for r in below]
    once_more = HEADER_AGAIN * filled(row)  # so many are the names of a table below, not cells of a row
    return not any(0 < count < once_more for count in again) and names_numbers(rows)


def joined_names(upper: Record, lower: Record) -> list[str]:
    """The names of two header rows as one: a name above stands for the gaps that follow it, where a name is below."""
    names, group = [], ""
    for above, below in zip(upper.cells, lower.cells, strict=True):
        group = above or group
        names.append(" ".join(filter(None, [above or (group if below else ""), below])))
    return names
