"""The drainer: spool -> boards and stream in Redis -> PostgreSQL -> segment deleted. One runs on each host.

It remembers nothing that it could not read again, so it may be killed at any point:

    feed    the offset in Redis says which lines come next; boards, stream and offset move in one MULTI, which
            fails if another drainer (or the last command of a killed one) moved them in between
    store   PostgreSQL passes over what it has; an entry leaves the stream only after the commit
    retire  a segment is deleted when its writer is gone and all of it is in both

A Redis that lost something (emptied, or back in time past the end of a file) is noticed by its count of
retired segments, a missing offset or a gap in the stream; then the boards are made anew from PostgreSQL.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import redis
from django.db import Error as DatabaseError
from django.db import connection
from redis.client import Pipeline

from stats import boards, rollups, spool
from stats.models import SpoolSegment

TURN_S = 0.25
IDLE_TURN_S = 1.0
IDLE_AFTER_TURNS = 8
MAX_PAUSE_S = 5.0
BATCH = 8  # entries of 256 KB at most: about 30,000 hits in one transaction
# Entries. Longer than this the stream is not fed: PostgreSQL is away, and the spool on disk holds the rest.
# So Redis holds 128 MB of it at most, and no entry is ever trimmed away.
STREAM_LIMIT = 500

log = logging.getLogger(__name__)


class RedisForgot(Exception):
    """Redis does not know what it must have known."""


class Drainer:
    """Moves the hits of one spool folder. Whoever uses it holds the folder's drainer lock."""

    def __init__(self, directory: Path, client: redis.Redis, *, stream_limit: int = STREAM_LIMIT) -> None:
        self.directory = Path(directory)
        self.client = client
        self.stream_limit = stream_limit
        # What Redis and PostgreSQL agreed on when they were last compared; each MULTI insists on it.
        self._retired: int | None = None

    def turn(self) -> bool:
        """Feed, store and retire what there is now, a batch of each. False if nothing moved."""
        try:
            self.compare()
            paths = spool.segment_paths(self.directory)
            moved = sum(self.feed(path) for path in paths) + self.store()
            for path in paths:
                self.retire(path)
            return bool(moved)
        except (RedisForgot, rollups.Gap) as reason:
            log.warning("Redis lost a part of the statistics (%s).", reason)
            self.rebuild()
            return True

    def compare(self) -> None:
        """Make sure that Redis has what PostgreSQL has; make the boards anew if not."""
        if self._retired_in_redis() == self._retired is not None:
            return
        with rollups.alone():
            retired = SpoolSegment.objects.filter(is_retired=True).count()
            if self._retired_in_redis() != retired:
                boards.rebuild(self.client)
            self._retired = retired

    def rebuild(self) -> None:
        """Make the boards anew from PostgreSQL, whatever they hold."""
        with rollups.alone():
            self._retired = boards.rebuild(self.client)

    def feed(self, path: Path) -> int:
        """The next lines of a segment onto boards and stream. Returns their size in bytes.

        Asks Redis alone, but for segments that Redis does not know.
        """
        with spool.open_segment(path) as segment, self.client.pipeline() as pipe:
            pipe.watch(boards.key("retired"), boards.key("offsets"))
            if _as_number(pipe.get(boards.key("retired"))) != self._retired:
                return 0  # the next turn compares
            start = self._start_of(segment, pipe.hget(boards.key("offsets"), str(segment.spool)))
            if start >= segment.size or pipe.xlen(boards.key("stream")) >= self.stream_limit:
                return 0
            entry = rollups.Entry(segment.spool, start, segment.read(start))
            if not entry.block:
                return 0
            lines = list(_readable(entry))
            pipe.multi()
            boards.add(pipe, lines)
            boards.enqueue(pipe, entry)
            pipe.hset(boards.key("offsets"), str(segment.spool), str(start + len(entry.block)))
            return len(entry.block) if _went_through(pipe) else 0

    def _start_of(self, segment: spool.Segment, offset: object) -> int:
        start = _as_number(offset)
        if start is not None:
            return start
        known = SpoolSegment.objects.filter(spool=segment.spool).first()
        if known is None:
            return 0
        if known.is_retired:  # a drainer died between commit and deletion; `retire` deletes it now
            return segment.size
        raise RedisForgot(f"the offset of {segment.spool}")

    def retire(self, path: Path) -> None:
        """Delete a segment if its writer is gone and everything in it is where it belongs."""
        with spool.open_segment(path) as segment:
            if segment.is_closed and (segment.size == 0 or self._is_through(segment)):
                path.unlink()  # while we hold its lock: nobody begins to write it

    def _is_through(self, segment: spool.Segment) -> bool:
        offset = _as_number(self.client.hget(boards.key("offsets"), str(segment.spool)))
        if offset is not None and offset < segment.size:
            return False
        with rollups.alone():
            row = SpoolSegment.objects.filter(spool=segment.spool).first()
            if row and row.is_retired:
                return True
            if offset is None:
                return False
            if row and row.consumed_bytes >= segment.size:
                return self._count_as_retired(row)
            if not self.client.xlen(boards.key("stream")):
                raise RedisForgot(f"entries of {segment.spool}")
            return False

    def _count_as_retired(self, row: SpoolSegment) -> bool:
        """On both servers. If the commit fails after Redis has counted, the missing offset tells."""
        with self.client.pipeline() as pipe:
            pipe.watch(boards.key("retired"), boards.key("offsets"))
            offset = _as_number(pipe.hget(boards.key("offsets"), str(row.spool)))
            if _as_number(pipe.get(boards.key("retired"))) != self._retired or offset != row.consumed_bytes:
                return False
            pipe.multi()
            pipe.hdel(boards.key("offsets"), str(row.spool))
            pipe.incr(boards.key("retired"))
            if not _went_through(pipe):
                return False
        row.is_retired = True
        row.save(update_fields=["is_retired"])
        self._retired = (self._retired or 0) + 1
        return True

    def store(self) -> int:
        """The next entries of the stream into PostgreSQL, then off the stream. Returns their number."""
        if not self.client.xlen(boards.key("stream")):
            return 0
        with rollups.alone(wait=False) as is_alone:
            if not is_alone:
                return 0  # the drainer of another host stores them
            taken = self._take()
            if taken:
                rollups.store([entry for _, entry in taken])
        if taken:
            boards.done(self.client, [entry_id for entry_id, _ in taken])
        return len(taken)

    def _take(self) -> list[tuple[bytes, rollups.Entry]]:
        try:
            return boards.take(self.client, BATCH)
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            raise RedisForgot("the group of the stream") from error

    def _retired_in_redis(self) -> int | None:
        return _as_number(self.client.get(boards.key("retired")))


def _as_number(value: object) -> int | None:
    return int(value) if isinstance(value, bytes) else None


def _went_through(pipe: Pipeline) -> bool:
    """Execute; False if a watched key was touched in between, and then nothing was done."""
    try:
        pipe.execute()
    except redis.WatchError:
        return False
    return True


def _readable(entry: rollups.Entry) -> Iterator[spool.SpoolLine]:
    """The hits among the lines. Bad lines are counted and logged where they are stored."""
    for raw in spool.split(entry.start, entry.block):
        with suppress(spool.BadLine):
            yield spool.parse(raw.text)


def drain_all(drainer: Drainer) -> None:
    """Turn until nothing moves any more; what a living process still writes to stays."""
    while drainer.turn():
        pass


def run(drainer: Drainer, stop: threading.Event) -> None:
    """Turn every 250 ms until `stop` is set, every second after a while without hits.

    What goes wrong is logged and tried again, after 5 s at most.
    """
    pause_s, idle_turns = TURN_S, 0
    while not stop.is_set():
        try:
            moved = drainer.turn()
            idle_turns = 0 if moved else idle_turns + 1
            pause_s = TURN_S if idle_turns < IDLE_AFTER_TURNS else IDLE_TURN_S
        except (redis.RedisError, DatabaseError, OSError) as error:
            connection.close()  # it may be a dead one
            pause_s = min(pause_s * 2, MAX_PAUSE_S)
            log.warning("Hits wait in the spool: %s. Next try in %.1f s.", type(error).__name__, pause_s)
            moved = False
        except Exception:  # a bug of ours must not end the counting
            connection.close()
            pause_s = MAX_PAUSE_S
            log.exception("The drainer failed; next try in %.1f s.", pause_s)
            moved = False
        if not moved:
            stop.wait(pause_s)
    connection.close()
