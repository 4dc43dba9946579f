"""What a table's positions count from, as its first rows say or as the name of the column does."""

from collections.abc import Mapping
from dataclasses import dataclass

from files import store
from files.kept_answers import kept
from files.mapping_names import counts_from_0
from files.models import DataFile
from variants.normalising import FIELDS, Told, rows_tell
from variants.normalising.judging import judged_bases

ROWS = 5_000  # rows that are asked before an import; the import itself asks all of them


@dataclass(frozen=True)
class Base:
    """`value`: 0 or 1, as rows with alleles (without any: those without) are read; None where there are no positions.

    `sentence` says why. `chosen`: 0 or 1 where somebody, or the header, said so for every row, whatever rows say.
    """

    value: int | None
    sentence: str
    chosen: int | None = None


NONE = Base(None, "The table has no positions.")
# The fields that can tell, or say on which sequence positions are.
ASKED = (
    "hgvs_c",
    "hgvs_g",
    "other_names",
    "assembly",
    "chrom",
    "start",
    "stop",
    "ref",
    "alt",
    "alt_first",
    "variant",
    "accession",
)
LONGEST_CELL = 1_000  # characters; a longer cell is not asked


def told_base(file: DataFile, mapping: Mapping[str, str | None]) -> Base:
    """What the first ROWS rows say; where none can tell, what the name of the column says; else 1."""
    start = mapping.get("start")
    if not start or not mapping.get("chrom"):
        return NONE if not mapping.get("variant") else Base(1, "Positions within a cell count from 1.")
    told = _asked(file, mapping)
    if not any(told):
        if counts_from_0(start, mapping.get("stop")):
            return Base(0, f"Positions count from 0, as the name “{start}” says.", chosen=0)
        return Base(1, f"Positions count from 1: no row says otherwise{_beginning(file)}.")
    bases = judged_bases(*told)
    with_alleles = told.alleles_0 or told.alleles_1
    said = [
        f"from {bases.alleles} in rows with alleles ({max(told[:2]):,} of {sum(told[:2]):,} that can tell)" if with_alleles else "",
        f"from {bases.bare} in rows without ({max(told[2:]):,} of {sum(told[2:]):,})" if any(told[2:]) else "",
    ]  # fmt: skip
    sentence = f"Positions count {', '.join(filter(None, said))}{_beginning(file)}."
    return Base(bases.alleles if with_alleles else bases.bare, sentence)


def _beginning(file: DataFile) -> str:
    return f", of the first {ROWS:,} rows" if (file.row_count or 0) > ROWS else ""


def _asked(file: DataFile, mapping: Mapping[str, str | None]) -> Told:
    places: dict[str | None, int] = {column["name"]: column.get("at", n) for n, column in enumerate(file.columns)}
    asked = {field: places[mapping[field]] for field in ASKED if mapping.get(field) in places}
    cells = ", ".join(
        f"CASE WHEN length(c{asked[field]}) <= {LONGEST_CELL:d} THEN c{asked[field]} END AS {field}"
        if field in asked else f"NULL::VARCHAR AS {field}"
        for field in FIELDS
    )  # fmt: skip
    table = store.relation(file.table_path, asked.values())
    question = ["base", {field: mapping[field] for field in asked}, file.assembly]
    return Told(*kept(file, question, lambda: _of_rows(f"{cells} FROM {table}", file.assembly)))


def _of_rows(cells: str, assembly: str) -> Told:
    """`cells`: the fields of a SELECT and its table. Half a second, most of it for the plans of long statements."""
    with store.connect() as db:
        db.execute("PRAGMA disable_optimizer")  # it takes longer than the question
        db.execute(f"CREATE TEMP TABLE cells AS SELECT line, NULL::INTEGER AS alt_number, {cells} LIMIT {ROWS:d}")
        return rows_tell(db, assembly or None)
