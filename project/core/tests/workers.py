"""Real worker and beat processes for tests, behind a door that the test can close: the broker is then away."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import redis
from django.db import connection
from kombu import Connection

from project.celery import app
from project.core.jobs import WORK_TASK
from project.core.models import Job

SETTINGS = """
import datetime, os, time
from project.settings import *
from django.utils import timezone

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]
CELERY_IMPORTS = ["project.core.tests.slow_work"]
JOB_STALE_SECONDS, JOB_HEARTBEAT_SECONDS = 3.0, 0.5
if not CELERY_BROKER_URL.startswith("amqp"):  # a broker that gives up waiting for an answer after 1 s
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1, "global_keyprefix": os.environ["TEST_KEYS"]}
if hours := float(os.environ["TEST_CLOCK_HOURS"]):  # the clock of another host
    here, now = time.time, timezone.now
    time.time = lambda: here() + hours * 3600
    timezone.now = lambda: now() + datetime.timedelta(hours=hours)
"""


class Workers:
    """On the test's database, with queues of their own on the broker at `url`."""

    def __init__(self, settings, folder: Path, url: str) -> None:
        self.name, self.url, self.folder, self.cwd = f"vardesk-test-{uuid4()}", url, folder, settings.BASE_DIR
        self.queue, self.keys = f"{self.name}.light", f"{self.name}:"
        self.is_redis, self.door = not url.startswith("amqp"), Door(url)
        self.options = {"global_keyprefix": self.keys} if self.is_redis else {}
        self.running: list[subprocess.Popen] = []
        (folder / "workers_settings.py").write_text(SETTINGS)
        self.env = os.environ | {
            "CELERY_BROKER_URL": self.door.url, "CELERY_QUEUE_PREFIX": f"{self.name}.", "TEST_KEYS": self.keys,
            "PYTHONPATH": os.pathsep.join([str(folder), str(self.cwd), os.environ.get("PYTHONPATH", "")]),
            "DJANGO_SETTINGS_MODULE": "workers_settings", "TEST_DATABASE": connection.settings_dict["NAME"],
            "TEST_CLOCK_HOURS": "0", "VAR_DIR": str(folder / "var"), "LOG_FORMAT": "json",
        }  # fmt: skip

    def start(self, *arguments: str, clock_h: float = 0) -> subprocess.Popen:
        app_of = "project.beat" if arguments[0] == "beat" else "project"
        with (self.folder / f"{arguments[0]}-{len(self.running)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app_of, *arguments],
                env=self.env | {"TEST_CLOCK_HOURS": str(clock_h), "TEST_READY": str(self.ready_path())}, cwd=self.cwd, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(process)
        return process

    def start_worker(self, *more: str, clock_h: float = 0) -> subprocess.Popen:
        """Returns once it is ready. Without `more`: all queues, one process."""
        name, ready = f"{len(self.running)}@test", self.ready_path()
        options = ["--without-gossip", "--without-mingle", "--hostname", name]
        worker = self.start("worker", *(more or ["--concurrency", "1"]), *options, clock_h=clock_h)
        until(ready.exists, seconds=60, every=0.1)
        return worker

    def ready_path(self) -> Path:
        return self.folder / f"ready-{len(self.running)}"

    def start_beat(self, *, clock_h: float = 0) -> subprocess.Popen:
        schedule = str(self.folder / f"beat-{len(self.running)}")
        return self.start("beat", "--schedule", schedule, "--pidfile=", clock_h=clock_h)

    def wake(self, queue: str = "light", times: int = 1) -> None:
        self.send(WORK_TASK, queue, queue=queue, times=times)

    def send(self, task: str, *args, queue: str = "light", times: int = 1) -> None:
        with Connection(self.url, transport_options=self.options) as broker:
            for _ in range(times):
                app.send_task(task, args=args, connection=broker, queue=f"{self.name}.{queue}", retry=False)

    def kept_messages(self) -> int:
        """How many the broker has, waiting or (Redis) unacknowledged; RabbitMQ's come back when their worker is gone."""
        if not self.is_redis:
            with Connection(self.url) as broker:
                return broker.default_channel.queue_declare(self.queue, passive=True).message_count
        with contextlib.closing(redis.Redis.from_url(self.url)) as client:
            return client.llen(f"{self.keys}{self.queue}") + client.hlen(f"{self.keys}unacked")

    def kill(self, process: subprocess.Popen) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def end(self) -> None:
        for process in self.running:
            self.kill(process)
        self.door.end()
        if not self.is_redis:
            with Connection(self.url) as broker:
                for queue in ("light", "heavy"):
                    broker.default_channel.queue_delete(f"{self.name}.{queue}")
            return
        client = redis.Redis.from_url(self.url)
        for name in client.scan_iter(f"{self.keys}*", count=1000):
            client.delete(name)
        client.close()


class Door:
    """A port that leads to the broker while it is open. Closed, it refuses, and who was inside is put out."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.target = (parts.hostname or "127.0.0.1", parts.port or (5672 if parts.scheme == "amqp" else 6379))
        self.listener: socket.socket | None = None
        self.inside: list[socket.socket] = []
        self.open()
        address = f"127.0.0.1:{self.port}"
        user = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{user}@{address}" if user else address).geturl()

    def open(self) -> None:
        port = self.port if self.listener else 0
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._let_in, args=[self.listener], daemon=True).start()

    def close(self) -> None:
        assert self.listener is not None
        for each in (self.listener, *self.inside):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.inside.clear()

    end = close

    def _let_in(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.create_connection(self.target)
                self.inside += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_carry, args=pair, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def until(is_so: Callable[[], object], *, seconds: float, every: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so after {seconds} s: {list(Job.objects.values())}"
        time.sleep(every)
