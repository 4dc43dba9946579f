"""Whether a row names the columns of the rows below it."""

from files.readers.celltypes import is_identifier, is_measured, is_missing, is_protein_change, is_symbol
from files.readers.scan import Record

MOSTLY = 0.8  # share of a column's cells that tells what it holds
SYMBOLS_CALLED = {
    "gene", "genes", "symbol", "symbols", "hgnc", "hugo", "id", "ids", "name", "names", "target", "targets", "locus", "loci",
    "snp", "snps", "variant", "variants", "sample", "samples", "mutation", "marker", "panel", "list", "query", "protein",
    "entrez", "key", "code", "allele", "genotype", "gt", "chr", "chrom", "type", "label",
}  # fmt: skip
HEADER_AGAIN = 0.7  # share of a header's names that make a later row the header of another table


def filled(record: Record) -> int:
    return sum(1 for cell in record.cells if cell)


def looks_like_names(row: Record) -> bool:
    """Texts, most of them different, none a number."""
    cells = [cell.strip() for cell in row.cells if cell and cell.strip()]
    return bool(cells) and len(set(cells)) >= 0.7 * len(cells) and not any(is_measured(cell) for cell in cells)


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
        return not _is_one_of(cells, below) and not are_identifiers(cells, below)
    if len(numbers) == len(filled) or not below:
        return False
    if all(cell.isdigit() and 1800 <= int(cell) <= 2100 for cell in numbers) and len(numbers) > 1:
        return sorted(numbers) == numbers or sorted(numbers, reverse=True) == numbers
    columns = [[(r.cells[at] or "") for r in below if at < len(r.cells)] for at in range(len(cells))]
    both = sum(
        is_measured(cell) and is_measured_column(column) for cell, column in zip(cells, columns, strict=True) if cell
    )
    text_over_number = sum(
        not is_measured(cell) and is_measured_column(column)
        for cell, column in zip(cells, columns, strict=True)
        if cell
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


def is_measured_column(column: list[str]) -> bool:
    """Whether a column holds numbers, dates or times and little else."""
    filled = [cell for cell in column if cell and not is_missing(cell)]
    return bool(filled) and sum(map(is_measured, filled)) >= 0.8 * len(filled)


def are_identifiers(cells: list[str], below: list[Record]) -> bool:
    """Whether an identifier or a protein change stands above others, or a gene symbol above nothing but symbols."""
    columns = [[r.cells[at] or "" for r in below if at < len(r.cells) and r.cells[at]] for at in range(len(cells))]
    if is_symbol(cells[0]) and cells[0].lower() not in SYMBOLS_CALLED:
        numbered = _has_digit(cells[0])
        symbols = [cell for cell in columns[0] if is_symbol(cell)]
        if len(cells) == 1 and (not below and numbered or columns[0] and len(symbols) >= MOSTLY * len(columns[0])):
            return numbered or len(symbols) > 1
        often = len(symbols) > 1 and len(symbols) >= MOSTLY * len(columns[0])
        often = often and 2 * sum(map(_has_digit, symbols)) >= len(symbols)
        if len(cells) > 1 and numbered and often and not _stands_over_numbers(cells, columns):
            return True
    return any(
        is_one(cell) and bool(column) and sum(map(is_one, column)) >= MOSTLY * len(column)
        for cell, column in zip(cells, columns, strict=True)
        for is_one in (begins_with_identifier, is_protein_change)
    )


def _stands_over_numbers(cells: list[str], columns: list[list[str]]) -> bool:
    """Whether a text stands over a column of numbers: `X1,X2` above `ABCD01,70` are names, whatever X1 looks like."""
    return any(
        cell and not is_missing(cell) and not is_measured(cell) and is_measured_column(column)
        for cell, column in zip(cells, columns, strict=True)
    )


def begins_with_identifier(cell: str) -> bool:
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


def names_numbers(rows: list[Record]) -> bool:
    """Whether the first of the rows has texts, one of them over a column of numbers: it must name columns."""
    row, below = rows[0] if rows else None, rows[1:]
    # A row of data that lacks its numbers (`BRCA1,c.1A>G,NA`) names none.
    if row is None or not below or any(cell and (is_measured(cell) or is_missing(cell)) for cell in row.cells):
        return False
    columns = [[r.cells[at] or "" for r in below if at < len(r.cells)] for at in range(len(row.cells))]
    return any(cell and is_measured_column(column) for cell, column in zip(row.cells, columns, strict=True))
