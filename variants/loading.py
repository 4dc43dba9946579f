"""The only door into the variant database: normalised rows through a staging table, merged set-based in one transaction.

Whoever loads gives a DuckDB connection with a relation `cells` (see `variants.normalising`) and a job's `Run`.
The work may be killed at any moment and done again: nothing is visible before the commit, and what the commit
made is written on the job in the same transaction.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection, transaction

from project.common.rendering import to_json
from project.core.audit import record
from project.core.jobs import JobError, Run
from variants import merge_sql
from variants.classification import Terms
from variants.models import Load
from variants.normalising import OUTPUT, Rules, normalise, reference_notes
from variants.reference_sequence import ReferenceSequence, references
from variants.sources import files
from variants.terms import current_terms
from variants.words import STAGED, classified, keep_words, read_staged_again, unknown_note

# One merge at a time: two loads of the same variants cannot deadlock or miss each other's new rows.
MERGE_LOCK = 7_236_401
COPY_NULL = r"\N"


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
    notes: tuple[
        str, ...
    ] = ()  # what was decided before and what there is to say of the cells; no part of the identity

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
    staging = f"variants_staging_{run.job.pk:d}"
    try:
        run.report(0.4, "Copying")
        copied = _copy(db, staging)
        run.report(0.6, "Merging", lines_read=lines + spec.rejected_by_reader)
        with transaction.atomic():
            run.hold()
            load = _merge(spec, run, staging, copied, notes, terms)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {staging}")  # the name is ours: digits only
    return load


def withdraw(load: Load) -> bool:
    """Take a load's claims out of every list, aggregate and count; its rows stay as history. Call in a transaction.

    What the files' app kept for them alone goes after the commit.

    False where somebody else was quicker.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        load_here = Load.objects.filter(pk=load.pk).exclude(state=Load.State.WITHDRAWN)
        load.state = Load.State.WITHDRAWN
        if not load_here.update(state=Load.State.WITHDRAWN):
            return False
        cursor.execute(merge_sql.AFFECTED_BY_LOAD, {"load": load.pk})
        cursor.execute(merge_sql.AGGREGATE, {"load": load.pk, "cause": "withdrawn"})
        cursor.execute(merge_sql.COUNT_GENES)
        cursor.execute("DROP TABLE affected, touched_genes")
    if (file_id := load.file_id) is not None:
        transaction.on_commit(lambda: files().withdrawn(file_id), robust=True)
    return True


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


def _copy(db: duckdb.DuckDBPyConnection, staging: str) -> int:
    """Fill a fresh staging table; returns the rows copied. Unlogged: after a crash of PostgreSQL it is empty."""
    columns = [c for c in OUTPUT if c not in ("genes", "names")]
    # Of a row that is not kept only what says so: its texts may hold what PostgreSQL cannot.
    of_kept = {c: f"CASE WHEN fate = 'keep' THEN {c} END" for c in OUTPUT}
    chosen = ", ".join(
        f"{c if c in ('line', 'alt_index', 'fate') else of_kept[c]} AS {c}" for c in columns if c != "reason"
    )
    folder = Path(settings.VAR_DIR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{staging}.csv"  # one name for all attempts of a job: nothing is left behind by a killed one
    try:
        db.execute(
            f"COPY (SELECT {chosen}, replace(reason, chr(0), '\ufffd') AS reason, to_json({of_kept['genes']}) AS genes,"
            f" to_json({of_kept['names']}) AS names, {STAGED}"
            " FROM alleles LEFT JOIN words USING (reported) ORDER BY key, line, alt_index)"
            f" TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER false, NULLSTR '{COPY_NULL}')"
        )
        with connection.cursor() as cursor, path.open("rb") as stream:
            cursor.execute(f"DROP TABLE IF EXISTS {staging}")
            cursor.execute(f"CREATE UNLOGGED TABLE {staging} ({merge_sql.STAGING_COLUMNS})")
            names = ", ".join([*(c for c in columns if c != "reason"), "reason", "genes", "names", "class", "known"])
            cursor.copy_expert(f"COPY {staging} ({names}) FROM STDIN WITH (FORMAT csv, NULL '{COPY_NULL}')", stream)
            cursor.execute(f"ANALYZE {staging}")
    finally:
        path.unlink(missing_ok=True)
    return _one(db, "SELECT count(*) FROM alleles")


def _file_of(spec: LoadSpec) -> dict[str, int | None]:
    """A load that comes back to life belongs to the file that brought it; a live one stays with its own."""
    is_live = Load.objects.filter(fingerprint=spec.fingerprint, state=Load.State.LIVE).exists()
    return {} if is_live else {"file_id": spec.file_id, "reading": spec.reading}


def _merge(spec: LoadSpec, run: Run, staging: str, copied: int, notes: list[str], terms: Terms) -> Load:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        cursor.execute(f"SELECT count(*) FROM {staging}")
        if cursor.fetchone()[0] != copied:
            raise JobError(
                "The staging table does not hold every row (the database was restarted?). Start the import again."
            )
        read_staged_again(cursor, staging, terms)
        notes = [*notes, *unknown_note(cursor, staging)]
        load, is_new = Load.objects.update_or_create(
            fingerprint=spec.fingerprint,
            defaults={"state": Load.State.LIVE, "notes": notes} | _file_of(spec),
            create_defaults={
                "label": spec.label, "source": spec.source, "assembly": spec.assembly, "checksum": spec.checksum,
                "options": spec.options, "file_id": spec.file_id, "reading": spec.reading,
                "state": Load.State.LIVE, "notes": notes,
                "created_by": run.job.owner,
            },
        )  # fmt: skip
        for earlier in Load.objects.filter(checksum=spec.checksum, state=Load.State.LIVE).exclude(pk=load.pk):
            record("load replaced", earlier, by=run.job.owner, before={"state": earlier.state}, by_load=load.pk)
            withdraw(earlier)  # the same bytes read in another way: only the latest reading counts
        cursor.execute(merge_sql.MERGE.format(staging=staging), {"load": load.pk, "source": spec.source, "cause": ""})
        keep_words(cursor, staging, load.pk)
        counts = _count(cursor, staging, spec.rejected_by_reader)
        reasons, remarks = _said(cursor, staging, of_kept=False), _said(cursor, staging, of_kept=True)
        cursor.execute("DROP TABLE affected, seen, named, touched_genes, places, gene_bin, links, first_said")
    changed = {"state": load.state, "counts": counts}
    record("load made" if is_new else "load repeated", load, by=run.job.owner, after=changed, job=run.job.pk)
    if is_new:  # the same again merges everything; what the load brought stays its own
        Load.objects.filter(pk=load.pk).update(counts=counts)
    run.save(counts=counts, result={"load": load.pk, "reasons": reasons, "remarks": remarks, "notes": notes})
    return load


def _count(cursor: Any, staging: str, rejected_by_reader: int) -> dict[str, int]:
    """What became of lines and of alleles. Lines read = imported + merged + rejected + skipped, checked here."""
    cursor.execute(merge_sql.COUNT.format(staging=staging))
    counts = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    counts["lines_read"] += rejected_by_reader
    counts["rejected"] += rejected_by_reader
    if counts["lines_read"] != sum(counts[fate] for fate in ("imported", "merged", "rejected", "skipped")):
        raise JobError("The lines read do not add up; nothing was loaded. Please report this file.")
    return counts


def _said(cursor: Any, staging: str, *, of_kept: bool) -> dict[str, int]:
    """Why alleles were not kept, or what was remarked of those that were: sentence -> how many, at most 50."""
    cursor.execute(merge_sql.REASONS.format(staging=staging), [of_kept])
    return dict(cursor.fetchall())
