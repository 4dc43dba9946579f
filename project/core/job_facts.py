"""How a job gets on, worked out from its row: place in the queue, parts, speed, time left, silence.

Pages and API ask here, so that they say the same.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from project.core.models import Job, JobPart

SHORTEST_S = 0.5  # a speed over less than this says nothing
LEAST_PROGRESS = 0.05  # before that a guess of the time left is worth nothing


@dataclass(frozen=True)
class Parts:
    """How many parts of a job are done, of all, and how many are in work at this moment."""

    done: int
    all: int
    in_work: int
    heartbeat: datetime.datetime | None


@dataclass(frozen=True)
class Facts:
    """`queue_position`: 1 is taken next; None unless the job is queued. `parts`: None where it has none.

    Seconds, None unless the job runs: `seconds_left` (None too where nobody can say), `updated_s` since it last
    reported something, `silent_s` since its worker was last heard of.
    `is_silent`: for so long that another worker may take the job.
    """

    queue_position: int | None
    parts: Parts | None
    rows_per_second: int | None
    seconds_left: int | None
    updated_s: float | None
    silent_s: float | None
    is_silent: bool


def facts_of(jobs: Iterable[Job]) -> dict[int, Facts]:
    """Job id -> what is to be said of it. As many queries for a hundred jobs as for one."""
    jobs = list(jobs)
    places, parts, now = _places(jobs), _parts(jobs), _now()
    return {job.pk: _facts(job, places.get(job.pk), parts.get(job.pk), now) for job in jobs}


def _facts(job: Job, place: int | None, parts: Parts | None, now: datetime.datetime) -> Facts:
    runs = job.state == Job.State.RUNNING
    updated = max((time for time in (job.updated, job.started) if time), default=job.created)
    heard = max(time for time in (job.heartbeat, parts and parts.heartbeat, updated) if time)
    silent_s = max((now - heard).total_seconds(), 0.0)
    is_silent = runs and silent_s > settings.JOB_STALE_SECONDS
    goes_on = runs and not is_silent and not job.cancel_asked
    return Facts(
        queue_position=place,
        parts=parts,
        rows_per_second=_speed_now(job, updated) if runs else _speed_overall(job),
        seconds_left=_seconds_left(job, updated, now) if goes_on else None,
        updated_s=max((now - updated).total_seconds(), 0.0) if runs else None,
        silent_s=silent_s if runs else None,
        is_silent=is_silent,
    )


def _now() -> datetime.datetime:
    """By PostgreSQL's clock, as the times of a job are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def _rows(job: Job) -> int:
    return job.counts.get("rows_done") or job.counts.get("lines_read") or 0


def _speed_now(job: Job, updated: datetime.datetime) -> int | None:
    """Rows a second of the phase that it is in, up to its last report."""
    began = job.phase_began or job.started
    rows, seconds = _rows(job) - job.phase_rows, (updated - began).total_seconds() if began else 0.0
    return round(rows / seconds) if rows > 0 and seconds >= SHORTEST_S else None


def _speed_overall(job: Job) -> int | None:
    if not job.started or not job.finished or not _rows(job):
        return None
    seconds = (job.finished - job.started).total_seconds()
    return round(_rows(job) / seconds) if seconds >= SHORTEST_S else None


def _seconds_left(job: Job, updated: datetime.datetime, now: datetime.datetime) -> int | None:
    """What it still needs if it goes on as it did so far; counts down between two reports."""
    if not job.started or not LEAST_PROGRESS <= job.progress < 1:
        return None
    spent = (updated - job.started).total_seconds()
    return max(round(spent / job.progress - spent - (now - updated).total_seconds()), 0)


def _places(jobs: Sequence[Job]) -> dict[int, int]:
    """Queued job -> its place in its queue, counted over everybody's jobs."""
    queued = [job.pk for job in jobs if job.state == Job.State.QUEUED]
    earlier = (
        Job.objects.filter(state=Job.State.QUEUED, queue=OuterRef("queue"), pk__lt=OuterRef("pk"))
        .order_by()
        .values("queue")
        .annotate(count=Count("pk"))
        .values("count")
    )
    place = Coalesce(Subquery(earlier), Value(0)) + 1
    found = Job.objects.filter(pk__in=queued, state=Job.State.QUEUED).annotate(place=place)
    return dict(found.values_list("pk", "place")) if queued else {}


def _parts(jobs: Sequence[Job]) -> dict[int, Parts]:
    rows = (
        JobPart.objects.filter(job__in=[job.pk for job in jobs])
        .order_by()
        .values("job")
        .annotate(
            done=Count("pk", filter=Q(state=JobPart.State.DONE)),
            all=Count("pk"),
            in_work=Count("pk", filter=Q(state=JobPart.State.RUNNING)),
            heard=Max("heartbeat"),
        )
    )
    return {row["job"]: Parts(row["done"], row["all"], row["in_work"], row["heard"]) for row in rows} if jobs else {}
