"""Hits into PostgreSQL: rows, hourly roll-ups and how far each spool has come, all in one transaction."""

import datetime
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from stats import spool
from stats.models import LATENCY_BUCKETS, SpoolSegment
from stats.naming import PUBLIC_NAME_SQL

# The number of the advisory lock that whoever moves hits, retires a segment or makes the boards anew must
# hold.
_LOCK = 7_201_983_014
_EPOCH = datetime.date(1970, 1, 1)
_DAY_US = 86_400_000_000

log = logging.getLogger(__name__)


class Gap(Exception):
    """The stream goes on behind the point that PostgreSQL has reached: Redis lost entries in between."""


class Entry(NamedTuple):
    """Lines of one spool, from byte `start` on, on their way through the stream."""

    spool: UUID
    start: int
    block: bytes


class Placed(NamedTuple):
    """A hit and the place that identifies it."""

    spool: UUID
    byte_offset: int
    line: spool.SpoolLine


@contextmanager
def alone(*, wait: bool = True) -> Iterator[bool]:
    """A transaction that no other drainer, on whatever host, runs at the same time.

    Yields False at once if another is in one and `wait` is false; waits 5 s at most, then OperationalError.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if wait:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            yield True
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            yield cursor.fetchone()[0]


def store(entries: Sequence[Entry]) -> int:
    """Write down what is not there yet; call it inside `alone()`. Returns the number of rows that are new.

    Entries that PostgreSQL has seen are passed over, so a stream that gives them twice changes nothing.
    Entries of one spool must come in file order; raises Gap where some are missing in between.
    """
    segments = SpoolSegment.objects.in_bulk({entry.spool for entry in entries})
    hits: list[Placed] = []
    for entry in entries:
        segment = segments.setdefault(entry.spool, SpoolSegment(spool=entry.spool))
        hits += _fresh_hits(entry, segment)
    _make_partitions(_EPOCH + datetime.timedelta(days=line.at_us // _DAY_US) for *_, line in hits)
    SpoolSegment.objects.bulk_create(
        segments.values(),
        update_conflicts=True,
        unique_fields=["spool"],
        update_fields=["consumed_bytes", "lost_hits", "bad_lines"],
    )
    return _insert(hits) if hits else 0


def _fresh_hits(entry: Entry, segment: SpoolSegment) -> Iterator[Placed]:
    """The hits of an entry behind the point that `segment` has reached; moves the point to the end."""
    for raw in spool.split(entry.start, entry.block):
        if raw.end <= segment.consumed_bytes:
            continue
        if raw.start > segment.consumed_bytes:
            raise Gap(f"{segment} continues at byte {raw.start}")
        segment.consumed_bytes = raw.end
        try:
            line = spool.parse(raw.text)
        except spool.BadLine as error:
            if raw.is_cut_off and len(raw.text) < spool.LONGEST_LINE:
                continue  # its writer was killed in the middle of it; nobody was answered, so no hit is missing
            segment.bad_lines += 1
            log.error("Skipped bytes %d to %d of spool %s: %s.", raw.start, raw.end, entry.spool, error)
            continue
        segment.lost_hits += line.lost_before
        yield Placed(entry.spool, raw.start, line)


def partition_of(day: datetime.date) -> str:
    """The name of the table that holds the hits of `day` (UTC)."""
    return f"stats_hit_{day:%Y%m%d}"


def _make_partitions(days: Iterable[datetime.date]) -> None:
    with connection.cursor() as cursor:
        for day in sorted(set(days)):
            name = partition_of(day)
            cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
            if cursor.fetchone()[0]:
                following = day + datetime.timedelta(days=1)
                cursor.execute(
                    f"CREATE TABLE {name} PARTITION OF stats_hit FOR VALUES FROM (%s) TO (%s)",
                    [day, following],
                )


def _bucket_counts() -> str:
    """One `count(*) FILTER (...)` for each latency bucket, in the order of LATENCY_BUCKETS."""
    columns, low_us = [], 0
    for edge_ms in LATENCY_BUCKETS.values():
        below = f" AND duration_us < {edge_ms * 1000}" if edge_ms else ""
        columns.append(f"count(*) FILTER (WHERE duration_us >= {low_us}{below})")
        low_us = (edge_ms or 0) * 1000
    return ", ".join(columns)


_SUMMED = ["count", "duration_us", *LATENCY_BUCKETS]
# Only RETURNING rows are rolled up: a hit that is there already raises no count. The ORDER BY keeps two
# transactions that raise the same rows from locking them in opposite order.
_INSERT = f"""
WITH line AS (
    SELECT *, timestamptz 'epoch' + at_us * interval '1 microsecond' AS at
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                %s::smallint[], %s::integer[], %s::bigint[])
      AS t(spool, byte_offset, at_us, method, path, route, status, duration_us, user_id)
), fresh AS (
    INSERT INTO stats_hit
        (day, spool, byte_offset, at, method, path, route, status, duration_us, user_id)
    SELECT (at AT TIME ZONE 'UTC')::date,
           spool, byte_offset, at, method, path, route, status, duration_us, user_id
    FROM line
    ON CONFLICT (day, spool, byte_offset) DO NOTHING
    RETURNING date_trunc('hour', at, 'UTC') AS hour, path, route, duration_us
), rolled AS (
    INSERT INTO stats_routehour (hour, path, route, {", ".join(_SUMMED)})
    SELECT hour, path, route, count(*), sum(duration_us), {_bucket_counts()}
    FROM fresh GROUP BY hour, path, route ORDER BY hour, path, route
    ON CONFLICT (hour, path, route)
    DO UPDATE SET {", ".join(f"{name} = stats_routehour.{name} + excluded.{name}" for name in _SUMMED)}
)
SELECT count(*) FROM fresh
"""


def _insert(hits: Sequence[Placed]) -> int:
    columns: list[list] = [[str(hit.spool) for hit in hits], [hit.byte_offset for hit in hits]]
    for name in ("at_us", "method", "path", "route", "status", "duration_us", "user_id"):
        columns.append([getattr(hit.line, name) for hit in hits])
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, columns)
        return cursor.fetchone()[0]


_NAMES = {"paths": "path", "public": PUBLIC_NAME_SQL}


def totals(board: str) -> Iterator[tuple[str, int]]:
    """Every name of a board ("paths" or "public") with its count, in no order; 10,000 at a time in memory."""
    sql = f"SELECT {_NAMES[board]} AS name, sum(count)::bigint FROM stats_routehour GROUP BY name"
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(10_000):
            yield from rows


def ranking(board: str, *, limit: int, offset: int) -> tuple[int, int, list[tuple[str, int]]]:
    """What `boards.ranking` gives, from SQL: number of names, number of hits, and the rows asked for."""
    grouped = f"SELECT {_NAMES[board]} AS name, sum(count)::bigint AS n FROM stats_routehour GROUP BY name"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), coalesce(sum(n), 0)::bigint FROM ({grouped}) AS board")
        names, hits = cursor.fetchone()
        cursor.execute(
            # "C": by bytes, as Redis orders equals.
            f'SELECT name, n FROM ({grouped}) AS board ORDER BY n DESC, name COLLATE "C" LIMIT %s OFFSET %s',
            [limit, offset],
        )
        return names, hits, cursor.fetchall()
