"""What a worker is woken for: claim the job, call one plain function."""

from celery import shared_task

from files import import_work
from files.importing import IMPORT_TASK
from files.ingest import READ_TASK, read_file
from project.core import jobs


@shared_task(name=READ_TASK)
def read(job_id: int) -> None:
    jobs.run(job_id, read_file)


@shared_task(name=IMPORT_TASK)
def import_(job_id: int) -> None:
    jobs.run(job_id, import_work.import_file)


@shared_task(name=import_work.IMPORT_PART_TASK)
def import_part(job_id: int) -> None:
    import_work.import_part(job_id)
