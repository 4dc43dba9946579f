"""What starting PostgreSQL and Redis has in common: a free port, a second try, a server left over."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from project.processes import Child, Family, StartError, disk_full

START_TIMEOUT_S = 60.0
# PostgreSQL's and Redis' words for what passes: a port that was taken meanwhile, the last processes of a
# killed server still ending.
PASSING_FAULTS = ("in use", "lock file")


# Tries to start again on the same port. Connections to a dead server hold it for a moment as well.
PORT_TRIES = 3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(
    family: Family, make_child: Callable[[int], Child], is_ready: Callable[[Child, int], bool]
) -> tuple[Child, int]:
    """Start a server on a free loopback port and wait until `is_ready`. Returns the child and its port."""
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        port = free_port()
        child = family.start(make_child(port))
        ready = partial(is_ready, child, port)
        family.wait_until(partial(is_decided, child, ready), end - time.monotonic())
        if child.is_running() and ready():
            return child, port
        family.stop([child])
        if child.said_disk_full:
            raise disk_full(child.cwd)
        if time.monotonic() > end or not is_passing(child):
            said = " / ".join(list(child.last_lines)[-3:]) or "it said nothing"
            raise StartError(f"{child.name} did not start: {said}")
        family.wait_until(lambda: False, 0.5)


def is_decided(child: Child, ready: Callable[[], bool]) -> bool:
    return not child.is_running() or ready()


def is_passing(child: Child) -> bool:
    return any(fault in line for line in child.last_lines for fault in PASSING_FAULTS)


def has_lost_port(child: Child) -> bool:
    """Whether a server that ended has tried in vain to have its port back, because another program listens there."""
    words = os.strerror(errno.EADDRINUSE)
    return child.due_at is not None and child.failures > PORT_TRIES and any(words in line for line in child.last_lines)


def stop_leftover(pid_file: Path, program: str, mark: Path, stop_signal: int) -> None:
    """End a server on our files that outlived its supervisor, where the kernel has no parent-death signal.

    `mark` is a path that stands in the server's command line. Where the id now belongs to another
    program, the file is removed: PostgreSQL would take that program for a running server and refuse.
    """
    pid = pid_in(pid_file)
    command = command_line(pid) if pid else ""
    if not pid or not command:
        return
    if str(mark) in command:
        end_process(pid, stop_signal)
    elif program not in command:
        pid_file.unlink(missing_ok=True)


def pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def command_line(pid: int) -> str:
    """The command line of a process, "" when there is none or it may not be seen."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def end_process(pid: int, stop_signal: int, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
        while command_line(pid) and time.monotonic() < end:
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)


def plain_env() -> dict[str, str]:
    """What a server needs of the environment: none of our secrets, and messages in English, which we read."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
