"""Records of a text table: where each begins, how many cells it has, and what is wrong with those that are no row."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from files.readers.dialect import Dialect, csv_reader
from files.readers.errors import NotATable
from files.readers.text import open_text

CELL_LIMIT = 16 * 1024**2  # characters; a longer cell is a quote that never ends
csv.field_size_limit(min(CELL_LIMIT, sys.maxsize))


@dataclass(frozen=True)
class Row:
    line: int  # physical line on which the record begins, from 1
    cells: list[str]


def scan(path: Path, encoding: str, dialect: Dialect) -> Iterator[Row]:
    """Every record in file order, the header included. Lines with nothing on them are no records."""
    with open_text(path, encoding) as stream:
        reader = csv_reader(stream, dialect.delimiter, quoted=dialect.quoted)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise NotATable(f"Line {line}: {error}. A quoted cell that begins there may never end.") from error
            if cells:
                yield Row(line, cells)


def column_names(cells: list[str]) -> tuple[list[str], list[int]]:
    """Names for every column: empty ones get `column_3`, repeated ones `name_2`. Returns them and the changed places."""
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
