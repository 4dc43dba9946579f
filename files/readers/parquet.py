"""Parquet in, a table of text out. DuckDB reads and writes; nothing of a value passes through Python.

Each slice of columns is one file for all rows, not parts as TableWriter makes them: those are needed where text comes in
record by record. DuckDB streams: it holds 2,048 rows of a slice, and a row group of what it writes.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from files.readers.choices import Limits
from files.readers.errors import NotATable
from files.readers.findings import Findings, Outcome
from files.readers.names import column_names
from files.readers.parquet_text import Column, column_of
from files.readers.parts import (
    GROUP_BYTES,
    GROUP_CELLS,
    MEMORY_LIMIT,
    ROW_GROUP,
    SLICE,
    VECTOR,
    quoted,
    sql_text,
    to_read,
)

Report = Callable[[float, str, int], None]

MOST_REJECTS = 1_000_000  # held in memory
SHOWN = 200  # characters of each cell in the text of a reject
BOUNDED_ROWS = VECTOR  # of a reading with limits.rows_bytes: what weighs how much is known only once it is read
DISK_SECONDS = 1.0  # between two looks at the disk
TOO_LONG, NUL = "cell too long", "NUL character"
DAMAGED = "The Parquet file is damaged, or holds what cannot be read. Write it anew, or export the table as CSV."


def is_parquet(path: Path) -> bool:
    """By its first bytes, and its last ones, for a text may begin so. Of one that is cut off: by a NUL among the first."""
    with path.open("rb") as stream:
        head = stream.read(1024)
        stream.seek(max(0, path.stat().st_size - 4))
        tail = stream.read(4)
    return head[:4] in (b"PAR1", b"PARE") and (tail == head[:4] or b"\0" in head)


def read_parquet(path: Path, folder: Path, limits: Limits, report: Report) -> Outcome:
    """Reads `path` into `folder`/table and its rejects into `folder`/rejects. The line of a row is its number, from 1.

    Raises NotATable with a sentence, duckdb.OutOfMemoryException.
    """
    with path.open("rb") as stream:
        encrypted = stream.read(4) == b"PARE"
        stream.seek(max(0, path.stat().st_size - 4))
        whole = stream.read() in (b"PAR1", b"PARE")
    if encrypted:
        raise NotATable("The Parquet file is encrypted. Write it without encryption.")
    if not whole:
        raise NotATable("The Parquet file is cut off: its end is missing. Upload a whole copy of it.")
    with _connected(path, folder) as db:
        try:
            return _Reading(db, path, folder, limits, report).run()
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            raise
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise
            raise NotATable(_said(str(error))) from error


def _said(message: str) -> str:
    """A sentence for what DuckDB says, which may quote values."""
    if "ncrypt" in message:
        return "The Parquet file is encrypted. Write it without encryption."
    if "string encoding" in message or "UTF" in message:
        return "The Parquet file holds text that is not UTF-8. Write it anew, or export the table as CSV."
    return DAMAGED


@contextmanager
def _connected(path: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that reaches this file and this folder, and nothing else: no extension, no address."""
    config: dict[str, Any] = {
        "threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": str(folder / "spill.tmp"),
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    with duckdb.connect(":memory:", config=config) as db:
        db.execute("SET TimeZone = 'UTC'")
        # Under both of its names: as a pattern to read by, and as itself.
        db.execute(f"SET allowed_paths = [{sql_text(str(path))}, {quoted(path)}]")
        folders = f"{sql_text(str(folder) + '/')}, {sql_text(to_read(folder) + '/')}"
        db.execute(f"SET allowed_directories = [{folders}]")
        db.execute("SET enable_external_access = false")
        db.execute("SET lock_configuration = true")
        yield db


class _Reading:
    def __init__(self, db: duckdb.DuckDBPyConnection, path: Path, folder: Path, limits: Limits, report: Report):
        self._db, self._path, self._folder, self._limits, self._report = db, path, folder, limits, report
        self._size = path.stat().st_size
        self._findings = Findings(folder / "rejects")
        self._rejected: dict[int, tuple[str, str, int]] = {}  # line -> kind, reason, place of the column
        self._text_bytes = 0
        self._complete = True

    def run(self) -> Outcome:
        rows, written = self._counted()
        self._columns = self._described()
        names, unnamed, repeated = column_names(written)
        slices = [range(at, min(at + SLICE, len(names))) for at in range(0, len(names), SLICE)]
        heaviest = [self._weigh(columns, rows) for columns in slices]
        (self._folder / "table").mkdir()
        lines = sorted(self._rejected)
        for number, columns in enumerate(slices):
            self._report(0.3 + 0.6 * number / len(slices), "Writing the table", rows)
            self._write(number, columns, lines, heaviest[number], rows - len(lines))
        self._reject(lines, names)
        self._warn(names, unnamed, repeated, rows)
        self._findings.close()
        return Outcome(
            format="parquet", rows=rows - len(lines), rejected=len(lines), skipped=0, padded=0,
            columns=[{"name": name, "type": column.kind} for name, column in zip(names, self._columns, strict=True)],
            reading={"compression": None, "member": None, "types": "told by the file", "line_numbers": "rows, from 1"},
            warnings=self._findings.warnings, reasons=self._findings.reasons, types_told=True, complete=self._complete,
        )  # fmt: skip

    def _counted(self) -> tuple[int, list[str]]:
        """How many rows there are, and the names of the columns as written: DuckDB changes those that are alike."""
        path = quoted(self._path)
        [(said,)] = self._db.execute(f"SELECT num_rows FROM parquet_file_metadata({path})").fetchall()
        schema = self._db.execute(f"SELECT name, num_children FROM parquet_schema({path})").fetchall()
        names, at = [], 1
        for _ in range(schema[0][1] or 0):
            names.append(schema[at][0] or "")
            left = 1
            while left:  # the column and all that is nested in it
                left += (schema[at][1] or 0) - 1
                at += 1
        if not names:
            raise NotATable("The Parquet file has no columns.")
        if len(names) > self._limits.columns:
            raise NotATable(f"The table has {len(names):,} columns; the limit is {self._limits.columns:,}.")
        [(rows,)] = self._db.execute(f"SELECT count(*) FROM {self._read(len(names))}").fetchall()
        if rows != said:
            raise NotATable(f"The Parquet file is damaged: it says {said:,} rows and has {rows:,}.")
        if self._limits.rows_bytes is not None and rows > BOUNDED_ROWS:
            rows, self._complete = BOUNDED_ROWS, False
        self._refuse_bomb(rows * len(names))
        return rows, names

    def _read(self, width: int) -> str:
        places = ", ".join(f"v{place}" for place in range(width))
        source = f"read_parquet({quoted(self._path)}, hive_partitioning=false)"
        return f"{source if self._complete else f'(FROM {source} LIMIT {BOUNDED_ROWS:d})'} AS t({places})"

    def _refuse_bomb(self, size: int) -> None:
        if size > self._limits.ratio_free_bytes and size > self._limits.ratio * self._size:
            raise NotATable(
                f"The Parquet file unpacks to more than {self._limits.ratio} times its size, {size:,} bytes of text. Export"
                " the table as CSV, or in pieces."
            )

    def _described(self) -> list[Column]:
        found = self._db.sql(f"SELECT * FROM read_parquet({quoted(self._path)}, hive_partitioning=false)")
        return [column_of(sql_type) for sql_type in found.types]

    def _texts(self, columns: range) -> str:
        """SQL of the rows of these columns as text: `line`, c0, c1, ..."""
        cells = ", ".join(f"{self._columns[n].text_of(f'v{n}')} AS c{n}" for n in columns)
        return f"SELECT row_number() OVER () AS line, {cells} FROM {self._read(len(self._columns))}"

    def _weigh(self, columns: range, rows: int) -> int:
        """Bytes of the heaviest VECTOR rows; notes what cannot be a row."""
        names = [f"c{n}" for n in columns]
        longest = f"greatest({', '.join(f'strlen({name})' for name in [*names, names[0]])})"
        nul = f"contains(concat({', '.join(names)}), chr(0))"
        bad = f"({longest} > {self._limits.cell_bytes:d} OR {nul})"
        self._report(0.3 * columns.start / len(self._columns), "Looking at the rows", 0)
        found = self._db.execute(
            f"SELECT sum(strlen(concat({', '.join(names)}))), count(*) FILTER ({bad}) FROM ({self._texts(columns)})"
            f" GROUP BY (line - 1) // {VECTOR}"
        ).fetchall()
        self._text_bytes += sum(int(size or 0) for size, _ in found)
        self._refuse_bomb(self._text_bytes)
        if any(count for _, count in found):
            self._find_rejects(columns, bad)
        return max((int(size or 0) for size, _ in found), default=0)

    def _find_rejects(self, columns: range, bad: str) -> None:
        cells = ", ".join(f"[strlen(c{n}), contains(c{n}, chr(0))::BIGINT]" for n in columns)
        found = self._db.execute(
            f"SELECT line, [{cells}] FROM ({self._texts(columns)}) WHERE {bad} LIMIT {MOST_REJECTS + 1:d}"
        )
        while some := found.fetchmany(VECTOR):
            for line, looks in some:
                for place, (length, has_nul) in zip(columns, looks, strict=True):
                    if length and (length > self._limits.cell_bytes or has_nul):
                        kind = TOO_LONG if length > self._limits.cell_bytes else NUL
                        reason = (
                            "A cell is longer than the limit." if kind == TOO_LONG else "A text holds a NUL character."
                        )
                        self._rejected.setdefault(line, (kind, reason, place))
                        break
            if len(self._rejected) > MOST_REJECTS:
                raise NotATable(f"More than {MOST_REJECTS:,} rows hold a cell that cannot be kept: it is no table.")

    def _write(self, number: int, columns: range, without: list[int], heaviest: int, rows: int) -> None:
        path = self._folder / "table" / f"00000-{number:02d}.parquet"
        vectors = min(ROW_GROUP // VECTOR, GROUP_CELLS // (VECTOR * len(columns)))
        if heaviest * (ROW_GROUP // VECTOR) > GROUP_BYTES:
            vectors = min(vectors, GROUP_BYTES // max(heaviest, 1))
        where = "WHERE line NOT IN (SELECT unnest($lines::BIGINT[]))" if without else ""
        with self._watched_disk():
            self._db.execute(
                f"COPY (SELECT * FROM ({self._texts(columns)}) {where}) TO {sql_text(str(path))}"
                f" (FORMAT parquet, ROW_GROUP_SIZE {VECTOR * max(1, vectors)}, COMPRESSION snappy)",
                {"lines": without} if without else None,
            )
        [(count,)] = self._db.execute(f"SELECT count(*) FROM read_parquet({quoted(path)})").fetchall()
        if count != rows:
            raise RuntimeError(f"{rows} rows were to be written, but {count} were")

    @contextmanager
    def _watched_disk(self) -> Iterator[None]:
        """Breaks off before the disk is full. Raises NotATable then."""
        done, full = threading.Event(), threading.Event()

        def watch() -> None:
            while not full.is_set():
                if shutil.disk_usage(self._folder).free < self._limits.free_disk_bytes:
                    full.set()
                    self._db.interrupt()
                if done.wait(DISK_SECONDS):
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except duckdb.InterruptException:
            if not full.is_set():
                raise
        finally:
            done.set()
            watcher.join()
        if full.is_set():
            raise NotATable("Reading stopped: the disk is almost full. Ask the administrator to make room.")

    def _reject(self, lines: list[int], names: list[str]) -> None:
        if not lines:
            return
        some = range(min(SLICE, len(names)))
        cells = ", ".join(f"left(replace(c{n}, chr(0), ''), {SHOWN})" for n in some)
        found = self._db.execute(
            f"SELECT line, concat_ws(chr(9), {cells}) FROM ({self._texts(some)}) WHERE line IN (SELECT unnest($lines::BIGINT[]))"
            " ORDER BY line",
            {"lines": lines},
        )
        while some_found := found.fetchmany(VECTOR):
            for line, text in some_found:
                kind, reason, place = self._rejected[line]
                self._findings.reject(line, None, kind, reason, text, names[place])

    def _warn(self, names: list[str], unnamed: list[int], repeated: list[int], rows: int) -> None:
        warn = self._findings.warn
        if blobs := [name for name, column in zip(names, self._columns, strict=True) if column.is_bytes]:
            warn(
                "bytes", f"Columns of bytes are shown as hexadecimal digits: {', '.join(blobs[:5])}.", None, len(blobs)
            )
        if unnamed:
            shown = ", ".join(names[place - 1] for place in unnamed[:5])
            warn("unnamed_columns", f"Columns without a name were called {shown}.", None, len(unnamed))
        if repeated:
            shown = ", ".join(names[place - 1] for place in repeated[:5])
            warn("repeated_names", f"Names that come more than once were changed to {shown}.", None, len(repeated))
        if not rows:
            warn("no_rows", "The file names columns and holds no rows.")
