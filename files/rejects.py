"""A file's rejected lines: counted by kind, paged, and as a download that can be mended and uploaded again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from files.readers.original import LINE_END
from files.store import ask, refuse_too_much, relation

BATCH_LINES, BATCH_BYTES = 10_000, 8 * 1024**2  # held at once while all of them go by
# As `files.readers.findings` writes them.
OFFSET, COLUMN, REASON, TEXT, KIND = "c0::BIGINT", "c1", "c2", "c3", "c4"


@dataclass(frozen=True)
class Reject:
    """A record that is no row: physical line from 1, byte offset in the unpacked file from 0."""

    line: int
    offset: int | None  # None where lines have no such place: in a spreadsheet
    column: str | None
    reason: str
    text: str  # as written; its beginning where fewer characters were asked for
    length: int  # of the whole text, in characters


class Rejects:
    """Questions to one file's rejects. `reasons` is kind -> count, as the file has it."""

    def __init__(self, folder: Path, reasons: Mapping[str, int]):
        self._folder = folder
        self.reasons = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))

    def count(self, kind: str = "") -> int:
        return self.reasons.get(kind, 0) if kind else sum(self.reasons.values())

    def page(
        self, *, offset: int, limit: int, kind: str = "", longest: int | None = None, most_bytes: int | None = None
    ) -> list[Reject]:
        """Rejects `offset` to `offset + limit` in the order of their lines; texts cut to `longest` characters.

        Raises BadQuestion where several of them hold more than `most_bytes` of text.
        """
        if not self.count(kind):
            return []
        where, values = self._where(kind)
        with ask() as db:
            found = db.execute(
                f"SELECT line FROM {relation(self._folder, [4])} {where} ORDER BY line LIMIT {limit:d} OFFSET {offset:d}",
                values,
            ).fetchall()
        if not found:
            return []
        first, last = found[0][0], found[-1][0]
        if most_bytes is not None:
            refuse_too_much(self._weights(first, last, kind), most_bytes)
        return self._between(first, last, kind, longest)

    def _weights(self, first: int, last: int, kind: str) -> list[int]:
        """Bytes of text of each of these, in the order of their lines."""
        where, values = self._where(kind, "line BETWEEN $first AND $last")
        with ask() as db:
            found = db.execute(
                f"SELECT strlen({TEXT}) FROM {relation(self._folder, range(5))} {where} ORDER BY line",
                values | {"first": first, "last": last},
            ).fetchall()
        return [row[0] or 0 for row in found]

    def every(self, kind: str = "") -> Iterator[Reject]:
        """All of them in the order of their lines; memory holds BATCH_BYTES of them."""
        first, last, count, size = 0, 0, 0, 0
        for line, length in self._each(f"line, strlen({TEXT})", kind):
            if count and (count >= BATCH_LINES or size + length > BATCH_BYTES):
                yield from self._between(first, last, kind, None)
                first, count, size = 0, 0, 0
            first, last, count, size = first or line, line, count + 1, size + length
        if count:
            yield from self._between(first, last, kind, None)

    def places(self, kind: str = "") -> Iterator[tuple[int, int]]:
        """Where each is in the unpacked file: (byte offset from 0, how many physical lines), offsets rising."""
        lines = f"len(regexp_extract_all({TEXT}, '{LINE_END}')) + 1"
        for _, offset, count in self._each(f"line, {OFFSET}, {lines}", kind):
            yield offset, count

    def end(self, kind: str = "") -> int:
        """Byte offset of the last one in the unpacked file; 0 where there is none."""
        if not self.count(kind):
            return 0
        where, values = self._where(kind)
        with ask() as db:
            row = db.execute(f"SELECT max({OFFSET}) FROM {relation(self._folder, range(5))} {where}", values).fetchone()
        return int(row[0] or 0) if row else 0

    def _where(self, kind: str, *more: str) -> tuple[str, dict[str, Any]]:
        conditions = [*more, *([f"{KIND} = $kind"] if kind else [])]
        return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), ({"kind": kind} if kind else {})

    def _each(self, what: str, kind: str) -> Iterator[tuple[Any, ...]]:
        """Small values of every reject, asked for in pieces: DuckDB holds a whole answer in memory."""
        if not self.count(kind):
            return
        where, values = self._where(kind, "line > $after")
        table, last = relation(self._folder, range(5)), 0
        while True:
            with ask() as db:
                # The end of the piece first: only then can the long columns of all other row groups stay unread.
                piece = f"SELECT line FROM {table} {where} ORDER BY line LIMIT {BATCH_LINES:d}"
                row = db.execute(f"SELECT max(line) FROM ({piece})", values | {"after": last}).fetchone()
                if row is None or row[0] is None:
                    return
                after, last = last, row[0]
                found = db.execute(
                    f"SELECT {what} FROM {table} {where} AND line <= $last ORDER BY line",
                    values | {"after": after, "last": last},
                ).fetchall()
            yield from found

    def _between(self, first: int, last: int, kind: str, longest: int | None) -> list[Reject]:
        where, values = self._where(kind, "line BETWEEN $first AND $last")
        text = TEXT if longest is None else f"left({TEXT}, {longest:d})"
        with ask() as db:
            found = db.execute(
                f"SELECT line, {OFFSET}, {COLUMN}, {REASON}, {text}, length({TEXT})"
                f" FROM {relation(self._folder, range(5))} {where} ORDER BY line",
                values | {"first": first, "last": last},
            ).fetchall()
        return [Reject(*row) for row in found]
