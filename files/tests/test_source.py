"""Compression, damage and bounds of one uploaded file."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib

import pytest
import zstandard

from files.readers.choices import Limits
from files.readers.errors import Damaged, NotATable
from files.readers.source import open_source

TEXT = "".join(f"{n},{n * 7919 % 10007}\n" for n in range(50_000)).encode()


def bgzip(data: bytes, block: int = 60_000) -> bytes:
    """Members with their size in an extra field, and the empty one at the end (SAM specification, 4.1)."""
    out = b""
    for at in [*range(0, len(data), block), len(data)]:
        part = data[at : at + block]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(part) + packer.flush()
        out += b"\x1f\x8b\x08\x04" + b"\0" * 4 + b"\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(body) + 25)
        out += body + struct.pack("<II", zlib.crc32(part), len(part))
    return out


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


class Nameless(zipfile.ZipInfo):
    """is_dir() of Python 3.11 raises for an empty name, when it is written too."""

    def is_dir(self) -> bool:
        return False


def zipped_without_name(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(Nameless(""), data)
    return out.getvalue()


def opened(tmp_path, data: bytes, **options):
    path = tmp_path / "file.png"  # names say nothing
    path.write_bytes(data)
    return open_source(path, **options)


HALVES = TEXT[:200_000], TEXT[200_000:]
PACKED = [
    ("none", None, TEXT),
    ("gzip", "gzip", gzip.compress(TEXT)),
    ("two gzip members", "gzip", b"".join(map(gzip.compress, HALVES))),
    ("padded gzip", "gzip", gzip.compress(TEXT) + b"\0" * 512),
    ("bgzip", "bgzip", bgzip(TEXT)),
    ("bz2", "bz2", bz2.compress(TEXT)),
    ("two bz2 streams", "bz2", b"".join(map(bz2.compress, HALVES))),
    ("zstd", "zstd", zstandard.ZstdCompressor().compress(TEXT)),
    ("two zstd frames", "zstd", b"".join(map(zstandard.ZstdCompressor(write_checksum=True).compress, HALVES))),
    ("skippable zstd frame", "zstd", b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.ZstdCompressor().compress(TEXT)),
    ("xz", "xz", lzma.compress(TEXT)),
    ("two xz streams", "xz", b"".join(map(lzma.compress, HALVES))),
    ("zip of a file without a name", "zip", zipped_without_name(TEXT)),
    ("zip", "zip", zipped(**{"../../a.csv": TEXT, "b.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 900_000})),
]


@pytest.mark.parametrize(("compression", "data"), [p[1:] for p in PACKED], ids=[p[0] for p in PACKED])
def test_unpacks_by_magic_bytes_in_bounded_blocks(tmp_path, compression, data):
    source = opened(tmp_path, data)
    blocks = list(source.blocks(10_000))
    assert source.compression == compression
    assert b"".join(blocks) == TEXT
    assert max(map(len, blocks)) <= 10_000
    assert source.fraction == 1
    assert source.head(100) == TEXT[:100]
    assert all(kind == "zip" for kind, _ in source.notes)


@pytest.mark.parametrize(
    "data", [gzip.compress(TEXT), bgzip(TEXT), bz2.compress(TEXT, 1), lzma.compress(TEXT), PACKED[7][2]]
)
def test_what_was_good_before_a_cut_is_handed_over(tmp_path, data):
    source, blocks = opened(tmp_path, data[: len(data) * 9 // 10]), []
    with pytest.raises(Damaged, match="cut off after [0-9,]+ unpacked bytes"):
        blocks.extend(source.blocks())
    got = b"".join(blocks)
    assert TEXT.startswith(got)
    assert len(got) > 100_000 or source.compression == "zstd"


@pytest.mark.parametrize("data", [gzip.compress(TEXT), bgzip(TEXT), bz2.compress(TEXT, 1)])
def test_damage_in_the_middle_is_named(tmp_path, data):
    middle = len(data) * 3 // 4
    source = opened(tmp_path, data[:middle] + b"\xff\x00" * 30 + data[middle + 60 :])
    with pytest.raises(Damaged, match="damaged after"):
        list(source.blocks())


@pytest.mark.parametrize(
    "data", [gzip.compress(TEXT), bz2.compress(TEXT), lzma.compress(TEXT), zstandard.ZstdCompressor().compress(TEXT)]
)
def test_garbage_at_the_end_is_a_note(tmp_path, data):
    source = opened(tmp_path, data + b"garbage")
    assert b"".join(source.blocks()) == TEXT
    assert [kind for kind, _ in source.notes] == ["trailing_garbage"]


@pytest.mark.parametrize("rest", [b"garbage", b"\x1e\x8b" + bgzip(TEXT)[2:]], ids=["garbage", "a member's first byte"])
def test_what_is_no_member_of_a_bgzip_file_is_damage(tmp_path, rest):
    """Thousands of blocks may stand behind the one whose head is broken."""
    with pytest.raises(Damaged, match=f"damaged after {len(TEXT):,} unpacked"):
        list(opened(tmp_path, bgzip(TEXT) + rest).blocks())


def test_a_bgzip_file_without_its_end_mark_is_noted(tmp_path):
    """A cut between two blocks leaves no other trace; bcftools ends its blocks with a line's end."""
    source = opened(tmp_path, bgzip(TEXT)[: -len(bgzip(b""))])
    assert b"".join(source.blocks()) == TEXT
    assert [kind for kind, _ in source.notes] == ["no_end_mark"]


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress, lambda d: zipped(a=d)]
)
def test_a_bomb_is_refused(tmp_path, pack):
    source = opened(tmp_path, pack(b"0," * 4_000_000), limits=Limits(ratio=100, ratio_free_bytes=1_000_000))
    with pytest.raises(NotATable, match="more than 100 times its size"):
        list(source.blocks())


def test_a_zip_member_can_be_chosen(tmp_path):
    data = zipped(small=b"a,b\n1,2\n", large=TEXT)
    assert opened(tmp_path, data).member == "large"
    source = opened(tmp_path, data, member="small")
    assert source.head(3) == b"a,b"
    assert [m.name for m in source.members] == ["small", "large"]
    with pytest.raises(NotATable, match="no file called 'other'"):
        opened(tmp_path, data, member="other")


REFUSED = [
    (b"", "empty"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"%PDF-1.4", "PDF"),
    (gzip.compress(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", mtime=0), "a workbook"),
    (zipped(**{"xl/workbook.xml": b"", "[Content_Types].xml": b""}), "Office document"),
    (b"PAR1....PAR1", "Parquet"),
    (bgzip(b"BCF\x04 header"), "BCF"),
    (gzip.compress(gzip.compress(TEXT)), "another packed file"),
    (zipped(a=gzip.compress(TEXT)), "another packed file"),
    (b"PK\x03\x04 nothing", "damaged or cut off"),
    (b" <!DOCTYPE html><html>", "web page"),
]


@pytest.mark.parametrize(("data", "says"), REFUSED)
def test_what_is_no_text_is_named(tmp_path, data, says):
    with pytest.raises(NotATable, match=says):
        opened(tmp_path, data)


def test_a_text_may_begin_with_a_gene_called_par1(tmp_path):
    assert opened(tmp_path, b"PAR1,2\nPAR2,3\n").head(4) == b"PAR1"


def flagged(flags: int) -> bytearray:
    data = bytearray(zipped(a=TEXT))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(magic) + at
        data[place : place + 2] = (int.from_bytes(data[place : place + 2], "little") | flags).to_bytes(2, "little")
    return data


@pytest.mark.parametrize(("flags", "says"), [(1, "encrypted"), (1 << 6, "encrypted"), (1 << 5, "other than deflate")])
def test_a_member_that_python_cannot_unpack_is_refused(tmp_path, flags, says):
    with pytest.raises(NotATable, match=says):
        opened(tmp_path, bytes(flagged(flags)))


def begins_before_the_file(data: bytearray) -> None:
    at = data.index(b"PK\x05\x06") + 16
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") + 40).to_bytes(4, "little")


def has_a_name_that_is_no_text(data: bytearray) -> None:
    data[30] = 0xFF


@pytest.mark.parametrize("damage", [begins_before_the_file, has_a_name_that_is_no_text])
def test_a_zip_with_a_broken_entry_is_damaged(tmp_path, damage):
    data = flagged(1 << 11)  # names are UTF-8
    damage(data)
    with pytest.raises(NotATable, match="damaged"):
        list(opened(tmp_path, bytes(data)).blocks())


def test_of_two_members_of_one_name_the_larger_is_read(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", TEXT)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", b"a,b\n1,2\n")
    assert b"".join(opened(tmp_path, out.getvalue()).blocks()) == TEXT
