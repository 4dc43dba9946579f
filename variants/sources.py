"""Where claims come from: the door through which the app that keeps files answers, without being imported here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from variants.models import Load


@dataclass(frozen=True)
class FileRef:
    """A file that the reader may see, in the reading that a load was made of."""

    id: int
    name: str
    url: str
    reading: int = 0  # number of the reading, which stays its own when the file is read again
    is_past: bool = False  # another reading took its place

    def url_of(self, line: int) -> str:
        """The page of the file where the record of this physical line (from 1) stands."""
        reading = f"reading={self.reading:d}&" if self.is_past else ""
        return f"{self.url}?{reading}line={line}#line-{line}"


class SourceFiles(Protocol):
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        """Load id -> a file with the load's bytes, read as for the load, that `user` may read; loads without one are
        left out."""

    def raw_lines(self, ref: FileRef, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        """Line number -> the row as written, column -> text. `ref` is one that `readable` gave."""

    def checksum(self, user: Any, file_id: int) -> str | None:
        """SHA-256 of the file where `user` may read it, else None."""

    def kept(self, loads: Iterable[Load]) -> set[int]:
        """Of these loads, those whose lines can still be shown to who may read their file."""

    def withdrawn(self, file_id: int) -> None:
        """A load of this file was withdrawn: what was kept for its claims alone may go."""


class _NoFiles:
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        return {}

    def raw_lines(self, ref: FileRef, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        return {}

    def checksum(self, user: Any, file_id: int) -> str | None:
        return None

    def kept(self, loads: Iterable[Load]) -> set[int]:
        return set()

    def withdrawn(self, file_id: int) -> None:
        pass


_provider: SourceFiles = _NoFiles()


def register(provider: SourceFiles) -> None:
    global _provider
    _provider = provider


def files() -> SourceFiles:
    return _provider
