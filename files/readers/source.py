"""One uploaded file as a stream of unpacked bytes. Compression is told by the bytes, never by the name."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from files.readers import unpack
from files.readers.bcf import is_bcf, vcf_text
from files.readers.choices import Limits
from files.readers.encoding import find_encoding
from files.readers.errors import Damaged, NotATable
from files.readers.kinds import HEAD, compression_of, refuse_what_is_no_text
from files.readers.lines import last_line_end

BLOCK = 8 * 1024**2


@dataclass(frozen=True)
class Member:
    """A file in a zip, or a sheet of a workbook. The name is for people: it never becomes a path."""

    name: str
    size: int | None  # bytes; None of a sheet
    hidden: bool = False  # a sheet that the spreadsheet program does not show


class Source:
    """One uploaded file, unpacked and bounded. Made by open_source()."""

    def __init__(self, path: Path, limits: Limits, wanted: str | None = None):
        self.path, self.limits = path, limits
        self.size = path.stat().st_size
        with path.open("rb") as stream:
            self.compression = compression_of(stream.read(HEAD))
        self.packing = self.compression  # as sentences call it
        self.member: str | None = None
        self.members: list[Member] = []
        self.notes: list[tuple[str, str]] = []  # kind and sentence of what was odd about the packing
        self.stopped = False  # the last blocks() ended at limits.rows_bytes, before the file did
        self.fraction = 0.0  # 0..1: how much of the file on disk the last blocks() has consumed
        self._head = b""
        self._chosen: zipfile.ZipInfo | None = None
        if self.compression == "zip":
            self._choose(wanted)
        elif wanted is not None:
            raise NotATable(f"This is no zip archive and no workbook: it has no part called {wanted!r}.")

    def _choose(self, wanted: str | None) -> None:
        infos = unpack.zip_members(self.path, self.limits)
        self.members = [Member(info.filename, info.file_size) for info in infos]
        if wanted is not None:
            infos = [info for info in infos if info.filename == wanted]
            if not infos:
                raise NotATable(f"The zip archive holds no file called {wanted!r}.")
        elif texts := [info for info in infos if unpack.is_text_member(self.path, info)]:
            infos = texts
        chosen = max(infos, key=lambda info: info.file_size)
        unpack.refuse_member(chosen)
        self._chosen, self.member = chosen, chosen.filename
        if wanted is None and len(self.members) > 1:
            self._note("zip", f"The zip archive holds {len(self.members)} files; the table is {chosen.filename!r}.")

    def _note(self, kind: str, message: str) -> None:
        if (kind, message) not in self.notes:
            self.notes.append((kind, message))

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """The unpacked bytes from the beginning, at most `size` at a time; no more than limits.rows_bytes and on to
        the end of the line, where that is set (`stopped` says whether more would have come). Raises as all_blocks()."""
        self.stopped = False
        blocks = self.all_blocks(size)
        return blocks if self.limits.rows_bytes is None else self._bounded(blocks, self.limits.rows_bytes)

    def _bounded(self, blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
        encoding = find_encoding(self.head(HEAD)).name
        for block in blocks:
            if len(block) > most and (end := last_line_end(block[:most], encoding) or last_line_end(block, encoding)):
                self.stopped = end < len(block) or next(blocks, b"") != b""
                yield block[:end]
                return
            most = max(0, most - len(block))
            yield block

    def all_blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """The unpacked bytes from the beginning, at most `size` at a time, whatever limits.rows_bytes says.

        Raises Damaged after the last good byte of a file that is cut off or broken, NotATable for a bomb.
        """
        self.fraction, out = 0.0, 0
        try:
            for block in self._unpacked(size):
                out += len(block)
                if out > self.limits.ratio_free_bytes and out > self.limits.ratio * max(self.size, 1):
                    raise NotATable(
                        f"The file unpacks to more than {self.limits.ratio} times its size; reading stopped after"
                        f" {out:,} bytes. Upload it unpacked."
                    )
                yield block
        except unpack.BrokenOff as error:
            raise Damaged(
                f"The {self.packing} file is {error} after {out:,} unpacked bytes. Upload a whole copy of it."
            ) from error
        self.fraction = 1.0

    def _unpacked(self, size: int) -> Iterator[bytes]:
        if self.compression == "zip":
            yield from self._zipped(size)
            return
        with self.path.open("rb") as stream:
            for block in self._stream_blocks(stream, size):
                self.fraction = min(1.0, stream.tell() / max(self.size, 1))
                yield block

    def _stream_blocks(self, stream: IO[bytes], size: int) -> Iterator[bytes]:
        if self.compression in ("gzip", "bgzip"):
            return unpack.gzip_blocks(stream, size, self._note)
        if self.compression == "bz2":
            return unpack.bz2_blocks(stream, size, self._note)
        if self.compression == "xz":
            return unpack.xz_blocks(stream, size, self.limits.window_bytes, self._note)
        if self.compression == "zstd":
            return unpack.zstd_blocks(stream, size, self.limits.window_bytes, self._note)
        return iter(lambda: stream.read(size), b"")

    def _zipped(self, size: int) -> Iterator[bytes]:
        assert self._chosen is not None
        out, whole = 0, max(self._chosen.file_size, 1)
        with zipfile.ZipFile(self.path) as archive:
            for block in unpack.zip_blocks(archive, self._chosen, size):
                out += len(block)
                self.fraction = min(1.0, out / whole)
                yield block

    def head(self, size: int) -> bytes:
        """The first `size` unpacked bytes, fewer where the file is shorter or breaks off before."""
        if len(self._head) < size:
            parts, got = [], 0
            try:
                for block in self.all_blocks(min(size, BLOCK)):
                    parts.append(block)
                    got += len(block)
                    if got >= size:
                        break
            except Damaged:
                pass  # whoever reads the file to there will be told
            self._head = b"".join(parts)
            self.fraction = 0.0
        return self._head[:size]


class BcfSource(Source):
    """A BCF: blocks() is its VCF text, and lines and bytes are counted in that."""

    def __init__(self, path: Path, limits: Limits):
        super().__init__(path, limits)
        self.packing = "BCF"

    def _unpacked(self, size: int) -> Iterator[bytes]:
        yield from vcf_text(self.path, size, self._at)
        if self.compression == "bgzip" and not unpack.has_bgzip_end(self.path):
            raise unpack.BrokenOff("cut off")

    def _at(self, position: int) -> None:
        self.fraction = min(1.0, position / max(self.size, 1))


def open_source(path: Path, *, member: str | None = None, limits: Limits | None = None) -> Source:
    """The file behind `path`. Raises NotATable where it is no text: an image, a workbook, an encrypted zip, ..."""
    source = Source(path, limits or Limits(), member)
    if source.compression is None and not source.size:
        raise NotATable("The file is empty: it has 0 bytes.")
    head = source.head(HEAD)
    # In any other packing it is refused below: htslib takes the file as it is.
    if source.compression in (None, "bgzip", "gzip") and is_bcf(head):
        return BcfSource(path, source.limits)
    refuse_what_is_no_text(head, inside=source.compression, path=path)
    return source
