"""Databases of their own for the benchmark of imports, each with real workers as `make run` starts them."""

import contextlib
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from project.env import BASE_DIR
from project.processes import tie_to_parent
from project.services import libpq_url

FOLDER = Path(os.environ.get("VAR_DIR", BASE_DIR / ".var-bench")).absolute() / "import"
NOT_NEEDED = ("web", "drainer")
STOP_TIMEOUT_S = 30


@dataclass(frozen=True)
class Base:
    """A database to copy, and the URL of another one on the same server."""

    name: str
    server: str

    @property
    def url(self) -> str:
        return url_of(self.server, self.name)


def url_of(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@contextlib.contextmanager
def prepared() -> Iterator[Base]:
    """A database as a first start makes it, with the genes and (SAMPLE_DATA) the demo. Django is set up to use it.

    It, and everything that was written to disk, is removed afterwards.
    """
    before = dict(os.environ)
    server = os.environ["DATABASE_URL"]
    base = Base(f"{urlsplit(server).path.strip('/')}_import_{os.getpid()}", server)
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "run").mkdir(parents=True)
    os.environ |= {
        "DATABASE_URL": base.url, "VAR_DIR": str(FOLDER), "LOG_FORMAT": "json",
        "REDIS_KEY_PREFIX": f"vardesk-bench-{os.getpid()}", "DJANGO_SETTINGS_MODULE": "project.settings",
    }  # fmt: skip
    try:
        with database(server, base.name):
            done = subprocess.run(
                [sys.executable, "manage.py", "prepare"], cwd=BASE_DIR, capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"The database could not be prepared: {done.stderr[-2000:]}")
            set_up_django()
            yield base
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(FOLDER, ignore_errors=True)


def set_up_django() -> None:
    import django

    django.setup()
    logging.disable(logging.WARNING)


@contextlib.contextmanager
def database(url: str, name: str, template: str = "template1") -> Iterator[None]:
    """A database on the server of `url`, dropped afterwards."""
    with contextlib.closing(psycopg2.connect(libpq_url(url))) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            cursor.execute(made)
            try:
                yield
            finally:
                cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def copy_of(base: Base) -> Iterator[list[int]]:
    """This process's Django connected to a copy of `base`; gives the process ids of its workers."""
    from django.conf import settings
    from django.db import connection

    name = f"{base.name}_copy"
    connection.close()  # a database that somebody uses cannot be copied
    with database(base.server, name, base.name):
        connection.settings_dict["NAME"] = name
        os.environ["DATABASE_URL"] = url_of(base.server, name)
        try:
            with workers() as pids:
                yield pids
        finally:
            connection.close()
            connection.settings_dict["NAME"] = base.name
            os.environ["DATABASE_URL"] = base.url
            shutil.rmtree(settings.STORAGE_DIR, ignore_errors=True)  # the next copy begins with the same numbers


@contextlib.contextmanager
def workers() -> Iterator[list[int]]:
    """Process ids of the workers, with as many processes and the same options as `make run` gives them; beat beside them."""
    from project.supervisor import application

    children = [child for child in application(dict(os.environ), "127.0.0.1", 0) if child.name not in NOT_NEEDED]
    processes = []
    try:
        with (FOLDER / "log").open("ab") as log:
            for child in children:
                tied = partial(tie_to_parent, child.orphan_signal, os.getpid())
                processes.append(subprocess.Popen(
                    child.command, env=child.env, cwd=child.cwd, stdout=log, stderr=log, preexec_fn=tied,
                ))  # fmt: skip
        yield [
            process.pid for child, process in zip(children, processes, strict=True) if child.name.startswith("worker")
        ]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_over(jobs: Any, look: Callable[[str], None], timeout_s: float = 7200.0) -> None:
    """Until no job of the queryset is in work; `look` is called with a phase several times a second."""
    end = time.monotonic() + timeout_s
    while waiting := list(jobs.in_work().order_by("pk").values_list("state", "kind", "message")):
        running = [f"{kind}: {_phase(message)}" for state, kind, message in waiting if state == "running" and message]
        look(running[-1] if running else "waiting for a worker")
        if time.monotonic() > end:
            raise TimeoutError(f"Not over after {timeout_s} s: {waiting}\n{log_end()}")
        time.sleep(0.2)
    look("")


def _phase(message: str) -> str:
    """A job's message without how far it is: "Reading rows: 20,000 so far" is one phase."""
    return re.sub(r"\d[\d,.]*", "N", message)


def log_end() -> str:
    return (FOLDER / "log").read_text(errors="replace")[-3000:]


def postmaster() -> int | None:
    """The process id of the server that Django is connected to; None where it is on another machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with contextlib.suppress(OSError):
        if Path(f"/proc/{pid}/comm").read_text().strip() == "postgres":
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    return None
