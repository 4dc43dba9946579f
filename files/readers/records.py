"""Records of a text table: where each begins, how many cells it has, and what is wrong with those that are no row."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from files.readers.dialect import Dialect, csv_reader, looks_quoted
from files.readers.errors import BadQuotes, NotATable
from files.readers.text import CHUNK, open_text

CELL_LIMIT = 16 * 1024**2  # characters; a longer cell is a quote that never ends
csv.field_size_limit(min(CELL_LIMIT, sys.maxsize))


@dataclass(frozen=True)
class Row:
    line: int  # physical line on which the record begins, from 1
    cells: list[str]
    lines: list[str]  # as written

    @property
    def text(self) -> str:
        """The record as the file has it, without its last line end."""
        return "".join(self.lines).rstrip("\r\n")


class _Lines:
    """The lines of a stream, remembering those taken since the last record began."""

    def __init__(self, stream: IO[str]):
        self._stream = iter(stream)
        self.number, self.taken = 0, list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.number += 1
        if "\0" in line:
            raise NotATable(f"Line {self.number} holds a NUL byte: the file is binary or damaged.")
        self.taken.append(line)
        return line

    def record(self) -> list[str]:
        taken, self.taken = self.taken, []
        return taken


def scan(path: Path, encoding: str, dialect: Dialect) -> Iterator[Row]:
    """Every record in file order, the header included. Lines with nothing on them are no records.

    Raises NotATable naming the line: BadQuotes for broken quoting, plain for what is no text.
    """
    with open_text(path, encoding) as stream:
        lines = _Lines(stream)
        reader = csv_reader(lines, dialect.delimiter, quoted=dialect.quoted, strict=True)
        while True:
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadQuotes(
                    f"Line {line}: the quoting is broken ({error}). A quoted cell must end with a quote before the next"
                    " delimiter, and a quote inside it must be doubled."
                ) from error
            except UnicodeDecodeError as error:
                raise NotATable(
                    f"Near line {line}: the bytes are not {encoding}, which the file's start says."
                ) from error
            taken = lines.record()
            if cells:
                yield Row(line, cells, taken)


def is_quoted(path: Path, encoding: str, delimiter: str) -> bool:
    """Whether any cell of the whole file begins with a double quote."""
    with open_text(path, encoding) as stream:
        before = "\n"
        while chunk := stream.read(CHUNK):
            if '"' in chunk and looks_quoted(before + chunk, delimiter):
                return True
            before = chunk[-1]
    return False


def column_names(cells: list[str]) -> tuple[list[str], list[int]]:
    """Names for every column: empty ones get `column_3`, repeated ones `name_2`. Returns them and the places changed."""
    names: list[str] = []
    changed, taken = [], set()
    for place, cell in enumerate(cells, start=1):
        name = wanted = cell.strip() or f"column_{place}"
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{wanted}_{number}"
        if name != cell.strip():
            changed.append(place)
        taken.add(name.lower())
        names.append(name)
    return names, changed
