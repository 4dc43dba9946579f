"""Running a job: claim, beat, work, end. The worker may be killed at any moment; another takes the job up again.

The work is a plain function `work(run: Run) -> None` that starts from scratch or skips what is done.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from project.celery import app
from project.common.logs import mark_as_said
from project.common.origin import Origin, current, working_for
from project.common.problems import Conflict
from project.core import endings
from project.core.audit import record
from project.core.heart import Heart, beat
from project.core.models import Job, JobPart
from project.core.outcomes import Cancelled, JobError, Resting, TakenOver, has_lost_database, sentence
from project.core.roles import Right, require

__all__ = ["Cancelled", "JobError", "Resting", "Run", "TakenOver"]  # and all that is defined here

log = logging.getLogger(__name__)

WORK_TASK = "core.work_off"
MAX_ATTEMPTS = 5  # a job that killed its worker this often is not tried again
DIED_TOO_OFTEN = f"The worker died {MAX_ATTEMPTS} times while doing this; it is not tried again."
MESSAGES = {Job.State.SUCCEEDED: "Done", Job.State.FAILED: "Failed", Job.State.CANCELLED: "Cancelled"}


class Run:
    """One attempt at a job, as the work sees it. Every write is fenced by the attempt's number."""

    def __init__(self, job: Job):
        self.job = job
        self.heart = Heart(f"heart-{job.pk}", origin_of(job), self._beat)
        self.heart.tell = self._tell
        self._last_write = 0.0
        self._said: dict[str, Any] = {}

    def mine(self) -> QuerySet[Job]:
        """The job's row as long as it is this attempt's."""
        return Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING)

    def _beat(self) -> None:
        beat(self.mine())

    def report(self, progress: float, message: str, **counts: int) -> bool:
        """Say how far the work is (0 to 1). At most two writes a second; returns whether this was one.

        Raises Cancelled or TakenOver.
        """
        self.job.counts |= counts
        is_new_phase = message != self.job.message
        if time.monotonic() - self._last_write < 0.5 and not is_new_phase:
            return False
        self._last_write = time.monotonic()
        self.job.progress, self.job.message = min(max(progress, 0.0), 1.0), message
        changes = {"progress": self.job.progress, "message": message, "counts": self.job.counts}
        phase = {"phase_began": Now(), "phase_rows": self.job.counts.get("rows_done", 0)} if is_new_phase else {}
        if not self.mine().update(**changes, **phase, heartbeat=Now(), updated=Now()):
            raise TakenOver
        self.check()
        return True

    def say(self, progress: float, message: str) -> None:
        """As `report`, from within a transaction that takes long: the heart writes it, so that others see it at once."""
        self.job.progress, self.job.message = progress, message
        phase = {"phase_began": Now(), "phase_rows": self.job.counts.get("rows_done", 0)}
        self._said = {"progress": progress, "message": message, "updated": Now(), **phase}

    def _tell(self) -> None:
        said, self._said = self._said, {}
        if not said:
            return
        with transaction.atomic():
            free = list(self.mine().select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
            Job.objects.filter(pk__in=free).update(**said)

    def check(self) -> None:
        """Raises Cancelled when the person asked to stop, TakenOver when another worker has the job."""
        asked = self.mine().values_list("cancel_asked", flat=True).first()
        if asked is None:
            raise TakenOver
        if asked:
            raise Cancelled

    def stoppable(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """While inside, `stop()` is called each second, in another thread, once `check()` would raise.

        For work that cannot look by itself, such as one long statement: DuckDB's `interrupt`, psycopg2's `cancel`.
        Whatever the work that was broken off raises, Cancelled or TakenOver comes out; where it got through, nothing.
        """
        return self.heart.stoppable(stop, self._look)

    def _look(self) -> None:
        if Job.objects.filter(pk=self.job.pk).exists():  # a test's transaction hides its job from other connections
            self.check()

    def hold(self) -> None:
        """Keep this attempt ours until the commit. Raises TakenOver, Cancelled.

        For the end of a transaction, just before its commit: until then nobody can cancel or claim the job or beat
        for it. An attempt that lost its job meanwhile finds out here, and nothing of its transaction stays.
        """
        row = self.mine().select_for_update(no_key=True).values_list("cancel_asked", flat=True).first()
        if row is None:
            raise TakenOver
        if row:
            raise Cancelled

    def make_way(self) -> None:
        """A light job that has to wait for a heavy one waits among the heavy ones: small work must pass. Raises Resting.

        It is queued there and taken up where it was. A heavy job is left as it is.
        """
        if self.job.queue == Job.Queue.HEAVY:
            return
        with transaction.atomic():
            self.hold()
            self.save(state=Job.State.QUEUED, queue=Job.Queue.HEAVY)
            transaction.on_commit(lambda: wake(self.job))
        raise Resting

    def save(self, **changes: Any) -> None:
        """Write fields of the job, fenced. Inside `hold()`'s transaction it commits with the work itself."""
        if not self.mine().update(**changes):
            raise TakenOver
        for name, value in changes.items():
            setattr(self.job, name, value)


def origin_of(job: Job) -> Origin:
    return Origin("job", request_id=job.request_id, job_id=job.pk, whose=lambda: job.owner_id)


def enqueue(
    task: str, *, kind: str, title: str, owner: Any, params: dict | None = None, file_id: int | None = None,
    retry_of: Job | None = None, heavy: bool = False,
) -> Job:  # fmt: skip
    """A new queued job; a worker is woken after the commit. `heavy`: what may take minutes, and lets small work pass."""
    job = Job.objects.create(
        task=task,
        kind=kind,
        title=title,
        params=params or {},
        file_id=file_id,
        retry_of=retry_of,
        queue=Job.Queue.HEAVY if heavy else Job.Queue.LIGHT,
        request_id=current().request_id,
        owner=owner if owner is not None and owner.is_authenticated else None,
    )
    log.info("Job %s (%s) is queued", job.pk, job.kind, extra={"facts": {"event": "job_queued", "job_id": job.pk}})
    transaction.on_commit(lambda: wake(job))
    return job


def retry(job: Job, *, by: Any) -> Job:
    """A new queued job that does the work of one that failed or was cancelled; the old one stays as it ended.

    It belongs to the old one's owner, whoever asks. Raises Conflict where there is nothing to do again,
    PermissionDenied where `by` may not work with files.
    """
    if job.file_id is not None:
        require(by, Right.WORK_WITH_FILES)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)  # two clicks make one job
        if not job.did_not_succeed:
            raise Conflict(f"The job is {job.state}; only one that failed or was cancelled can be tried again.")
        for later in _retries_of(job):
            if not later.did_not_succeed:
                raise Conflict(f"The job was tried again already: see job {later.pk}, which is {later.state}.")
        endings.tell_of_retry(job, by)
        again = enqueue(
            job.task, kind=job.kind, title=job.title, owner=job.owner, params=job.params, file_id=job.file_id,
            retry_of=job, heavy=job.queue == Job.Queue.HEAVY,
        )  # fmt: skip
        record("job retried", job, by=by, after={"job": again.pk})
    return again


def _retries_of(job: Job) -> Iterator[Job]:
    """The jobs that retried this one, and those that retried them."""
    for later in job.retries.all():
        yield later
        yield from _retries_of(later)


def cancel(job: Job, *, by: Any) -> None:
    """Ask a job to stop; one that is over stays as it is. Raises Conflict where it is too late; waits for 1 s at most."""
    job.refresh_from_db()
    if job.is_over:
        return
    before = {"state": job.state}
    with transaction.atomic():
        if not job.ask_to_cancel():
            raise Conflict("The job is just writing down its result, and was not cancelled. Look again in a moment.")
        if job.cancel_asked:  # it may have ended since it was looked up
            record("job cancelled", job, by=by, before=before, after={"state": job.state})


def queue_name(queue: str) -> str:
    """The broker's name of a queue of jobs."""
    return f"{settings.CELERY_QUEUE_PREFIX}{queue}"


def wake(job: Job) -> None:
    """Tell the broker. A broker that is away costs nothing but time: `wake_waiting_jobs` tells it again."""
    Job.objects.filter(pk=job.pk).update(woken=Now())
    send(WORK_TASK, job.queue, queue=job.queue)


def send(task: str, *args: Any, queue: str) -> None:
    try:
        app.send_task(task, args=args, queue=queue_name(queue), retry=False)
    except Exception as error:  # kombu raises its transports' own errors
        log.warning("%s %s waits: the broker cannot be reached (%s)", task, args, type(error).__name__)


def work_off(queue: str, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Do what waits in a queue, the oldest first: the order of the table counts, not that of the broker's messages."""
    tried: list[int] = []  # not twice: its row may be locked
    while is_wanted() and (job := Job.objects.in_queue(queue).exclude(pk__in=tried).first()):
        tried.append(job.pk)
        if job.task not in app.tasks:  # of a version before or after this one; those behind it do not wait for that
            log.error("Job %s waits: this worker knows no task %s", job.pk, job.task)
            continue
        app.tasks[job.task](job.pk)


def run(job_id: int, work: Callable[[Run], None]) -> None:
    """Claim the job and do `work`. Does nothing where it is claimed or over: a broker may deliver twice."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not job.claim():
        return
    with working_for(origin_of(job)):
        attempt = Run(job)
        if job.deaths >= MAX_ATTEMPTS:
            end(attempt.mine(), Job.State.FAILED, DIED_TOO_OFTEN)
            return
        facts = {"event": "job_started", "kind": job.kind, "attempt": job.attempt}
        log.info("Job %s (%s) starts", job.pk, job.kind, extra={"facts": facts})
        attempt.heart.start()
        try:
            _attempt(attempt, work)
        finally:
            attempt.heart.end()


def _attempt(attempt: Run, work: Callable[[Run], None]) -> None:
    """Do `work` and write down how it ended."""
    job = attempt.job
    try:
        attempt.check()  # asked to stop while the worker before this one was dying
        work(attempt)
        end(attempt.mine(), Job.State.SUCCEEDED, counts=job.counts)
    except TakenOver:
        log.warning("Job %s was taken over by another worker; this one stops", job.pk)
    except Resting:
        log.info("Job %s rests until its last parts are done", job.pk)
    except Exception as error:
        give_up(error, f"Job {job.pk}", lambda state, said: end(attempt.mine(), state, said, counts=job.counts))


def give_up(error: Exception, what: str, end_with: Callable[[Job.State, str], Any]) -> None:
    """Write down what comes of work that raised `error`. Our own mistakes are logged and rise."""
    if has_lost_database(error):
        # Not the work's fault. Nobody beats for it any more, and so it is taken up once the database is back.
        log.warning("%s stops: the connection to the database is lost (%s)", what, type(error).__name__)
        connection.close()
        return
    is_ours = not isinstance(error, Cancelled | JobError)
    if is_ours:
        log.error("%s failed", what, exc_info=error)
    end_with(Job.State.CANCELLED if isinstance(error, Cancelled) else Job.State.FAILED, sentence(error))
    if is_ours:
        mark_as_said(error)  # Celery would log it again
        raise error


def end(rows: QuerySet[Job], state: Job.State, error: str = "", **changes: Any) -> bool:
    """Write down how a job ended and forget its parts; False where `rows`, fenced, are none any more."""
    with transaction.atomic():
        job = rows.select_for_update(no_key=True).first()
        if job is None:
            return False
        changes |= {"progress": 1.0} if state == Job.State.SUCCEEDED else {}
        said = {"state": state, "message": MESSAGES[state], "error": error, "finished": Now(), "updated": Now()}
        Job.objects.filter(pk=job.pk).update(**said, **changes, resting=False)
        JobPart.objects.filter(job=job.pk).delete()
    job.refresh_from_db()
    took_s = (job.finished - job.started).total_seconds() if job.finished and job.started else 0.0
    facts = {"event": "job_ended", "kind": job.kind, "state": state.value, "duration_ms": round(took_s * 1000)}
    log.info("Job %s (%s) %s", job.pk, job.kind, state.value, extra={"facts": facts})
    if state != Job.State.SUCCEEDED:
        endings.tell(job)
    return True


def run_now(job: Job) -> Job:
    """Do a job in this process (commands, tests): the same task body that a worker runs.

    Where workers run too and do its last parts, until they are done.
    """
    app.loader.import_default_modules()  # tasks are found when a worker starts; this process may be none
    app.tasks[job.task](job.pk)
    job.refresh_from_db()
    while job.resting or (job.state == Job.State.QUEUED and job.attempt):  # it rests, or made way for others
        time.sleep(0.2)
        app.tasks[job.task](job.pk)  # refused unless its parts are done, or their workers are
        job.refresh_from_db()
    return job


def wait(job: Job, *, timeout_s: float = 3600.0) -> Job:
    """Until the job is over, whoever does it. Raises TimeoutError."""
    end = time.monotonic() + timeout_s
    while not job.is_over:
        if time.monotonic() > end:
            raise TimeoutError(f"{job} is not over after {timeout_s} s")
        time.sleep(0.2)
        job.refresh_from_db()
    return job
