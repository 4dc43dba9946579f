"""An import with everything real around it, to be disturbed: servers of its own, worker processes, a reader that looks on.

`Bench` keeps a template database in which a small file is imported and a large one is read; each test gets a copy.
"""

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from kombu import Connection

from files import actions, importing
from files.import_asked import Asked
from files.models import DataFile
from files.tests.conftest import read_job
from files.tests.faults.rows import Seen, left_over, rows_of, seen
from files.tests.faults.servers import Postgres, Redis
from project.celery import app
from project.core import jobs
from project.core.models import Job
from project.processes import tie_to_parent
from variants.merging import MERGE_LOCK

ROWS, FEW = 16_000, 1_000
FILLERS = 170  # empty columns: the row groups of so wide a table have 4,096 rows, and so the import has four parts
STALE_S = 3.0
TEMPLATE_FILES = ("1", "2")  # the folders of few.tsv and many.tsv
KEPT = ("postgres", "postgres-password", "files")
TEMPLATE, CASE = "vardesk_template", "vardesk_case"
OVER_S = 120.0  # the machine may be busy with other tests
SETTINGS = f"""
from project.settings import *
JOB_STALE_SECONDS, JOB_HEARTBEAT_SECONDS = {STALE_S}, 0.5
CELERY_BEAT_SCHEDULE = {{"wake-waiting-jobs": {{"task": "core.wake_waiting_jobs", "schedule": 1.0}}}}
"""
WORKER = ("worker", "-O", "fair", "--without-gossip", "--without-mingle", "--without-heartbeat")
HEADER = "gene\tassembly\tchrom\tstart\tstop\tref\talt\thgvs_c\trsid\tclassification\tcomment"


def table(rows: int, *, said: str = "Pathogenic", first: int = 0) -> str:
    """Each variant is named by two rows; some rows have no place, a wrong one, or words that nobody knows."""

    def line(n: int) -> str:
        at = 1_000_000 + n // 2
        ref, alt = ("ACG", "A") if n // 2 % 7 == 0 else ("A", "G")
        start = "x" if n % 1000 == 999 else str(at)
        word = "perhaps bad" if n % 500 == 3 else ("Benign" if n % 9 == 1 else said)
        place = f"{start}\t{at + len(ref) - 1}\t{ref}\t{alt}" if n % 400 != 7 else "\t\t\t"
        c_name = f"NM_000{n % 50:03}.2:c.{n // 2 + 1}A>G" if n % 3 == 0 else ""
        return f"GENE{n % 50}\tGRCh37\t{n // 2 % 22 + 1}\t{place}\t{c_name}\trs{n // 2 + 1}\t{word}\tseen {n}{fill}\n"

    fill = "\t" * FILLERS
    names = "".join(f"\tempty_{n}" for n in range(FILLERS))
    return f"{HEADER}{names}\n" + "".join(line(n) for n in range(first, first + rows))


@dataclass(frozen=True)
class Expected:
    """What an import that nothing disturbs makes."""

    rows: dict[str, tuple[int, str]]
    counts: dict[str, int]
    result: dict[str, Any]
    before: Seen
    after: Seen


def without_numbers(result: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (result or {}).items() if name not in ("load",)}


class Bench:
    def __init__(self, folder: Path, kept: Path, unblock: Callable[[], AbstractContextManager]):
        self.folder, self.var_dir, self.unblock = folder, folder / "var", unblock
        self.var_dir.mkdir()
        self.var_dir.chmod(0o711)
        for name in ("incoming", "tmp"):
            (self.var_dir / name).mkdir()
        (folder / "fault_settings.py").write_text(SETTINGS)
        if (kept / "expected").exists():
            subprocess.run(["cp", "-a", *(str(kept / name) for name in KEPT), str(self.var_dir)], check=True)
        self.postgres, self.redis = Postgres(self.var_dir), Redis(self.var_dir)
        self.running: list[subprocess.Popen] = []
        self.asking: dict[str, tuple[contextlib.ExitStack, Any]] = {}

    # --- the template and its copies

    def make_template(self, kept: Path) -> None:
        """From `kept`, or made and put there: the processes of one run of the tests share it. Nobody else is at it now."""
        if not (kept / "expected").exists():
            self._make_template()
            self.postgres.end(signal.SIGINT)
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            for source in (self.postgres.data, self.var_dir / "files"):
                subprocess.run(["cp", "-a", str(source), str(kept)], check=True)
            shutil.copy2(self.var_dir / "postgres-password", kept)
            (kept / "expected").write_bytes(pickle.dumps((self.expected, self.expected_dry)))
            self.postgres.start()
        self.expected, self.expected_dry = pickle.loads((kept / "expected").read_bytes())

    def _make_template(self) -> None:
        with self.postgres.connected("postgres") as cursor:
            cursor.execute(f"CREATE DATABASE {TEMPLATE} OWNER vardesk")
        with self.on(TEMPLATE):
            call_command("migrate", verbosity=0, skip_checks=True)
            owner = get_user_model().objects.create_user("olga")
            owner.groups.add(Group.objects.get_or_create(name="analyst")[0])
            self.read(table(FEW, said="Likely benign"), "few.tsv")
            job = jobs.run_now(self.job("few.tsv"))
            assert (job.state, job.error) == ("succeeded", "")
            self.read(table(ROWS), "many.tsv")
        self.expected = self._undisturbed()
        self.expected_dry = self._undisturbed(dry_run=True)

    def _undisturbed(self, **asked: Any) -> Expected:
        with self.case():
            before = seen(self.postgres, CASE)
            job = jobs.run_now(self.job(**asked))
            assert (job.state, job.error) == ("succeeded", "")
            return Expected(
                rows_of(self.postgres, CASE), job.counts, without_numbers(job.result), before, seen(self.postgres, CASE)
            )

    @contextlib.contextmanager
    def case(self, more: str = "") -> Iterator[None]:
        """A copy of the template, and Django in this process on it. `more`: of the CREATE DATABASE."""
        for server in (self.postgres, self.redis):
            if not server.is_running():  # a test failed while it was away
                server.start()
        self.forget_asking()
        self.redis.empty()
        self.postgres.copy_of(TEMPLATE, CASE, more)
        self._forget_files()
        try:
            with self.on(CASE):
                yield
        finally:
            self._forget_files()

    def _forget_files(self) -> None:
        for folder in (self.var_dir / "files").glob("*"):
            if folder.name not in TEMPLATE_FILES:
                shutil.rmtree(folder)

    @contextlib.contextmanager
    def tested_case(self, more: str = "") -> Iterator["Bench"]:
        """The same, and afterwards no process, lock, row or file is left of what was done there."""
        with self.case(more):
            try:
                yield self
            finally:
                left = self.stop_all()
            assert left == []
            assert left_over(self.postgres, CASE) == {}
            assert [path.name for path in (self.var_dir / "tmp").glob("*")] == []

    @contextlib.contextmanager
    def case_again(self) -> Iterator[None]:
        """Within a case: another one in its place."""
        assert self.stop_all() == []
        connection.close()
        with self.case():
            yield

    @contextlib.contextmanager
    def on(self, database: str) -> Iterator[None]:
        """Django in this process works with our folder, and on `database` of our own server."""
        mine = {
            "HOST": "127.0.0.1", "PORT": str(self.postgres.port), "USER": "vardesk", "PASSWORD": self.postgres.password,
            "NAME": database,
        }  # fmt: skip
        paths = {
            "VAR_DIR": self.var_dir, "STORAGE_DIR": self.var_dir / "files",
            "FILE_UPLOAD_TEMP_DIR": str(self.var_dir / "incoming"),
        }  # fmt: skip
        connection.close()
        before = dict(connection.settings_dict)
        with self.unblock(), pytest.MonkeyPatch.context() as patch:
            for name, value in {**paths, "IMPORT_PART_ROWS": 1, "JOB_STALE_SECONDS": STALE_S}.items():
                patch.setattr(settings, name, value)
            connection.settings_dict.update(mine)
            try:
                yield
            finally:
                connection.close()
                connection.settings_dict.update(before)

    # --- files and jobs

    @property
    def owner(self) -> Any:
        return get_user_model().objects.get(username="olga")

    def upload(self, text: str, name: str, **more: Any) -> DataFile:
        return actions.upload(name=name, chunks=[text.encode()], by=self.owner, **more)

    def read(self, text: str, name: str) -> DataFile:
        file = self.upload(text, name)
        jobs.run_now(read_job(file))
        file.refresh_from_db()
        assert (file.state, file.error) == ("ready", "")
        return file

    def job(self, name: str = "many.tsv", **asked: Any) -> Job:
        return importing.start_import(DataFile.objects.get(name=name), Asked(**asked), by=self.owner)

    # --- processes

    def start(self, *arguments: str, **env: str) -> subprocess.Popen:
        parent = os.getpid()
        with (self.folder / f"{arguments[0]}-{len(self.running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--quiet", "-A", "project", *arguments, "--loglevel", "INFO"],
                env=self.env | env, cwd=settings.BASE_DIR, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: tie_to_parent(signal.SIGKILL, parent),
            )  # fmt: skip
        self.running.append(process)
        return process

    @property
    def env(self) -> dict[str, str]:
        paths = [str(self.folder), str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
        return os.environ | {
            "DATABASE_URL": self.postgres.url(CASE), "REDIS_URL": self.redis.url, "VAR_DIR": str(self.var_dir),
            "CELERY_BROKER_URL": self.redis.url, "DJANGO_SETTINGS_MODULE": "fault_settings", "IMPORT_PART_ROWS": "1",
            "PYTHONPATH": os.pathsep.join(paths), "SAMPLE_DATA": "0", "LOG_FORMAT": "plain", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def start_worker(self, *, concurrency: int = 1, **env: str) -> subprocess.Popen:
        return self.start(*WORKER, "--concurrency", str(concurrency), **env)

    def start_beat(self) -> subprocess.Popen:
        return self.start("beat", "--schedule", str(self.folder / "beat"), "--pidfile=")

    def wake(self, job: Job, *, times: int = 1) -> None:
        options = {"global_keyprefix": f"{settings.REDIS_KEY_PREFIX}:broker:"}
        with Connection(self.redis.url, transport_options=options) as broker:
            for _ in range(times):
                app.send_task(
                    jobs.WORK_TASK, args=[job.queue], connection=broker, queue=jobs.queue_name(job.queue), retry=False
                )

    def kill(self, *processes: subprocess.Popen) -> None:
        """kill -9 of all at once, with their pools and readers."""
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in processes:
            process.wait(30)

    def stop_all(self) -> list[str]:
        """End all processes as the supervisor does; the command lines of those that are left, which are killed."""
        for process in self.running:
            process.terminate()
        end = time.monotonic() + 30
        while any(process.poll() is None for process in self.running) and time.monotonic() < end:
            time.sleep(0.05)
        left = self.processes()
        self.kill(*self.running)
        self.running = []
        return left

    def processes(self) -> list[str]:
        """The command lines of workers, beat and their children: all have our VAR_DIR in their environment."""
        found, mine = [], f"VAR_DIR={self.var_dir}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mine in (folder / "environ").read_bytes().split(b"\0"):
                    line = (folder / "cmdline").read_bytes()
                    found.append(line.replace(b"\0", b" ").decode(errors="replace"))
        return found

    def remove(self) -> None:
        self.stop_all()
        self.redis.end()
        self.postgres.remove()

    # --- looking

    def ask(self, statement: str, *values: Any, database: str = CASE) -> list[tuple]:
        """Rows as the superuser sees them; none where the server is away. Quick, for who waits for a moment to come."""
        for _ in range(2):  # the connection of the question before may be gone
            try:
                if database not in self.asking:
                    stack = contextlib.ExitStack()
                    self.asking[database] = stack, stack.enter_context(self.postgres.connected(database))
                cursor = self.asking[database][1]
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
            except psycopg2.Error:
                self.forget_asking()
        return []

    def forget_asking(self) -> None:
        while self.asking:
            with contextlib.suppress(psycopg2.Error):
                self.asking.popitem()[1][0].close()

    def is_at(self, *words: str) -> list[tuple]:
        """Sessions that are in a statement which begins with one of `words`."""
        return self.ask(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'test'"
            " AND state = 'active' AND query ~* %s",
            rf"^\s*({'|'.join(words)})",
        )

    @contextlib.contextmanager
    def locked(self, table: str, mode: str = "SHARE") -> Iterator[Callable[[], Any]]:
        """Hold a lock: whoever comes to it stops there. Yields the question whether somebody waits for it."""
        with contextlib.ExitStack() as stack:
            cursor = stack.enter_context(self.postgres.connected(CASE, autocommit=False))
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield lambda: self.ask(
                "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())",
                table,
            )

    @contextlib.contextmanager
    def merge_lock(self) -> Iterator[None]:
        """As if another import were being merged."""
        with self.postgres.connected(CASE) as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MERGE_LOCK])
            yield

    @contextlib.contextmanager
    def tablespace(self, folder: Path) -> Iterator[str]:
        """What a CREATE DATABASE says to have its files in `folder`."""
        self.postgres.place.give(folder)
        with self.postgres.connected("postgres") as cursor:
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            try:
                yield "TABLESPACE small"
            finally:
                cursor.execute(f"DROP DATABASE IF EXISTS {CASE} WITH (FORCE)")
                cursor.execute("DROP TABLESPACE small")
