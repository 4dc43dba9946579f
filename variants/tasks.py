"""What a worker is woken for: claim the job, call one plain function."""

from celery import shared_task

from project.core import jobs
from variants.rereading import reread
from variants.terms import REREAD_TASK


@shared_task(name=REREAD_TASK)
def reclassify(job_id: int) -> None:
    jobs.run(job_id, reread)
