"""Tasks for the tests with real workers. Each writes a line to the job's log file when it begins and when it ends."""

import os
import time
from pathlib import Path

from celery import shared_task
from celery.signals import worker_ready
from django.db import connection, transaction

from project.core import jobs, parts
from project.core.jobs import Run
from project.core.models import Job
from project.core.parts import PartRun


@worker_ready.connect
def tell(**_) -> None:
    Path(os.environ["TEST_READY"]).touch()


def note(params: dict, said: str) -> None:
    with Path(params["log"]).open("a") as log:
        log.write(f"{said} {os.getpid()}\n")


@shared_task(name="test.sleep")
def sleep(job_id: int) -> None:
    jobs.run(job_id, _sleep)


def _sleep(run: Run) -> None:
    """Long at the first attempt only, so that a test need not wait for the second."""
    note(run.job.params, "begin")
    end = time.monotonic() + (run.job.params["seconds"] if run.job.attempt == 1 else 0)
    while time.monotonic() < end:
        run.report(0.5, "Sleeping")
        time.sleep(0.05)
    note(run.job.params, "end")


@shared_task(name="test.statement")
def statement(job_id: int) -> None:
    jobs.run(job_id, _statement)


def _statement(run: Run) -> None:
    """One long statement in a transaction that has written something."""
    with transaction.atomic(), connection.cursor() as cursor:
        Job.objects.create(kind="trace", title="written before the statement", state=Job.State.SUCCEEDED)
        note(run.job.params, "begin")
        with run.stoppable(cursor.connection.cancel):
            cursor.execute("SELECT pg_sleep(%s)", [run.job.params["seconds"]])


@shared_task(name="test.parts")
def parted(job_id: int) -> None:
    jobs.run(job_id, _parted)


def _parted(run: Run) -> None:
    parts.plan(run, [({"number": n}, 1) for n in range(run.job.params["parts"])], task="test.help", message="At parts")
    parts.work(run, _part)
    run.save(result={"numbers": [result["number"] for result in parts.results(run.job)]})


@shared_task(name="test.help")
def help(job_id: int) -> None:
    parts.help(job_id, _part)


def _part(run: PartRun) -> None:
    note(run.job.params, f"part {run.params['number']}")
    end = time.monotonic() + run.job.params["seconds"]
    while time.monotonic() < end:
        run.check()
        time.sleep(0.02)
    with transaction.atomic():
        run.done({"number": run.params["number"]})
