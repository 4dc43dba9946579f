"""Parts of a large job: rows that any worker claims like jobs, so that several workers share one file.

The job itself plans them and works at them too; helpers, woken by messages of their own, do the same. No task waits
for another: when nothing is left to claim and others are still at their parts, the job rests, held by nobody, and who
ends its last part goes on with it.
"""

import datetime
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.db.models.functions import Now

from project.celery import app
from project.common.origin import working_for
from project.core import jobs
from project.core.heart import Heart, beat
from project.core.jobs import DIED_TOO_OFTEN, MAX_ATTEMPTS, Run
from project.core.models import Job, JobPart
from project.core.outcomes import Cancelled, JobError, Resting, TakenOver

log = logging.getLogger(__name__)

HELP_TASK = "core.help_with"

Work = Callable[["PartRun"], None]


class PartRun:
    """One attempt at a part, as the work sees it. Every write is fenced by the part's attempt."""

    def __init__(self, job: Job, part: JobPart, heart: Heart):
        self.job, self.part, self.heart = job, part, heart

    @property
    def params(self) -> dict[str, Any]:
        return self.part.params

    def mine(self) -> QuerySet[JobPart]:
        running = JobPart.State.RUNNING
        return JobPart.objects.filter(pk=self.part.pk, attempt=self.part.attempt, state=running)

    def check(self) -> None:
        """Raises Cancelled when the person asked to stop, TakenOver when the part or the job is not ours any more."""
        found = self.mine().values_list("job__state", "job__cancel_asked").first()
        if found is None or found[0] != Job.State.RUNNING:
            raise TakenOver
        if found[1]:
            raise Cancelled

    def stoppable(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """As `Run.stoppable`."""
        return self.heart.stoppable(stop, self._look)

    def _look(self) -> None:
        if Job.objects.filter(pk=self.job.pk).exists():  # a test's transaction hides its job from other connections
            self.check()

    def done(self, result: dict[str, Any]) -> None:
        """The part is done, exactly once however many workers had it. Raises Cancelled, TakenOver.

        Call in the transaction of the part's own writes, as its last statement: the job's row is locked until the commit.
        """
        with transaction.atomic():
            job = _lock(self.job.pk)
            if job is None or job.state != Job.State.RUNNING:
                raise TakenOver
            changes = {"state": JobPart.State.DONE, "result": result, "heartbeat": Now()}
            if not self.mine().update(**changes):
                raise TakenOver
            if job.cancel_asked:
                raise Cancelled
            _say_progress(job)


def plan(
    run: Run, parts: list[tuple[dict[str, Any], int]], *, task: str,
    progress: tuple[float, float] = (0.0, 1.0), message: str = "Working",
) -> None:  # fmt: skip
    """Write down the parts of a job, (params, rows) each, unless an earlier attempt did; then wake helpers.

    `task`: of helpers, called with the job's id; it calls `help`. `progress`: of the job, from the first part to the
    last. `message`: what the job says meanwhile.
    """
    with transaction.atomic():
        if run.job.plan is None:
            rows = [JobPart(job=run.job, number=n, params=params, rows=size) for n, (params, size) in enumerate(parts)]
            JobPart.objects.bulk_create(rows, batch_size=1000)
            run.job.plan = {"task": task, "progress": progress, "message": message, "redos": 0}
        run.hold()
        run.save(plan=run.job.plan)
    go_on(run)


def go_on(run: Run) -> None:
    """Say what the parts of a job that is planned have come to, at whatever attempt, and wake helpers for those left."""
    if run.job.plan is None:
        return
    with transaction.atomic():
        run.hold()  # helpers of an earlier attempt may be at it: what they say comes before or after this
        run.job.refresh_from_db(fields=["counts", "progress"])
        run.report(run.job.progress, run.job.plan["message"])
    _wake_helpers(run.job, _wanted(run.job))


def work(run: Run, do: Work) -> None:
    """Do parts until all are done, by whomever. Raises Resting where the last ones are in other hands."""
    while (part := _claim(run.job)) is not None:
        _do(PartRun(run.job, part, run.heart), do)
    with transaction.atomic():
        run.hold()
        is_resting = JobPart.objects.undone().filter(job=run.job.pk).exists()
        if is_resting:
            run.save(resting=True)
            run.mine().update(heartbeat=Now())
    if is_resting:
        raise Resting
    run.job.refresh_from_db(fields=["counts", "progress"])


def help(job_id: int, do: Work) -> None:
    """The body of a helper's task: do parts of a running job until none is left; go on with a job that rests then."""
    job = Job.objects.filter(pk=job_id, state=Job.State.RUNNING).first()
    if job is None:
        return
    with working_for(jobs.origin_of(job)):
        heart = Heart(f"heart-helper-{job.pk}", jobs.origin_of(job), lambda: beat(_resting(job)))
        heart.start()
        try:
            _help(job, heart, do)
        finally:
            heart.end()
    if Job.objects.claimable().filter(pk=job.pk, resting=True).exists():
        app.tasks[job.task](job.pk)


def _help(job: Job, heart: Heart, do: Work) -> None:
    while (part := _claim_helping(job)) is not None:
        if not _do_helping(PartRun(job, part, heart), do):
            return


def _do_helping(run: PartRun, do: Work) -> bool:
    try:
        _do(run, do)
    except TakenOver:
        log.info("%s is not ours any more; this worker stops", str(run.part).capitalize())
        return False
    except Exception as error:
        jobs.give_up(error, str(run.part).capitalize(), lambda state, said: _end_job(run, state, said))
        return False
    return True


def _claim_helping(job: Job) -> JobPart | None:
    try:
        return _claim(job)
    except JobError as error:
        jobs.end(Job.objects.filter(pk=job.pk, state=Job.State.RUNNING), Job.State.FAILED, str(error))
        return None


def _end_job(run: PartRun, state: Job.State, said: str) -> None:
    """A part that cannot be done ends the job, unless the part was taken over and may be done by another."""
    with transaction.atomic():
        if _lock(run.job.pk) is None or not run.mine().exists():
            return
        jobs.end(Job.objects.filter(pk=run.job.pk, state=Job.State.RUNNING), state, said)


def results(job: Job) -> list[dict[str, Any]]:
    """What the parts came to, in their order. Call before the job ends: its parts are gone then."""
    return [part.result or {} for part in JobPart.objects.filter(job=job.pk).order_by("number")]


def redo(run: Run) -> None:
    """All parts are to be done again, because what they made is lost. Raises JobError after JOB_PART_REDOS times."""
    if run.job.plan is None:
        return
    redone = run.job.plan["redos"] + 1
    if redone > settings.JOB_PART_REDOS:
        raise JobError(
            f"What the parts of this job had made was lost {redone} times (the database was restarted each time?)."
            " Nothing was kept. Try again."
        )
    with transaction.atomic():
        run.hold()
        run.save(plan=run.job.plan | {"redos": redone})
        JobPart.objects.filter(job=run.job.pk).update(state=JobPart.State.QUEUED, result=None, heartbeat=None)
        _say_progress(run.job)
        run.report(run.job.progress, run.job.plan["message"])
    _wake_helpers(run.job, _wanted(run.job))


def wake_lost_helpers(lost_s: float) -> None:
    """A helper for each running job with parts that nobody is at: its worker died, or all were busy when woken."""
    left = JobPart.objects.claimable().filter(job__state=Job.State.RUNNING).values("job")
    for job in Job.objects.filter(pk__in=left, woken__lt=Now() - datetime.timedelta(seconds=lost_s)):
        Job.objects.filter(pk=job.pk).update(woken=Now())
        _wake_helpers(job, 1)


# --- one part -------------------------------------------------------------------------------------


def _claim(job: Job) -> JobPart | None:
    """The next part of a running job, now this worker's. Raises JobError for one that killed its workers too often."""
    with transaction.atomic():
        free = JobPart.objects.claimable().filter(job=job.pk, job__state=Job.State.RUNNING)
        part = free.select_for_update(skip_locked=True, of=("self",)).order_by("number").first()
        if part is None:
            return None
        died = Case(When(Q(state=JobPart.State.RUNNING), then=1), default=0)
        changes = {"state": JobPart.State.RUNNING, "heartbeat": Now()}
        JobPart.objects.filter(pk=part.pk).update(attempt=F("attempt") + 1, deaths=F("deaths") + died, **changes)
        part.refresh_from_db()
    if part.deaths >= MAX_ATTEMPTS:
        raise JobError(DIED_TOO_OFTEN)
    return part


def _do(run: PartRun, do: Work) -> None:
    with run.heart.beating(lambda: beat(run.mine())):
        run.check()
        do(run)
    if run.mine().exists():
        raise RuntimeError(f"The work of {run.part} came back without done()")


def _lock(job_id: int) -> Job | None:
    return Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()


def _resting(job: Job) -> QuerySet[Job]:
    """Nobody else beats for a job that rests; whether the worker of another lives, only that one can say."""
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, resting=True)


def _say_progress(job: Job) -> None:
    """How far the job is, by the rows of its parts that are done. The job's row is locked."""
    parts = JobPart.objects.filter(job=job.pk)
    sums = parts.aggregate(total=Sum("rows"), done=Sum("rows", filter=Q(state=JobPart.State.DONE)))
    done, total = sums["done"] or 0, sums["total"] or 0
    begin, end = (job.plan or {}).get("progress", (0.0, 1.0))
    job.progress = begin + (end - begin) * (done / total if total else 1.0)
    job.counts = job.counts | {"rows_done": done}
    Job.objects.filter(pk=job.pk).update(progress=job.progress, counts=job.counts, updated=Now())


def _wake_helpers(job: Job, count: int) -> None:
    if job.plan is not None:
        send = partial(jobs.send, HELP_TASK, job.queue, job.plan["task"], job.pk, queue=job.queue)
        for _ in range(count):
            transaction.on_commit(send)  # earlier they would find nothing to do


def _wanted(job: Job) -> int:
    """The worker of the job does parts, too."""
    return min(JobPart.objects.undone().filter(job=job.pk).count() - 1, settings.JOB_PART_HELPERS)
