"""What the project's reader, and DuckDB's as a yardstick, make of a file."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from files.readers.choices import Choices, Limits
from files.readers.encoding import decode, find_encoding
from files.readers.errors import NotATable
from files.readers.findings import Outcome
from files.readers.parts import part_paths
from files.readers.reading import read_any
from files.readers.scan import Dialect, Scanner
from tools.robustness.case import Case, Found, Row, plain


def read(case: Case) -> Found:
    """What read_any makes of it."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "file")
        path.write_bytes(case.data)
        try:
            outcome = read_any(path, Path(place, "read"), Choices(), Limits(free_disk_bytes=0), lambda *_: None)
        except NotATable:
            return Found()
        rows = _rows(Path(place, "read", "table"))
    reading = outcome.reading
    return Found(
        rows=rows,
        header=[column["name"] for column in outcome.columns] if reading.get("header") else [],
        rejects=outcome.rejected,
        dialect={name: reading.get(name, "") for name in ("delimiter", "quote", "encoding")},
        records=outcome.rows + outcome.rejected + outcome.skipped + bool(reading.get("header")),
        cells_md5=cells_md5(case.data, outcome) if case.cells_md5 else None,
    )


def _rows(table: Path) -> list[Row]:
    slices: list[list[list[Any]]] = []  # a wide table's columns stand in several files
    for paths in part_paths(table):
        relation = duckdb.read_parquet([str(path) for path in paths]).order("line")
        slices.append([list(row[1:]) for row in relation.fetchall()])
    return [plain(sum(parts, [])) for parts in zip(*slices, strict=True)]


def cells_md5(data: bytes, outcome: Outcome) -> str:
    """MD5 of the whole file's cells in the dialect it was read in: 0x1F between cells, 0x1E behind each record."""
    reading = outcome.reading
    text = decode(data[find_encoding(data).mark :], reading["encoding"])
    escape = "\\" if reading["escape"] == "\\" else ""
    dialect = Dialect(reading["delimiter"], reading["quote"], escape, reading["runs"])
    records = Scanner(dialect, len(outcome.columns)).records(text, 1, final=True)
    written = "".join("\x1f".join(cell or "" for cell in record.cells) + "\x1e" for record in records)
    return hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()


def read_by_duckdb(case: Case) -> Found:
    """What DuckDB's sniffer and reader make of it, asked for texts and to get over what is damaged."""
    with tempfile.TemporaryDirectory() as place, duckdb.connect() as connection:
        path = Path(place, "file")
        path.write_bytes(case.data)
        try:
            relation = connection.read_csv(
                str(path), all_varchar=True, null_padding=True, ignore_errors=True, parallel=False, strict_mode=False
            )
            names, rows = list(relation.columns), [plain(list(row)) for row in relation.fetchall()]
            told = connection.execute("SELECT delimiter, quote, hasheader FROM sniff_csv(?)", [str(path)]).fetchone()
        except (duckdb.Error, UnicodeError):
            return Found()
    delimiter, quote, header = told or ("", "", False)
    dialect = {"delimiter": delimiter, "quote": "" if quote == "(empty)" else quote}
    return Found(rows=rows, header=names if header else [], dialect=dialect)
