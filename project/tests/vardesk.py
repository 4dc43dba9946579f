"""A whole Vardesk under test: `python -m project.supervisor run` on a VAR_DIR and a port of its own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis

from project.embedded.place import outside_folder
from project.embedded.state import URL_NAMES, services_path
from project.env import BASE_DIR
from project.tests.conftest import is_alive
from tools.idle import family_of, free_port

TIMEOUT_S = 90  # the machine may be busy with other tests
RUN = (sys.executable, "-m", "project.supervisor", "run")


def wait_for(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> bool:
    """Whether `condition` came true; it is not asked again once it has."""
    end = time.monotonic() + timeout_s
    while not (is_true := bool(condition())) and time.monotonic() < end:
        time.sleep(0.1)
    return is_true


class Vardesk:
    """`more`: of the environment; `options`: of Popen."""

    def __init__(self, var_dir: Path, **more: str) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        self.log = var_dir.with_name(f"{var_dir.name}.log")
        self.env = {**os.environ, **dict.fromkeys(URL_NAMES, ""), "VAR_DIR": str(var_dir), "SAMPLE_DATA": "0"}
        self.env |= {"HOST": "127.0.0.1", "PORT": str(self.port), "JOB_STALE_SECONDS": "5", **more}
        self.process: subprocess.Popen | None = None
        self.token = ""

    # --- the supervisor

    def launch(self, command: tuple[str, ...] = RUN, **options: Any) -> subprocess.Popen:
        options = {"cwd": BASE_DIR, **options}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, **options)
        return self.process

    def start(self) -> None:
        """Returns once all is well."""
        self.launch()
        self.wait_until_well()

    def wait_until_well(self) -> None:
        """Whoever answers: not what a killed supervisor started, which may still do so."""
        assert wait_for(lambda: self.pids("drain_hits")), self.log_end()
        assert wait_for(self.is_well), f"{self.health()}\n{self.log_end()}"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(TIMEOUT_S)

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    # --- what it answers

    def request(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """(status, body); (0, b"") when nobody answers."""
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def get(self, path: str) -> Any:
        status, body = self.request(path)
        assert status == 200, (status, body[:500], self.log_end())
        return json.loads(body)

    def health(self) -> dict[str, dict]:
        status, body = self.request("/healthz/")
        return json.loads(body) if status in (200, 503) else {}

    def is_well(self) -> bool:
        found = self.health()
        return bool(found) and all(line["ok"] for line in found.values())

    def make_token(self, clone: Path = BASE_DIR) -> None:
        command = [sys.executable, "manage.py", "create_token", "ada"]
        made = subprocess.run(command, cwd=clone, env=self.env, capture_output=True, text=True, check=True)
        self.token = made.stdout.split()[-1]

    def upload(self, name: str, content: bytes) -> int:
        """The id of the new file."""
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = head + content + b"\r\n--x--\r\n"
        status, answer = self.request("/api/v1/files/", body, **{"Content-Type": "multipart/form-data; boundary=x"})
        assert status == 201, (status, answer[:500])
        return json.loads(answer)["id"]

    def file(self, file_id: int) -> dict:
        return self.get(f"/api/v1/files/{file_id}/")

    def wait_until_read(self, file_id: int, *, rows: int) -> None:
        assert wait_for(lambda: self.file(file_id)["state"] in ("ready", "failed")), self.file(file_id)
        found = self.file(file_id)
        assert (found["state"], found["row_count"]) == ("ready", rows)

    def forget_worker(self) -> bool:
        """Let /healthz/ wait for the next sign of life of beat and worker. False while Redis is away."""
        try:
            keys = self.redis().keys("*worker-seen")
            return not keys or bool(self.redis().delete(*keys))
        except (OSError, redis.RedisError):
            return False

    def urls(self) -> dict[str, str]:
        return json.loads(services_path(self.var_dir).read_text())

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.urls()["REDIS_URL"], decode_responses=True)

    # --- its processes

    def family(self) -> list[int]:
        assert self.process is not None
        return family_of(self.process.pid)

    def pids(self, *words: str) -> list[int]:
        """Of the processes whose command line holds all `words`, parents before their children."""
        return [pid for pid in self.family() if all(word in command_of(pid) for word in words)]

    def strangers(self) -> list[str]:
        """The processes on our files that do not descend from the living supervisor."""
        ours = set(self.family()) if self.process is not None and self.process.poll() is None else set()
        return [f"{pid} {command_of(pid)}" for pid in processes_on(self.var_dir) if pid not in ours]


@contextlib.contextmanager
def vardesk_on(var_dir: Path, **more: str) -> Iterator[Vardesk]:
    """Not started yet; nothing of it runs on afterwards."""
    vardesk = Vardesk(var_dir, **more)
    try:
        yield vardesk
    finally:
        if vardesk.process is not None and vardesk.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                vardesk.process.send_signal(signal.SIGCONT)
                vardesk.stop()
        for pid in processes_on(var_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def processes_on(var_dir: Path) -> list[int]:
    """Those that name the folder in their command line or environment or work in it (PostgreSQL's)."""
    marks = [str(var_dir), str(outside_folder(var_dir))]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid, seen = int(folder.name), ""
        with contextlib.suppress(OSError):
            seen += command_of(pid)
            seen += (folder / "environ").read_bytes().replace(b"\0", b"\n").decode(errors="replace")
            seen += str((folder / "cwd").readlink())
        if pid != os.getpid() and any(mark in seen for mark in marks) and is_alive(pid):
            found.append(pid)
    return found


@contextlib.contextmanager
def listener(port: int = 0) -> Iterator[int]:
    """Another program on a loopback port; yields the port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield other.getsockname()[1]
