"""From bytes to text: compression and encoding."""

import codecs
import gzip
import io
import zlib
from pathlib import Path
from typing import IO, Any

from files.readers.errors import NotATable

SAMPLE_BYTES = 256 * 1024
CHUNK = 1 << 20
RATIO_LIMIT = 500  # bytes out for each byte in, after the first FREE_BYTES
FREE_BYTES = 100 * 1024**2

_KINDS = [
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"BCF", "a BCF file"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
]
_BOMS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]


class _Unpacked(io.RawIOBase):
    """A gzip stream that stops a decompression bomb. Concatenated members (bgzip) are one stream."""

    def __init__(self, path: Path):
        self._size = path.stat().st_size
        self._stream = gzip.open(path)  # noqa: SIM115 closed by close()
        self._out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise NotATable(f"The gzip file is damaged or cut off after {self._out:,} bytes of text.") from error
        self._out += len(data)
        if self._out > FREE_BYTES and self._out > RATIO_LIMIT * self._size:
            raise NotATable(
                f"The file unpacks to more than {RATIO_LIMIT} times its size; reading stopped at {self._out:,} bytes."
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked where it is gzip or bgzip. Reading may raise NotATable."""
    return io.BufferedReader(_Unpacked(path), CHUNK) if is_gzip(path) else path.open("rb")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Lines with their line ends untouched."""
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, newline="")


def sample(path: Path) -> bytes:
    """The first bytes of the text. Raises NotATable where they cannot be text."""
    with open_bytes(path) as stream:
        head = stream.read(SAMPLE_BYTES)
    if not head.strip(b"\r\n\t \xff\xfe\xef\xbb\xbf\0") and b"\0" not in head.strip(b"\r\n\t "):
        raise NotATable("The file is empty.")
    for magic, kind in _KINDS:
        if head.startswith(magic):
            raise NotATable(
                f"This is {kind}, not a text table. Vardesk reads CSV and TSV, plain or gzipped, in this version."
            )
    if head.startswith(b"##fileformat=VCF"):
        raise NotATable("This is a VCF. This version reads CSV and TSV; VCF comes with the next ones.")
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotATable("The file holds NUL bytes: it is binary, or UTF-16 text without its byte-order mark.")
    return head


def find_encoding(path: Path, head: bytes) -> str:
    """By byte-order mark, else strict UTF-8 over the whole file, else Windows-1252 (Latin-1 where even that fails)."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    tried = {"utf-8": codecs.getincrementaldecoder("utf-8")(), "cp1252": codecs.getincrementaldecoder("cp1252")()}
    with open_bytes(path) as stream:
        while tried:
            chunk = stream.read(CHUNK)
            for encoding in list(tried):
                try:
                    tried[encoding].decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    del tried[encoding]
            if not chunk:
                break
    return next(iter(tried), "latin-1")
