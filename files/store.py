"""Questions to a file's table: text as written, with the line of each record. DuckDB does the work.

Nothing here knows Django; `files.readers.parts` tells how the table lies on the disk.
"""

import csv
import io
import itertools
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from files.readers.parts import SLICE, part_paths, quoted, sql_text

MEMORY_LIMIT = "1GB"
QUESTION_SECONDS = 60  # after which a question is broken off; a reverse proxy waits 120 s
ANSWER_BYTES = 64 * 1024**2  # of text in several rows; JSON of them takes about four times as much of memory
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


def connect(scratch: Path | None = None, *, memory_limit: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """A private in-memory DuckDB. `scratch` is where it may spill, by default the system's temporary folder."""
    folder = scratch or Path(tempfile.gettempdir()) / f"vardesk-{os.getpid()}"
    config: dict[str, Any] = {"memory_limit": memory_limit, "threads": 2, "temp_directory": str(folder)}
    return _silent(duckdb.connect(":memory:", config=config))


def _silent(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """After 2 s DuckDB draws a bar of progress on standard output, where our log goes, unless each connection is told."""
    return db.execute("SET enable_progress_bar = false")


_of_process: dict[int, duckdb.DuckDBPyConnection] = {}
_opening = threading.Lock()


def ask() -> duckdb.DuckDBPyConnection:
    """A cursor on this process's one DuckDB, for questions: it opens in 1 ms where a database of its own takes 41.

    All questions of a process share MEMORY_LIMIT. A forked child opens its own and leaves its parent's alone.
    """
    with _opening:
        if os.getpid() not in _of_process:
            _of_process[os.getpid()] = connect()
        return _silent(_of_process[os.getpid()].cursor())


@contextmanager
def time_limit(db: duckdb.DuckDBPyConnection, seconds: float | None = None) -> Iterator[None]:
    """Breaks off what `db` is asked within, after QUESTION_SECONDS. Raises BadQuestion then."""
    seconds = QUESTION_SECONDS if seconds is None else seconds
    clock = threading.Timer(seconds, db.interrupt)
    clock.daemon = True
    clock.start()
    try:
        yield
    except duckdb.InterruptException as error:
        said = (
            f"The answer took longer than {seconds:g} s and was broken off. Ask with fewer filters, or without a sort."
        )
        raise BadQuestion("filter", said) from error
    finally:
        clock.cancel()


def relation(folder: Path, places: Iterable[int] = (), lines: tuple[int, int] | None = None) -> str:
    """SQL of a table expression with `line` and the columns at these places, joined over the slices that have them.

    `lines`: only of rows that begin on these lines or between them.
    """
    slices = part_paths(folder)
    if not slices:
        raise FileNotFoundError("The table of this file is gone from the disk.")
    needed = sorted({place // SLICE for place in places} or {0})
    files = [f"read_parquet([{', '.join(quoted(path) for path in slices[n])}]) AS slice{n}" for n in needed]
    if lines is not None:  # as near to the files as can be, so that other row groups are left unread
        files = [f"(FROM {file} WHERE line BETWEEN {lines[0]:d} AND {lines[1]:d})" for file in files]
    if len(files) == 1:
        return files[0]
    return "(SELECT * FROM " + " JOIN ".join([files[0], *(f"{file} USING (line)" for file in files[1:])]) + ")"


def csv_lines(header: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[str]:
    """CSV text (RFC 4180), a record at a time: the header, then each row's line and cells."""
    text = io.StringIO()
    writer = csv.writer(text)
    for record in itertools.chain([header], ([line, *cells] for line, cells in rows)):
        writer.writerow(record)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


class Cut(str):
    """The beginning of a long cell; `length` is that of all of it, in characters."""

    length: int

    def __new__(cls, text: str, length: int) -> "Cut":
        cut = super().__new__(cls, text)
        cut.length = length
        return cut


@dataclass(frozen=True)
class Slice:
    """Some rows of a table: (line, cells) each, of `filtered` that match out of all."""

    rows: list[tuple[int, list[Any]]]
    filtered: int


class Table:
    """Questions to one file's table. `columns` is [{"name", "type"}] in file order.

    A column's place in Parquet is its place in the list, unless it says another as "at". The text that it gives as
    "missing" (a VCF's `.`) counts as null where rows are sorted, compared by order or asked for nulls (`isnull`);
    `eq`, `ne`, `in`, `contains` and `startswith` see text columns as written.
    """

    def __init__(self, folder: Path, columns: Sequence[Mapping[str, Any]]):
        self.folder, self.columns = folder, columns
        self._by_name = {column["name"]: column for column in columns}
        self._places = {column["name"]: column.get("at", n) for n, column in enumerate(columns)}

    def _place(self, name: str, field: str) -> int:
        if name not in self._places:
            raise BadQuestion(field, f"There is no column {name!r}.")
        return int(self._places[name])

    def _cell(self, name: str, field: str) -> str:
        return f"c{self._place(name, field)}"

    def _given(self, name: str, field: str) -> str:
        """The SQL of a column's text, null also where the file writes that it has nothing."""
        cell, missing = self._cell(name, field), self._by_name[name].get("missing")
        return f"nullif({cell}, {sql_text(missing)})" if missing else cell

    def _ordered(self, name: str, field: str) -> str:
        """The SQL of a column by which rows can be put in order."""
        cell, kind = self._comparable(name, field)
        return self._given(name, field) if kind == "VARCHAR" else cell

    def _comparable(self, name: str, field: str) -> tuple[str, str]:
        """The SQL of a column in its own type, and that type's SQL name."""
        cell = self._cell(name, field)
        kind = TYPES.get(self._by_name[name]["type"], "VARCHAR")
        return (cell if kind == "VARCHAR" else f"TRY_CAST({cell} AS {kind})"), kind

    def _parsed(self, text: str) -> tuple[str, str, str]:
        """The column, operator and value of one `column:operator:value`. A column name may hold colons."""
        # The longest name that fits: a column may be called `a` and another `a:eq`.
        named = [name for name in self._places if text.startswith(f"{name}:")]
        name = max(named, key=len, default=text.split(":")[0])
        self._place(name, "filter")
        operator, found, value = text[len(name) + 1 :].partition(":")
        if not found or operator not in {*OPERATORS, "in", "isnull"}:
            known = ", ".join([*OPERATORS, "in", "isnull"])
            raise BadQuestion("filter", f"{text!r} is not column:operator:value; operators: {known}.")
        return name, operator, value

    def _condition(self, name: str, operator: str, value: str, values: dict[str, Any]) -> str:
        """One filter as SQL; the value goes into `values`."""
        field = "filter"
        key = f"v{len(values)}"
        if operator == "isnull":
            if value.lower() not in {"1", "true", "0", "false"}:
                raise BadQuestion(field, f"isnull takes 1 or 0, not {value!r}.")
            return f"{self._given(name, field)} IS {'' if value.lower() in {'1', 'true'} else 'NOT '}NULL"
        if operator in ("contains", "startswith"):
            values[key] = value
            return OPERATORS[operator].format(self._cell(name, field), f"${key}")
        cell, kind = self._comparable(name, field)
        if operator == "in":
            values[key] = [_typed(name, part, kind) for part in value.split(",")]
            return f"list_contains(${key}::{kind}[], {cell})"
        values[key] = _typed(name, value, kind)
        if operator in ("lt", "le", "gt", "ge"):
            cell = self._ordered(name, field)
        return OPERATORS[operator].format(cell, f"${key}::{kind}")

    def slice(
        self, *, offset: int = 0, limit: int = 100, sort: str = "", filters: Iterable[str] = (),
        only: Sequence[str] | None = None, longest: int | None = None, most_bytes: int | None = None,
    ) -> Slice:  # fmt: skip
        """Rows `offset` to `offset + limit` in file order or as `sort` (`column` or `-column`) says, nulls last.

        The cells are those of the columns `only` (default: all), in that order; of one with more than `longest`
        characters the beginning, as a Cut. Several rows with more than `most_bytes` of text in all are not handed
        over; a single one always is. Raises BadQuestion.
        """
        values: dict[str, Any] = {}
        parsed = [self._parsed(text) for text in filters]
        names = [name for name, _, _ in parsed]
        conditions = [self._condition(*one, values) for one in parsed]
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = ""  # as it is read
        if sort:
            down = sort.startswith("-") and sort not in self._places  # a column may be called `-log10p`
            names.append(sort[1:] if down else sort)
            order = f"ORDER BY {self._ordered(names[-1], 'sort')} {'DESC' if down else 'ASC'} NULLS LAST, line"
        places = {self._places[name] for name in names}
        if not order and len({place // SLICE for place in places}) > 1:
            order = "ORDER BY line"  # a join may change it
        asked = relation(self.folder, places)
        with ask() as db, time_limit(db):
            counted = db.execute(f"SELECT count(*) FROM {asked} {where}", values).fetchone() or (0,)
            page = f"SELECT line FROM {asked} {where} {order} LIMIT {limit:d} OFFSET {offset:d}"
            lines = [row[0] for row in db.execute(page, values).fetchall()]
            if most_bytes is not None:
                refuse_too_much(self._weights(lines, only, db), most_bytes)
            cells = self._cells_on(lines, only, db, longest)
        return Slice([(line, cells[line]) for line in lines], counted[0])

    def _weights(self, lines: Sequence[int], only: Sequence[str] | None, db: duckdb.DuckDBPyConnection) -> list[int]:
        """Bytes of text in each of these rows, in the columns `only`; DuckDB counts them without handing them over."""
        names = self._places if only is None else only
        weights = dict.fromkeys(lines, 0)
        for inside in _by_slice(self._place(name, "columns") for name in names) if lines else ():
            cells = ", ".join(f"c{place}" for place in inside)
            found = db.execute(
                f"SELECT line, strlen(concat({cells})) FROM {relation(self.folder, inside)} {_ON_LINES}", _on(lines)
            )
            for line, size in found.fetchall():
                weights[line] += size
        return list(weights.values())

    def _cells_on(
        self,
        lines: Sequence[int],
        only: Sequence[str] | None,
        db: duckdb.DuckDBPyConnection,
        longest: int | None = None,
    ) -> dict[int, list[Any]]:
        """line -> the cells of the columns `only`, or of all, for rows that begin on these lines."""
        places = [self._place(name, "columns") for name in only] if only is not None else list(self._places.values())
        by_place: dict[int, dict[int, Any]] = {}
        if not lines:
            return {}
        for inside in _by_slice(places):
            selected = "".join(_selected(place, longest) for place in inside)
            found = db.execute(
                f"SELECT line{selected} FROM {relation(self.folder, inside)} {_ON_LINES}", _on(lines)
            ).fetchall()
            for n, place in enumerate(inside, start=1):
                if longest is None:
                    by_place[place] = {row[0]: row[n] for row in found}
                else:
                    by_place[place] = {row[0]: _cut(row[2 * n - 1], row[2 * n], longest) for row in found}
        present = next(iter(by_place.values()), dict.fromkeys(lines))
        return {line: [by_place[place][line] for place in places] for line in lines if line in present}

    def lines(self, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        """The rows that begin on these lines, as column -> text."""
        names = list(self._places)
        with ask() as db:
            found = self._cells_on(sorted(lines), None, db)
        return {line: dict(zip(names, cells, strict=True)) for line, cells in found.items()}

    def rows_before(self, line: int) -> int:
        """How many records begin before this line: the offset of its page in file order."""
        with ask() as db:
            row = db.execute(
                f"SELECT count(*) FROM {relation(self.folder)} WHERE line < $line", {"line": line}
            ).fetchone()
        return int(row[0]) if row else 0

    def first_values(self, name: str, count: int = 3) -> list[str]:
        """A few different values of a column, the first ones in the file."""
        place = self._place(name, "column")
        cell = f"c{place}"
        with ask() as db:
            found = db.execute(
                f"SELECT {cell} FROM (SELECT {cell}, line FROM {relation(self.folder, [place])} LIMIT 5000)"
                f" WHERE {cell} IS NOT NULL GROUP BY 1 ORDER BY min(line) LIMIT {count:d}"
            ).fetchall()
        return [row[0] for row in found]


def refuse_too_much(weights: Sequence[int], most_bytes: int) -> None:
    """`weights`: bytes of each row. A single one is never too much. Raises BadQuestion."""
    if len(weights) < 2 or sum(weights) <= most_bytes:
        return
    fit = max(1, sum(total <= most_bytes for total in itertools.accumulate(weights)))
    raise BadQuestion(
        "limit",
        f"These {len(weights):,} rows hold {sum(weights):,} bytes of text; an answer of several rows holds at most"
        f" {most_bytes:,}. Ask for fewer rows (limit={fit}) or for some of the columns.",
    )


# The range lets row groups be left out unread; the list alone would not.
_ON_LINES = "WHERE line BETWEEN $first AND $last AND line IN (SELECT unnest($lines::BIGINT[]))"


def _on(lines: Sequence[int]) -> dict[str, Any]:
    return {"first": min(lines), "last": max(lines), "lines": list(lines)}


def _by_slice(places: Iterable[int]) -> list[list[int]]:
    """The places, each once, slice by slice."""
    once = sorted(dict.fromkeys(places), key=lambda place: place // SLICE)
    return [list(inside) for _, inside in itertools.groupby(once, key=lambda place: place // SLICE)]


def _selected(place: int, longest: int | None) -> str:
    return f", c{place}" if longest is None else f", left(c{place}, {longest:d}), length(c{place})"


def _cut(text: str | None, length: int | None, longest: int) -> str | None:
    return Cut(text, length) if text is not None and length is not None and length > longest else text


def _typed(name: str, text: str, kind: str) -> str:
    """`text` if it can be read as `kind`, DuckDB's name of a type."""
    with ask() as db:
        row = db.execute(f"SELECT TRY_CAST($text AS {kind}) IS NOT NULL", {"text": text}).fetchone()
    if not (row and row[0]):
        raise BadQuestion(
            "filter", f"{text!r} cannot be compared with the column {name!r}, which holds {kind.lower()} values."
        )
    return text
