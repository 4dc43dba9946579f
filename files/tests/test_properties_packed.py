"""Packed tables with bytes cut off or flipped: what came before is kept as it was, and the damage is always told."""

import bz2
import gzip
import lzma
import struct
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from files.readers.errors import Damaged, NotATable
from files.readers.source import Source, open_source
from files.tests.conftest import zip_of
from files.tests.promises import read_bytes
from files.tests.vcf_texts import SITES

ROWS = [[str(n), f"c.{n * 7919 % 10007}A>G", f"note {n * 31 % 97}"] for n in range(3_000)]
LINES = ["id,hgvs_c,note\n", *(",".join(row) + "\n" for row in ROWS)]
TABLE = "".join(LINES).encode()


def bgzip(data: bytes) -> bytes:
    out = b""
    for at in [*range(0, len(data), 8_000), len(data)]:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(data[at : at + 8_000]) + packer.flush()
        out += bytes.fromhex("1f8b08040000000000ff0600") + b"BC\2\0" + struct.pack("<H", len(body) + 25) + body
        out += struct.pack("<II", zlib.crc32(data[at : at + 8_000]), len(data[at : at + 8_000]))
    return out


PACKED = {
    "gzip": gzip.compress,
    "bgzip": bgzip,
    "bz2": lambda data: b"".join(bz2.compress(data[at : at + 20_000], 1) for at in range(0, len(data), 20_000)),
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(level=3, write_checksum=True).compress,
    "zip": lambda data: zip_of({"table.csv": data}),
}
CHECKED = {name: pack(TABLE) for name, pack in PACKED.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    runs = iter(range(1_000_000))
    base = tmp_path_factory.mktemp("packed")
    return lambda: base / str(next(runs))


def unpacked(source: Source) -> tuple[bytes, bool]:
    """What comes out, and whether all of it came."""
    found = b""
    try:
        for block in source.blocks():
            found += block
    except Damaged:
        return found, False
    return found, True


@given(kind=st.sampled_from(sorted(PACKED)), share=st.floats(0.01, 0.999))
def test_a_cut_keeps_what_stands_before_it(folder, kind, share):
    """Nothing but the text itself comes out, and at least what any unpacker must have seen by then."""
    path = folder()
    cut = int(len(CHECKED[kind]) * share)
    path.write_bytes(CHECKED[kind][:cut])
    try:
        found, whole = unpacked(open_source(path))
    except NotATable:
        assert kind == "zip" or cut < 100  # whose list of files stands at the end
        return
    assert TABLE.startswith(found)
    assert not whole or found == TABLE


@given(kind=st.sampled_from(sorted(PACKED)), share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_told_or_changes_no_row(folder, kind, share, bit):
    data = bytearray(CHECKED[kind])
    data[int(len(data) * share)] ^= 1 << bit
    try:
        reading = read_bytes(bytes(data), folder())
    except NotATable:
        return
    told = {warning["kind"] for warning in reading.outcome.warnings} & {"truncated", "trailing_garbage"}
    assert told or [list(cells) for _, *cells in reading.rows] == ROWS


@given(kind=st.sampled_from(["gzip", "bgzip", "bz2", "zstd", "xz"]), share=st.floats(0.05, 0.99))
def test_rows_before_a_cut_are_rows_and_the_line_of_the_cut_is_named(folder, kind, share):
    cut = CHECKED[kind][: int(len(CHECKED[kind]) * share)]
    try:
        reading = read_bytes(cut, folder())
    except NotATable:
        return
    count = len(reading.rows)
    assert [row[0] for row in reading.rows] == list(range(2, count + 2))
    assert [list(cells) for _, *cells in reading.rows] == ROWS[:count]
    assert "truncated" in {warning["kind"] for warning in reading.outcome.warnings}
    starts = [sum(map(len, LINES[: count + 1]))]
    assert [(reject[0], int(reject[1])) for reject in reading.rejects] in ([], [(count + 2, starts[0])])


@given(kind=st.sampled_from(["gzip", "bgzip", "xz"]), share=st.floats(0.02, 0.98))
def test_lines_of_a_vcf_before_a_cut_are_rows_and_the_line_of_the_cut_is_named(folder, kind, share):
    lines = [f"chr1\t{n * 7919 % 100_003}\t.\tA\tG\t.\tPASS\tDP={n % 97}" for n in range(1_500)]
    whole = PACKED[kind]((SITES + "\n".join(lines) + "\n").replace("\n", "\r\n").encode())
    try:
        reading = read_bytes(whole[: int(len(whole) * share)], folder())
    except NotATable:
        return
    first, count = SITES.count("\n") + 1, len(reading.rows)
    assert [row[0] for row in reading.rows] == list(range(first, first + count))
    assert [row[2] for row in reading.rows] == [line.split("\t")[1] for line in lines[:count]]
    assert [reject[0] for reject in reading.rejects] in ([], [first + count])
    assert "truncated" in {warning["kind"] for warning in reading.outcome.warnings}
