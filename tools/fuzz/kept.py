"""Readings whose tables stay in memory: writing and reading Parquet takes 29 ms of 30, and is not what is fuzzed."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from files.readers.fast import Run
from files.readers.findings import Outcome
from files.tests.promises import Reading

_LINE_END = re.compile(r"\r\n|\n|\r")


class KeptRows:
    """Takes records as TableWriter does; `rows` are (line, cells...). Clean runs are read by Python's csv module."""

    def __init__(self, folder: Path, width: int, *, delimiter: str = "\t", quoted: bool = False, quote: str = '"'):
        self.width, self.delimiter, self.quote = width, delimiter, quote if quoted else None
        self.rows: list[tuple[Any, ...]] = []
        self.tables[folder.name] = self

    tables: dict[str, "KeptRows"] = {}

    @property
    def count(self) -> int:
        return len(self.rows)

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        if len(cells) != self.width or (self.rows and line <= self.rows[-1][0]):
            raise ValueError(f"line {line}: {len(cells)} cells for {self.width} columns")
        "".join(cell or "" for cell in cells).encode()
        self.rows.append((line, *cells))

    def add_lines(self, first_line: int, data: bytes, count: int, longest: int) -> None:
        for line, record in enumerate(data.decode().removesuffix("\n").split("\n"), start=first_line):
            self.add(line, [cell or None for cell in record.split(self.delimiter)])

    def add_run(self, first_line: int, data: bytes, run: Run) -> None:
        text = io.StringIO(data[run.begin : run.end].decode(), newline="")
        quoting: dict[str, Any] = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        line, before = first_line, self.count
        for cells in csv.reader(text, delimiter=self.delimiter, strict=True, **quoting):
            self.add(line, [cell or None for cell in cells])
            line += 1 + sum(len(_LINE_END.findall(cell)) for cell in cells)
        if (self.count - before, line - first_line) != (run.records, run.lines):
            raise ValueError(f"{self.count - before} records on {line - first_line} lines, not {run}")

    def close(self) -> int:
        return self.count


@contextmanager
def in_memory() -> Iterator[None]:
    """Tables are kept as KeptRows, and nothing is asked of the Parquet files that are not there."""
    writers = ["files.readers.table", "files.readers.findings", "files.readers.vcf.reading"]
    with ExitStack() as patches:
        for module in writers:
            patches.enter_context(patch(f"{module}.TableWriter", new=KeptRows))
        patches.enter_context(patch("files.readers.vcf.reading.check_written", new=lambda *said: set()))
        yield


def read_in_memory(data: bytes, read: Callable[[Path, Path], Outcome]) -> Reading:
    """`read` takes the path of a file with these bytes and a folder to write to. Raises NotATable."""
    with TemporaryDirectory(prefix="vardesk-fuzz-") as name, in_memory():
        folder = Path(name)
        (folder / "upload").write_bytes(data)
        outcome = read(folder / "upload", folder)
    return Reading(outcome, KeptRows.tables["table"].rows, KeptRows.tables["rejects"].rows)
