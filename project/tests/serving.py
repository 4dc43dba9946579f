"""Real web servers on the test's database, and clients that behave well or badly."""

import contextlib
import http.client
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import redis
from django.conf import settings
from django.db import connection
from django.urls import reverse

from project.embedded.place import outside_folder

START_TIMEOUT_S = 40
GRANIAN = [sys.executable, "-m", "project.web_server"]
GUNICORN = [
    sys.executable,
    "-m",
    *["gunicorn", "--config", "python:project.gunicorn_settings", "project.wsgi:application"],
]

MARKER = """
class Marker:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["X-Code"] = {code!r}
        return response
"""


class Site:
    """Vardesk under a web server of its own. `folder` holds code of it that a test may change."""

    def __init__(self, folder: Path, command: list[str], **env: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.var_dir = folder / "var"
        (self.var_dir / "run").mkdir(parents=True)
        self.hits_prefix = f"vardesk:test:{uuid4()}:"
        self.write_code("1")
        (folder / "served_settings.py").write_text(
            "from project.settings import *\n"
            f"DATABASES['default']['NAME'] = {connection.settings_dict['NAME']!r}\n"
            f"HITS_KEY_PREFIX = {self.hits_prefix!r}\n"
            "MIDDLEWARE = ['served_code.Marker', *MIDDLEWARE]\n"
        )
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "served_settings",
            "PYTHONPATH": os.pathsep.join([str(folder), str(settings.BASE_DIR)]),
            "DATABASE_URL": settings.DATABASE_URL,
            "REDIS_URL": settings.REDIS_URL,
            "CELERY_BROKER_URL": "memory://",
            "VAR_DIR": str(self.var_dir),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "HTTPS": "0",
            **env,
        }
        self.log = (folder / "web.log").open("wb")
        self.process = subprocess.Popen(
            command, env=self.env, cwd=settings.BASE_DIR, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def write_code(self, code: str) -> None:
        (self.folder / "served_code.py").write_text(MARKER.format(code=code))

    def wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            assert time.monotonic() < end, self.output()
            assert self.process.poll() is None, self.output()
            time.sleep(0.1)

    def answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/ping/")[0] < 400  # a redirect to HTTPS will do
        return False

    def output(self) -> str:
        return (self.folder / "web.log").read_text(errors="replace")

    def end(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(8)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
        shutil.rmtree(outside_folder(self.var_dir), ignore_errors=True)  # where root's Redis had its files
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            for name in client.scan_iter(f"{self.hits_prefix}*", count=1000):
                client.delete(name)

    def drain(self) -> None:
        """Let the hits that were counted so far arrive in the database."""
        command = [sys.executable, "manage.py", "drain_hits", "--once"]
        subprocess.run(command, env=self.env, cwd=settings.BASE_DIR, check=True, capture_output=True, timeout=30)

    # --- well-behaved clients ---

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = client.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            client.close()

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        return self.request("GET", path)

    def seconds_for(self, path: str) -> float:
        begin = time.monotonic()
        assert self.get(path)[0] == 200
        return time.monotonic() - begin

    def upload(self, token: str, content: bytes) -> int:
        head, tail = multipart()
        return self.request(
            "POST", "/api/v1/files/", head + content + tail, Authorization=f"Token {token}", Content_Type=MULTIPART
        )[0]

    def post_login(self) -> int:
        form = urlencode({"username": "nobody", "password": "x" * 500}).encode()
        return self.request("POST", LOGIN, form, Content_Type="application/x-www-form-urlencoded")[0]

    # --- those who send slowly ---

    def slow_post(self, path: str, *headers: str, length: int = 1000) -> "SlowPost":
        return SlowPost(self.port, path, "Host: 127.0.0.1", *headers, length=length)

    def slow_upload(self, token: str, length: int = 10_000_000) -> "SlowPost":
        return self.slow_post(
            "/api/v1/files/", f"Authorization: Token {token}", f"Content-Type: {MULTIPART}", length=length
        )


LOGIN = reverse("login")
MULTIPART = "multipart/form-data; boundary=edge"


def multipart() -> tuple[bytes, bytes]:
    """What comes before and after the bytes of a file."""
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="made-up.tsv"\r\n\r\n'
    return head, b"\r\n--edge--\r\n"


class SlowPost:
    """A request that has said how long its body is, and then sends what it is told to."""

    def __init__(self, port: int, path: str, *headers: str, length: int, is_secure: bool = False) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        if is_secure:
            trusting = ssl._create_unverified_context()
            trusting.maximum_version = ssl.TLSVersion.TLSv1_2  # later ones send more than answers
            self.socket = trusting.wrap_socket(self.socket)
        lines = [f"POST {path} HTTP/1.1", f"Content-Length: {length}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.answered: tuple[int, dict[str, str], bytes] | None = None

    def drip(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.send(b"a")

    def answer(self, timeout_s: float = 0.0) -> tuple[int, dict[str, str], bytes] | None:
        """What the server said, None when it has said nothing within the time."""
        if self.answered:
            return self.answered
        if not select.select([self.socket], [], [], timeout_s)[0]:
            return None
        self.socket.settimeout(5)
        found = http.client.HTTPResponse(self.socket)
        found.begin()
        self.answered = found.status, {name.lower(): value for name, value in found.getheaders()}, found.read()
        return self.answered

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def dripping(posts: list[SlowPost]) -> Iterator[None]:
    """A byte a second from each, for as long as the block takes; closes them."""
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(1):
            for each in posts:
                each.drip()

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        for each in posts:
            each.close()


class Clients:
    """Clients that never stop asking: some open a connection for each request, the others keep theirs."""

    def __init__(self, site: Site, paths: tuple[str, ...], *, each: int = 3) -> None:
        self.site = site
        self.paths = paths
        self.is_over = threading.Event()
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.codes: set[str] = set()
        kinds: list[Callable[[int], None]] = [self.with_new_connections, self.with_a_kept_connection]
        self.threads = [threading.Thread(target=kind, args=(number,)) for kind in kinds for number in range(each)]

    def __enter__(self) -> "Clients":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def with_new_connections(self, number: int) -> None:
        while not self.is_over.is_set():
            client = self.connect()
            self.ask(client, number, "new")
            client.close()

    def with_a_kept_connection(self, number: int) -> None:
        """May ask once more on a new connection when an idle one was closed before a byte of the answer (RFC 9110,
        9.2.2), as every browser does."""
        client = self.connect()
        while not self.is_over.is_set():
            was_idle = client.sock is not None
            try:
                self.try_to_ask(client, number, "kept")
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                client.close()
                if was_idle:
                    self.counts["asked again"] += 1
                    self.ask(client, number, "kept")
                else:
                    self.failures.append(f"kept: {error!r}")
        client.close()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)

    def ask(self, client: http.client.HTTPConnection, number: int, kind: str) -> None:
        try:
            self.try_to_ask(client, number, kind)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{kind}: {error!r}")
            client.close()

    def try_to_ask(self, client: http.client.HTTPConnection, number: int, kind: str) -> None:
        client.request("GET", self.paths[number % len(self.paths)])
        answer = client.getresponse()
        answer.read()
        self.codes.add(answer.headers["X-Code"])
        self.counts[kind] += 1
        if answer.status != 200:
            self.failures.append(f"{kind}: {answer.status}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def backends() -> int:
    """Connections to the test's database besides our own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]
