"""Beat's task: whatever the broker lost or a dead worker left is offered again."""

import time

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

from project.core import jobs
from project.core.models import Job

LOST_MESSAGE_SECONDS = 20.0


@shared_task(name="core.wake_waiting_jobs")
def wake_waiting_jobs() -> None:
    cache.set("worker-seen", time.time(), timeout=300)
    # A message that a killed worker had taken is as lost as the job that it was at.
    lost_s = min(LOST_MESSAGE_SECONDS, settings.JOB_STALE_SECONDS)
    for job in Job.objects.abandoned() | Job.objects.waiting_too_long(lost_s):
        jobs.wake(job)
