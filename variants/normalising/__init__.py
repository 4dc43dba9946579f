"""From mapped text cells to normalised alleles, names and identities: a few DuckDB steps, no Python per row.

Input: a relation `cells` with `line` BIGINT (physical line, from 1), `alt_number` INTEGER (which ALT allele the row is,
from 1; NULL where the row has all of its line's, which are split here) and one text column for each name in FIELDS (NULL
where the file has no such column). Output: a table `alleles`, one row for each allele of each line, in line order, with
the columns of OUTPUT; every input line has at least one row, with a `fate` of `keep`, `skip` or `reject`.

Coordinates. `start0` is the interbase (0-based) start of the fully trimmed change. `pos` is VCF POS: 1-based, of the
padding base where an insertion or deletion has one, else the first base of the unpadded change (of an insertion: the
base after it). Alleles are trimmed from the right, then from the left; with a reference sequence of their assembly,
insertions and deletions are then moved to their leftmost place. Without one nothing is moved.

Identity: the first 16 bytes of SHA-256 over a text that starts with its kind (`allele|GRCh38|7|117559590|TCT|`), so
that a place, a genomic name, a transcript name and an accession can never be taken for each other.

The steps, a module each: `cells` (text -> fields), `naming` (one spelling a name; places that names state), `judging`
(0-based or 1-based), `alleles` (split, trimmed), `aligning` (checked and left-aligned, where there is a reference
sequence), `identifying` (named, identified). `text`, `places` and `names` hold the macros that they share.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from variants.normalising.aligning import Reference, align, reference_notes
from variants.normalising.alleles import MOST_ALTS, SPLIT_ALLELES
from variants.normalising.cells import READ
from variants.normalising.fields import FIELDS, OUTPUT
from variants.normalising.identifying import IDENTIFY
from variants.normalising.judging import EVIDENCE, JUDGE, Bases, Told, chosen_base, judged_bases
from variants.normalising.names import NAME_MACROS
from variants.normalising.naming import NAMING_MACROS, TELL
from variants.normalising.places import CHROM_NAMES, PLACE_MACROS, genomic_accession, make_place_tables
from variants.normalising.text import TEXT_MACROS

__all__ = [
    "FIELDS", "MACROS", "MOST_ALTS", "OUTPUT", "Bases", "Rules", "Told", "chosen_base", "genomic_accession", "judge_references", "judged_bases", "may_tell", "normalise", "reference_notes",
    "reference_tally", "rows_placed_by_name", "rows_tell", "told_of",
]  # fmt: skip

FEW_ROWS = 5_000
MACROS = TEXT_MACROS + PLACE_MACROS + NAME_MACROS + NAMING_MACROS


@dataclass(frozen=True)
class Rules:
    """How one file's cells are to be understood, where its rows do not say it themselves."""

    load: str  # the load's fingerprint: part of the identity of rows that name a gene and nothing else
    assembly: str | None = None  # for rows that name none
    base: int | None = None  # 0 or 1: what positions count from, as somebody chose; None: as the rows tell
    not_rcrs: tuple[
        str, ...
    ] = ()  # contig names, upper case, that are another mitochondrion than MT (rCRS) in this file
    references: Mapping[str, Reference] = field(default_factory=dict)  # by assembly: REF check and left-alignment
    bases: Bases | None = None  # what positions count from, where the whole file was asked before
    most_wrong: float = 0.1  # share of REF alleles that may disagree with a reference; more stops the import


def normalise(db: duckdb.DuckDBPyConnection, rules: Rules) -> Bases:
    """Make the table `alleles` from the relation `cells` in `db`. Raises JobError where a reference does not fit."""
    with _quickly_planned(db):
        _judge(db, rules)
    bases = rules.bases or (chosen_base(rules.base) if rules.base is not None else judged_bases(*_told(db)))
    db.execute(
        SPLIT_ALLELES,
        {"allele_base": bases.alleles, "bare_base": bases.bare, "forced": bases.forced, "most_alleles": MOST_ALTS},
    )
    align(db, rules.references, rules.most_wrong)
    db.execute(IDENTIFY, {"load": rules.load, "chromosomes": CHROM_NAMES})
    placed = (db.execute("SELECT count(*) FROM told WHERE is_placed_by_name").fetchone() or (0,))[0]
    return replace(bases, sentence=f"{bases.sentence} {placed_by_name(placed)}".rstrip())


def placed_by_name(count: int) -> str:
    """What the notes of a load say of rows that have no columns of a place; nothing where there are none."""
    rows = "1 row" if count == 1 else f"{count:,} rows"
    return f"{rows} without a position: placed by the HGVS or SPDI name that states it." if count else ""


@contextmanager
def _quickly_planned(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """For few rows the optimiser takes longer over the nested macros (0.3 s of CPU) than it saves."""
    (rows,) = db.execute("SELECT count(*) FROM cells").fetchone() or (0,)
    if rows > FEW_ROWS:
        yield
        return
    db.execute("PRAGMA disable_optimizer")
    try:
        yield
    finally:
        db.execute("PRAGMA enable_optimizer")


def rows_tell(db: duckdb.DuckDBPyConnection, assembly: str | None = None) -> Told:
    """What the rows of `cells` say of the base of their positions; nothing is normalised."""
    _judge(db, Rules(load="", assembly=assembly))
    return _told(db)


def _judge(db: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """The first steps, up to the table `judged`."""
    db.execute(MACROS)
    make_place_tables(db)
    db.execute(READ, {"assembly": rules.assembly, "not_rcrs": list(rules.not_rcrs)})
    db.execute(TELL)
    db.execute(JUDGE)


def _told(db: duckdb.DuckDBPyConnection) -> Told:
    return Told(*(db.execute(EVIDENCE).fetchone() or ()))


def told_of(db: duckdb.DuckDBPyConnection, rules: Rules) -> Told:
    """What the rows of `cells` say of the base of their positions."""
    _judge(db, rules)
    return _told(db)


def may_tell(fields: Set[str]) -> bool:
    """Whether rows with these fields can say what positions count from."""
    return bool(fields)


def reference_tally(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return {"notes": reference_notes(db)}


def judge_references(
    tallies: Iterable[Mapping[str, Any]], references: Mapping[str, Reference], most_wrong: float
) -> list[str]:
    return [note for tally in tallies for note in tally["notes"]]


def rows_placed_by_name(db: duckdb.DuckDBPyConnection) -> int:
    return (db.execute("SELECT count(*) FROM told WHERE is_placed_by_name").fetchone() or (0,))[0]
