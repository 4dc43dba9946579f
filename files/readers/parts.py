"""Clean records in, Parquet out: a table is a folder of parts, and a wide part has a file for each slice of columns.

Columns are called c0, c1, ... inside (names of files clash: `Gene` and `gene`); `line` is the physical line, from 1.
Every choice of a CSV reader is made before DuckDB sees a record, and what it wrote is counted afterwards.
"""

import glob
import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from files.readers.fast import CR, LF, Positions, Run

PART_BYTES = 256 * 1024**2  # of clean text on the disk before it becomes Parquet
SLICE = 400  # columns in one Parquet file: DuckDB's memory grows with the columns that it holds at once
VECTOR = 2_048  # rows that DuckDB holds at least, and the unit of its row groups
ROW_GROUP = 10 * VECTOR
GROUP_CELLS = 1_000_000
GROUP_BYTES = 32 * 1024**2
HEAVY_BYTES = 26 * 1024**2  # of VECTOR records; a part with heavier ones must itself be small
HEAVY_PART_BYTES = 48 * 1024**2
COPIES = 6  # how often DuckDB holds a cell on its way from text to Parquet; the text of other slices it holds once
LEAST_BUFFER = 4 * 1024**2
# DuckDB keeps what it has read of the text for as long as it may, so the first try allows little.
MEMORY_LIMITS = ("200MB", "1GB")
MEMORY_LIMIT = MEMORY_LIMITS[-1]
BUFFERED = 1 << 20


def to_read(path: Path) -> str:
    """The path as DuckDB's readers take it: in a folder called `l[1]` they would read the files of `l1`."""
    return glob.escape(str(path))


def quoted(path: Path) -> str:
    """SQL of a path to read."""
    return sql_text(to_read(path))


def part_paths(folder: Path) -> list[list[Path]]:
    """The table's Parquet files: one list a slice of columns, each in the order of the lines."""
    slices: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.parquet")):
        slices.setdefault(path.stem.split("-")[1], []).append(path)
    return [slices[name] for name in sorted(slices)]


class Heaviest:
    """The most bytes that any `rows` records in a row can have, told from blocks of records as they come."""

    def __init__(self, rows: int):
        self.rows, self.bytes = rows, 0
        self._blocks: deque[tuple[int, int]] = deque()  # those that a stretch of `rows` ending in the last one touches
        self._count = self._size = self._longest = 0

    def add(self, count: int, size: int, longest: int) -> None:
        size = min(size, self.rows * longest)
        self._blocks.append((count, size))
        self._count, self._size = self._count + count, self._size + size
        while self._count - self._blocks[0][0] - count + 1 >= self.rows and len(self._blocks) > 1:
            gone = self._blocks.popleft()
            self._count, self._size = self._count - gone[0], self._size - gone[1]
        self._longest = max(self._longest, longest)
        self.bytes = max(self.bytes, min(self._size, self.rows * self._longest))


class TableWriter:
    """Collects clean records and writes them as Parquet parts into `folder`, in the order given.

    A clean record is UTF-8, ends with one `\\n`, has exactly `width` cells, and comes in rising line order. With
    `quoted`, a cell may stand in `quote` (a doubled one inside is one) and then hold anything; `""` is an
    empty text, nothing is null. Without, a cell is what stands between delimiters and holds no `\\r`; nothing is null.
    """

    def __init__(self, folder: Path, width: int, *, delimiter: str = "\t", quoted: bool = False, quote: str = '"'):
        self.folder, self.width, self.quoted = folder, width, quoted
        self.count = 0  # records taken
        self._delimiter, self._quote = delimiter.encode(), quote.encode()
        folder.mkdir(parents=True, exist_ok=True)
        self._scratch = folder / "clean.tmp"
        self._stream: IO[bytes] | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._parts = 0
        self._line = 0  # of the record taken last
        self._begin_part()

    def _begin_part(self) -> None:
        self._stream = self._scratch.open("wb", buffering=0)
        self._before, self._rows, self._bytes, self._longest = self._line, 0, 0, 0
        self._vector, self._group = Heaviest(VECTOR), Heaviest(ROW_GROUP)

    def add_lines(self, first_line: int, data: bytes, count: int, longest: int) -> None:
        """`count` clean records, one on each physical line from `first_line` on.

        `longest` is the length in bytes of the longest; a larger number costs memory, a smaller one the job.
        """
        if not count:
            return
        self._make_room(len(data), longest)
        self._flush()
        self._write(self._jump(first_line) + self._delimiter)
        # Each record begins with one more cell: how many lines lie between it and the one before, as a rule none.
        self._write(memoryview(data.replace(b"\n", b"\n" + self._delimiter))[: -len(self._delimiter)])
        self._line = first_line + count - 1
        self._weigh(count, len(data), longest)
        self._took(count, longest)

    def add_run(self, first_line: int, data: bytes, run: Run) -> None:
        """A clean run of `data`, whose first record begins on the physical line `first_line`."""
        if not run.clean:
            raise ValueError(f"line {first_line}: not a clean run")
        piece = data if len(data) == run.end - run.begin else data[run.begin : run.end]
        if run.ends is None:  # each line is a record, so each \r\n ends one
            self.add_lines(first_line, piece.replace(b"\r\n", b"\n") if run.crlf else piece, run.records, run.longest)
            return
        self._make_room(len(piece), run.longest)
        self._flush()
        text, between = with_jumps(piece, run.ends - run.begin, self._delimiter, crlf=run.crlf)
        self._write(self._jump(first_line) + self._delimiter)
        self._write(text.data)
        self._line = first_line + between
        self._weigh(run.records, len(piece), run.longest)
        self._took(run.records, run.longest)

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """One record, by its cells; None is null. Raises ValueError where it has not `width` cells."""
        if len(cells) != self.width:
            raise ValueError(f"line {line}: {len(cells)} cells for {self.width} columns")
        texts = [self._cell(cell) for cell in cells]
        size = sum(map(len, texts)) + self.width
        self._make_room(size, size)
        record = self._delimiter.join([self._jump(line), *texts]) + b"\n"
        self._pending.append(record)
        self._pending_bytes += len(record)
        self._line = line
        self._weigh(1, size, size)
        self._took(1, len(record))

    def _cell(self, cell: str | None) -> bytes:
        if cell is None:
            return b""
        data = cell.encode()
        if self.quoted:
            return self._quote + data.replace(self._quote, 2 * self._quote) + self._quote
        if b"\n" in data or b"\r" in data or self._delimiter in data:
            raise ValueError("a cell without quotes cannot hold a delimiter or a line end")
        return data

    def _jump(self, line: int) -> bytes:
        between = line - self._line - 1
        if between < 0:
            raise ValueError(f"line {line} came after line {self._line}")
        return b"%d" % between if between else b""

    def _make_room(self, size: int, longest: int) -> None:
        """Ends the part where `size` bytes more, with a record of `longest` among them, would be too much for it."""
        heaviest = max(self._vector.bytes, min(self._vector.bytes + size, VECTOR * max(self._longest, longest)))
        limit = PART_BYTES if self._weight(heaviest) <= HEAVY_BYTES else HEAVY_PART_BYTES
        if self._rows and self._bytes + self._pending_bytes + size > limit:
            self._end_part()
            self._begin_part()

    def _weight(self, size: int) -> float:
        """What `size` bytes of text cost DuckDB at once, as bytes of a table of one slice."""
        share = min(1.0, SLICE / max(self.width, 1))
        return size * (1 + (COPIES - 1) * share) / COPIES

    def _weigh(self, count: int, size: int, longest: int) -> None:
        for heaviest in (self._vector, self._group):
            heaviest.add(count, size, longest)

    def _took(self, count: int, longest: int) -> None:
        self.count += count
        self._rows += count
        self._longest = max(self._longest, longest)
        if self._pending_bytes > BUFFERED:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            data, self._pending, self._pending_bytes = b"".join(self._pending), [], 0
            self._write(data)

    def _write(self, data: bytes | memoryview) -> None:
        assert self._stream is not None
        view = memoryview(data)
        self._bytes += len(view)
        while view:
            view = view[self._stream.write(view) :]

    def close(self) -> int:
        """Writes what is left, at least one part; returns how many records the table has."""
        self._end_part()
        self._scratch.unlink()
        return self.count

    def _end_part(self) -> None:
        self._flush()
        assert self._stream is not None
        self._stream.close()
        if not self._rows and self._parts:
            return
        for number, first in enumerate(range(0, max(self.width, 1), SLICE)):
            self._write_slice(number, range(first, min(first + SLICE, self.width)))
        self._parts += 1

    def _write_slice(self, number: int, columns: range) -> None:
        """One Parquet file of this part. Raises ValueError where DuckDB read other records than were given."""
        path = self.folder / f"{self._parts:05d}-{number:02d}.parquet"
        sql = self._copy_sql(path, columns)
        for limit in MEMORY_LIMITS:
            try:
                written, last = self._copy(sql, path, limit)
                break
            except duckdb.OutOfMemoryException:
                if limit == MEMORY_LIMITS[-1]:
                    raise
        if (written, last or self._before) != (self._rows, self._line):
            raise ValueError(f"{self._rows} records to line {self._line} were given, {written} to {last} were written")

    def _copy(self, sql: str, path: Path, memory_limit: str) -> tuple[int, int | None]:
        """Writes the file; returns how many rows it has, and the last one's line."""
        config: dict[str, Any] = {
            "threads": 1,
            "memory_limit": memory_limit,
            "temp_directory": str(self.folder / "spill.tmp"),
        }
        with duckdb.connect(":memory:", config=config) as db:
            db.execute(sql)
            found = db.execute(f"SELECT count(*), max(line) FROM read_parquet({quoted(path)})").fetchone()
        return found or (0, None)

    def _copy_sql(self, path: Path, columns: range) -> str:
        types = {"jump": "BIGINT"} | {f"c{n}": "VARCHAR" for n in range(self.width)}
        quote = sql_text(self._quote.decode()) if self.quoted else "''"
        vectors = min(ROW_GROUP // VECTOR, GROUP_CELLS // (VECTOR * max(len(columns), 1)))
        if self._weight(self._group.bytes) > GROUP_BYTES:
            vectors = min(vectors, int(GROUP_BYTES / self._weight(self._vector.bytes)))
        group = VECTOR * max(1, vectors)
        cells = "".join(f", c{n}" for n in columns)
        line = f"{self._before} + row_number() OVER () + sum(coalesce(jump, 0)) OVER (ROWS UNBOUNDED PRECEDING)"
        return (
            f"COPY (SELECT ({line})::BIGINT AS line{cells} FROM read_csv({quoted(self._scratch)},"
            f" columns={json.dumps(types).replace(chr(34), chr(39))}, header=false, delim={sql_text(self._delimiter.decode())},"
            f" quote={quote}, escape={quote}, allow_quoted_nulls=false, auto_detect=false, parallel=false, new_line='\\n',"
            f" strict_mode=true, max_line_size={self._longest + 1024},"
            f" buffer_size={max(LEAST_BUFFER, 2 * self._longest + 4096)}))"
            f" TO {sql_text(str(path))} (FORMAT parquet, ROW_GROUP_SIZE {group}, COMPRESSION snappy)"
        )


def with_jumps(data: bytes, ends: Positions, delimiter: bytes, *, crlf: bool) -> tuple[NDArray[np.uint8], int]:
    """Records of one or more lines with a jump and a delimiter before each but the first; \\r\\n at an end as \\n.

    Also says how many physical lines lie between the first record's begin and the last one's.
    """
    text = np.frombuffer(data, np.uint8)
    starts = np.concatenate(([0], ends[:-1]))
    begins = np.searchsorted(np.flatnonzero(text == LF), starts)
    if crlf:
        dropped = ends[text[np.maximum(ends - 2, 0)] == CR] - 2
        text = np.delete(text, dropped)
        starts = starts - np.searchsorted(dropped, starts)
    jumps = np.diff(begins) - 1
    cells = np.char.add(np.where(jumps > 0, jumps.astype("S"), b""), delimiter)
    codes = cells.view(np.uint8).reshape(len(cells), cells.itemsize)
    used = codes != 0
    return np.insert(text, np.repeat(starts[1:], used.sum(axis=1)), codes[used]), int(begins[-1])


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
