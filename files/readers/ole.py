"""The list of streams in an OLE2 file (MS-CFB): what tells an old workbook from other Office documents."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END = 0xFFFFFFFA  # and above: no sector
ENTRY = 128  # bytes of one entry of the directory
MINI = 64  # bytes of a sector in the stream that holds all small ones
ROOT = "Root Entry"
MOST_ENTRIES = 100_000


class NotOle(Exception):
    """The header or a chain of sectors leads nowhere: the file is damaged or cut off."""


@dataclass(frozen=True)
class Stream:
    first: int
    size: int


class Ole:
    """An open OLE2 file. Every walk is bounded by the number of sectors that the file has."""

    def __init__(self, file: IO[bytes], size: int):
        self._file = file
        head = file.read(512)
        if len(head) < 512 or not head.startswith(MAGIC):
            raise NotOle("no header")
        shift = struct.unpack_from("<H", head, 30)[0]
        if shift not in (9, 12):
            raise NotOle("sector size")
        self._sector = 1 << shift
        self._count = size // self._sector + 1
        self._table = self._allocation(head)
        self.streams = dict(self._entries(struct.unpack_from("<I", head, 48)[0]))
        self._cutoff, self._mini_table = struct.unpack_from("<II", head, 56)  # smaller streams lie in that of the root

    def _read(self, sector: int) -> bytes:
        self._file.seek((sector + 1) * self._sector)
        if not (data := self._file.read(self._sector)):
            raise NotOle("cut off")
        return data

    def _allocation(self, head: bytes) -> "array[int]":
        """Sector -> the next one of its chain."""
        listed = list(struct.unpack_from("<109I", head, 76))
        more, seen = struct.unpack_from("<I", head, 68)[0], 0
        while more < END and seen < self._count:
            data = self._read(more)
            if len(data) < self._sector:
                raise NotOle("cut off")
            *rest, more = struct.unpack(f"<{self._sector // 4}I", data)
            listed += rest
            seen += 1
        table = array("I")
        for sector in listed[: self._count]:
            if sector >= END:
                break
            data = self._read(sector)
            table.frombytes(data[: len(data) // 4 * 4])
        return table

    def _chain(self, sector: int, table: "array[int] | None" = None) -> Iterator[int]:
        table = self._table if table is None else table
        for _ in range(len(table) + 1):
            if sector >= END:
                return
            if sector >= len(table):
                raise NotOle("a chain leads nowhere")
            yield sector
            sector = table[sector]
        raise NotOle("a chain without an end")

    def _entries(self, first: int) -> Iterator[tuple[str, Stream]]:
        count = 0
        for sector in self._chain(first):
            data = self._read(sector)
            for at in range(0, len(data) - ENTRY + 1, ENTRY):
                length, kind = struct.unpack_from("<HB", data, at + 64)
                count += 1
                if kind and 2 <= length <= 64 and count < MOST_ENTRIES:
                    name = data[at : at + length - 2].decode("utf-16-le", "replace")
                    yield name, Stream(*struct.unpack_from("<II", data, at + 116))

    def content(self, name: str) -> bytes:
        """The bytes of a stream. Raises NotOle where some are missing."""
        stream = self.streams[name]
        data = self._joined(stream.first) if stream.size >= self._cutoff else self._small(stream)
        if len(data) < stream.size:
            raise NotOle("cut off")
        return data[: stream.size]

    def _small(self, stream: Stream) -> bytes:
        if ROOT not in self.streams:
            raise NotOle("no root")
        small = self._joined(self.streams[ROOT].first)
        table = array("I", self._joined(self._mini_table))
        parts = (small[at * MINI : (at + 1) * MINI] for at in self._chain(stream.first, table))
        return b"".join(parts)

    def _joined(self, first: int) -> bytes:
        return b"".join(map(self._read, self._chain(first)))


def streams_of(path: Path) -> set[str]:
    """The names in an OLE2 file. Raises NotOle where it is damaged."""
    with path.open("rb") as file:
        return set(Ole(file, path.stat().st_size).streams)
