"""A file's table as Parquet: text as written, with the line of each record. DuckDB does the work; nothing here knows Django.

Columns are called c0, c1, ... inside (names of files clash: `Gene` and `gene`); `line` is the physical line, from 1.
"""

import csv
import io
import itertools
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROW_GROUP = 20_000
NULL = r"\N"
MEMORY_LIMIT = "1GB"
# A whole number is compared as a decimal, so that 1.5 lies between 1 and 2.
TYPES = {"integer": "DECIMAL(38,10)", "decimal": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}
OPERATORS = {
    "eq": "{} = {}", "ne": "{} IS DISTINCT FROM {}", "lt": "{} < {}", "le": "{} <= {}", "gt": "{} > {}",
    "ge": "{} >= {}", "contains": "contains(lower({}), lower({}))", "startswith": "starts_with(lower({}), lower({}))",
}  # fmt: skip


class BadQuestion(Exception):
    """A sort or filter that the table cannot answer. `field` names the parameter; str() is fit for the user."""

    def __init__(self, field: str, said: str):
        self.field = field
        super().__init__(said)


def connect(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A private in-memory DuckDB. `scratch` is where it may spill, by default the system's temporary folder."""
    folder = scratch or Path(tempfile.gettempdir()) / f"vardesk-{os.getpid()}"
    config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "threads": 2, "temp_directory": str(folder)}
    return duckdb.connect(":memory:", config=config)


_of_process: dict[int, duckdb.DuckDBPyConnection] = {}
_opening = threading.Lock()


def ask() -> duckdb.DuckDBPyConnection:
    """A cursor on this process's one DuckDB, for questions: it opens in 1 ms where a database of its own takes 41.

    All questions of a process share MEMORY_LIMIT. A forked child opens its own and leaves its parent's alone.
    """
    with _opening:
        if os.getpid() not in _of_process:
            _of_process[os.getpid()] = connect()
        return _of_process[os.getpid()].cursor()


class CleanWriter:
    """Collects records as unambiguous CSV, the form in which DuckDB is given them: every choice is already made."""

    def __init__(self, path: Path, width: int):
        self.path, self.width, self.count = path, width, 0
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream, quoting=csv.QUOTE_ALL, lineterminator="\n")

    def write(self, line: int, cells: Sequence[str]) -> None:
        # An empty cell is null; QUOTE_ALL would hide that, so null has a mark of its own, and so has the mark.
        self._writer.writerow([line, *("~" if cell == "" else "=" + cell for cell in cells)])
        self.count += 1

    def close(self) -> None:
        self._stream.close()


def write_table(clean: CleanWriter, path: Path) -> None:
    """The collected records as Parquet, in file order. Raises ValueError where DuckDB read another number of records."""
    clean.close()
    columns = {"line": "BIGINT"} | {f"c{n}": "VARCHAR" for n in range(clean.width)}
    cells = ", ".join(f"CASE WHEN c{n} = '~' THEN NULL ELSE substring(c{n}, 2) END AS c{n}" for n in range(clean.width))
    part = path.with_suffix(".part")
    with connect(path.parent) as db:
        db.execute(
            f"COPY (SELECT line, {cells} FROM read_csv({_quoted(clean.path)}, columns={_struct(columns)}, header=false,"
            " delim=',', quote='\"', escape='\"', auto_detect=false, parallel=false, new_line='\\n', max_line_size=100000000,"
            f" strict_mode=true)) TO {_quoted(part)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP}, COMPRESSION zstd)"
        )
        written = count_rows(part, db)
    if written != clean.count:
        raise ValueError(f"{clean.count} records were given and {written} written")
    part.replace(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _struct(columns: dict[str, str]) -> str:
    return json.dumps(columns).replace('"', "'")


def count_rows(path: Path, db: duckdb.DuckDBPyConnection | None = None) -> int:
    with ask() if db is None else db.cursor() as cursor:
        row = cursor.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    return int(row[0]) if row else 0


def _type_counts(cell: str, tests: dict[str, str]) -> str:
    """SQL of a struct: how many cells are filled, and how many pass each test."""
    counts = [f"'{kind}': count(*) FILTER ({test.format(cell, cell)})" for kind, test in tests.items()]
    return f"{{'filled': count({cell}), {', '.join(counts)}}}"


def infer_types(path: Path, width: int) -> list[str]:
    """`integer`, `decimal`, `boolean`, `date` or `text` for each column, judged by every cell of it.

    Leading zeros and signs without digits keep a column text: they are identifiers more often than numbers.
    """
    if not width:
        return []
    tests = {
        "integer": r"regexp_full_match({}, '-?(0|[1-9]\d{{0,17}})')",
        "decimal": r"regexp_full_match({}, '[-+]?(0|[1-9]\d{{0,17}})?(\.\d+)?([eE][-+]?\d+)?') AND TRY_CAST({} AS DOUBLE) IS NOT NULL",
        "boolean": "lower({}) IN ('true', 'false')",
        "date": r"regexp_full_match({}, '\d{{4}}-\d\d-\d\d') AND TRY_CAST({} AS DATE) IS NOT NULL",
    }
    found: list[dict[str, int]] = []
    with ask() as db:
        for first in range(0, width, 50):  # one question for all of 400 columns takes minutes to plan
            parts = [_type_counts(f"c{n}", tests) for n in range(first, min(first + 50, width))]
            sql = f"SELECT {', '.join(parts)} FROM read_parquet($path)"
            found += db.execute(sql, {"path": str(path)}).fetchone() or ()
    return [
        next((kind for kind in tests if counted["filled"] and counted[kind] == counted["filled"]), "text")
        for counted in found
    ]


def csv_lines(header: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[str]:
    """CSV text (RFC 4180), a record at a time: the header, then each row's line and cells."""
    text = io.StringIO()
    writer = csv.writer(text)
    for record in itertools.chain([header], ([line, *cells] for line, cells in rows)):
        writer.writerow(record)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


@dataclass(frozen=True)
class Slice:
    """Some rows of a table: (line, cells) each, of `filtered` that match out of all."""

    rows: list[tuple[int, list[Any]]]
    filtered: int


class Table:
    """Questions to one file's Parquet. `columns` is [{"name", "type"}] in file order."""

    def __init__(self, path: Path, columns: list[dict[str, str]]):
        self.path, self.columns = path, columns
        self._places = {column["name"]: place for place, column in enumerate(columns)}

    def _cell(self, name: str, field: str) -> str:
        if name not in self._places:
            raise BadQuestion(field, f"There is no column {name!r}.")
        return f"c{self._places[name]}"

    def _comparable(self, name: str, field: str) -> tuple[str, str]:
        """The SQL of a column in its own type, and that type's SQL name."""
        cell = self._cell(name, field)
        kind = TYPES.get(self.columns[self._places[name]]["type"], "VARCHAR")
        return (cell if kind == "VARCHAR" else f"TRY_CAST({cell} AS {kind})"), kind

    def _condition(self, text: str, values: dict[str, Any]) -> str:
        """One `column:operator:value` as SQL; the value goes into `values`. A column name may hold colons."""
        field = "filter"
        # The longest name that fits: a column may be called `a` and another `a:eq`.
        named = [name for name in self._places if text.startswith(f"{name}:")]
        name = max(named, key=len, default=text.split(":")[0])
        self._cell(name, field)
        operator, found, value = text[len(name) + 1 :].partition(":")
        if not found or operator not in {*OPERATORS, "in", "isnull"}:
            known = ", ".join([*OPERATORS, "in", "isnull"])
            raise BadQuestion(field, f"{text!r} is not column:operator:value; operators: {known}.")
        key = f"v{len(values)}"
        if operator == "isnull":
            if value.lower() not in {"1", "true", "0", "false"}:
                raise BadQuestion(field, f"isnull takes 1 or 0, not {value!r}.")
            return f"{self._cell(name, field)} IS {'' if value.lower() in {'1', 'true'} else 'NOT '}NULL"
        if operator in ("contains", "startswith"):
            values[key] = value
            return OPERATORS[operator].format(self._cell(name, field), f"${key}")
        cell, kind = self._comparable(name, field)
        if operator == "in":
            values[key] = [_typed(name, part, kind) for part in value.split(",")]
            return f"list_contains(${key}::{kind}[], {cell})"
        values[key] = _typed(name, value, kind)
        return OPERATORS[operator].format(cell, f"${key}::{kind}")

    def slice(self, *, offset: int = 0, limit: int = 100, sort: str = "", filters: Iterable[str] = ()) -> Slice:
        """Rows `offset` to `offset + limit` in file order or as `sort` (`column` or `-column`) says, nulls last.

        Raises BadQuestion.
        """
        values: dict[str, Any] = {}
        conditions = [self._condition(text, values) for text in filters]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = "line"
        if sort:
            down = sort.startswith("-") and sort not in self._places  # a column may be called `-log10p`
            cell, _ = self._comparable(sort[1:] if down else sort, "sort")
            order = f"{cell} {'DESC' if down else 'ASC'} NULLS LAST, line"
        cells = "".join(f", c{n}" for n in range(len(self.columns)))
        source = "read_parquet($path)"
        with ask() as db:
            values["path"] = str(self.path)
            counted = db.execute(f"SELECT count(*) FROM {source} {where}", values).fetchone() or (0,)
            rows = db.execute(
                f"SELECT line{cells} FROM {source} {where} ORDER BY {order} LIMIT {limit:d} OFFSET {offset:d}", values
            ).fetchall()
        return Slice([(row[0], list(row[1:])) for row in rows], counted[0])

    def every_row(self, *, size: int = 10_000) -> Iterator[tuple[int, list[Any]]]:
        """All rows in file order; memory holds `size` of them."""
        cells = "".join(f", c{n}" for n in range(len(self.columns)))
        with ask() as db:
            found = db.execute(f"SELECT line{cells} FROM read_parquet($path) ORDER BY line", {"path": str(self.path)})
            while rows := found.fetchmany(size):
                yield from ((row[0], list(row[1:])) for row in rows)

    def lines(self, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        """The rows that begin on these lines, as column -> text."""
        with ask() as db:
            found = db.execute(
                "SELECT * FROM read_parquet($path) WHERE line IN (SELECT unnest($lines::BIGINT[]))",
                {"path": str(self.path), "lines": sorted(lines)},
            ).fetchall()
        names = [column["name"] for column in self.columns]
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}

    def rows_before(self, line: int) -> int:
        """How many records begin before this line: the offset of its page in file order."""
        with ask() as db:
            row = db.execute(
                "SELECT count(*) FROM read_parquet($path) WHERE line < $line", {"path": str(self.path), "line": line}
            ).fetchone()
        return int(row[0]) if row else 0

    def first_values(self, name: str, count: int = 3) -> list[str]:
        """A few different values of a column, the first ones in the file."""
        cell = self._cell(name, "column")
        with ask() as db:
            found = db.execute(
                f"SELECT {cell} FROM (SELECT {cell}, line FROM read_parquet($path) LIMIT 5000) WHERE {cell} IS NOT NULL"
                f" GROUP BY 1 ORDER BY min(line) LIMIT {count:d}",
                {"path": str(self.path)},
            ).fetchall()
        return [row[0] for row in found]


def _typed(name: str, text: str, kind: str) -> str:
    """`text` if it can be read as `kind`, DuckDB's name of a type."""
    with ask() as db:
        row = db.execute(f"SELECT TRY_CAST($text AS {kind}) IS NOT NULL", {"text": text}).fetchone()
    if not (row and row[0]):
        raise BadQuestion(
            "filter", f"{text!r} cannot be compared with the column {name!r}, which holds {kind.lower()} values."
        )
    return text
