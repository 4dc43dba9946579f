"""The web server as `make run` starts it, on the database that the environment names."""

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from project.env import BASE_DIR

ROUNDS = 5
ROUND_S = 3.0
CLIENTS = 4
SLOW_SENDERS = 50
PATHS = ("/ping/", "/api/v1/variants/?q=BRCA1")


def slow_bodies(full: bool = False) -> Iterator[str]:
    """answers a second while 50 clients send a byte a second, over those without"""
    with web_server() as port:
        for path in PATHS:
            ratios = []
            for _ in range(ROUNDS):
                without = answers_a_second(port, path)
                with slow_senders(port):
                    ratios.append(answers_a_second(port, path) / without)
            yield f"{path:<28} {spread(ratios)}"


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds)"


@contextlib.contextmanager
def web_server() -> Iterator[int]:
    """Its port, once it answers."""
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "wb") as log:
        port = free_port()
        given = {"HOST": "127.0.0.1", "PORT": str(port), "VAR_DIR": folder, "LOG_FORMAT": "json"}
        (Path(folder) / "run").mkdir()
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, check=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "project.web_server"], cwd=BASE_DIR, env=os.environ | given, stdout=log, stderr=log
        )
        try:
            wait_for_answer(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            get(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/ping/")
            return
        time.sleep(0.2)
    raise TimeoutError("The web server does not answer.")


def get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    reply = connection.getresponse()
    reply.read()
    if reply.status != 200:
        raise RuntimeError(f"{path} answered {reply.status}")


def answers_a_second(port: int, path: str) -> float:
    """Of CLIENTS clients that ask one after the other on a connection that each keeps."""
    counts = [0] * CLIENTS
    end = time.monotonic() + ROUND_S

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            get(connection, path)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / ROUND_S


@contextlib.contextmanager
def slow_senders(port: int) -> Iterator[None]:
    """SLOW_SENDERS clients that promise a body of 10 kB to the log-in and send a byte a second."""
    stopped = threading.Event()
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000\r\n\r\n"

    def send() -> None:
        sockets: list[socket.socket] = []
        while not stopped.wait(1.0):
            while len(sockets) < SLOW_SENDERS:  # those that were refused come again
                sockets.append(socket.create_connection(("127.0.0.1", port)))
                sockets[-1].sendall(head)
            for one in list(sockets):
                try:
                    one.sendall(b"x")
                except OSError:
                    sockets.remove(one)
        for one in sockets:
            one.close()

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(2.0)
    try:
        yield
    finally:
        stopped.set()
        thread.join()
