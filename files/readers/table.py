"""Text tables: told, scanned, written, counted."""

from collections.abc import Callable
from pathlib import Path

from files.readers.choices import Choices
from files.readers.findings import Outcome
from files.readers.source import Source


def read_table(source: Source, folder: Path, choices: Choices, report: Callable[[float, str, int], None]) -> Outcome:
    raise NotImplementedError
