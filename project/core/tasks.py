"""What workers are woken for, and beat's task: whatever the broker lost or a dead worker left is offered again."""

import mmap
import time
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutting_down
from django.conf import settings
from django.core.cache import cache

from project.celery import app
from project.core import jobs, parts
from project.core.models import Job
from project.core.places import place_for

LOST_MESSAGE_SECONDS = 20.0
WOKEN_AT_ONCE = 20  # of each queue: the next in line; a worker that comes for one goes on with the others

# A worker's pool is forked from it and learns here that it is to stop: who has begun a job ends it and takes no other.
_stopping = mmap.mmap(-1, 1)


@worker_init.connect
def _go_on(**_: Any) -> None:
    _stopping[0] = 0


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    _stopping[0] = 1


@shared_task(name=jobs.WORK_TASK)
def work_off(queue: str) -> None:
    with place_for(queue) as is_free:  # where none is, those who have one take the next job from the table
        if is_free:
            jobs.work_off(queue, is_wanted=lambda: not _stopping[0])


@shared_task(name=parts.HELP_TASK)
def help_with(queue: str, task: str, job_id: int) -> None:
    with place_for(queue) as is_free:
        if is_free and not _stopping[0]:
            app.tasks[task](job_id)


@shared_task(name="core.wake_waiting_jobs")
def wake_waiting_jobs() -> None:
    cache.set("worker-seen", time.time(), timeout=300)
    # A message that a killed worker had taken is as lost as the job that it was at.
    lost_s = min(LOST_MESSAGE_SECONDS, settings.JOB_STALE_SECONDS)
    for queue in Job.Queue.values:
        for job in Job.objects.in_queue(queue).lost(lost_s)[:WOKEN_AT_ONCE]:
            jobs.wake(job)
    parts.wake_lost_helpers(lost_s)
