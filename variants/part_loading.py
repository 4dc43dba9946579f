"""One part of a file on its way into the variant database: normalised and copied; and what all parts say together.

A part is a stretch of whole lines. What it found is small and can be added up: the parts of a file may be done in any
order, by several workers, and say together what one pass over the whole file would.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection, transaction

from project.core.jobs import JobError
from project.core.parts import PartRun
from variants import staging
from variants.load_spec import LoadSpec
from variants.normalising import (
    Bases,
    Rules,
    Told,
    bases_of,
    judge_references,
    normalise,
    reference_tally,
    told_of,
    with_placed,
)
from variants.reference_sequence import ReferenceSequence, references
from variants.terms import current_terms, terms_digest
from variants.words import classified

REFERENCE_CHANGED = (
    "A reference sequence was exchanged while the file was being imported; nothing was loaded. Start it again."
)


@dataclass(frozen=True)
class Brought:
    """What one part brought into staging. Goes to the part's row as JSON, through `asdict`."""

    copied: int  # rows of the staging table
    lines: int
    placed_by_name: int
    assemblies: dict[str, int]  # lines with a place on each
    references: dict[str, Any]  # see `reference_tally`
    terms: str  # digest of what written classifications were read with
    notes: list[list[Any]] = field(default_factory=list)  # whatever else the file's app counted


@dataclass(frozen=True)
class Staged:
    """All parts together: what a merge, or a forecast of one, needs to know of the staging table."""

    table: str
    copied: int
    lines: int  # with those that the reader rejected
    notes: list[str]
    spec: LoadSpec
    terms: set[str]  # digests of what written classifications were read with


@contextmanager
def opened_for(spec: LoadSpec) -> Iterator[tuple[LoadSpec, Mapping[str, ReferenceSequence]]]:
    """The reference sequences of this installation, and `spec` as it is with them."""
    with references() as opened:
        yield spec.read_with(opened), opened


def rules_for(spec: LoadSpec, opened: Mapping[str, ReferenceSequence], bases: Bases | None = None) -> Rules:
    return Rules(
        load=spec.fingerprint, assembly=spec.assembly or None, base=spec.base, not_rcrs=spec.not_rcrs,
        references=opened, most_wrong=settings.REFERENCE_MISMATCH_PERCENT / 100, bases=bases,
    )  # fmt: skip


def bases_told(spec: LoadSpec, parts: Iterable[duckdb.DuckDBPyConnection]) -> Bases:
    """What positions count from as the rows of all parts tell. Each of `parts` holds `cells` until the next is asked for."""
    rules = rules_for(spec, {})
    return bases_of(None, sum((told_of(db, rules) for db in parts), Told()))


def bring(db: duckdb.DuckDBPyConnection, part: PartRun, rules: Rules, notes: Sequence[Sequence[Any]] = ()) -> None:
    """Normalise `cells` of `db` and copy them into the job's staging table, in one transaction with the part's end.

    Raises JobError where lines would be lost, Cancelled and TakenOver as the part says.
    """
    bases = normalise(db, rules)
    terms = current_terms()
    classified(db, terms, part.check)
    lines = _one(db, "SELECT count(DISTINCT line) FROM alleles")
    if (lines, 0) != (_one(db, "SELECT count(DISTINCT line) FROM cells"), _cells_without_allele(db)):
        raise JobError("Lines were lost while normalising; nothing was loaded. Please report this file.")
    if lines != part.part.rows:
        raise JobError("The table does not hold every row of the file; nothing was imported. Please report this file.")
    part.check()
    with transaction.atomic(), connection.cursor() as cursor:
        copied = staging.copy_part(db, cursor, staging.name(part.job.pk), part.part.number, part.part.attempt)
        brought = Brought(
            copied=copied, lines=lines, placed_by_name=bases.placed_by_name, assemblies=_assemblies(db),
            references=reference_tally(db), terms=terms_digest(terms), notes=[list(note) for note in notes],
        )  # fmt: skip
        part.done(asdict(brought))


def gathered(job_id: int, spec: LoadSpec, bases: Bases, results: Sequence[Mapping[str, Any]]) -> Staged:
    """What the parts of a job brought, as one. Raises JobError where a reference sequence does not fit the file."""
    parts = [Brought(**result) for result in results]
    bases = with_placed(replace(bases, placed_by_name=sum(part.placed_by_name for part in parts)))
    on_assemblies = sum((Counter(part.assemblies) for part in parts), Counter())
    with references() as opened:
        if spec != spec.read_with(opened):
            raise JobError(REFERENCE_CHANGED)
        of_references = judge_references(
            [part.references for part in parts], opened, settings.REFERENCE_MISMATCH_PERCENT / 100
        )
    return Staged(
        table=staging.name(job_id),
        copied=sum(part.copied for part in parts),
        lines=sum(part.lines for part in parts) + spec.rejected_by_reader,
        notes=[bases.sentence, *of_references, *spec.notes, *own_assemblies(on_assemblies, spec.assembly)],
        spec=spec,
        terms={part.terms for part in parts},
    )


def own_assemblies(counted: Mapping[str, int], chosen: str) -> list[str]:
    """A sentence where rows with a place are on another assembly than the one chosen, or on two."""
    if len(counted) < 2 and (not chosen or list(counted) in ([], [chosen])):
        return []
    rows = " and ".join(f"{count:,} on {assembly}" for assembly, count in sorted(counted.items()))
    return [f"Rows with a place, each on the assembly that it names itself where it names one: {rows}."]


def _assemblies(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = db.execute(
        "SELECT assembly, count(DISTINCT line) FROM alleles WHERE fate = 'keep' AND assembly IS NOT NULL GROUP BY 1"
    )
    return dict(found.fetchall())


def _cells_without_allele(db: duckdb.DuckDBPyConnection) -> int:
    """Of lines that came as one row for each allele: rows that normalising lost. There is none, or it is our mistake."""
    return _one(db, "SELECT count(*) FROM cells c WHERE alt_number IS NOT NULL AND NOT EXISTS"
                    " (FROM alleles a WHERE a.line = c.line AND a.alt_index = c.alt_number)")  # fmt: skip


def _one(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = db.execute(sql).fetchone()
    return int(row[0]) if row else 0
