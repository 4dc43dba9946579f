"""The merge: what an import staged becomes variants and claims, set-based, in one transaction, one merge at a time."""

from typing import Any

from django.conf import settings
from django.db import connection, transaction

from project.core.audit import record
from project.core.jobs import JobError, Run
from variants import following, merge_sql, staging
from variants.load_spec import LoadSpec
from variants.models import DataVersion, Load
from variants.part_loading import Staged
from variants.relink_sql import RELINK
from variants.words import keep_words, read_staged_again, unknown_note

# One merge at a time: two loads of the same variants cannot deadlock or miss each other's new rows.
MERGE_LOCK = 7_236_401
PAUSE_S = 60.0  # between two statements of who has the lock


class StagingLost(Exception):
    """The staging table does not hold what the parts copied: PostgreSQL crashed since and emptied it."""


def take_merge_lock() -> None:
    """Until the commit nobody else changes what variants say. Readers never wait for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        bound_pauses(cursor)


def bound_pauses(cursor: Any) -> None:
    """Who sleeps (a stopped process, a machine that is put aside) loses the merge lock, and all that it did, to the next."""
    cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{PAUSE_S * 1000:.0f}ms'")


def _file_of(spec: LoadSpec, by: Any) -> dict[str, Any]:
    """A load that comes back to life belongs to the file, and to the person, that brought it; a live one stays as it is."""
    is_live = Load.objects.filter(fingerprint=spec.fingerprint, state=Load.State.LIVE).exists()
    return {} if is_live else {"file_id": spec.file_id, "reading": spec.reading, "label": spec.label, "created_by": by}


def merged(run: Run, there: Staged) -> Load | None:
    """The load, committed with the job's counts; None, and nothing done, while another merge is under way.

    The job's row is taken last: until then it can be cancelled and beats, however long the merge takes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MERGE_LOCK])
        if not cursor.fetchone()[0]:
            return None
        bound_pauses(cursor)
        cursor.execute(f"SET LOCAL work_mem = '{settings.MERGE_WORK_MEM:d}MB'; SET LOCAL jit = off")
        return _merge(cursor, run, there)


def _merge(cursor: Any, run: Run, there: Staged) -> Load:
    refuse_half(cursor, there)
    spec = there.spec
    read_staged_again(cursor, there.table, there.terms)
    notes = [*there.notes, *unknown_note(cursor, there.table)]
    load, is_new = Load.objects.update_or_create(
        fingerprint=spec.fingerprint,
        defaults={"state": Load.State.LIVE, "followed_by": None, "notes": notes} | _file_of(spec, run.job.owner),
        create_defaults={
            "label": spec.label, "source": spec.source, "assembly": spec.assembly, "checksum": spec.checksum,
            "options": spec.options, "file_id": spec.file_id, "reading": spec.reading,
            "state": Load.State.LIVE, "notes": notes,
            "created_by": run.job.owner,
        },
    )  # fmt: skip
    leaving, said = following.let_go(load, spec.supersedes, by=run.job.owner)
    _bring_in(cursor, run, there.table, load, leaving, is_new=is_new)
    run.say(0.97, "Merging: counts")
    keep_words(cursor, there.table, load.pk)
    counts = counted(cursor, there.table, spec.rejected_by_reader)
    result = {"load": load.pk, **why(cursor, there.table), "notes": [*notes, *said]}
    cursor.execute(merge_sql.FORGET_TEMPORARY)
    changed = {"state": load.state, "counts": counts}
    record("load made" if is_new else "load repeated", load, by=run.job.owner, after=changed, job=run.job.pk)
    if is_new:  # the same again merges everything; what the load brought stays its own
        Load.objects.filter(pk=load.pk).update(counts=counts)
    DataVersion.bump()
    run.hold()
    run.save(counts=counts, result=result)
    return load


def refuse_half(cursor: Any, there: Staged) -> None:
    """Raises StagingLost."""
    if staging.rows_in(cursor, there.table) != there.copied:
        raise StagingLost


def _bring_in(cursor: Any, run: Run, table: str, load: Load, leaving: list[int], *, is_new: bool) -> None:
    """Variants and claims of the staging table; one pass over every variant that they or the leaving loads speak of."""
    values = {"load": load.pk, "source": load.source, "cause": "", "leaving": leaving}
    cursor.execute(merge_sql.FORGET_TEMPORARY)
    for progress, message, sql in merge_sql.PLACE:
        run.say(progress, message)
        cursor.execute(sql.format(staging=table), values)
    if not is_new:
        cursor.execute(merge_sql.FORGET.format(staging=table), values)
    for progress, message, sql in merge_sql.CLAIM if is_new else merge_sql.CLAIM_AGAIN:
        run.say(progress, message)
        cursor.execute(sql.format(staging=table), values)
    run.say(0.95, "Merging: what known variants say now")
    if leaving or not is_new:
        cursor.execute(RELINK, {"loads": [*leaving, load.pk]})
    cursor.execute(merge_sql.DISPLAY_GENE + merge_sql.AGGREGATE + merge_sql.COUNT_GENES, values)


def counted(cursor: Any, table: str, rejected_by_reader: int) -> dict[str, int]:
    """What became of lines and of alleles. Lines read = imported + merged + rejected + skipped, checked here."""
    cursor.execute(merge_sql.COUNT.format(staging=table))
    counts = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    counts["lines_read"] += rejected_by_reader
    counts["rejected"] += rejected_by_reader
    if counts["lines_read"] != sum(counts[fate] for fate in ("imported", "merged", "rejected", "skipped")):
        raise JobError("The lines read do not add up; nothing was loaded. Please report this file.")
    return counts


def why(cursor: Any, table: str) -> dict[str, dict[str, int]]:
    """Why alleles were not kept, and what was remarked of those that were: sentence -> how many, at most 50 each."""
    found = {}
    for name, of_kept in (("reasons", False), ("remarks", True)):
        cursor.execute(merge_sql.REASONS.format(staging=table), [of_kept])
        found[name] = dict(cursor.fetchall())
    return found


def count_again(loads: list[int], *, because_of: int) -> None:
    """Aggregates, names, genes and counts of every variant of these loads, whose state has just changed."""
    with connection.cursor() as cursor:
        cursor.execute(merge_sql.FORGET_TEMPORARY)
        cursor.execute(merge_sql.AFFECTED_BY_LOADS, {"loads": loads})
        cursor.execute(RELINK, {"loads": loads})
        cursor.execute(merge_sql.DISPLAY_GENE)
        cursor.execute(merge_sql.AGGREGATE, {"load": because_of, "cause": "withdrawn"})
        cursor.execute(merge_sql.COUNT_GENES)
        cursor.execute(merge_sql.FORGET_TEMPORARY)
