"""The types that a person said columns have, in place of those that their cells look like."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from files.readers.findings import Outcome
from files.readers.parts import MEMORY_LIMIT, SLICE, part_paths, sql_text, to_read
from files.readers.types import AT_ONCE, KINDS, TESTS

# What the typed view and the sort understand, which is more than what makes a column a number by itself: `007` is one
# once a person says so.
FITS = {
    "integer": r"regexp_full_match({0}, '\s*[-+]?\d{{1,28}}\s*')",
    "decimal": r"(regexp_full_match({0}, '\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*')"
    " AND coalesce(isfinite(TRY_CAST({0} AS DOUBLE)), false))",
    "boolean": "lower({0}) IN ('true', 'false', '1', '0')",
    "date": TESTS["date"],
}


def take_types(outcome: Outcome, table: Path, types: Mapping[str, str]) -> None:
    """Gives the columns of `outcome` these types, and warns of cells that are not of them and of names of no column."""
    places = {column["name"]: place for place, column in enumerate(outcome.columns)}
    asked: dict[int, tuple[str, str | None]] = {}
    for name, kind in types.items():
        if name in places and kind in KINDS:
            column = outcome.columns[places[name]]
            asked[column.get("at", places[name])] = kind, column.get("missing")
    found = misfits(table, asked)
    for name, kind in types.items():
        if name not in places:
            _warn(outcome, f"There is no column {name!r}, so that its type was not set.", 1, None)
            continue
        column = outcome.columns[places[name]]
        outcome.columns[places[name]] = column | {"type": kind}
        count, line = found.get(column.get("at", places[name]), (0, None))
        if count:
            _warn(outcome, _sentence(name, kind, count), count, line)


def _sentence(name: str, kind: str, count: int) -> str:
    where = " where no number at all" if kind == "integer" else ""  # 1.5 has its place between 1 and 2
    if count == 1:
        return f"1 cell of {name} is no {kind}; it is null in the typed view and sorts last{where}."
    return f"{count:,} cells of {name} are no {kind}; they are null in the typed view and sort last{where}."


def _warn(outcome: Outcome, message: str, count: int, line: int | None) -> None:
    outcome.warnings.append({"kind": "types", "message": message, "count": count, "first_line": line})


def misfits(table: Path, asked: Mapping[int, tuple[str, str | None]]) -> dict[int, tuple[int, int | None]]:
    """Place -> how many cells of the column there are not of the kind asked for, and the line of the first; empty ones are.

    `asked`: place -> kind, and the text that stands for no value, if any.
    """
    found: dict[int, tuple[int, int | None]] = {}
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT}) as db:
        for number, paths in enumerate(part_paths(table)):
            places = [place for place in asked if place // SLICE == number]
            for first in range(0, len(places), AT_ONCE):
                some = places[first : first + AT_ONCE]
                looks = ", ".join(f"{_is_misfit(place, *asked[place])} AS m{place:d}" for place in some)
                counts = ", ".join(f"count(*) FILTER (m{place:d}), min(line) FILTER (m{place:d})" for place in some)
                row = db.execute(
                    f"SELECT {counts} FROM (SELECT line, {looks} FROM read_parquet($paths))",
                    {"paths": [to_read(path) for path in paths]},
                ).fetchone()
                found |= {place: (row[2 * n], row[2 * n + 1]) for n, place in enumerate(some) if row}
    return found


def _is_misfit(place: int, kind: str, missing: str | None) -> str:
    """SQL: whether a cell holds something that is not of this kind."""
    cell = f"c{place:d}"
    given = f"nullif({cell}, {sql_text(missing)})" if missing else cell
    return f"({given} <> '' AND NOT ({FITS[kind].format(cell)}))"
