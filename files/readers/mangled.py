"""Gene symbols that a spreadsheet turned into dates or numbers: looked for in the written table, never changed.

SEPT1 becomes `1-Sep`, MARCH1 `1-Mar`, a clone name such as 2310009E13 `2.31E+19`; saved as text or formatted as a
number they are `2024-09-01` or 45536. Source: Ziemann, Eren, El-Osta, Genome Biology 2016, 17:177.
"""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from files.readers.celltypes import is_missing, is_symbol
from files.readers.parts import MEMORY_LIMIT, SLICE, part_paths, quoted

# Names of columns of gene symbols, with everything but letters and digits folded away.
GENE_NAMES = {
    "gene",
    "genes",
    "genesymbol",
    "genesymbols",
    "genename",
    "hugosymbol",
    "hgncsymbol",
    "symbol",
    "generefgene",
    "gen",
}
ID_NAMES = {"geneid"}  # symbols stand there too, but a number is one of Entrez
SAMPLE = 2_000  # rows
MOSTLY, NAMED = 0.8, 0.5  # share of the different cells that are symbols, and the same where the name says so
FEWEST = 3  # different symbols
LONGEST = 40  # characters of a cell that can be one

_MONTHS = {
    "jan": 1, "feb": 2, "fev": 2, "mar": 3, "mrz": 3, "mär": 3, "apr": 4, "avr": 4, "may": 5, "mai": 5, "jun": 6, "jui": 7, "jul": 7,
    "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12, "déc": 12,
}  # fmt: skip
_MONTH = f"({'|'.join(_MONTHS)})[a-zä]{{0,2}}\\.?"
_DAY_MONTH = rf"(\d{{1,2}})[-. /]{{1,2}}{_MONTH}(?:[-. /]\d{{2,4}})?"
_MONTH_DAY = rf"{_MONTH}[- ](\d\d)"  # of two digits: OCT-4 is how some write POU5F1
_ISO = r"(?:19|20)\d\d(?:-(\d\d)-(\d\d)(?:[ T]00:00(?::00)?)?|/(\d{1,2})/(\d{1,2}))"
_SLASHED = r"(\d{1,2})/(\d{1,2})/(?:\d\d|\d{4})"
_DOTTED = r"(\d{1,2})\.(\d{1,2})\.(?:19|20)\d\d"  # day first
_CLONE = r"\d(?:\.\d+)?E\+\d{1,2}"
_SERIAL = r"[34]\d{4}"  # 1982 to 2036
_EPOCH = date(1899, 12, 30)
# Genes whose symbols read as a day, and what they are called since 2020: highest number of each family.
_FAMILIES = {3: ("MARCH", "MARCHF", 11), 9: ("SEPT", "SEPTIN", 14), 12: ("DEC", "DELEC", 1)}
_SERIALS = [
    (date(year, month, day) - _EPOCH).days
    for year in range(1990, 2037) for month, (_, _, most) in _FAMILIES.items() for day in range(1, most + 1)
]  # fmt: skip
_DATES = "|".join((_DAY_MONTH, _MONTH_DAY, _ISO, _SLASHED, _DOTTED, _CLONE))

_ASK = """
    SELECT count(*), min(line), arg_min(cell, line) FROM (
        SELECT line, trim({cell}) AS cell FROM read_parquet([{paths}]) WHERE length({cell}) BETWEEN 4 AND {longest:d}
    ) WHERE regexp_full_match(cell, $dates, 'i'){serials}
"""


def mangled_genes(folder: Path, columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One warning, in the contract's shape, on cells of gene columns that read as dates; none where there are none.

    `folder`: the parts of a table whose columns these are, types told. A column is one of genes by its name, or where
    its cells are mostly gene symbols; that is looked for among the first SLICE columns. Numbers that stand for days
    count only among symbols.
    """
    found = []
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT}) as db:
        for number, paths in enumerate(part_paths(folder)):
            for place, column in list(enumerate(columns))[number * SLICE : (number + 1) * SLICE]:
                name = re.sub(r"[^a-z0-9]", "", column["name"].lower())
                named = name in GENE_NAMES | ID_NAMES
                symbols = column["type"] == "text" and (named or not number) and _symbols(db, paths[0], place)
                if named or symbols >= MOSTLY:
                    serials = name in GENE_NAMES and symbols >= NAMED and not _other_numbers(db, paths, place)
                    found += _ask(db, paths, place, column["name"], serials=serials)
    if not found:
        return []
    first = min(found, key=lambda one: one["first_line"])
    return [first | {"count": sum(one["count"] for one in found)}]


def _symbols(db: duckdb.DuckDBPyConnection, path: Path, place: int) -> float:
    """The share of gene symbols of two letters or more among the different cells of the first rows; 0 for very few."""
    sample = db.execute(f"SELECT DISTINCT left(c{place:d}, {LONGEST:d}) FROM (SELECT c{place:d} FROM"
                        f" read_parquet({quoted(path)}) LIMIT {SAMPLE:d})").fetchall()  # fmt: skip
    filled = [cell for (cell,) in sample if cell and not is_missing(cell)]
    symbols = sum(len(cell) > 1 and is_symbol(cell) for cell in filled)
    return symbols / len(filled) if symbols >= FEWEST else 0.0


def _other_numbers(db: duckdb.DuckDBPyConnection, paths: list[Path], place: int) -> bool:
    """Whether whole numbers stand in the column that are no days of these years."""
    files = ", ".join(map(quoted, paths))
    found = db.execute(
        f"SELECT 1 FROM read_parquet([{files}]) WHERE length(c{place:d}) <= {LONGEST:d}"
        f" AND regexp_full_match(trim(c{place:d}), '[0-9]+') AND NOT regexp_full_match(trim(c{place:d}), $serial) LIMIT 1",
        {"serial": _SERIAL},
    )
    return found.fetchone() is not None


def _ask(
    db: duckdb.DuckDBPyConnection, paths: list[Path], place: int, name: str, *, serials: bool
) -> list[dict[str, Any]]:
    numbers = f" OR cell IN ({', '.join(repr(str(day)) for day in _SERIALS)})" if serials else ""
    sql = _ASK.format(cell=f"c{place:d}", paths=", ".join(map(quoted, paths)), longest=LONGEST, serials=numbers)
    count, line, example = db.execute(sql, {"dates": _DATES}).fetchone() or (0, None, None)
    if not count:
        return []
    message = (
        f"In the column “{name}” stand dates or numbers where gene symbols are expected, as a spreadsheet makes them:"
        f" “{example}” {_was(example)}. They are kept as they are; mend them where the table was made."
    )
    return [{"kind": "mangled_genes", "message": message, "count": count, "first_line": line}]


def _was(cell: str) -> str:
    """What this cell probably was."""
    if re.fullmatch(_CLONE, cell, re.IGNORECASE):
        return "was probably the name of a clone with an E between digits, such as 2310009E13"
    month, day = _month_and_day(cell)
    family, now, most = _FAMILIES.get(month, ("", "", 0))
    if not 1 <= day <= most:
        return "was probably another symbol"
    also = f" or MARC{day} (now MTARC{day})" if month == 3 and day < 3 else ""
    return f"was probably {family}{day} (now {now}{day}){also}"


def _month_and_day(cell: str) -> tuple[int, int]:
    """(0, 0) where it cannot be told."""
    if re.fullmatch(_SERIAL, cell):
        day = _EPOCH + timedelta(days=int(cell))
        return day.month, day.day
    if found := re.fullmatch(_DAY_MONTH, cell, re.IGNORECASE):
        return _MONTHS[found[2].lower()], int(found[1])
    if found := re.fullmatch(_MONTH_DAY, cell, re.IGNORECASE):
        return _MONTHS[found[1].lower()], int(found[2])
    if found := re.fullmatch(_ISO, cell):
        return int(found[1] or found[3]), int(found[2] or found[4])
    if found := re.fullmatch(_DOTTED, cell):
        return int(found[2]), int(found[1])
    if found := re.fullmatch(_SLASHED, cell):  # day and month either way round: only a gene's month tells them apart
        first, second = int(found[1]), int(found[2])
        return (first, second) if first in _FAMILIES and second not in _FAMILIES else (second, first)
    return 0, 0
