"""What a file would become if it were read with other options: its first rows, at once and leaving nothing behind."""

import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from files.columns import described
from files.models import DataFile
from files.read_options import merged
from files.readers.errors import NotATable
from files.reading_process import ReaderDied, read_in_child, task_of
from files.rejects import Rejects
from files.store import Table
from project.common.problems import BadQuery, Busy

ROWS, REJECTS = 100, 20
LONGEST = 1_000  # characters of a cell, or of a rejected line, that are handed over
ROWS_BYTES = 1024**2  # of unpacked text that are read as rows; guesses look at as much as a whole reading's do
SECONDS = 10.0
AT_ONCE = 2  # in one process of the server
STALE_SECONDS = 3600.0  # a folder this old belongs to a process that was killed

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Preview:
    columns: list[dict[str, Any]]  # {"name", "type"}; the type as far as the rows read tell
    rows: list[tuple[int, list[Any]]]  # the first ones: line and cells, long cells cut (store.Cut)
    row_count: int  # of those that were read
    reading: dict[str, Any]
    warnings: list[dict[str, Any]]
    rejected: int
    rejects: list[dict[str, Any]]  # the first ones: {"line", "reason", "text"}
    chosen_types: dict[str, str]
    is_complete: bool  # all of the file was read, not its beginning


class _TimeIsUp(Exception):
    pass


def preview(file: DataFile, sent: Mapping[str, Any]) -> Preview:
    """The beginning of the file as it would be read with its choices and these options in their place.

    Raises BadQuery with the reader's sentence where it cannot be read so, Busy where AT_ONCE others are being made.
    """
    choices = merged(file, sent)
    if not _places.acquire(blocking=False):
        raise Busy("Other previews are being made. Ask again in a moment.", wait=2)
    try:
        with tempfile.TemporaryDirectory(prefix="preview-", dir=_room()) as folder:
            return _made(file, choices, Path(folder))
    finally:
        _places.release()


def _room() -> Path:
    """Where previews are made; what killed ones left there goes."""
    room = Path(settings.VAR_DIR) / "tmp"
    room.mkdir(parents=True, exist_ok=True)
    for left in room.glob("preview-*"):
        with suppress(FileNotFoundError):  # another preview ends
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    return room


def _made(file: DataFile, choices: dict[str, Any], folder: Path) -> Preview:
    end = time.monotonic() + SECONDS

    def report(fraction: float, sentence: str, rows: int) -> None:
        if time.monotonic() > end:
            raise _TimeIsUp

    task = task_of(file.original_path, folder, choices)
    task["limits"] = settings.READ_LIMITS | {"rows_bytes": ROWS_BYTES}
    try:
        outcome = read_in_child(task, report)
    except NotATable as error:
        raise BadQuery({"options": str(error)}) from error
    except _TimeIsUp:
        said = f"The preview took longer than {SECONDS:g} s and was broken off. The file can be read so all the same."
        raise BadQuery({"options": said}) from None
    except ReaderDied as error:
        raise BadQuery({"options": "The reader ended without a result: the file cannot be read so."}) from error
    table = Table(folder / "table", outcome["columns"])
    rejects = Rejects(folder / "rejects", outcome["reasons"]).page(offset=0, limit=REJECTS, longest=LONGEST)
    return Preview(
        columns=described(outcome["columns"], outcome["header"]),
        rows=table.slice(limit=ROWS, longest=LONGEST).rows,
        row_count=outcome["rows"],
        reading=outcome["reading"],
        warnings=outcome["warnings"],
        rejected=outcome["rejected"],
        rejects=[{"line": one.line, "reason": one.reason, "text": one.text} for one in rejects],
        chosen_types=choices.get("types", {}),
        is_complete=outcome["complete"],
    )
