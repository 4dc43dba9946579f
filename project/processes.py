"""Child processes of one parent: started, listened to, started again when they die, ended together.

One thread does it all, for two reasons. On Linux a child is told when the *thread* that started it ends,
so children must come from a thread that lives as long as the parent. And `preexec_fn` is safe only while
no other thread can hold a lock at the moment of the fork.
"""

import contextlib
import ctypes
import errno
import math
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from project.console import Console

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0
HEALTHY_AFTER_S = 30.0  # who lived this long starts again without the delay of earlier failures
LONGEST_LINE_BYTES = 64 * 1024
PARENT_LOOK_S = 1.0
NO_SPACE = os.strerror(errno.ENOSPC)
NO_SPACE_COUNTS_S = 60.0
PR_SET_PDEATHSIG = 1

# Loaded before any fork: a freshly forked child should import and allocate as little as possible.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(Exception):
    """Something cannot be started; str() is one sentence fit for the user."""


def disk_full(folder: object) -> StartError:
    return StartError(f"The disk is full: nothing more can be written in {folder}.")


class Stopped(Exception):
    """A signal asked for the end while something was being waited for."""


@dataclass(frozen=True)
class Account:
    """The system user that a child runs as."""

    name: str
    uid: int
    gid: int


def tie_to_parent(death_signal: int, parent_pid: int) -> None:
    """Called in a new process: it gets `death_signal` when its parent is gone, however that ended (Linux)."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended between the fork and the line above
        os.kill(os.getpid(), death_signal)


def catches(pid: int, number: int) -> bool:
    """Whether the process has a handler of its own for signal `number`; False where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


@dataclass(eq=False)
class Child:
    """One child process, its unfinished output and how to start and end it."""

    name: str
    command: list[str]
    env: dict[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0
    orphan_signal: int = signal.SIGTERM  # what it gets when the supervisor is killed
    is_quiet: bool = False  # its output is kept for an error message, not printed
    before_start: Callable[[], None] = lambda: None  # called before each start, the first and all further ones
    process: subprocess.Popen | None = field(default=None, init=False)
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=20), init=False)
    pending: bytes = field(default=b"", init=False)
    has_output: bool = field(default=True, init=False)
    failures: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    due_at: float | None = field(default=None, init=False)
    no_space_at: float = field(default=-math.inf, init=False)

    @property
    def pid(self) -> int:
        """0 before the first start."""
        return self.process.pid if self.process else 0

    @property
    def said_disk_full(self) -> bool:
        """Lately: PostgreSQL says it once, and then a page of what it was doing."""
        return time.monotonic() - self.no_space_at < NO_SPACE_COUNTS_S

    def spawn(self) -> None:
        self.before_start()
        parent_pid, orphan_signal = os.getpid(), self.orphan_signal
        self.started_at, self.due_at, self.pending = time.monotonic(), None, b""
        self.last_lines.clear()
        self.process = subprocess.Popen(
            self.command,
            env=self.env,
            cwd=self.cwd,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only the supervisor, which ends the children in order
            # After the change of user, which would clear it.
            preexec_fn=lambda: tie_to_parent(orphan_signal, parent_pid),
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_leader(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """Whatever the child started itself ends with it."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def read_lines(self) -> list[str] | None:
        """The complete lines among what is waiting; None when nothing is. Notes the end of the output."""
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return None
        self.has_output = bool(data)
        *whole, self.pending = (self.pending + data).split(b"\n")
        if self.pending and (not data or len(self.pending) > LONGEST_LINE_BYTES):
            whole.append(self.pending)
            self.pending = b""
        lines = [line.decode(errors="replace").rstrip("\r") for line in whole]
        self.last_lines.extend(lines)
        if any(NO_SPACE in line for line in lines):
            self.no_space_at = time.monotonic()
        return lines


class Family:
    """The children of this process. All waiting happens in `pump`, so output flows whatever is waited for."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.children: list[Child] = []
        self.selector = selectors.DefaultSelector()
        self.stop_signal: int | None = None  # the first signal that asked for the end
        self.stop_asked_at = 0.0
        self.is_kill_asked = False
        self.is_restart_asked = False
        self.watched_parent = 0
        self.parent_look_at = 0.0

    def listen_to_signals(self) -> None:
        """SIGINT, SIGTERM and SIGHUP ask for the end, SIGUSR1 for a restart; all, and the end of a child, wake `pump`."""
        receiver, sender = socket.socketpair()
        for end in (receiver, sender):
            end.setblocking(False)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        self.selector.register(receiver, selectors.EVENT_READ, None)
        self.wakeup = (receiver, sender)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_stop_signal)
        signal.signal(signal.SIGUSR1, self.on_restart_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        # Only a second Ctrl-C kills: `make` passes on a SIGTERM that its whole group has got already.
        # Nor is it one when it comes at once: then it is the same key press, by way of a wrapper.
        if self.stop_signal is None:
            self.stop_signal, self.stop_asked_at = number, time.monotonic()
        elif number == signal.SIGINT and time.monotonic() > self.stop_asked_at + 0.3:
            self.is_kill_asked = True

    def on_restart_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_restart_asked = True

    def watch_parent(self, pid: int) -> None:
        """Also end when `pid` alone gets SIGINT, if it is `make`.

        GNU make does not pass that signal on: it gives up its handler and waits for us, for ever.
        """
        self.watched_parent = pid if catches(pid, signal.SIGINT) else 0

    def look_at_parent(self) -> None:
        if self.watched_parent and time.monotonic() >= self.parent_look_at:
            self.parent_look_at = time.monotonic() + PARENT_LOOK_S
            if not catches(self.watched_parent, signal.SIGINT):
                self.on_stop_signal(signal.SIGTERM, None)

    def start(self, child: Child) -> Child:
        child.spawn()
        self.children.append(child)
        assert child.process is not None
        assert child.process.stdout is not None
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)
        return child

    def run(self, child: Child) -> int:
        """Start `child`, wait for its end and return its exit code."""
        self.start(child)
        self.wait_until(lambda: not child.is_running())
        self.forget(child)
        assert child.process is not None
        return child.process.returncode

    def rest(self, timeout_s: float) -> None:
        """Sleep until something happens or a child is due again, `timeout_s` at most. Raises Stopped."""
        due = [child.due_at for child in self.children if child.due_at is not None]
        self.pump(min(timeout_s, *(due_at - time.monotonic() for due_at in due)) if due else timeout_s)
        if self.stop_signal is not None:
            raise Stopped

    def pump(self, timeout_s: float) -> None:
        """Print what the children say, for `timeout_s` or until something happens."""
        self.look_at_parent()
        for key, _ in self.selector.select(max(0.0, timeout_s)):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self.wakeup[0].recv(4096)
            else:
                self.print_output(key.data)

    def print_output(self, child: Child) -> bool:
        """Print the child's waiting lines; False once there is nothing more to come at the moment."""
        lines = child.read_lines()
        for line in lines or ():
            if not child.is_quiet:
                self.console.line(child.name, line)
        if not child.has_output:
            self.unregister(child)
        return lines is not None and child.has_output

    def unregister(self, child: Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(child.process.stdout)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Whether `condition` came true in time. Raises Stopped when a signal asks for the end first."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            if self.stop_signal is not None:
                raise Stopped
            if end is not None and time.monotonic() >= end:
                return False
            self.pump(0.05)
        return True

    def forget(self, child: Child) -> None:
        """End what is left of `child`, print its last words and stop looking after it."""
        if child.process is None:
            return
        child.kill_group()
        child.process.wait()
        while child.process.stdout in self.selector.get_map() and self.print_output(child):
            pass
        self.unregister(child)
        assert child.process.stdout is not None
        child.process.stdout.close()
        if child in self.children:
            self.children.remove(child)

    def tend(self) -> None:
        """Start again, after a growing delay, the children that have ended."""
        for child in list(self.children):
            if child.due_at is None and not child.is_running():
                self.plan_restart(child)
            elif child.due_at is not None and time.monotonic() >= child.due_at:
                self.children.remove(child)
                self.start(child)

    def plan_restart(self, child: Child) -> None:
        assert child.process is not None
        lived_s = time.monotonic() - child.started_at
        child.failures = 1 if lived_s > HEALTHY_AFTER_S else child.failures + 1
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (child.failures - 1))
        self.forget(child)
        self.children.append(child)
        child.due_at = time.monotonic() + delay_s
        how = describe_end(child.process.returncode)
        self.console.say(f"{child.name} ended ({how}); it is started again in {delay_s:g} s")

    def stop(self, children: Iterable[Child]) -> None:
        """Ask `children` to end, all at once; who takes too long is killed with all that it started."""
        asked = [child for child in children if child in self.children]
        for child in asked:
            child.signal_leader(child.stop_signal)
        begin = time.monotonic()
        while waiting := [child for child in asked if child.is_running()]:
            for child in waiting:
                if self.is_kill_asked or time.monotonic() > begin + child.stop_timeout_s:
                    child.kill_group()
            self.pump(0.1)
        for child in asked:
            if child.due_at is None:
                self.forget(child)
            else:
                self.children.remove(child)


def describe_end(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"
