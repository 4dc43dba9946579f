"""Lines of several processes on one terminal, each behind the name of who wrote it."""

import contextlib
import os
import sys
import zlib
from typing import TextIO

NAME_WIDTH = 8
COLOURS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)


class Console:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream
        self.is_coloured = stream.isatty() and "NO_COLOR" not in os.environ

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        self.line("vardesk", text)

    def line(self, name: str, text: str) -> None:
        # A reader that went away (`make run | head`) is no reason to stop serving.
        with contextlib.suppress(OSError, ValueError):
            print(f"{self.prefix(name)} {text}", file=self.stream, flush=True)

    def prefix(self, name: str) -> str:
        padded = f"{name:<{NAME_WIDTH}} |"
        if not self.is_coloured:
            return padded
        return f"\033[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{padded}\033[0m"


class QuietConsole(Console):
    """Says nothing: for commands whose own output is all that the reader wants."""

    def line(self, name: str, text: str) -> None:
        pass
