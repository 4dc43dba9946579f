"""A process that reads one file and tells its parent how far it is: `python -m files.readers.child`.

A hostile file takes this process down, not the worker that started it. The task comes as one line of JSON on standard
input, what happens goes out as lines of JSON on standard output: {"at": [fraction, sentence, rows]}, and at the end
{"done": {...}} or {"failed": "sentence"}. It ends with its parent: an end of the input ends it.
"""

import errno
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import IO, Any, NoReturn

TOO_LITTLE_MEMORY = "too little memory"
DISK_FULL = "Reading stopped: the disk is full. Ask the administrator to make room."


def main() -> None:
    tell = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no message of ours
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bound_memory(task["memory"])
    try:
        said: dict[str, Any] = {"done": _read(task, tell)}
    except MemoryError:
        said = {"failed": TOO_LITTLE_MEMORY}
    _tell(tell, said)
    # Not by a normal exit: threads of a library could keep a process alive whose work is done.
    os._exit(0)


def _read(task: dict[str, Any], tell: IO[str]) -> dict[str, Any]:
    import duckdb

    from files.readers.chosen_types import take_types
    from files.readers.errors import NotATable
    from files.readers.mangled import mangled_genes
    from files.readers.reading import Choices, Limits, read_any
    from files.readers.types import infer_types

    def report(fraction: float, sentence: str, rows: int) -> None:
        _tell(tell, {"at": [fraction, sentence, rows]})

    path, folder = Path(task["path"]), Path(task["folder"])
    try:
        choices = Choices(**task["choices"])
        outcome = read_any(path, folder, choices, Limits(**task["limits"]), report)
        if not outcome.types_told:
            report(0.95, "Looking at the columns", outcome.rows)
            kinds = infer_types(folder / "table", len(outcome.columns))
            outcome.columns = [column | {"type": kind} for column, kind in zip(outcome.columns, kinds, strict=True)]
        take_types(outcome, folder / "table", choices.types)
        outcome.reading["chosen"] = choices.chosen
        if outcome.format not in ("vcf", "bcf"):
            outcome.warnings += mangled_genes(folder / "table", outcome.columns)
    except NotATable as error:
        _fail(tell, str(error))
    except OSError as error:  # the bytes are gone, say: nothing that the file's text could be in
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        _fail(
            tell, DISK_FULL if full else f"Reading broke off: {error.strerror}. Ask the administrator, then try again."
        )
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.IOException as error:
        if "No space left" not in str(error):
            raise
        _fail(tell, DISK_FULL)
    return outcome.as_dict()


def _fail(tell: IO[str], sentence: str) -> NoReturn:
    _tell(tell, {"failed": sentence})
    os._exit(0)


def _tell(stream: IO[str], said: dict[str, Any]) -> None:
    stream.write(json.dumps(said) + "\n")
    stream.flush()


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


def _bound_memory(most: int) -> None:
    """At most so many bytes of data, where the system can bound them (Linux does)."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
