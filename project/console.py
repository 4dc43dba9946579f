"""Lines of several processes on one stream: behind the name of who wrote them, or as JSON objects that name it."""

import contextlib
import os
import re
import sys
import zlib
from datetime import UTC, datetime
from typing import TextIO

import orjson

NAME_WIDTH = 8
COLOURS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
_LEVEL = re.compile(r"(?:^|# )\[?(WARNING|ERROR|FATAL|PANIC|CRITICAL)\b")


class Console:
    def __init__(self, stream: TextIO = sys.stdout, *, as_json: bool = False) -> None:
        self.stream = stream
        self.as_json = as_json
        self.is_coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        self.line("vardesk", text)

    def line(self, name: str, text: str) -> None:
        if self.as_json and not text.strip():
            return
        whole = json_line(name, text) if self.as_json else f"{self.prefix(name)} {text}"
        # A reader that went away (`make run | head`) is no reason to stop serving.
        with contextlib.suppress(OSError, ValueError):
            print(whole, file=self.stream, flush=True)

    def prefix(self, name: str) -> str:
        padded = f"{name:<{NAME_WIDTH}} |"
        if not self.is_coloured:
            return padded
        return f"\033[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{padded}\033[0m"


class QuietConsole(Console):
    """Says nothing: for commands whose own output is all that the reader wants."""

    def line(self, name: str, text: str) -> None:
        pass


def json_line(process: str, text: str) -> str:
    """`text` with the name of its process: a JSON object as it is, anything else as the message of a new one."""
    with contextlib.suppress(ValueError, TypeError):  # the latter: nested more deeply than it can be written again
        found = orjson.loads(text) if text.startswith("{") else None
        if isinstance(found, dict):
            return orjson.dumps(found | {"process": process}).decode()
    now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    level = found_level[1] if (found_level := _LEVEL.search(text)) else "INFO"
    # What is no JSON was decoded with errors="replace": there are no halves of surrogate pairs in it.
    return orjson.dumps({"time": now, "level": level, "process": process, "message": text}).decode()
