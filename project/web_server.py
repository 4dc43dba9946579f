"""The web server: granian, whose listening socket outlives the processes that answer.

    python -m project.web_server        (HOST, PORT and WEB_THREADS from the environment)

SIGHUP replaces the process that answers by a new one, which reads the code anew. granian itself gives each
process a socket of its own, and connections that wait in the old one's queue are reset when it ends. Here all
share one, and the old process is seen off in steps: the new one has loaded everything; the old one takes no
more connections, and its answers ask clients to come back on another; what is then idle is closed; what has
begun is finished.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketSpec
from granian.server.mp import MPServer

from project.embedded.state import write_private
from project.env import load_dotenv, var_dir, web_threads
from project.open_files import connection_limit
from project.restarting import DONE, web_outcome_path

HEADER_TIMEOUT_MS = 30_000  # also ends connections that have been idle for so long
THREAD_IDLE_S = 600  # granian's most: each new thread opens a database connection
LOAD_TIMEOUT_S = 60.0
GOODBYE_S = 2.0  # for connections that have been accepted and whose requests are on their way
LEAVE_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5


class Answering:
    """In a process that answers: the application, loaded with all that the first request would have to wait for."""

    def __init__(self, listening_fd: int) -> None:
        self.listening_fd = listening_fd
        self.is_leaving = False
        from project.wsgi import application

        from django.urls import get_resolver  # isort: skip  # needs the settings

        _ = get_resolver().url_patterns
        self.application = application
        signal.signal(signal.SIGUSR1, self.leave)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not self.is_leaving:
            return self.application(environ, start_response)

        def start_last_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], exc_info)

        return self.application(environ, start_last_response)

    def leave(self, number: int, frame: FrameType | None) -> None:
        """Accept nothing more, while other processes go on with the shared socket.

        granian can be told only to close all that is idle at the same time. So it gets, under the number of the
        shared socket, another one that nobody knows how to connect to.
        """
        self.is_leaving = True
        if sys.platform == "linux":
            with socket.socket(socket.AF_UNIX) as unknown:
                unknown.bind("")  # a name that the kernel makes up
                unknown.listen()
                unknown.setblocking(False)
                os.dup2(unknown.fileno(), self.listening_fd)


class Server(MPServer):
    """One process that answers. `_init_shared_socket` and `_reload` replace granian's own (2.8)."""

    def __init__(self, **options: Any) -> None:
        super().__init__("project.wsgi:application", **options)
        self.is_ready = multiprocessing.Event()

    def _init_shared_socket(self) -> None:
        holder = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self.listening_fd: int = holder.get_fd()
        self._shd: Any = holder
        self._sso = socket.socket(fileno=self.listening_fd)
        self._sso.set_inheritable(True)

    def load_application(self) -> Answering:
        """Called in the new process."""
        answering = Answering(self.listening_fd)
        self.is_ready.set()
        return answering

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        outcome = web_outcome_path(var_dir())
        if not (new := self._start_another(spawn_target, target_loader)):
            write_private(outcome, "The new code does not start; the web process from before goes on")
            return
        old, self.wrks = self.wrks, [new]
        for worker in old:
            self._see_off(worker)
        write_private(outcome, DONE)

    def _start_another(self, spawn_target: Any, target_loader: Any) -> Any:
        """A process that is ready to answer, or None when it cannot be started: then the old one goes on."""
        self.is_ready.clear()
        new = self._spawn_worker(idx=0, target=spawn_target, callback_loader=target_loader)
        new.interrupt_by_parent = True  # if it fails now, that is no reason to end
        new.start()
        give_up = time.monotonic() + LOAD_TIMEOUT_S
        while not self.is_ready.wait(0.1):
            if not new.is_alive() or self.interrupt_signal or time.monotonic() > give_up:
                new.kill()
                return None
        new.interrupt_by_parent = False
        if not new.is_alive():
            self.interrupt_children.append(0)
            self.main_loop_interrupt.set()
        return new

    def _see_off(self, old: Any) -> None:
        old.interrupt_by_parent = True  # from now on it may end
        with contextlib.suppress(ProcessLookupError):
            os.kill(old.inner.pid, signal.SIGUSR1)
        self._wait_for_end(old, GOODBYE_S)
        old.terminate()
        self._wait_for_end(old, LEAVE_TIMEOUT_S)
        if old.is_alive():
            old.kill()
            old.join()

    def _wait_for_end(self, worker: Any, timeout_s: float) -> None:
        """Or until all is to end."""
        give_up = time.monotonic() + timeout_s
        while worker.is_alive() and not self.interrupt_signal and time.monotonic() < give_up:
            worker.join(0.1)


def address(host: str, port: int) -> str:
    """granian takes no names."""
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])


def main() -> None:
    load_dotenv()
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    server = Server(
        address=address(host, port),
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # else a new connection is closed unheard by the process that leaves
        websockets=False,
        blocking_threads=web_threads(),
        blocking_threads_idle_timeout=THREAD_IDLE_S,
        backpressure=connection_limit(),
        backlog=4096,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        workers_kill_timeout=STOP_TIMEOUT_S,
        log_level=LogLevels.error,  # it warns of more threads than cores; ours wait for PostgreSQL
    )
    server.serve(target_loader=server.load_application, wrap_loader=False)


if __name__ == "__main__":
    main()
