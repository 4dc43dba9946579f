"""A file's table cut into parts that are imported by themselves: stretches of whole lines, bounded in rows and in bytes."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from django.conf import settings

from files.readers.parts import SLICE, part_paths, quoted


@dataclass(frozen=True)
class Stretch:
    """The rows that begin on the lines `first` to `last`, both included."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True)
class _Group:
    """A row group of Parquet."""

    first: int
    last: int
    rows: int
    size: int  # bytes of text in the columns that are asked for


def stretches(db: duckdb.DuckDBPyConnection, table: Path, places: Iterable[int]) -> list[Stretch]:
    """The table in parts of about IMPORT_PART_ROWS rows, fewer where the columns at `places` are heavy; in order.

    A part is made of whole row groups. Only what Parquet says of itself is read.
    """
    parts: list[list[_Group]] = []
    for group in _groups(db, table, places):
        if parts and not _is_full(parts[-1], group):
            parts[-1].append(group)
        else:
            parts.append([group])
    return [Stretch(part[0].first, part[-1].last, sum(group.rows for group in part)) for part in parts]


def _is_full(part: list[_Group], more: _Group) -> bool:
    rows, size = sum(group.rows for group in part), sum(group.size for group in part)
    return rows + more.rows > settings.IMPORT_PART_ROWS or size + more.size > settings.IMPORT_PART_BYTES


def _groups(db: duckdb.DuckDBPyConnection, table: Path, places: Iterable[int]) -> list[_Group]:
    """The row groups of the first slice, in order. Those of a wide table's other slices count where they begin."""
    slices = part_paths(table)
    if not slices:
        raise FileNotFoundError("The table of this file is gone from the disk.")
    columns = [f"c{place:d}" for place in set(places)]
    found = [_Group(*row) for row in _said(db, slices[0], columns)]
    starts = [group.first for group in found]
    for n in sorted({place // SLICE for place in places} - {0}):
        for other in (_Group(*row) for row in _said(db, slices[n], columns)):
            at = bisect_right(starts, other.first) - 1
            found[at] = replace(found[at], size=found[at].size + other.size)
    return found


def _said(db: duckdb.DuckDBPyConnection, paths: list[Path], columns: list[str]) -> list[tuple[int, int, int, int]]:
    """First line, last line, rows and bytes in `columns` of each row group, in order of the lines."""
    return db.execute(
        "SELECT max(CASE path_in_schema WHEN 'line' THEN stats_min_value END)::BIGINT AS first,"
        " max(CASE path_in_schema WHEN 'line' THEN stats_max_value END)::BIGINT,"
        " any_value(row_group_num_rows),"
        " coalesce(sum(total_uncompressed_size) FILTER (list_contains($columns::VARCHAR[], path_in_schema)), 0)::BIGINT"
        f" FROM parquet_metadata([{', '.join(quoted(path) for path in paths)}])"
        " WHERE row_group_num_rows > 0 GROUP BY file_name, row_group_id ORDER BY first",
        {"columns": columns},
    ).fetchall()
