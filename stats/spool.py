"""The spool: files to which each process appends its hits before Redis or PostgreSQL hear of them.

A segment is `<uuid>.spool`, one JSON array a line, appended to by one process, which holds an flock on it
for as long as it writes there: a lock that is free means that the writer is gone or has moved on to the
next segment. A line is in the kernel before the answer leaves, so kill -9 takes no counted hit away; (uuid,
byte offset) names the hit wherever it goes later. Only the drainer deletes segments. No Django in here.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import orjson

SEGMENT_BYTES = 8 * 1024**2
READ_BYTES = 256 * 1024

log = logging.getLogger(__name__)

LONGEST_LINE = 4096  # bytes; ours are shorter, since long paths are cut


class BadLine(ValueError):
    """A line that no writer of ours wrote, or not all of it."""


class SpoolLine(NamedTuple):
    """One hit. `at_us`: microseconds since 1970 UTC, when the answer was ready. `lost_before`: hits that this
    process could not write down since its line before."""

    at_us: int
    method: str
    path: str
    route: str
    status: int
    duration_us: int
    user_id: int | None
    lost_before: int


_LAST_US = 4_102_444_800_000_000  # the year 2100


def parse(text: bytes) -> SpoolLine:
    """The hit on a line (without its newline). Raises BadLine; what it returns, PostgreSQL takes."""
    try:
        line = SpoolLine(*orjson.loads(text))
    except (ValueError, TypeError) as error:
        raise BadLine(str(error)) from error
    at_us, method, path, route, status, duration_us, user_id, lost_before = line
    if not (
        _is_number(at_us, _LAST_US)
        and _is_text(method, 16)
        # Path and route together must fit into an index row of PostgreSQL (2,704 bytes).
        and _is_text(path, 600)
        and _is_text(route, 300)
        and _is_number(status, 1000)
        and _is_number(duration_us, 2**31)
        and (user_id is None or _is_number(user_id, 2**63))
        and _is_number(lost_before, 2**31)
    ):
        raise BadLine("a value is not of its kind or too large")
    return line


def _is_number(value: object, below: int) -> bool:
    return type(value) is int and 0 <= value < below


def _is_text(value: object, most_bytes: int) -> bool:
    return type(value) is str and len(value.encode()) <= most_bytes and "\x00" not in value


class SpoolWriter:
    """This process's end of the spool; threads share it. `append` never raises and waits for no server."""

    _fd: int
    _size: int
    _looked_us: int

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.directory = Path(directory)
        self.unreported = 0  # hits lost since the last line that could be written
        self._segment_bytes = segment_bytes
        self._start_afresh()

    def append(
        self,
        at_us: int,
        method: str,
        path: str,
        route: str,
        status: int,
        duration_us: int,
        user_id: int | None,
    ) -> None:
        """Write one hit down. If that fails it is lost; the next line that succeeds says how many were."""
        with self._lock:
            try:
                fields = [at_us, method, path, route, status, duration_us, user_id, self.unreported]
                if self._fd < 0 or self._size >= self._segment_bytes or self._is_deleted(at_us):
                    self._open_segment()
                self._write(orjson.dumps(fields) + b"\n")
                self.unreported = 0
            except Exception as error:  # counting must never hurt a page
                self._lose(error)

    def lose(self, error: Exception) -> None:
        """Count one hit that could not be put into words."""
        with self._lock:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self.unreported += 1
        if self.unreported == 1:  # a full disk should not fill the log as well
            log.error("Hits are being lost: %s.", error)

    def close(self) -> None:
        """Let go of the segment; the next hit opens another."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def forget_parent(self) -> None:
        """In a forked child: leave the segment, and the losses to report, to the parent.

        The lock is new as well: another thread of the parent may have held it at the fork.
        """
        self.close()
        self.unreported = 0
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._fd = -1
        self._size = 0
        self._looked_us = 0

    def _write(self, line: bytes) -> None:
        written = os.write(self._fd, line)
        if written < len(line):
            self._cut_back()
            raise OSError("the disk is full")
        self._size += written

    def _is_deleted(self, now_us: int) -> bool:
        """Whether somebody deleted the segment, so that nobody would ever read it; looks once a second."""
        if abs(now_us - self._looked_us) < 1_000_000:
            return False
        self._looked_us = now_us
        return os.fstat(self._fd).st_nlink == 0

    def _cut_back(self) -> None:
        """Take half a line away again, so that the next one starts on a line of its own."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self.close()

    def _open_segment(self) -> None:
        self.close()
        self.directory.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        while True:
            fd = os.open(self.directory / f"{uuid4()}.spool", flags, 0o600)
            if _try_lock(fd) and os.fstat(fd).st_nlink:
                break
            os.close(fd)  # the drainer was quicker, and took it for abandoned; never wait for it here
        self._fd, self._size = fd, 0


_writers: dict[Path, SpoolWriter] = {}
_writers_lock = threading.Lock()


def writer_for(directory: Path) -> SpoolWriter:
    """The one writer that this process has for `directory`."""
    with _writers_lock:
        if directory not in _writers:
            _writers[directory] = SpoolWriter(directory)
        return _writers[directory]


def _forget_parents_writers() -> None:
    global _writers_lock
    _writers_lock = threading.Lock()
    for writer in _writers.values():
        writer.forget_parent()


os.register_at_fork(after_in_child=_forget_parents_writers)


class RawLine(NamedTuple):
    """`text` (without newline) starts at byte `start`; the next line starts at byte `end`."""

    start: int
    end: int
    text: bytes

    @property
    def is_cut_off(self) -> bool:
        """Without its newline: kill -9 can stop a write between two pages, before the answer has left."""
        return self.end - self.start == len(self.text)


def split(start: int, block: bytes) -> Iterator[RawLine]:
    """The lines of a block that begins at byte `start`; what follows the last newline is a line as well."""
    block_end = start + len(block)
    for text in block.split(b"\n"):  # not splitlines, which also cuts at a carriage return
        end = min(start + len(text) + 1, block_end)
        if start < block_end:
            yield RawLine(start, end, text)
        start = end


class Segment:
    """A segment opened for reading. `is_closed`: its writer is gone for good; `size` is then final."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.spool = UUID(path.stem)
        self._fd = fd
        self.is_closed = _try_lock(fd)  # before the size is read: once the lock is free, nothing is added
        self.size = os.fstat(fd).st_size

    def read(self, start: int, *, max_bytes: int = READ_BYTES) -> bytes:
        """Whole lines from byte `start` on, `max_bytes` at most; on disk before they are returned.

        A last line without its newline is left alone while the writer lives, and given once it is gone.
        """
        os.fdatasync(self._fd)
        block = os.pread(self._fd, max_bytes, start)
        is_last_ever = self.is_closed and start + len(block) >= self.size
        whole = block.rfind(b"\n") + 1
        is_endless = not whole and len(block) == max_bytes  # no line of ours is that long: give it in pieces
        return block if is_last_ever or is_endless else block[:whole]


def segment_paths(directory: Path) -> list[Path]:
    """Every segment in `directory`, whoever writes it; other files are left alone."""
    return sorted(path for path in Path(directory).glob("*.spool") if _is_uuid(path.stem))


@contextmanager
def open_segment(path: Path) -> Iterator[Segment]:
    """The segment, for reading. While it is open nobody can begin to write a closed one."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield Segment(path, fd)
    finally:
        os.close(fd)


def try_lock_drainer(directory: Path) -> int | None:
    """Become the one drainer of `directory`: the descriptor to keep open, or None while another one is at
    work.

    The lock ends with the process, however it ends.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    fd = os.open(directory / "drainer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _try_lock(fd):
        return fd
    os.close(fd)
    return None


def is_drainer_at_work(directory: Path) -> bool:
    """Whether some process is the drainer of `directory`."""
    try:
        fd = os.open(Path(directory) / "drainer.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
