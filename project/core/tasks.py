"""Beat's task: whatever the broker lost or a dead worker left is offered again."""

import time

from celery import shared_task
from django.core.cache import cache

from project.core import jobs
from project.core.models import Job

LOST_MESSAGE_SECONDS = 20.0


@shared_task(name="core.wake_waiting_jobs")
def wake_waiting_jobs() -> None:
    cache.set("worker-seen", time.time(), timeout=300)
    for job in Job.objects.abandoned() | Job.objects.waiting_too_long(LOST_MESSAGE_SECONDS):
        jobs.wake(job)
