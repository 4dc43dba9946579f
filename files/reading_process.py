"""Reads a file in a child process with a memory limit, and stops it when the job is cancelled."""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

from django.conf import settings

from files.readers.child import TOO_LITTLE_MEMORY
from files.readers.environment import harmless_environment
from files.readers.errors import NotATable

TICK_SECONDS = 1.0  # a cancelled job stops within this and the time of one question to the database


class ReaderDied(Exception):
    """The child ended without a result: a defect of ours or of a library, or somebody killed it."""


def read_in_child(task: dict[str, Any], report: Callable[[float, str, int], None]) -> dict[str, Any]:
    """`task`: path, folder, choices, limits. Returns the outcome as a dict; `report` may raise to stop the reading.

    Raises NotATable with a sentence for the user, ReaderDied with what the child wrote to its standard error.
    """
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "files.readers.child"], cwd=settings.BASE_DIR, env=harmless_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        with child:
            try:
                said = _converse(child, task | {"memory": settings.READ_MEMORY_BYTES}, report)
            finally:
                child.kill()
        if said is None:
            _tell_of_death(child.returncode, errors)
    if "failed" in said:
        raise NotATable(_sentence(said["failed"]))
    return dict(said["done"])


def _converse(
    child: subprocess.Popen[bytes], task: dict[str, Any], report: Callable[[float, str, int], None]
) -> dict[str, Any] | None:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:  # it died at its start; what it wrote to its standard error says why
        return None
    return _listen(child.stdout, report)


def _listen(stream: IO[bytes], report: Callable[[float, str, int], None]) -> dict[str, Any] | None:
    """What the child said last, None where it died before. Calls `report` at least once a tick."""
    at: list[Any] = [0.0, "Reading", 0]
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        pending = b""
        while True:
            if selector.select(TICK_SECONDS):
                chunk = os.read(stream.fileno(), 1 << 20)
                if not chunk:
                    return None
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    said = json.loads(line)
                    if "at" not in said:
                        return dict(said)
                    at = said["at"]
            report(*at)


def _tell_of_death(code: int, errors: IO[bytes]) -> NoReturn:
    """What the child wrote to its standard error may hold a cell: it goes to the exception, not into a log."""
    if -code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):  # libraries end so where they get no memory
        raise NotATable(_sentence(TOO_LITTLE_MEMORY))
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4000))
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    raise ReaderDied(f"ended with {ended}: {errors.read().decode(errors='replace')}")


def _sentence(failed: str) -> str:
    if failed != TOO_LITTLE_MEMORY:
        return failed
    return (
        f"Reading needed more than {settings.READ_MEMORY_BYTES // 1024**2:,} MB of memory, which is the limit"
        " (READ_MEMORY_BYTES), and broke off. Very long cells, very many columns or a large workbook do that, also one"
        " with a single cell far from the others. Of a workbook, upload the sheet as CSV."
    )


def task_of(path: Path, folder: Path, choices: dict[str, Any]) -> dict[str, Any]:
    return {"path": str(path), "folder": str(folder), "choices": choices, "limits": settings.READ_LIMITS}
