"""Where in a text the table stands: its header, its width, and what before, between and behind is none of it."""

from collections import Counter
from dataclasses import dataclass, field, replace

from files.readers.celltypes import is_identifier, is_measured, is_missing, is_protein_change, is_symbol
from files.readers.errors import NotATable
from files.readers.scan import COMMENT, Dialect, Record, Scanner, line_ends
from files.readers.sniff import SEPARATOR

COMMENTS = ("#", "//", "%", "--", ";", "!")
LOOK = 50  # rows from the table's beginning among which its header is looked for
BELOW = 100  # rows below a header that are compared with it
FEW_ROWS = 3  # fewer rows wider than the header are slips, whatever their share
WIDE_ROWS = 20  # so many rows wider than the header are no slips where they are a quarter of all
MOSTLY = 0.8  # share of a column's cells that tells what it holds
SYMBOLS_CALLED = {
    "gene", "genes", "symbol", "symbols", "hgnc", "hugo", "id", "ids", "name", "names", "target", "targets", "locus", "loci",
    "snp", "snps", "variant", "variants", "sample", "samples", "mutation", "marker", "panel", "list", "query", "protein",
    "entrez", "key", "code", "allele", "genotype", "gt", "chr", "chrom", "type", "label",
}  # fmt: skip
COLUMN_TYPES = {"STRING", "NUMBER", "BOOLEAN"}  # as cBioPortal writes them above the names
HEADER_AGAIN = 0.7  # share of a header's names that make a later row the header of another table


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
    tables = _tables(rows, dialect)
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
    if not records or records[0].line != header_line or not _filled(records[0]):
        raise NotATable(f"Line {header_line:,} holds no column names. Choose another line for them.")
    names = records[0]
    if names.remark == COMMENT:
        names = names._replace(cells=Scanner(dialect).split(names.cells[0] or ""), remark="")
    tables = _tables([names, *(record for record in records[1:] if record.remark != COMMENT)], dialect)
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


def _filled(record: Record) -> int:
    return sum(1 for cell in record.cells if cell)


def _tables(rows: list[Record], dialect: Dialect) -> list[list[Record]]:
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
        if part and at and _is_gap(rows[at - 1], row) and _filled(row):
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
    if width < 3 or len(names) < width or not _names_numbers(rows) or len(above) < 3 or len(above[0].cells) != width:
        return False
    if len(names.intersection(above[0].cells)) >= HEADER_AGAIN * width or _filled(above[0]) < width:
        return False
    if _are_identifiers([rows[0].cells[0] or ""], above[1 : 1 + LOOK]):
        return False  # of the kind that the rows above are about
    before, after = (
        [_measured([row.cells[at] or "" for row in table[1 : 1 + LOOK] if at < len(row.cells)]) for at in range(width)]
        for table in (above, rows)
    )
    return before != after and looks_like_names(above[0])


def _is_gap(before: Record, row: Record) -> bool:
    """Whether an empty line or a row without any text stands between."""
    lines = sum(line_ends(cell) for cell in before.cells if cell)
    return row.line > before.line + lines + 1 or not _filled(before)


def _parted_at_headers(rows: list[Record]) -> list[list[Record]]:
    start = next((at for at, row in enumerate(rows[:LOOK]) if _filled(row) > 1 and looks_like_names(row)), None)
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


def looks_like_names(row: Record) -> bool:
    """Texts, most of them different, none a number."""
    cells = [cell.strip() for cell in row.cells if cell and cell.strip()]
    return bool(cells) and len(set(cells)) >= 0.7 * len(cells) and not any(is_measured(cell) for cell in cells)


def _of_table(rows: list[Record], dialect: Dialect, header: bool | None, at: int | None = None) -> Layout:
    """`at`: which row is the header or the first one; None: behind titles and notes."""
    width = usual_width(rows)
    at = _first_row(rows, width) if at is None else at
    if header is None:
        named = is_header(rows[at], rows[at + 1 : at + 1 + BELOW])
        if not named and at == 1 and len(rows[0].cells) == len(rows[1].cells) and rows[1].line == rows[0].line + 1:
            at, named = 0, True  # what looked like a preamble row is a header with few names, or none
    else:
        named = header
    if named and header is None and (below_types := _below_types(rows, at)):
        at = below_types
    elif named and (rows[at].cells[0] or "").startswith("#") and _names_numbers(rows[at + 1 : at + 2 + BELOW]):
        at += 1  # a comment that has by chance as many delimiters as the header below it
    top, bottom = _header_rows(rows, at, width) if named and header is None else (at, at)
    cells = _joined(rows[top], rows[bottom]) if top < bottom else [cell or "" for cell in rows[at].cells]
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


def _below_types(rows: list[Record], at: int) -> int:
    """Of a clinical table of cBioPortal, whose names stand below `#` lines with labels, descriptions, types and
    priorities of the columns: the place of the names; else 0."""
    marked = at
    while marked < min(len(rows), at + LOOK) and (rows[marked].cells[0] or "").startswith("#"):
        marked += 1
    types = ({(cell or "").lstrip("#").strip() for cell in row.cells} for row in rows[at:marked])
    typed = any(cells <= COLUMN_TYPES for cells in types)
    return marked if typed and marked < len(rows) and looks_like_names(rows[marked]) else 0


def _header_rows(rows: list[Record], at: int, width: int) -> tuple[int, int]:
    """The places of the first and the last row of a header at `at`: of two where one names groups of columns.

    Either the gaps of this one are filled by texts below it, over columns of numbers; or this one has names that come
    again, and the row above tells them apart.
    """
    row = rows[at]
    if len(row.cells) != width or width < 3:
        return at, at
    under = next((n for n in range(at + 1, min(at + 3, len(rows))) if _filled(rows[n])), None)
    if under is not None and len(rows[under].cells) == width:
        gaps = [place for place, cell in enumerate(row.cells) if not cell]
        second = rows[under]
        filled = all(second.cells[place] for place in gaps)
        apart = len(set(_joined(row, second))) == width
        if gaps and filled and apart and _filled(row) > 1 and _names_columns(rows[under : under + 1 + BELOW]):
            return at, under
    names = [cell for cell in row.cells if cell]
    above = rows[at - 1] if at else None
    if above is None or len(above.cells) != width or not 1 < _filled(above) < width or len(names) < width:
        return at, at
    groups = _joined(above, row)
    apart = len(set(groups)) > len(set(names))
    return (at - 1, at) if apart and above.cells[0] and looks_like_names(above) else (at, at)


def _names_numbers(rows: list[Record]) -> bool:
    """Whether the first of the rows has texts, one of them over a column of numbers: it must name columns."""
    row, below = rows[0] if rows else None, rows[1:]
    # A row of data that lacks its numbers (`BRCA1,c.1A>G,NA`) names none.
    if row is None or not below or any(cell and (is_measured(cell) or is_missing(cell)) for cell in row.cells):
        return False
    columns = [[r.cells[at] or "" for r in below if at < len(r.cells)] for at in range(len(row.cells))]
    return any(cell and _measured(column) for cell, column in zip(row.cells, columns, strict=True))


def _names_columns(rows: list[Record]) -> bool:
    """Whether the first of the rows names columns, some of numbers, and is no row: nothing of it comes again below."""
    row, below = rows[0], rows[1:]
    if any(is_identifier(cell or "") for cell in row.cells):
        return False
    again = [sum(bool(a) and a == b for a, b in zip(row.cells, r.cells, strict=False)) for r in below]
    once_more = HEADER_AGAIN * _filled(row)  # so many are the names of a table below, not cells of a row
    return not any(0 < count < once_more for count in again) and _names_numbers(rows)


def _joined(upper: Record, lower: Record) -> list[str]:
    """The names of two header rows as one: a name above stands for the gaps that follow it, where a name is below."""
    names, group = [], ""
    for above, below in zip(upper.cells, lower.cells, strict=True):
        group = above or group
        names.append(" ".join(filter(None, [above or (group if below else ""), below])))
    return names


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


def _first_row(rows: list[Record], width: int) -> int:
    """The place of the header, or of the first row where there is none: behind titles and notes."""
    look = rows[:LOOK]
    if width == 1 and (first := _first_identifier(rows)):
        return first - 1
    thin = 1 if width > 2 else 0
    at = next((n for n, row in enumerate(look) if _filled(row) > thin and len(row.cells) >= min(width, 2)), 0)
    supported = {
        w for w, count in Counter(len(row.cells) for row in rows[at + 1 :]).items() if count >= 0.02 * len(rows)
    }
    row = look[at]
    fits = len(row.cells) in supported or len(row.cells) == width or at + 1 == len(rows)
    sparse = width > 3 and _filled(row) <= width / 2
    if fits and not sparse:
        return at
    for later in range(at + 1, min(at + 6, len(look))):
        candidate, below = look[later], rows[later + 1 : later + BELOW]
        names = looks_like_names(candidate) and len(candidate.cells) == width and _filled(candidate) > 0.7 * width
        fuller = not sparse or _filled(candidate) > 1.5 * _filled(row)
        if not below or not names or not fuller or any(is_identifier(cell or "") for cell in candidate.cells):
            continue
        # A row that is half full may be the header itself: then what is below must say more.
        if is_header(candidate, below) and (2 * _filled(row) != width or _names_numbers([candidate, *below])):
            return later
    return at


def _first_identifier(rows: list[Record]) -> int:
    """In a list of identifiers, the place of the first; 0 where the rows are no such list."""
    found = [_begins_with_identifier(row.cells[0] or "") for row in rows[: LOOK + BELOW]]
    first = found.index(True) if True in found[:LOOK] else 0
    return first if sum(found) >= MOSTLY * (len(found) - first) else 0


def is_header(row: Record, below: list[Record]) -> bool:
    """Whether a row names the columns of those below it."""
    cells = [(cell or "").strip() for cell in row.cells]
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    numbers = [cell for cell in filled if is_measured(cell)]
    if not below and all(map(is_identifier, filled)):
        return False
    if not numbers:
        return not _is_one_of(cells, below) and not _are_identifiers(cells, below)
    if len(numbers) == len(filled) or not below:
        return False
    if all(cell.isdigit() and 1800 <= int(cell) <= 2100 for cell in numbers) and len(numbers) > 1:
        return sorted(numbers) == numbers or sorted(numbers, reverse=True) == numbers
    columns = [[(r.cells[at] or "") for r in below if at < len(r.cells)] for at in range(len(cells))]
    both = sum(is_measured(cell) and _measured(column) for cell, column in zip(cells, columns, strict=True) if cell)
    text_over_number = sum(
        not is_measured(cell) and _measured(column) for cell, column in zip(cells, columns, strict=True) if cell
    )
    return (
        text_over_number > both
        if both
        else len(numbers) < len(filled) and text_over_number > 0 or _mixed(cells, columns)
    )


def _mixed(cells: list[str], columns: list[list[str]]) -> bool:
    """Numbers over columns that hold texts too: names such as 1, 2, 3 of a table turned on its side."""
    over = [column for cell, column in zip(cells, columns, strict=True) if is_measured(cell)]
    return all(any(c and not is_measured(c) for c in column) and any(is_measured(c) for c in column) for column in over)


def _measured(column: list[str]) -> bool:
    """Whether a column holds numbers, dates or times and little else."""
    filled = [cell for cell in column if cell and not is_missing(cell)]
    return bool(filled) and sum(map(is_measured, filled)) >= 0.8 * len(filled)


def _are_identifiers(cells: list[str], below: list[Record]) -> bool:
    """Whether an identifier or a protein change stands above others, or a gene symbol above nothing but symbols."""
    columns = [[r.cells[at] or "" for r in below if at < len(r.cells) and r.cells[at]] for at in range(len(cells))]
    if is_symbol(cells[0]) and cells[0].lower() not in SYMBOLS_CALLED:
        numbered = _has_digit(cells[0])
        symbols = [cell for cell in columns[0] if is_symbol(cell)]
        if len(cells) == 1 and (not below and numbered or columns[0] and len(symbols) >= MOSTLY * len(columns[0])):
            return numbered or len(symbols) > 1
        often = len(symbols) > 1 and len(symbols) >= MOSTLY * len(columns[0])
        if len(cells) > 1 and numbered and often and 2 * sum(map(_has_digit, symbols)) >= len(symbols):
            return True
    return any(
        is_one(cell) and bool(column) and sum(map(is_one, column)) >= MOSTLY * len(column)
        for cell, column in zip(cells, columns, strict=True)
        for is_one in (_begins_with_identifier, is_protein_change)
    )


def _begins_with_identifier(cell: str) -> bool:
    return is_identifier(cell) or is_identifier(cell.split(maxsplit=1)[0] if cell.strip() else "")


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _is_one_of(cells: list[str], below: list[Record]) -> bool:
    """Whether a row of texts is a row like the others: half of its cells come again below them, or names repeat."""
    filled = [cell for cell in cells if cell]
    if len(cells) < 2:
        return False
    # Not the header once more, as it was or a little changed; but what comes at every third row is no header.
    others = [r for r in below if sum(cell in r.cells for cell in filled) < HEADER_AGAIN * len(filled)]
    if len(below) > 2 and len(below) - len(others) > len(below) / 3:
        return True
    below = others
    again = sum(any(at < len(r.cells) and r.cells[at] == cell for r in below) for at, cell in enumerate(cells) if cell)
    return again > 0 and again >= len(filled) / 2
