"""The counters in Redis, and the one place that knows their keys.

Under the prefix `vardesk:hits:` (setting HITS_KEY_PREFIX, from REDIS_KEY_PREFIX):

    paths, public   sorted sets: full path, or the name that everybody may read -> minus its count. Minus,
                    because Redis orders equal scores by name, and so the plain order is "most requested
                    first, ties by name". One member for each name ever seen: not bounded yet.
    total           number of hits on the boards
    stream          lines on their way to PostgreSQL, those of one read in an entry, which says the spool and
                    the byte that they begin at; GROUP reads it
    offsets         hash: spool uuid -> byte up to which its lines are on the boards and in the stream
    retired         how many spool segments were deleted so far; PostgreSQL counts them too (`SpoolSegment`)

All of them change together, in one MULTI, so a Redis that went back in time went back with its offsets and
is fed the lines again. If it went back past the deletion of a segment, `retired` tells, and `rebuild` is
called for. Needs Redis 6.2 or later, and no eviction (`maxmemory-policy noeviction`).
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from stats import rollups
from stats.models import SpoolSegment
from stats.naming import public_name
from stats.spool import SpoolLine

GROUP = "drainers"
CONSUMER = "drainer"  # one name for all: whoever holds the lock takes up what another left pending
BOARDS = ("paths", "public")

log = logging.getLogger(__name__)


def key(name: str) -> str:
    """The full name of a key of ours."""
    return settings.HITS_KEY_PREFIX + name


@lru_cache(maxsize=8)
def connect(url: str, *, timeout_s: float = 2.0) -> redis.Redis:
    """A client that never tries a command twice: a retry after a lost answer would count twice."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 1.0),
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def add(pipe: Pipeline, lines: Sequence[SpoolLine]) -> None:
    """Queue the rise of the boards by `lines`."""
    names = {
        key("paths"): Counter(line.path for line in lines),
        key("public"): Counter(public_name(line.path, line.route) for line in lines),
    }
    for board, counts in names.items():
        for name, count in counts.items():
            pipe.zincrby(board, -count, name)
    pipe.incrby(key("total"), len(lines))


def enqueue(pipe: Pipeline, entry: rollups.Entry) -> None:
    """Queue an entry for PostgreSQL."""
    fields = {"spool": entry.spool.bytes, "start": entry.start, "block": entry.block}
    pipe.xadd(key("stream"), fields)  # type: ignore[arg-type]


def take(client: redis.Redis, count: int) -> list[tuple[bytes, rollups.Entry]]:
    """The next `count` entries with ids, those that somebody took and left first. Call it in `alone()`."""
    _, found, *_ = client.xautoclaim(key("stream"), GROUP, CONSUMER, min_idle_time=0, start_id="0-0", count=count)
    if not found:
        reply: Any = client.xreadgroup(GROUP, CONSUMER, {key("stream"): ">"}, count=count)
        found = reply[0][1] if reply else []
    return [(entry_id, _entry(fields)) for entry_id, fields in found]


def _entry(fields: dict[bytes, bytes]) -> rollups.Entry:
    return rollups.Entry(UUID(bytes=fields[b"spool"]), int(fields[b"start"]), fields[b"block"])


def done(client: redis.Redis, entry_ids: Sequence[bytes]) -> None:
    """Take entries off the stream; call it after PostgreSQL has committed them."""
    with client.pipeline() as pipe:
        pipe.xack(key("stream"), GROUP, *entry_ids)
        pipe.xdel(key("stream"), *entry_ids)
        pipe.execute()


def ranking(
    client: redis.Redis, board: str, *, limit: int, offset: int
) -> tuple[int, int, list[tuple[str, int]]] | None:
    """Number of names on a board, number of hits, and the rows asked for, most requested first, ties by name.

    None while the boards wait to be made (a Redis that is new, or was emptied). Raises redis.RedisError.
    """
    with client.pipeline() as pipe:
        pipe.exists(key("retired"))
        pipe.zcard(key(board))
        pipe.get(key("total"))
        pipe.zrange(key(board), offset, offset + limit - 1, withscores=True)
        is_made, names, hits, rows = pipe.execute()
    if not is_made:
        return None
    return names, int(hits or 0), [(name.decode(), -int(score)) for name, score in rows]


def rebuild(client: redis.Redis) -> int:
    """Make the boards anew from PostgreSQL; call it inside `rollups.alone()`. Returns the number of retired
    segments.

    What PostgreSQL does not have yet is still in the spool: the offsets go back to what it has, the stream
    is emptied, and the drainer feeds the rest again. A drainer that is just feeding watches `retired` and
    gives up.
    """
    retired = SpoolSegment.objects.filter(is_retired=True).count()
    offsets = dict(SpoolSegment.objects.filter(is_retired=False).values_list("spool", "consumed_bytes"))
    fresh = {board: key(f"{board}:{uuid4()}") for board in BOARDS}
    hits = {board: _fill(client, fresh[board], rollups.totals(board)) for board in BOARDS}
    with client.pipeline() as pipe:
        pipe.delete(*(key(name) for name in (*BOARDS, "stream", "offsets")))
        for board, name in fresh.items():
            if hits[board]:
                pipe.rename(name, key(board))
                pipe.persist(key(board))
        if offsets:
            pipe.hset(key("offsets"), mapping={str(spool): at for spool, at in offsets.items()})
        pipe.xgroup_create(key("stream"), GROUP, id="0", mkstream=True)
        pipe.set(key("total"), hits["paths"])
        pipe.set(key("retired"), retired)
        pipe.execute()
    log.info("The boards were made anew from PostgreSQL: %s hits.", hits["paths"])
    return retired


def _fill(client: redis.Redis, name: str, rows: Iterable[tuple[str, int]]) -> int:
    """Write `rows` to a new sorted set, a thousand at a time. Returns the sum of the counts.

    The set ends by itself after ten minutes, for the case that nobody lives to give it its name.
    """
    hits, rows = 0, iter(rows)
    while batch := list(islice(rows, 1000)):
        client.zadd(name, {member: -count for member, count in batch})
        client.expire(name, 600)
        hits += sum(count for _, count in batch)
    return hits
