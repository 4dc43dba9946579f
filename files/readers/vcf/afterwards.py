"""What is asked of the written table: order of the lines, contigs, filters, and which columns hold nothing."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from files.readers.parts import part_paths, quoted
from files.readers.vcf.header import Header
from files.readers.vcf.layout import Layout

NAMED = 5  # examples in a sentence

Warn = Callable[[str, str, int | None, int], None]

_ORDER = """
    WITH placed AS (SELECT line, c0, try_cast(c1 AS BIGINT) AS pos FROM read_parquet({paths})),
    beside AS (
        SELECT line, c0, pos, lag(c0) OVER () AS chrom_before, lag(pos) OVER () AS pos_before FROM placed
    ),
    moved AS (SELECT c0, count(*) - 1 AS again, max(line) AS line FROM beside
              WHERE c0 IS DISTINCT FROM chrom_before GROUP BY c0)
    SELECT 'unsorted', count(*), min(line) FROM beside WHERE c0 = chrom_before AND pos < pos_before
    UNION ALL SELECT 'not contiguous', sum(again), min(line) FROM moved WHERE again > 0
"""
_CONTIGS = """
    SELECT c0, count(*), min(line), max(try_cast(c1 AS BIGINT)), arg_max(line, try_cast(c1 AS BIGINT))
    FROM read_parquet({paths}) GROUP BY c0 ORDER BY min(line)
"""
_FILTERS = "SELECT c6, count(*), min(line) FROM read_parquet({paths}) GROUP BY c6 ORDER BY min(line)"
_EMPTY = """
    SELECT path_in_schema, sum(num_values) - sum(stats_null_count), count(*) - count(stats_null_count)
    FROM parquet_metadata({paths}) GROUP BY path_in_schema
"""


def check_written(folder: Path, header: Header, layout: Layout, warn: Warn) -> set[int]:
    """Warns of what only the lines together show. Returns the places of columns that hold nothing in the whole file."""
    slices = part_paths(folder)
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "1GB"}) as db:
        _check_order(db, slices[0], warn)
        if header.contig:
            _check_contigs(db, slices[0], header, warn)
        _check_filters(db, slices[0], header, warn)
        return _empty_places(db, slices, layout)


def _sql(query: str, paths: list[Path]) -> str:
    return query.format(paths="[" + ", ".join(quoted(path) for path in paths) + "]")


def _check_order(db: duckdb.DuckDBPyConnection, paths: list[Path], warn: Warn) -> None:
    sentences = {
        "unsorted": "POS is smaller than on the line before: the file is not sorted.",
        "not contiguous": "A contig comes again after another one: its lines are not together.",
    }
    for kind, count, line in db.execute(_sql(_ORDER, paths)).fetchall():
        if count:
            warn(kind, sentences[kind], line, int(count))


def _check_contigs(db: duckdb.DuckDBPyConnection, paths: list[Path], header: Header, warn: Warn) -> None:
    found = db.execute(_sql(_CONTIGS, paths)).fetchall()
    unknown = [(name, count, line) for name, count, line, _, _ in found if name.strip("<>") not in header.contig]
    if unknown:
        names = ", ".join(name[:60] for name, _, _ in unknown[:NAMED])
        sentence = f"{len(unknown)} contigs are not in the header: {names}."
        warn("undeclared contig", sentence, unknown[0][2], sum(count for _, count, _ in unknown))
    for name, _, _, last, line in found:
        length = header.contig.get(name, {}).get("length")
        if length and last and last > length + 1:
            warn("beyond the contig", f"POS lies behind the end of its contig, as {name}:{last}.", line, 1)


def _check_filters(db: duckdb.DuckDBPyConnection, paths: list[Path], header: Header, warn: Warn) -> None:
    unknown: dict[str, int] = {}
    lines = 0
    for text, count, line in db.execute(_sql(_FILTERS, paths)).fetchall():
        new = [name for name in (text or ".").split(";") if name not in header.filter and name not in ("PASS", ".")]
        lines += count if new else 0
        for name in new:
            unknown.setdefault(name, line)
    if unknown:
        names = ", ".join(name[:60] for name in list(unknown)[:NAMED])
        warn("undeclared FILTER", f"Filters are not in the header: {names}.", min(unknown.values()), lines)


def _empty_places(db: duckdb.DuckDBPyConnection, slices: list[list[Path]], layout: Layout) -> set[int]:
    """By the statistics in the files. Fixed columns and whole samples are kept: who is named is looked for."""
    kept = set(range(7))
    if not layout.split:
        kept |= set(range(layout.behind, layout.behind + layout.whole))
    for paths in slices:
        for name, values, unknown in db.execute(_sql(_EMPTY, paths)).fetchall():
            if name != "line" and (values or unknown):
                kept.add(int(name[1:]))
    return set(range(layout.width)) - kept
