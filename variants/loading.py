"""The only door into the variant database: normalised rows through a staging table, merged set-based in one transaction.

Whoever loads gives a DuckDB connection with a relation `cells` (see `variants.normalising`) and a job's `Run`.
The work may be killed at any moment and done again: nothing is visible before the commit, and what the commit
made is written on the job in the same transaction.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection, transaction

from project.common.rendering import to_json
from project.core.jobs import JobError, Run
from variants import following, staging
from variants.classification import Terms
from variants.merging import count_again, merged, take_merge_lock
from variants.models import DataVersion, Load
from variants.normalising import Rules, normalise, reference_notes
from variants.reference_sequence import ReferenceSequence, references
from variants.sources import files
from variants.terms import current_terms
from variants.words import classified

LOOK_S = 0.2  # how often a merge looks whether the one before it is done


@dataclass(frozen=True)
class LoadSpec:
    """What is loaded and how it was read. `options` decide, with checksum and assembly, whether it is the same load."""

    label: str
    checksum: str
    source: str = ""
    assembly: str = ""
    options: dict = field(default_factory=dict)
    file_id: int | None = None
    reading: int = 0  # which reading of the file
    rejected_by_reader: int = 0
    base: int | None = None  # what positions count from, where somebody chose it
    not_rcrs: tuple[str, ...] = ()  # see `Rules`
    notes: tuple[str, ...] = ()  # what was decided before, and what there is to say of the cells
    supersedes: tuple[int, ...] = ()  # earlier releases whose claims this load's take the place of

    @property
    def fingerprint(self) -> str:
        identity = {name: asdict(self)[name] for name in ("checksum", "assembly", "options", "source")}
        identity |= {} if self.base is None else {"base": self.base}
        return hashlib.sha256(to_json(dict(sorted(identity.items())))).hexdigest()

    def read_with(self, opened: Mapping[str, ReferenceSequence]) -> "LoadSpec":
        """The same with the reference sequences that it is normalised with: with another one it is another load."""
        used = {assembly: reference.identity() for assembly, reference in opened.items()}
        return replace(self, options=self.options | {"reference": used}) if used else self


def load_claims(db: duckdb.DuckDBPyConnection, spec: LoadSpec, run: Run) -> Load:
    """Load every row of `cells`. Ends with the load live and the counts on it and on the job, or raises.

    Raises JobError where lines would be lost, Cancelled and TakenOver as the job says.
    """
    if done := (run.job.result or {}).get("load"):  # killed between the commit and the end of the job
        return Load.objects.get(pk=done)
    with staged(db, spec, run) as there:
        while (load := merged(run, there)) is None:
            run.report(0.6, "Waiting until another import is in")
            time.sleep(LOOK_S)
    return load


@dataclass(frozen=True)
class Staging:
    table: str
    rows: int
    lines: int  # with those that the reader rejected
    notes: list[str]
    spec: LoadSpec  # with the reference sequences that were there
    terms: Terms  # what written classifications meant when they were read


@contextmanager
def staged(db: duckdb.DuckDBPyConnection, spec: LoadSpec, run: Run) -> Iterator[Staging]:
    """Every row of `cells`, normalised, in a table of PostgreSQL of its own, for as long as the block lasts."""
    run.report(0.05, "Normalising")
    with references() as opened:
        spec = spec.read_with(opened)
        rules = Rules(
            load=spec.fingerprint, assembly=spec.assembly or None, base=spec.base, not_rcrs=spec.not_rcrs,
            references=opened, most_wrong=settings.REFERENCE_MISMATCH_PERCENT / 100,
        )  # fmt: skip
        bases = normalise(db, rules)
    notes = [bases.sentence, *reference_notes(db), *spec.notes, *_own_assemblies(db, spec.assembly)]
    terms = current_terms()
    classified(db, terms, run.check)
    lines = _one(db, "SELECT count(DISTINCT line) FROM alleles")
    if (lines, 0) != (_one(db, "SELECT count(DISTINCT line) FROM cells"), _cells_without_allele(db)):
        raise JobError("Lines were lost while normalising; nothing was loaded. Please report this file.")
    table = staging.name(run.job.pk)
    try:
        run.report(0.4, "Copying")
        with connection.cursor() as cursor:
            staging.drop(cursor, table)
            staging.make(cursor, table)
            copied = staging.copy_part(db, cursor, table, 0)
        lines += spec.rejected_by_reader
        run.report(0.6, "Comparing" if run.job.params.get("dry_run") else "Merging", lines_read=lines)
        yield Staging(table, copied, lines, notes, spec, terms)
    finally:
        with connection.cursor() as cursor:
            staging.drop(cursor, table)


def withdraw(load: Load, *, by: Any = None) -> list[int] | None:
    """Take a load's claims out of every list, aggregate and count; its rows stay as history. Call in a transaction.

    Loads that it superseded come back. What the files' app kept for its claims alone goes after the commit.
    Returns the numbers of the loads that came back; None where it is not current and not superseded (any more).
    """
    take_merge_lock()
    load.state = Load.objects.values_list("state", flat=True).get(pk=load.pk)
    if load.state not in (Load.State.LIVE, Load.State.SUPERSEDED):
        return None
    back = following.give_back(load, by=by)
    changed = [*back, *([load.pk] if load.state == Load.State.LIVE else [])]
    load.state, load.followed_by = Load.State.WITHDRAWN, None
    load.save(update_fields=["state", "followed_by"])
    count_again(changed, because_of=load.pk)
    DataVersion.bump()
    if (file_id := load.file_id) is not None:
        transaction.on_commit(lambda: files().withdrawn(file_id), robust=True)
    return back


def _cells_without_allele(db: duckdb.DuckDBPyConnection) -> int:
    """Of lines that came as one row for each allele: rows that normalising lost. There is none, or it is our mistake."""
    return _one(db, "SELECT count(*) FROM cells c WHERE alt_number IS NOT NULL AND NOT EXISTS"
                    " (FROM alleles a WHERE a.line = c.line AND a.alt_index = c.alt_number)")  # fmt: skip


def _one(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = db.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _own_assemblies(db: duckdb.DuckDBPyConnection, chosen: str) -> list[str]:
    """A sentence where rows with a place are on another assembly than the one chosen, or on two."""
    counted = db.execute(
        "SELECT assembly, count(DISTINCT line) FROM alleles WHERE fate = 'keep' AND assembly IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if len(counted) < 2 and (not chosen or [assembly for assembly, _ in counted] in ([], [chosen])):
        return []
    rows = " and ".join(f"{count:,} on {assembly}" for assembly, count in counted)
    return [f"Rows with a place, each on the assembly that it names itself where it names one: {rows}."]
