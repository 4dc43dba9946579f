"""Which jobs need somebody, which are in progress, which are done; and what people do about those that failed."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now
from django.http import Http404

from project.common.problems import Conflict
from project.core import jobs as work
from project.core.audit import record
from project.core.models import Job, JobPart, JobQuerySet

GROUPS = ("attention", "in_progress", "done")
WAITS_LONG = datetime.timedelta(minutes=10)  # the largest import makes itself heard every few seconds


def _failed() -> Q:
    """Failed, and nobody has tried again or put it aside."""
    retries = Job.objects.filter(retry_of=OuterRef("pk"))
    return Q(state=Job.State.FAILED, dismissed__isnull=True) & ~Q(Exists(retries))


def _stuck() -> Q:
    """In work, and no worker has been at it, or at its queue, for `WAITS_LONG`."""
    since = Now() - WAITS_LONG
    beating = Job.objects.filter(state__in=Job.State.values, heartbeat__gte=since, queue=OuterRef("queue"))
    parts = JobPart.objects.filter(heartbeat__gte=since, job__queue=OuterRef("queue"))
    queued = Q(state=Job.State.QUEUED, created__lt=since) & ~Q(Exists(beating)) & ~Q(Exists(parts))
    own_parts = JobPart.objects.filter(heartbeat__gte=since, job=OuterRef("pk"))
    return queued | Q(state=Job.State.RUNNING, heartbeat__lt=since) & ~Q(Exists(own_parts))


def in_group(name: str) -> Q:
    """One of GROUPS; each job is in exactly one."""
    over = ~Q(state__in=(Job.State.QUEUED, Job.State.RUNNING))
    if name == "attention":
        return _failed() | _stuck()
    return over & ~_failed() if name == "done" else ~over & ~_stuck()


def count_groups(jobs: JobQuerySet) -> dict[str, int]:
    """How many of `jobs` are in each group, in one query."""
    return jobs.order_by().aggregate(**{name: Count("pk", filter=in_group(name)) for name in GROUPS})


def count_for_badge(user: Any) -> tuple[int, int]:
    """(jobs in work that this person may see, their own that failed and wait for a decision), in one query."""
    found = Job.objects.visible_to(user).order_by().aggregate(
        in_work=Count("pk", filter=Q(state__in=(Job.State.QUEUED, Job.State.RUNNING))),
        failed=Count("pk", filter=Q(owner=user) & _failed()),
    )  # fmt: skip
    return found["in_work"], found["failed"]


def dismiss(job: Job, *, by: Any) -> None:
    """Put a failed job aside: it needs nobody any more. Raises Conflict where it did not fail."""
    if job.state != Job.State.FAILED:
        raise Conflict(f"The job is {job.state}; only one that failed can be dismissed.")
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, dismissed__isnull=True).update(dismissed=Now(), dismissed_by=by):
            record("job dismissed", job, by=by)
    job.refresh_from_db()


def put_back(job: Job, *, by: Any) -> None:
    """Undo `dismiss`; nothing where the job is not put aside."""
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, dismissed__isnull=False).update(dismissed=None, dismissed_by=None):
            record("job put back", job, by=by)
    job.refresh_from_db()


def retry_all(jobs: Iterable[Job], *, by: Any) -> tuple[int, list[str]]:
    """Try each again. Returns how many are, and why others are not."""
    done, refused = 0, []
    for job in jobs:
        try:
            work.retry(job, by=by)
            done += 1
        except Conflict as conflict:
            refused.append(f"“{job.title}”: {conflict.detail}")
        except (Http404, PermissionDenied) as error:
            refused.append(f"“{job.title}”: {error}")
    return done, refused
