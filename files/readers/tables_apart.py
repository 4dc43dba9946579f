"""The tables of a file that holds several, one below the other."""

from collections import Counter

from files.readers.header_rows import LOOK
from files.readers.headers import (
    HEADER_AGAIN,
    are_identifiers,
    filled,
    is_measured_column,
    looks_like_names,
    names_numbers,
)
from files.readers.scan import Record, line_ends


def tables_of(rows: list[Record]) -> list[list[Record]]:
    """The rows parted where another table begins: at a gap with a new width, or at a header that comes again with one.

    The same header once more is no other table: whoever joined files left it in.
    """
    tables: list[list[Record]] = []
    for part in _parted_at_gaps(rows):
        tables += _parted_at_headers(part)
    return tables


def _parted_at_gaps(rows: list[Record]) -> list[list[Record]]:
    parts: list[list[Record]] = [[]]
    widths: Counter[int] = Counter()  # of the last part
    for at, row in enumerate(rows):
        part = parts[-1]
        if part and at and _is_gap(rows[at - 1], row) and filled(row):
            width = max(widths, key=widths.__getitem__)  # a gap may stand below every row: no second look at them all
            after: list[int] = []
            for number, later in enumerate(rows[at : at + 20]):
                if number and _is_gap(rows[at + number - 1], later):
                    break
                after.append(len(later.cells))
            apart = after.count(width) == 0 or _is_other_table(part, rows[at : at + len(after)])
            if len(after) > 1 and len(row.cells) > 1 and width > 1 and apart and len(set(after)) == 1:
                parts.append([])
                widths.clear()
        parts[-1].append(row)
        widths[len(row.cells)] += 1
    return [part for part in parts if part]


def _is_other_table(above: list[Record], rows: list[Record]) -> bool:
    """Whether rows behind a gap begin with names of their own, and have numbers where the rows above have texts."""
    names = {cell for cell in rows[0].cells if cell}
    width = len(rows[0].cells)
    if width < 3 or len(names) < width or not names_numbers(rows) or len(above) < 3 or len(above[0].cells) != width:
        return False
    if len(names.intersection(above[0].cells)) >= HEADER_AGAIN * width or filled(above[0]) < width:
        return False
    if are_identifiers([rows[0].cells[0] or ""], above[1 : 1 + LOOK]):
        return False  # of the kind that the rows above are about
    before, after = (
        [
            is_measured_column([row.cells[at] or "" for row in table[1 : 1 + LOOK] if at < len(row.cells)])
            for at in range(width)
        ]
        for table in (above, rows)
    )
    return before != after and looks_like_names(above[0])


def _is_gap(before: Record, row: Record) -> bool:
    """Whether an empty line or a row without any text stands between."""
    lines = sum(line_ends(cell) for cell in before.cells if cell)
    return row.line > before.line + lines + 1 or not filled(before)


def _parted_at_headers(rows: list[Record]) -> list[list[Record]]:
    start = next((at for at, row in enumerate(rows[:LOOK]) if filled(row) > 1 and looks_like_names(row)), None)
    if start is None or len(rows[start].cells) < 3:
        return [rows]
    names = {cell for cell in rows[start].cells if cell}
    cuts = []
    for at in range(start + 2, len(rows)):
        cells = [cell for cell in rows[at].cells if cell]
        again = len(names.intersection(cells))
        changed = len(rows[at].cells) != len(rows[start].cells)
        if changed and again > 1 and again >= HEADER_AGAIN * min(len(names), len(cells)) and looks_like_names(rows[at]):
            cuts.append(at)
    bounds = [0, *cuts, len(rows)]
    return [rows[a:b] for a, b in zip(bounds, bounds[1:], strict=False) if a < b]
