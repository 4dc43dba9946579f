"""A worker that is killed with -9 in the middle of its work: another takes the job up and nothing is lost or doubled."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import redis
from django.db import connection
from kombu import Connection

from files import actions, importing, read_options
from files.models import DataFile
from files.store import Table
from files.tests.conftest import read_job
from project.celery import app
from project.core import jobs
from project.core.models import Job
from variants.models import Load, Record, Variant

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 60_000
VARIANTS = ROWS // 2
TAKEN_UP_WITHIN_S = 90.0


class Workers:
    """Real worker and beat processes on the test's database, with a queue of their own on the broker of the tests."""

    def __init__(self, settings, folder):
        self.url, self.queue = settings.CELERY_BROKER_URL, f"vardesk-test-{uuid4()}"
        self.prefix = f"{settings.REDIS_KEY_PREFIX}:{self.queue}:"
        self.options = {} if self.url.startswith("amqp") else {"global_keyprefix": self.prefix}
        self.folder, self.running = folder, []
        (folder / "killed_settings.py").write_text(
            "from pathlib import Path\nfrom project.settings import *\n"
            f"DATABASES['default']['NAME'] = {connection.settings_dict['NAME']!r}\n"
            f"CELERY_BROKER_URL = {self.url!r}\n"
            f"CELERY_BROKER_TRANSPORT_OPTIONS = {self.options!r}\n"
            f"VAR_DIR = Path({str(settings.VAR_DIR)!r})\n"
            f"STORAGE_DIR = Path({str(settings.STORAGE_DIR)!r})\n"
            "JOB_STALE_SECONDS = 3.0\nJOB_HEARTBEAT_SECONDS = 0.5\n"
        )
        paths = os.pathsep.join([str(folder), str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")])
        # Celery itself prefers the variable to the settings.
        self.env = os.environ | {
            "CELERY_BROKER_URL": self.url,
            "CELERY_QUEUE_PREFIX": f"{self.queue}.",
            "PYTHONPATH": paths,
            "DJANGO_SETTINGS_MODULE": "killed_settings",
        }
        self.cwd = settings.BASE_DIR

    def start(self, *arguments: str) -> subprocess.Popen:
        log = (self.folder / f"{arguments[0]}-{len(self.running)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "project", *arguments],
            env=self.env, cwd=self.cwd, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        self.running.append(process)
        return process

    def start_worker(self) -> subprocess.Popen:
        return self.start("worker", "--concurrency", "1", "--loglevel", "WARNING")

    def start_beat(self) -> subprocess.Popen:
        return self.start("beat", "--schedule", str(self.folder / "beat"), "--pidfile=", "--loglevel", "WARNING")

    def wake(self, job: Job) -> None:
        with Connection(self.url, transport_options=self.options) as broker:
            app.send_task(job.task, args=[job.pk], connection=broker, queue=f"{self.queue}.{job.queue}", retry=False)

    def kill(self, process: subprocess.Popen) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def end(self) -> None:
        for process in self.running:
            self.kill(process)
        if self.url.startswith("amqp"):
            with Connection(self.url) as broker:
                for name in ("light", "heavy"):
                    broker.default_channel.queue_delete(f"{self.queue}.{name}")
            return
        client = redis.Redis.from_url(self.url)
        for name in client.scan_iter(f"{self.prefix}*", count=1000):
            client.delete(name)
        client.close()


@pytest.fixture
def workers(settings, tmp_path) -> Iterator[Workers]:
    found = Workers(settings, tmp_path)
    try:
        yield found
    finally:
        found.end()


def until(is_so: Callable[[], bool], *, seconds: float, every: float = 0.01) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so after {seconds} s: {Job.objects.values()}"
        time.sleep(every)


def state_of(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    return job.state, job.message


def kill_in(workers: Workers, job: Job, messages: tuple[str, ...]) -> None:
    """Let a worker do `job` until it says one of `messages`, then kill it and all its processes."""
    worker = workers.start_worker()
    workers.wake(job)
    until(lambda: state_of(job)[1].startswith(messages) or job.is_over, seconds=60)
    workers.kill(worker)
    assert state_of(job)[0] == "running"


def take_up(workers: Workers, job: Job) -> None:
    workers.start_beat()
    workers.start_worker()
    until(lambda: state_of(job)[0] != "running" and job.is_over, seconds=TAKEN_UP_WITHIN_S, every=0.1)
    assert (job.state, job.error, job.attempt) == ("succeeded", "", 2)


def made_up_table(rows: int) -> str:
    """Each variant is named by two rows in turn."""
    lines = (f"GENE{n % 50}\tGRCh37\t{n // 2 % 22 + 1}\t{1_000_000 + n // 2}\tA\tG\tPathogenic\n" for n in range(rows))
    return "gene\tassembly\tchrom\tpos\tref\talt\tclassification\n" + "".join(lines)


def upload(owner, rows: int) -> DataFile:
    return actions.upload(name="made-up.tsv", chunks=[made_up_table(rows).encode()], by=owner)


def staging_tables() -> list[str]:
    return [name for name in connection.introspection.table_names() if name.startswith("variants_staging")]


@pytest.mark.parametrize("phase", ["Merging"])
def test_an_import_whose_worker_is_killed_ends_as_if_nothing_had_happened(workers, owner, phase):
    file = upload(owner, ROWS)
    jobs.run_now(read_job(file))
    file.refresh_from_db()
    job = importing.start_import(file, by=owner)
    kill_in(workers, job, (phase,))
    assert not Record.objects.exists()
    take_up(workers, job)
    counts = {name: job.counts[name] for name in ("lines_read", "imported", "merged", "rejected", "skipped")}
    assert counts == {"lines_read": ROWS, "imported": VARIANTS, "merged": VARIANTS, "rejected": 0, "skipped": 0}
    assert (Load.objects.count(), Record.objects.count(), Variant.objects.count()) == (1, ROWS, VARIANTS)
    assert Record.objects.values("line").distinct().count() == ROWS
    assert staging_tables() == []


def test_a_reading_whose_worker_is_killed_ends_as_if_nothing_had_happened(workers, owner):
    rows = 200_000
    file = upload(owner, rows)
    kill_in(workers, read_job(file), ("Reading", "Writing"))
    file.refresh_from_db()
    assert file.state == "processing"
    take_up(workers, read_job(file))
    file.refresh_from_db()
    assert (file.state, file.row_count, file.rejected_count) == ("ready", rows, 0)


def test_a_reading_again_whose_worker_is_killed_leaves_one_reading(workers, owner):
    rows = 200_000
    file = upload(owner, rows)
    jobs.run_now(read_job(file))
    job = read_options.read_again(file, {"header": False}, by=owner)
    kill_in(workers, job, ("Reading", "Writing", "Looking"))
    file.refresh_from_db()
    assert (file.state, file.row_count, file.reading_number) == ("processing", rows, 0)
    assert Table(file.table_path, file.columns).rows_before(rows + 2) == rows
    take_up(workers, job)
    file.refresh_from_db()
    assert (file.state, file.row_count, file.reading_number) == ("ready", rows + 1, 1)
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-1"]
