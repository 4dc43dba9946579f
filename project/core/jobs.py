"""Running a job: claim, beat, work, end. The worker may be killed at any moment; another takes the job up again.

The work is a plain function `work(run: Run) -> None` that starts from scratch or skips what is done.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from project.celery import app
from project.common.logs import mark_as_said
from project.common.origin import Origin, current, working_for
from project.common.problems import Conflict
from project.core import endings
from project.core.audit import record
from project.core.models import Job
from project.core.roles import Right, require

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5  # a job that killed its worker this often is not tried again


class Cancelled(Exception):
    """The person asked to stop."""


class TakenOver(Exception):
    """Another worker has this job now; this one must not write any more."""


class JobError(Exception):
    """The work cannot be done; str() is fit for the person who asked for it."""


class Run:
    """One attempt at a job, as the work sees it. Every write is fenced by the attempt's number."""

    def __init__(self, job: Job):
        self.job = job
        self._last_write = 0.0
        self._began = time.monotonic()

    def tell_end(self, state: Job.State) -> None:
        duration_ms = round((time.monotonic() - self._began) * 1000)
        facts = {"event": "job_ended", "kind": self.job.kind, "state": state.value, "duration_ms": duration_ms}
        log.info("Job %s (%s) %s", self.job.pk, self.job.kind, state.value, extra={"facts": facts})

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING)

    def report(self, progress: float, message: str, **counts: int) -> bool:
        """Say how far the work is (0 to 1). At most two writes a second; returns whether this was one.

        Raises Cancelled or TakenOver.
        """
        self.job.counts |= counts
        if time.monotonic() - self._last_write < 0.5 and message == self.job.message:
            return False
        self._last_write = time.monotonic()
        self.job.progress, self.job.message = min(max(progress, 0.0), 1.0), message
        written = self._mine().update(
            progress=self.job.progress, message=message, counts=self.job.counts, heartbeat=timezone.now()
        )
        if not written:
            raise TakenOver
        self.check()
        return True

    def check(self) -> None:
        """Raises Cancelled when the person asked to stop, TakenOver when another worker has the job."""
        asked = self._mine().values_list("cancel_asked", flat=True).first()
        if asked is None:
            raise TakenOver
        if asked:
            raise Cancelled

    def hold(self) -> None:
        """Inside a transaction: keep this attempt ours until the commit. Raises TakenOver, Cancelled."""
        row = self._mine().select_for_update().values_list("cancel_asked", flat=True).first()
        if row is None:
            raise TakenOver
        if row:
            raise Cancelled

    def save(self, **changes: Any) -> None:
        """Write fields of the job, fenced. Inside `hold()`'s transaction it commits with the work itself."""
        if not self._mine().update(**changes):
            raise TakenOver
        for name, value in changes.items():
            setattr(self.job, name, value)


class _Heart(threading.Thread):
    """Beats for a job on a connection of its own while the work keeps this process busy."""

    def __init__(self, job: Job):
        super().__init__(name=f"heart-{job.pk}", daemon=True)
        self.job, self.stopped = job, threading.Event()

    def run(self) -> None:
        with working_for(origin_of(self.job)):
            self._beat()

    def _beat(self) -> None:
        try:
            while not self.stopped.wait(settings.JOB_HEARTBEAT_SECONDS):
                try:
                    Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING).update(
                        heartbeat=timezone.now()
                    )
                except Exception:  # the database is away: beat again when it is back
                    log.warning("Job %s: no heartbeat", self.job.pk, exc_info=True)
                    connection.close()
        finally:
            connection.close()


def origin_of(job: Job) -> Origin:
    return Origin("job", request_id=job.request_id, job_id=job.pk, whose=lambda: job.owner_id)


def enqueue(
    task: str, *, kind: str, title: str, owner: Any, params: dict | None = None, file_id: int | None = None,
    retry_of: Job | None = None,
) -> Job:  # fmt: skip
    """A new queued job; a worker is woken after the commit."""
    job = Job.objects.create(
        task=task,
        kind=kind,
        title=title,
        params=params or {},
        file_id=file_id,
        retry_of=retry_of,
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
            retry_of=job,
        )  # fmt: skip
        record("job retried", job, by=by, after={"job": again.pk})
    return again


def _retries_of(job: Job) -> Iterator[Job]:
    """The jobs that retried this one, and those that retried them."""
    for later in job.retries.all():
        yield later
        yield from _retries_of(later)


def wake(job: Job) -> None:
    """Tell the broker. A broker that is away costs nothing but time: `wake_waiting_jobs` tells it again."""
    Job.objects.filter(pk=job.pk).update(woken=timezone.now())
    try:
        app.send_task(job.task, args=[job.pk], retry=False)
    except Exception as error:  # kombu raises its transports' own errors
        log.warning("Job %s waits: the broker cannot be reached (%s)", job.pk, type(error).__name__)


def run(job_id: int, work: Callable[[Run], None]) -> None:
    """Claim the job and do `work`. Does nothing where it is claimed or over: a broker may deliver twice."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not job.claim():
        return
    with working_for(origin_of(job)):
        attempt, heart = Run(job), _Heart(job)
        if job.attempt > MAX_ATTEMPTS:
            said = f"The worker died {MAX_ATTEMPTS} times while doing this; it is not tried again."
            _end(attempt, Job.State.FAILED, message="Failed", error=said)
            return
        facts = {"event": "job_started", "kind": job.kind, "attempt": job.attempt}
        log.info("Job %s (%s) starts", job.pk, job.kind, extra={"facts": facts})
        heart.start()
        _attempt(attempt, heart, work)


def _attempt(attempt: Run, heart: _Heart, work: Callable[[Run], None]) -> None:
    """Do `work` and write down how it ended."""
    try:
        work(attempt)
        _end(attempt, Job.State.SUCCEEDED, progress=1.0, message="Done")
    except Cancelled:
        _end(attempt, Job.State.CANCELLED, message="Cancelled")
    except JobError as error:
        _end(attempt, Job.State.FAILED, message="Failed", error=str(error))
    except TakenOver:
        log.warning("Job %s was taken over by another worker; this one stops", attempt.job.pk)
    except Exception as error:
        log.exception("Job %s failed", attempt.job.pk)
        said = f"Something in Vardesk went wrong ({type(error).__name__}). The log of the worker has the details."
        _end(attempt, Job.State.FAILED, message="Failed", error=said)
        mark_as_said(error)  # Celery would log it again
        raise
    finally:
        heart.stopped.set()
        heart.join(timeout=5)


def _end(attempt: Run, state: Job.State, **changes: Any) -> None:
    changes |= {"state": state, "finished": timezone.now(), "counts": attempt.job.counts}
    # update() and not save(): an attempt that was taken over matches no row.
    if not attempt._mine().update(**changes):
        return
    attempt.tell_end(state)
    if state != Job.State.SUCCEEDED:
        attempt.job.refresh_from_db()
        endings.tell(attempt.job)


def run_now(job: Job) -> Job:
    """Do a job in this process (commands, tests): the same task body that a worker runs."""
    app.loader.import_default_modules()  # tasks are found when a worker starts; this process may be none
    app.tasks[job.task](job.pk)
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
