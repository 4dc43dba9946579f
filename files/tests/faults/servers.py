"""A PostgreSQL and a Redis of a test module's own, to be killed, stopped and started again where they were."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import redis

from project.console import QuietConsole
from project.embedded.binaries import postgres_folder, redis_program
from project.embedded.place import find_place, outside_folder, prepare_var_dir
from project.embedded.postgres import ADMIN, make_cluster, make_database, password_of, postgres_child
from project.embedded.redis_server import redis_child
from project.embedded.servers import free_port
from project.processes import Child, Family, tie_to_parent

# What a kill of processes cannot lose need not wait for a disk; commits do wait for the log, as everywhere.
POSTGRES = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "100"}
REDIS = "bind 127.0.0.1\nport {port}\nsave ''\nappendonly no\nset-proc-title no\n"
START_S = 60.0


def wait_for(is_so: Callable[[], Any], what: str, *, seconds: float = START_S, every: float = 0.02) -> Any:
    """What `is_so` says once it is true."""
    end = time.monotonic() + seconds
    while not (said := is_so()):
        assert time.monotonic() < end, f"after {seconds:g} s still waiting: {what}"
        time.sleep(every)
    return said


class Server:
    """A process that is started again with the same command, its output in a file."""

    def __init__(self, child: Child, log: Path):
        self.child, self.log = child, log
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Returns once it answers; what a killed one left may be in the way for a moment."""
        end = time.monotonic() + START_S
        while True:
            self._spawn()
            while self.is_running() and not self.answers():
                time.sleep(0.05)
            if self.is_running():
                return
            assert time.monotonic() < end, f"{self.child.name} does not start: {self.log_end()}"
            time.sleep(0.2)

    def _spawn(self) -> None:
        account, parent = self.child.account, os.getpid()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.child.command, env=self.child.env, cwd=self.child.cwd, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
                preexec_fn=lambda: tie_to_parent(self.child.orphan_signal, parent),
                **({"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}),
            )  # fmt: skip

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def answers(self) -> bool:
        raise NotImplementedError

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait until the process is gone."""
        if self.is_running():
            assert self.process is not None
            self.process.send_signal(number)
            self.process.wait(60)

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Postgres(Server):
    """The embedded PostgreSQL on a cluster of its own, with `vardesk` as the owner of its databases."""

    def __init__(self, folder: Path, **more: str):
        prepare_var_dir(folder)
        self.folder, self.place, self.port = folder, find_place(folder), free_port()
        self.data = self.place.folder / "postgres"
        self.password = password_of(self.data, folder)
        binaries = postgres_folder(self.place.account)
        if not self.data.exists():
            make_cluster(Family(QuietConsole()), self.place, binaries, self.password)
        super().__init__(
            postgres_child(self.place, binaries, self.data, self.port, POSTGRES | more), folder / "postgres.log"
        )
        self.start()
        make_database(self.port, self.password)

    def answers(self) -> bool:
        with contextlib.suppress(psycopg2.OperationalError), self.connected("postgres") as cursor:
            cursor.execute("SELECT 1")
            return True
        return False

    def url(self, database: str) -> str:
        return f"postgres://vardesk:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def connected(self, database: str, *, autocommit: bool = True) -> Iterator[Any]:
        """A cursor of the superuser."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=ADMIN, password=self.password, dbname=database,
            connect_timeout=5, sslmode="disable", gssencmode="disable", application_name="test",
        )  # fmt: skip
        connection.autocommit = autocommit
        with contextlib.closing(connection), connection.cursor() as cursor:
            yield cursor

    def copy_of(self, template: str, name: str, more: str = "") -> None:
        """`name`, thrown away where it is there, as a copy of the database `template`."""
        with self.connected("postgres") as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} OWNER vardesk TEMPLATE {template} {more}")
            # A copied sequence takes its next values for written to the log, which they are for the template only:
            # after a crash it would give them again. From a checkpoint on it writes them anew.
            cursor.execute("CHECKPOINT")

    def crash(self) -> None:
        """kill -9 of the postmaster: its children see it and end; the next start recovers from the log."""
        self.end(signal.SIGKILL)

    def restart(self, number: int) -> None:
        """SIGINT: a fast stop; SIGQUIT: an immediate one; SIGKILL: none. Then the start."""
        self.end(number)
        self.start()

    def remove(self) -> None:
        self.end(signal.SIGQUIT)
        for folder in (outside_folder(self.folder), outside_folder(self.folder).with_suffix(".old")):
            subprocess.run(["rm", "-rf", str(folder)], check=True)


class Redis(Server):
    """Keeps nothing: started again, it is empty."""

    def __init__(self, folder: Path):
        self.port = free_port()
        config = folder / "redis.conf"
        config.write_text(REDIS.format(port=self.port))
        place = find_place(folder)
        account = place.account
        super().__init__(redis_child(place, redis_program(account), config), folder / "redis.log")
        place.give(config)
        self.child.cwd = Path("/")
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url, socket_timeout=2) as client:
            return client.ping() is True
        return False

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
