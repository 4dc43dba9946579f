"""The type of each column of a table: integer, decimal, boolean, date or text. Every cell has a say, cheaply.

Leading zeros, signs without digits, `MARCH1`, `1-SEP` and `.` keep a column text: they are identifiers more often than
numbers. A cell without text, also a quoted one (`""`), says nothing about its column's type.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from files.readers.parts import MEMORY_LIMIT, SLICE, part_paths, to_read

KINDS = ("integer", "decimal", "boolean", "date")
# What a column whose cells so far are all of one kind may still turn out to be, should a later cell not fit.
WIDER = {"integer": ["integer", "decimal"], "decimal": ["decimal"], "boolean": ["boolean"], "date": ["date"]}
SAMPLE = 2_000  # rows, fewer where the table is wide
SAMPLE_CELLS = 100_000
SAMPLE_LENGTH = 64  # characters of a cell
AT_ONCE = 50  # columns in a question: one for all of 400 takes minutes to plan

_INTEGER = r"regexp_full_match({0}, '-?(0|[1-9]\d{{0,17}})')"
_DATE = r"(regexp_full_match({0}, '\d{{4}}-\d\d-\d\d') AND TRY_CAST({0} AS DATE) IS NOT NULL)"
# A cell that its value is printed as is of that type. That is quick where values repeat; the others are asked in full.
TESTS = {
    "integer": "CASE WHEN TRY_CAST({0} AS BIGINT)::VARCHAR = {0} AND length({0}) < 19 THEN true ELSE "
    + _INTEGER
    + " END",
    "decimal": r"(regexp_full_match({0}, '[-+]?(0|[1-9]\d{{0,17}})?(\.\d+)?([eE][-+]?\d+)?')"
    " AND coalesce(isfinite(TRY_CAST({0} AS DOUBLE)), false))",
    "boolean": "lower({0}) IN ('true', 'false')",
    "date": "CASE WHEN length({0}) = 10 AND TRY_CAST({0} AS DATE)::VARCHAR = {0} THEN true ELSE " + _DATE + " END",
}
# What a cell must look like to be of a kind at all: the sample only rules out, the tests decide.
LOOKS = {
    "integer": re.compile(r"-?\d{1,18}"),
    "decimal": re.compile(r"[-+.\deE]+"),
    "boolean": re.compile("true|false", re.IGNORECASE),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
}


def infer_types(folder: Path, width: int) -> list[str]:
    """The type of each of `width` columns of the parts in `folder`, judged by every cell.

    A sample leaves few candidates, and of those the narrowest is verified on all rows, a part at a time; a column
    stops costing anything once it is text. Memory holds one part's row groups of AT_ONCE columns.
    """
    candidates = [list(KINDS) for _ in range(width)]
    seen = [False] * width  # whether a cell with text was met
    with _open() as db:
        for number, paths in enumerate(part_paths(folder)):
            columns = range(number * SLICE, min((number + 1) * SLICE, width))
            if not columns:
                break
            _judge_sample(db, paths[0], columns, candidates, seen)
            # Planning a question costs more than a small part of a wide table: that is asked as a whole.
            for some in [paths] if len(columns) > AT_ONCE else [[path] for path in paths]:
                _verify(db, some, columns, candidates, seen)
    return [left[0] if left and met else "text" for left, met in zip(candidates, seen, strict=True)]


def _open() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})


def _ask(
    db: duckdb.DuckDBPyConnection, paths: list[Path], asked: Sequence[tuple[int, str]]
) -> Iterator[tuple[int, str, int, int]]:
    """(column, kind, cells with text, those that are of this kind) for each column and kind asked."""
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        names = sorted({column for column, _ in some})
        cells = ", ".join(f"nullif(c{column}, '') AS c{column}" for column in names)
        counts = ", ".join(
            f"count(c{column}), count(*) FILTER ({TESTS[kind].format(f'c{column}')})" for column, kind in some
        )
        source = f"SELECT {cells} FROM read_parquet($paths)"
        found = (
            db.execute(f"SELECT {counts} FROM ({source})", {"paths": [to_read(path) for path in paths]}).fetchone()
            or ()
        )
        for place, (column, kind) in enumerate(some):
            yield column, kind, found[2 * place], found[2 * place + 1]


def _judge_sample(
    db: duckdb.DuckDBPyConnection, path: Path, columns: range, candidates: list[list[str]], seen: list[bool]
) -> None:
    rows = max(20, min(SAMPLE, SAMPLE_CELLS // len(columns)))
    cells = ", ".join(f"left(c{column}, {SAMPLE_LENGTH:d})" for column in columns)
    sample = db.execute(f"SELECT {cells} FROM read_parquet($path) LIMIT {rows:d}", {"path": to_read(path)}).fetchall()
    for column, texts in zip(columns, zip(*sample, strict=True), strict=False):
        filled = {text for text in texts if text}
        seen[column] |= bool(filled)
        candidates[column] = [kind for kind in KINDS if all(map(LOOKS[kind].fullmatch, filled))]


def _verify(
    db: duckdb.DuckDBPyConnection, paths: list[Path], columns: range, candidates: list[list[str]], seen: list[bool]
) -> None:
    """Asks the narrowest candidate of each column, and the next where it fails."""
    asked = [(column, candidates[column][0]) for column in columns if candidates[column]]
    while asked:
        failed = []
        for column, kind, filled, fitting in _ask(db, paths, asked):
            seen[column] |= filled > 0
            if fitting < filled:
                candidates[column].remove(kind)
                failed.append(column)
            elif filled:
                candidates[column] = [left for left in candidates[column] if left in WIDER[kind]]
        asked = [(column, candidates[column][0]) for column in failed if candidates[column]]
