"""Where in a text the table stands: its header, its width, and what before, between and behind is none of it."""

from collections import Counter
from dataclasses import dataclass, field, replace

from files.readers.errors import NotATable
from files.readers.header_rows import BELOW, below_types, first_row, header_rows, joined_names
from files.readers.headers import filled, is_header, looks_like_names, names_numbers
from files.readers.scan import COMMENT, Dialect, Record, Scanner
from files.readers.sniff import SEPARATOR
from files.readers.tables_apart import tables_of

COMMENTS = ("#", "//", "%", "--", ";", "!")
FEW_ROWS = 3  # fewer rows wider than the header are slips, whatever their share
WIDE_ROWS = 20  # so many rows wider than the header are no slips where they are a quarter of all


@dataclass(frozen=True)
class Layout:
    dialect: Dialect  # with the comment mark found
    width: int
    header_line: int | None  # physical line; None: the columns have no names
    names: list[str]  # as written; empty without a header
    first_line: int  # of data; what stands before is preamble but for the header
    end_line: int | None = None  # the table ends before it; None: it goes on to the file's end
    other_tables: list[tuple[int, int, int]] = field(default_factory=list)  # first line, last line, records
    shifted: bool = False  # the header has one name fewer than the rows have cells: the first column has no name
    widened: bool = False  # most rows have more cells than the header
    list_of: str = ""  # what each line names, where it is a list (files.readers.lists)
    two_lines: bool = False  # the header is two records, whose names were joined


def find_layout(
    text: str, dialect: Dialect, *, complete: bool, header: bool | None = None, header_line: int | None = None,
    comment: str | None = None,
) -> Layout:  # fmt: skip
    """The layout of a text that begins the file; `complete` where it goes on to the file's end.

    What is given is kept. With `header_line`, the text begins with this line (from 1) of the file.
    """
    line = header_line or 1
    records = list(Scanner(dialect).records(text, line, final=True))
    width = usual_width(records)
    if comment is None:
        dialect = replace(dialect, comment=_comment_mark(records, width, dialect))
    else:
        dialect = replace(dialect, comment=comment, comment_always=True)
    if width > 1 or comment:  # once more: now the scanner can tell a stray quote by the width
        records = list(Scanner(dialect, width if width > 1 else None).records(text, line, final=True))
    return layout_of(records, dialect, complete=complete, header=header, header_line=header_line)


def layout_of(
    records: list[Record], dialect: Dialect, *, complete: bool, header: bool | None = None,
    header_line: int | None = None,
) -> Layout:  # fmt: skip
    """The layout of a table that begins with these records, however they were found.

    With `header_line`, the record of that line names the columns, whatever it looks like, and those before it are
    no part of the table. Raises NotATable where no record begins there.
    """
    if header_line is not None:
        return _below(records, dialect, header_line)
    rows = _rows(records, dialect)
    tables = tables_of(rows)
    if not tables:
        return Layout(dialect, 1, None, [], 1)
    last = len(tables) - 1
    # Of a file whose end is not seen, the last table is the one that may go on for gigabytes.
    chosen = last if not complete and len(tables[last]) > 20 else max(range(len(tables)), key=lambda n: len(tables[n]))
    return _with_others(tables, chosen, _of_table(tables[chosen], dialect, header))


def _with_others(tables: list[list[Record]], chosen: int, found: Layout) -> Layout:
    others = [(t[0].line, t[-1].line, len(t)) for n, t in enumerate(tables) if n != chosen]
    end = tables[chosen + 1][0].line if chosen + 1 < len(tables) else None
    return replace(found, end_line=end, other_tables=others)


def _below(records: list[Record], dialect: Dialect, header_line: int) -> Layout:
    """The layout of the table whose columns the record on this line names."""
    records = [record for record in records if record.line >= header_line]
    if not records or records[0].line != header_line or not filled(records[0]):
        raise NotATable(f"Line {header_line:,} holds no column names. Choose another line for them.")
    names = records[0]
    if names.remark == COMMENT:
        names = names._replace(cells=Scanner(dialect).split(names.cells[0] or ""), remark="")
    tables = tables_of([names, *(record for record in records[1:] if record.remark != COMMENT)])
    if len(tables) > 1 and len(tables[0]) == 1:  # names without rows are those of what follows
        tables[:2] = [tables[0] + tables[1]]
    return _with_others(tables, 0, _of_table(tables[0], dialect, header=True, at=0))


def _rows(records: list[Record], dialect: Dialect) -> list[Record]:
    """The records without comments. A header may look like one: the last of the leading comments, with names enough."""
    first = next((at for at, record in enumerate(records) if record.remark != COMMENT), 0)
    rows = [record for record in records if record.remark != COMMENT]
    if first and rows:
        last = records[first - 1]
        cells = Scanner(dialect).split(last.cells[0] or "")
        if len(cells) >= max(2, 0.8 * len(rows[0].cells)) and looks_like_names(
            named := last._replace(cells=cells, remark="")
        ):
            rows.insert(0, named)
    if len(rows) > 1 and rows[0].line == 1:
        written = "".join(cell or dialect.delimiter for cell in rows[0].cells) + "\n"
        return rows[1:] if SEPARATOR.match(written) else rows
    return rows


def usual_width(records: list[Record]) -> int:
    """The commonest number of cells, rows of one cell aside where there are as many of others."""
    widths = Counter(len(record.cells) for record in records if record.remark != COMMENT)
    notes = sum(len(r.cells) == 1 and (r.cells[0] or "").startswith("#") for r in records if r.remark != COMMENT)
    if len(widths) > 1 and notes:
        widths[1] -= notes  # comments, however many, are no rows of one cell
    if not widths:
        return 1
    return max(widths, key=lambda width: (widths[width] * (1 - 0.9 / width), width))


def _comment_mark(records: list[Record], width: int, dialect: Dialect) -> str:
    """The mark of lines that are comments: they begin with it and have not the table's width."""
    for mark in COMMENTS:
        marked = [r for r in records if (r.cells[0] or "").lstrip("\ufeff").startswith(mark)]
        odd = [r for r in marked if len(r.cells) != width]
        leading = [r for r in marked if r.line <= records[0].line + 1]
        if not odd or mark == dialect.delimiter or (mark not in "##" and not leading):
            continue
        alike = [r for r in marked if len(r.cells) == width]
        if len(odd) >= len(alike) - 1 and width > 1 and len(odd) < max(len(records), 2):
            return mark
    if width == 1 and records and (records[0].cells[0] or "").startswith("##"):
        return "##"
    return ""


def _of_table(rows: list[Record], dialect: Dialect, header: bool | None, at: int | None = None) -> Layout:
    """`at`: which row is the header or the first one; None: behind titles and notes."""
    width = usual_width(rows)
    at = first_row(rows, width) if at is None else at
    if header is None:
        named = is_header(rows[at], rows[at + 1 : at + 1 + BELOW])
        if not named and at == 1 and len(rows[0].cells) == len(rows[1].cells) and rows[1].line == rows[0].line + 1:
            at, named = 0, True  # what looked like a preamble row is a header with few names, or none
    else:
        named = header
    if named and header is None and (names_at := below_types(rows, at)):
        at = names_at
    elif named and (rows[at].cells[0] or "").startswith("#") and names_numbers(rows[at + 1 : at + 2 + BELOW]):
        at += 1  # a comment that has by chance as many delimiters as the header below it
    top, bottom = header_rows(rows, at, width) if named and header is None else (at, at)
    cells = joined_names(rows[top], rows[bottom]) if top < bottom else [cell or "" for cell in rows[at].cells]
    at = top
    below = rows[bottom + 1 :] if named else rows[at:]
    if not named:
        usual = max(width, _wide_enough(rows[at:], width))
        return Layout(dialect, usual, None, [], rows[at].line)
    while (
        len(cells) > max(1, width)
        and not cells[-1]
        and not any(len(r.cells) >= len(cells) and r.cells[len(cells) - 1] for r in below)
    ):
        cells.pop()
    first = below[0].line if below else rows[bottom].line + 1
    found = Layout(dialect, len(cells), rows[at].line, cells, first, two_lines=top < bottom)
    return _widened(found, below)


def _wide_enough(rows: list[Record], width: int) -> int:
    """The width without a header: the usual one, unless many rows go beyond it."""
    reach = Counter(_reach(row) for row in rows)
    wide = [w for w, count in reach.items() if w > width and count >= 0.05 * len(rows)]
    return max(wide, default=width)


def _reach(row: Record) -> int:
    """How many cells it has up to the last one with text."""
    return next((at for at in range(len(row.cells), 0, -1) if row.cells[at - 1]), 0)


def _widened(layout: Layout, below: list[Record]) -> Layout:
    """More columns than names: one more in every row is a first column without name, more in most are named by place."""
    wider = [row for row in below if _reach(row) > layout.width]
    many = 0.5 * len(below) if len(wider) < WIDE_ROWS else 0.25 * len(below)
    if not wider or len(wider) < len(below) and (len(wider) < FEW_ROWS or len(wider) <= many):
        return layout
    widths = Counter(len(row.cells) for row in below)
    if widths[layout.width + 1] >= 0.95 * len(below) and len(below) > 1:
        return replace(layout, width=layout.width + 1, names=["", *layout.names], shifted=True)
    width = max(_reach(row) for row in wider)
    usual = Counter(_reach(row) for row in wider).most_common(1)[0][0]
    width = usual if width > 2 * usual else width
    return replace(layout, width=width, names=layout.names + [""] * (width - layout.width), widened=True)
