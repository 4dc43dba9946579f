"""Decompression in bounded steps: no call ever holds more than `size` unpacked bytes."""

import bz2
import errno
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import zstandard

from files.readers.choices import Limits
from files.readers.encoding import looks_like_text
from files.readers.errors import NotATable
from files.readers.kinds import HEAD, compression_of, holds_no_table, is_bgzip

PACKED = 64 * 1024  # bytes read at once: after each member of a bgzip file the rest of them is copied
SALVAGE = 1  # bytes fed at once when the last good ones before a damage are looked for
ENCRYPTED, PATCHED, STRONGLY_ENCRYPTED = 1, 1 << 5, 1 << 6  # flags of a file in a zip
BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
LISTED = 1024  # bytes of a file in the list of a zip archive, on average and at most

Note = Callable[[str, str], None]


class BrokenOff(Exception):
    """The packed stream ends before its end (`cut off`) or does not decode (`damaged`)."""


def gzip_blocks(stream: IO[bytes], size: int, note: Note) -> Iterator[bytes]:
    """The text of all members of a gzip or bgzip stream.

    What stands behind the last member of a gzip file is noted; bgzip has a mark for its end, and nothing behind it.
    """
    unpacker, data, began = zlib.decompressobj(31), stream.read(PACKED), False
    is_blocked, is_empty = is_bgzip(data), True  # `is_empty`: the member gave no text, as the end mark does not
    while data:
        began = True
        before = unpacker.copy()
        try:
            block = unpacker.decompress(data, size)
        except zlib.error as error:
            yield from _salvaged(before, data, size)
            raise BrokenOff("damaged") from error
        if block:
            is_empty = False
            yield block
        data = unpacker.unconsumed_tail
        if unpacker.eof:
            data = unpacker.unused_data
            if len(data) < 2:
                data += stream.read(PACKED)
            if not data.startswith(b"\x1f\x8b"):
                if is_blocked:
                    _check_end(data, is_empty, note)
                else:
                    _note_garbage(data, note)
                return
            unpacker, began, is_empty = zlib.decompressobj(31), False, True
        data = data or stream.read(PACKED)
    if began:
        yield from _last(unpacker, size)
        raise BrokenOff("cut off")


def _check_end(rest: bytes, has_mark: bool, note: Note) -> None:
    """Of a bgzip file: raises BrokenOff where its members do not go on to the end mark and nothing but zeros follows."""
    if rest.strip(b"\0"):
        raise BrokenOff("damaged")
    if not has_mark:
        note(
            "no_end_mark",
            "The bgzip file lacks the empty block at its end, so it may have been cut off between two blocks. Compare"
            " its size with that of the original.",
        )


def has_bgzip_end(path: Path) -> bool:
    """Whether the file ends with the empty block by which a whole bgzip file is told (SAM specification, 4.1.2)."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - len(BGZIP_END)))
        return stream.read() == BGZIP_END


def _last(unpacker: "zlib._Decompress", size: int) -> Iterator[bytes]:
    while block := unpacker.decompress(b"", size):
        yield block


def _salvaged(unpacker: "zlib._Decompress", data: bytes, size: int) -> Iterator[bytes]:
    """What can be unpacked before the damage, in blocks of about `size` bytes."""
    pieces, got = [], 0
    with suppress(zlib.error):
        for at in range(0, len(data), SALVAGE):
            piece = unpacker.decompress(data[at : at + SALVAGE])
            pieces.append(piece)
            got += len(piece)
            if got >= size:
                yield b"".join(pieces)
                pieces, got = [], 0
    if got:
        yield b"".join(pieces)


def _note_garbage(data: bytes, note: Note) -> None:
    if data.strip(b"\0"):  # zeros are the padding of tapes and disks
        note("trailing_garbage", "After the end of the packed data stand other bytes; they were not read.")


def bz2_blocks(stream: IO[bytes], size: int, note: Note) -> Iterator[bytes]:
    """The text of all streams of a bzip2 file."""
    unpacker, data = bz2.BZ2Decompressor(), stream.read(PACKED)
    while True:
        try:
            block = unpacker.decompress(data, size)
        except OSError as error:
            raise BrokenOff("damaged") from error
        if block:
            yield block
        data = b""
        if unpacker.eof:
            data = unpacker.unused_data or stream.read(PACKED)
            if len(data) < 3:
                data += stream.read(PACKED)
            if not data.startswith(b"BZh"):
                _note_garbage(data, note)
                return
            unpacker = bz2.BZ2Decompressor()
        elif unpacker.needs_input and not (data := stream.read(PACKED)):
            raise BrokenOff("cut off")


def xz_blocks(stream: IO[bytes], size: int, memory: int, note: Note) -> Iterator[bytes]:
    """The text of all streams of an xz file. One that asks for more than `memory` bytes is refused."""
    unpacker, data = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory), stream.read(PACKED)
    while True:
        try:
            block = unpacker.decompress(data, size)
        except lzma.LZMAError as error:
            if "limit" in str(error):
                raise NotATable(
                    f"The xz file needs more than {memory >> 20} MiB to unpack. Pack it with gzip."
                ) from error
            raise BrokenOff("damaged") from error
        if block:
            yield block
        data = b""
        if unpacker.eof:
            data = (unpacker.unused_data or stream.read(PACKED)).lstrip(b"\0")
            if not data.startswith(b"\xfd7zXZ\0"):
                _note_garbage(data, note)
                return
            unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory)
        elif unpacker.needs_input and not (data := stream.read(PACKED)):
            raise BrokenOff("cut off")


def zstd_blocks(stream: IO[bytes], size: int, window: int, note: Note) -> Iterator[bytes]:
    """The text of all frames of a zstd file. A frame that asks for a larger window is refused."""
    end, whole, rest = _zstd_frames(stream)
    if rest:
        _note_garbage(rest, note)
    stream.seek(0)
    unpacker = zstandard.ZstdDecompressor(max_window_size=window)
    bounded = _Bounded(stream, end)
    with unpacker.stream_reader(
        cast(IO[bytes], bounded), read_size=PACKED, read_across_frames=True, closefd=False
    ) as reader:
        try:
            while block := reader.read1(size):
                yield block
        except zstandard.ZstdError as error:
            if "memory" in str(error):
                raise NotATable(
                    f"The zstd file needs a window of more than {window >> 20} MiB. Pack it without --long."
                ) from error
            raise BrokenOff("damaged") from error
    if not whole:  # the unpacker takes a frame that is cut off for the end
        raise BrokenOff("cut off")


class _Bounded:
    """The first `end` bytes of a stream."""

    def __init__(self, stream: IO[bytes], end: int):
        self._stream, self._left = stream, end

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def _zstd_frames(stream: IO[bytes]) -> tuple[int, bool, bytes]:
    """Where the last frame ends, whether it is whole, and what stands behind it.

    Walks over the headers of frames and blocks (RFC 8878, section 3.1.1) without unpacking anything.
    """
    size, at = stream.seek(0, 2), 0
    while at < size:
        stream.seek(at)
        head = stream.read(18)
        if len(head) >= 8 and head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
            at += 8 + int.from_bytes(head[4:8], "little")
            continue
        if not head.startswith(b"\x28\xb5\x2f\xfd"):
            return at, True, head
        try:
            at += zstandard.frame_header_size(head)
            checksum = 4 if zstandard.get_frame_parameters(head).has_checksum else 0
        except zstandard.ZstdError:
            return size, False, b""
        last = False
        while not last and at < size:
            stream.seek(at)
            block = int.from_bytes(stream.read(3), "little")
            last, kind = bool(block & 1), block >> 1 & 3
            at += 3 + (1 if kind == 1 else block >> 3)
        at += checksum
        if not last:
            return size, False, b""
    return size, at == size, b""


def list_of_zip(path: Path, limits: Limits) -> list[zipfile.ZipInfo]:
    """All entries of a zip. Raises NotATable for damaged archives and those with too many."""
    try:
        _refuse_long_list(path, limits)
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise NotATable("The zip archive is damaged or cut off: its list of files cannot be read.") from error
    _refuse_many(len(infos), limits)
    return infos


def zip_members(path: Path, limits: Limits) -> list[zipfile.ZipInfo]:
    """The files of a zip. Raises NotATable for Office documents, empty and damaged archives."""
    infos = list_of_zip(path, limits)
    _refuse_office({info.filename for info in infos})
    # Not is_dir(): it raises where a file has no name.
    infos = [info for info in infos if not re.search(r"/$|(^|/)(__MACOSX/|\.[^./])", info.filename)]
    if not infos:
        raise NotATable("The zip archive holds no files.")
    return infos


def _refuse_long_list(path: Path, limits: Limits) -> None:
    """Before ZipFile makes objects of the list, half a kilobyte each: what its end record says of number and size."""
    with path.open("rb") as stream:
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]  # what ZipFile itself goes by
    if end is None:
        return  # ZipFile says so
    entries, size = end[zipfile._ECD_ENTRIES_TOTAL], end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
    _refuse_many(entries, limits)
    if size > limits.zip_members * LISTED:
        raise NotATable(f"The list of files in the zip archive is {size:,} bytes long: it is no archive of tables.")


def _refuse_many(count: int, limits: Limits) -> None:
    if count > limits.zip_members:
        raise NotATable(f"The zip archive holds {count:,} files; the limit is {limits.zip_members:,}.")


def _refuse_office(names: set[str]) -> None:
    """Workbooks are read elsewhere, by what is inside them: their parts are no tables."""
    if "[Content_Types].xml" in names or {"content.xml", "mimetype"} <= names:
        raise NotATable("This is an Office document, not an archive of tables.")


def refuse_member(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & (ENCRYPTED | STRONGLY_ENCRYPTED):
        raise NotATable(f"{info.filename!r} in the zip archive is encrypted. Upload it without a password.")
    if info.flag_bits & PATCHED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotATable(f"{info.filename!r} in the zip archive is packed in a way other than deflate. Unpack it first.")


def is_text_member(path: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a member can be a table: readable, not packed itself, and text."""
    try:
        refuse_member(info)
        with zipfile.ZipFile(path) as archive:
            head = next(zip_blocks(archive, info, HEAD), b"")
    except (NotATable, BrokenOff):
        return False
    return bool(head) and not compression_of(head) and looks_like_text(head) and not holds_no_table(head)


def zip_blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> Iterator[bytes]:
    """The text of one member: by its entry, for several may have one name."""
    try:
        with archive.open(info) as stream:
            while block := stream.read(min(size, 1024**2)):
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise BrokenOff("damaged") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # an entry that is said to begin before the file does
            raise
        raise BrokenOff("damaged") from error
