"""The only door into the variant database: a staging table, merged set-based in one transaction; and the way out.

`variants.part_loading` fills the table. The work may be killed at any moment and done again: nothing is visible before
the commit, and what the commit made is written on the job in the same transaction.
"""

import time
from typing import Any

from django.db import connection, transaction

from project.core.jobs import Run
from variants import following
from variants.merging import count_again, merged, take_merge_lock
from variants.models import DataVersion, Load
from variants.part_loading import Staged
from variants.sources import files

LOOK_S = 0.2  # how often a merge looks whether the one before it is done
PATIENCE_S = 2.0  # that a small import keeps a process for small work waiting


def load_claims(run: Run, staged: Staged) -> Load:
    """Merge what the parts of a file brought. Ends with the load live and the counts on it and on the job, or raises.

    Raises StagingLost, JobError where the lines do not add up, Cancelled and TakenOver as the job says, and Resting where
    a small import goes on waiting among the heavy jobs.
    """
    if done := (run.job.result or {}).get("load"):  # killed between the commit and the end of the job
        return Load.objects.get(pk=done)
    run.report(0.6, "Merging", lines_read=staged.lines)
    connection.ensure_connection()
    with run.stoppable(connection.connection.cancel):
        began = time.monotonic()
        while (load := merged(run, staged)) is None:
            run.report(0.6, "Waiting until another import is in")
            if time.monotonic() - began > PATIENCE_S:
                run.make_way()
            time.sleep(LOOK_S)
    return load


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
