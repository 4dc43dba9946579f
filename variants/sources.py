"""Where claims come from: the door through which the app that keeps files answers, without being imported here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q

from variants.models import Load
from variants.samples import Samples


@dataclass(frozen=True)
class FileRef:
    """A file that the reader may see, in the reading that a load was made of."""

    id: int
    name: str
    url: str
    reading: int = 0  # number of the reading, which stays its own when the file is read again
    is_past: bool = False  # another reading took its place

    def label_of(self, load: Load) -> str:
        """What its reader calls the load: the label is the name of the load's own file, which may be hidden from them."""
        return load.label if load.file_id == self.id else self.name

    def url_of(self, line: int) -> str:
        """The page of the file where the record of this physical line (from 1) stands."""
        reading = f"reading={self.reading:d}&" if self.is_past else ""
        return f"{self.url}?{reading}line={line}#line-{line}"


@dataclass(frozen=True)
class ClaimPlace:
    """Where in its file a claim stands: physical line, which ALT allele of it (both from 1), and its chromosome."""

    line: int
    alt_index: int
    chrom: str | None


@dataclass(frozen=True)
class Evidence:
    """What a claim's line says: column -> text as written, and the samples with the allele; None: not told."""

    raw: dict[str, str | None]
    samples: Samples | None


class SourceFiles(Protocol):
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        """Load id -> a file with the load's bytes, read as for the load, that `user` may read; loads without one are
        left out."""

    def readable_loads(self, user: Any) -> Q:
        """Of all loads, those for which `readable` has an answer: a condition on `Load`."""

    def evidence(self, ref: FileRef, load: Load, places: Iterable[ClaimPlace]) -> dict[ClaimPlace, Evidence]:
        """The rows of a load's claims, with one question to the file's table. `ref` is one that `readable` gave."""

    def checksum(self, user: Any, file_id: int) -> str | None:
        """SHA-256 of the file where `user` may read it, else None."""

    def kept(self, loads: Iterable[Load]) -> set[int]:
        """Of these loads, those whose lines can still be shown to who may read their file."""

    def withdrawn(self, file_id: int) -> None:
        """A load of this file was withdrawn: what was kept for its claims alone may go."""


class _NoFiles:
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        return {}

    def readable_loads(self, user: Any) -> Q:
        return Q(pk__in=[])

    def evidence(self, ref: FileRef, load: Load, places: Iterable[ClaimPlace]) -> dict[ClaimPlace, Evidence]:
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
