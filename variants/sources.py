"""Where claims come from: the door through which the app that keeps files answers, without being imported here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from variants.models import Load


@dataclass(frozen=True)
class FileRef:
    """A file that the reader may see."""

    id: int
    name: str
    url: str


class SourceFiles(Protocol):
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        """Load id -> a file with the load's bytes that `user` may read; loads without one are left out."""

    def raw_lines(self, file_id: int, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        """Line number -> the row as written, column -> text. The caller has asked `readable` first."""

    def checksum(self, user: Any, file_id: int) -> str | None:
        """SHA-256 of the file where `user` may read it, else None."""


class _NoFiles:
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        return {}

    def raw_lines(self, file_id: int, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        return {}

    def checksum(self, user: Any, file_id: int) -> str | None:
        return None


_provider: SourceFiles = _NoFiles()


def register(provider: SourceFiles) -> None:
    global _provider
    _provider = provider


def files() -> SourceFiles:
    return _provider
