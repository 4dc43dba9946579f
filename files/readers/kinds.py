"""What a file is by its first bytes, and a sentence for each kind that is no text."""

import re
from pathlib import Path

from files.readers.errors import NotATable
from files.readers.foreign import TABLE, foreign_kind

HEAD = 64 * 1024

_WORKBOOK = "Take it out of the packed file and upload the workbook itself."
_KINDS: list[tuple[bytes, str, str]] = [
    (rb"\x89PNG\r\n", "a PNG image", ""),
    (rb"\xff\xd8\xff[\xc0-\xfe]", "a JPEG image", ""),
    (rb"GIF8[79]a", "a GIF image", ""),
    (rb"(II\*\0|MM\0\*)", "a TIFF image", ""),
    (rb"RIFF....WEBP", "a WebP image", ""),
    (rb"%PDF-", "a PDF document", "Copy its table into a spreadsheet and save that as CSV."),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook (xls) or another Office document", _WORKBOOK),
    (
        rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|_rels/|docProps/|xl/)",
        "a workbook (xlsx) or another Office document",
        _WORKBOOK,
    ),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", "an OpenDocument file", _WORKBOOK),
    (rb"[\x04\x09]\x08[\x06\x08\x10]\0", "a workbook of Excel 4 or older", "Save it as xlsx and upload that."),
    (rb"BCF[\x01\x02\x04]", "a BCF file", "Upload it as bcftools wrote it."),
    (rb"(BAM\x01|CRAM[\x01-\x04])", "a file of sequencing reads", "Vardesk reads tables and VCF files."),
    (rb"(TBI\x01|CSI\x01|BAI\x01)", "an index of another file", "Upload the file that it belongs to."),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it, or pack it as zip."),
    (rb"Rar!\x1a\x07", "a RAR archive", "Unpack it, or pack it as zip."),
    (rb".{257}ustar", "a tar archive", "Unpack it and upload the table itself."),
    (rb"\x7fELF", "a program", ""),
    (rb"MZ.{0,1000}This program cannot be run", "a program", ""),
    (rb"SQLite format 3\0", "an SQLite database", "Export the table as CSV."),
    (rb"\x89HDF\r\n", "an HDF5 file", "Export the table as CSV."),
    (rb"(ARROW1\0\0|FEA1)", "an Arrow or Feather file", "Export the table as CSV."),
]
_PATTERNS = [(re.compile(pattern, re.DOTALL | re.IGNORECASE), kind, advice) for pattern, kind, advice in _KINDS]
_COMPRESSIONS = [
    (re.compile(rb"\x1f\x8b\x08"), "gzip"),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", re.DOTALL), "bz2"),
    (re.compile(rb"(\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)", re.DOTALL), "zstd"),
    (re.compile(rb"\xfd7zXZ\0"), "xz"),
    (re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"), "zip"),
]


def compression_of(head: bytes) -> str | None:
    """gzip, bgzip, bz2, zstd, xz, zip or None, by the first bytes. bgzip is gzip with a block size in its extra field."""
    for pattern, name in _COMPRESSIONS:
        if pattern.match(head):
            return "bgzip" if name == "gzip" and is_bgzip(head) else name
    return None


def is_bgzip(head: bytes) -> bool:
    """Whether the gzip header has the extra subfield `BC` of two bytes (SAM specification, section 4.1)."""
    if len(head) < 18 or not head[3] & 4:
        return False
    at, end = 12, 12 + int.from_bytes(head[10:12], "little")
    while at + 4 <= min(end, len(head)):
        length = int.from_bytes(head[at + 2 : at + 4], "little")
        if head[at : at + 2] == b"BC" and length == 2:
            return True
        at += 4 + length
    return False


def holds_no_table(head: bytes) -> bool:
    """Whether bytes that begin so are of a known kind of file that is no text table."""
    return any(pattern.match(head) for pattern, _, _ in _PATTERNS) or foreign_kind(head) is not None


def refuse_what_is_no_text(head: bytes, *, inside: str | None, path: Path) -> None:
    """Raises NotATable where the unpacked bytes begin like a known kind of file that is no text table."""
    where = f"The {inside} file holds" if inside else "This is"
    for pattern, kind, advice in _PATTERNS:
        if pattern.match(head):
            raise NotATable(f"{where} {kind}, not a text table. {advice or TABLE}")
    if inside and (nested := compression_of(head)):
        raise NotATable(f"{where} another packed file ({nested}). Unpack it once and upload what comes out.")
    if found := foreign_kind(head):
        raise NotATable(f"{where} {found[0]}, not a text table. {found[1]}")
    # A text may begin with PAR1, a gene's name; a Parquet file ends with it too.
    if head.startswith(b"PAR1") and (inside or _tail(path) == b"PAR1"):
        raise NotATable(f"{where} a Parquet file. Upload it as it is, unpacked.")


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        return stream.read(4)
