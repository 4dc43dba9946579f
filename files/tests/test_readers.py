import gzip
import random
import zlib
from pathlib import Path

import pytest

from files.readers import text
from files.readers.dialect import Dialect, sniff
from files.readers.errors import NotATable
from files.readers.records import column_names, scan
from files.readers.text import find_encoding, sample

COMMA, TAB = Dialect(",", True, True), Dialect("\t", True, True)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def scanned(folder: Path, content: str, dialect: Dialect = COMMA) -> list[tuple[int, list[str]]]:
    rows = scan(written(folder, content.encode()), "utf-8", dialect)
    return [(row.line, row.cells) for row in rows]


def sniffed(folder: Path, content: bytes) -> tuple[str, Dialect]:
    """Encoding and dialect, as the read job finds them."""
    path = written(folder, content)
    head = sample(path)
    encoding = find_encoding(path, head)
    return encoding, sniff(head.decode(encoding, errors="ignore"))


# --- dialect


@pytest.mark.parametrize(
    ("content", "delimiter", "quoted", "header"),
    [
        ("gene\tpos\nBRCA1\t12\n", "\t", False, True),
        ("gene,pos\nBRCA1,12\n", ",", False, True),
        ("gene;pos\nBRCA1;12\n", ";", False, True),
        ("gene|pos\nBRCA1|12\n", "|", False, True),
        ('gene,comment\nBRCA1,"a, b"\nTP53,"c\nd"\n', ",", True, True),
        ('"gene"\t"pos"\n"BRCA1"\t"12"\n', "\t", True, True),
        ("BRCA1,12\nTP53,13\n", ",", False, False),
        ("gene,comment\nBRCA1,a; b; c\nTP53,d; e; f\n", ",", False, True),
        ("gene\tnames\nBRCA1\ta,b,c\nTP53\td,e\n", "\t", False, True),
        ("gene;weight\nBRCA1;1,5\nTP53;2,25\n", ";", False, True),
        ("gene\tcomment\nBRCA1\t5' UTR of 12\" arm\n", "\t", False, True),
        ("gene\nBRCA1\nTP53\n", ",", False, True),
    ],
    ids=[
        "tab", "comma", "semicolon", "pipe", "quoted", "all quoted", "no header", "semicolons in cells",
        "commas in cells", "decimal commas", "inch marks are no quotes", "one column",
    ],
)  # fmt: skip
def test_dialect_is_found(content, delimiter, quoted, header):
    assert sniff(content) == Dialect(delimiter, quoted, header)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_dialect_does_not_depend_on_line_ends(newline):
    content = newline.join(["gene,comment", 'BRCA1,"a, b"', "TP53,c", ""])
    assert sniff(content) == Dialect(",", True, True)


def test_a_header_that_repeats_a_name_is_still_a_header():
    assert sniff("gene,score,score\nBRCA1,1,2\nTP53,3,4\n").header


# --- encoding and compression


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
    ],
)
def test_encoding_is_found(tmp_path, encoding, found):
    assert sniffed(tmp_path, "gene,name\nBRCA1,Søren Müller\n".encode(encoding)) == (
        found,
        Dialect(",", False, True),
    )


def test_big_endian_utf_16_is_found_by_its_mark(tmp_path):
    content = b"\xfe\xff" + "gene,name\nBRCA1,é\n".encode("utf-16-be")
    assert sniffed(tmp_path, content)[0] == "utf-16"


def test_bytes_that_cp1252_lacks_are_read_as_latin_1(tmp_path):
    assert sniffed(tmp_path, b"gene,name\nBRCA1,\x81\n")[0] == "latin-1"


def test_encoding_is_judged_by_the_whole_file_and_not_by_its_beginning(tmp_path):
    path = written(tmp_path, b"gene,name\n" + b"BRCA1,x\n" * 200_000 + b"TP53,M\xfcller\n")
    assert find_encoding(path, sample(path)) == "cp1252"


def test_a_multi_byte_letter_across_two_chunks_is_still_utf_8(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "CHUNK", 7)
    path = written(tmp_path, "gene,name\nBRCA1,ééééééééééé\n".encode())
    assert find_encoding(path, b"gene") == "utf-8"


def test_the_mark_of_utf_8_is_no_part_of_the_first_name(tmp_path):
    path = written(tmp_path, "gene,pos\nBRCA1,1\n".encode("utf-8-sig"))
    assert next(scan(path, "utf-8-sig", COMMA)).cells == ["gene", "pos"]


def test_gzip_is_unpacked_whatever_the_name(tmp_path):
    path = written(tmp_path, gzip.compress(b"gene,pos\nBRCA1,1\n"))
    assert [row.cells for row in scan(path, "utf-8", COMMA)] == [["gene", "pos"], ["BRCA1", "1"]]


def test_gzip_of_several_members_is_read_to_its_end(tmp_path):
    members = [gzip.compress(part) for part in (b"gene,pos\nBRC", b"A1,1\n", b"TP53,2\n")]
    path = written(tmp_path, b"".join(members))
    assert [row.cells for row in scan(path, "utf-8", COMMA)][1:] == [["BRCA1", "1"], ["TP53", "2"]]


# --- records and their lines


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_is_the_physical_line_after_multi_line_cells_and_blank_lines(tmp_path, newline):
    lines = ["gene,comment", 'A,"one', "two", 'three"', "", "", "B,x", "", 'C,"y', 'z"', "D,w"]
    found = scanned(tmp_path, newline.join(lines) + newline)
    assert [(line, cells[0]) for line, cells in found] == [(1, "gene"), (2, "A"), (7, "B"), (9, "C"), (11, "D")]


def test_line_ends_inside_a_quoted_cell_stay_as_written(tmp_path):
    assert scanned(tmp_path, 'a,b\r\n1,"x\r\ny\nz"\r\n')[1] == (2, ["1", "x\r\ny\nz"])


def test_blank_lines_before_the_header_are_counted(tmp_path):
    assert [line for line, _ in scanned(tmp_path, "\n\na,b\n1,2\n")] == [3, 4]


def test_the_last_record_needs_no_line_end(tmp_path):
    assert scanned(tmp_path, "a,b\n1,2")[-1] == (2, ["1", "2"])


def test_doubled_quotes_in_a_quoted_cell_are_one(tmp_path):
    assert scanned(tmp_path, 'a,b\n1,"say ""no"""\n')[1] == (2, ["1", 'say "no"'])


def test_quotes_in_the_middle_of_a_cell_are_kept(tmp_path):
    assert scanned(tmp_path, 'a,b\n1,12" arm\n"q",2\n')[1] == (2, ["1", '12" arm'])


def test_an_unquoted_table_keeps_quotes_as_they_are(tmp_path):
    found = scanned(tmp_path, 'a\tb\n1\t"x\n2\ty\n', Dialect("\t", False, True))
    assert found[1:] == [(2, ["1", '"x']), (3, ["2", "y"])]


@pytest.mark.parametrize(
    ("content", "dialect"),
    [('a,b\n1,x\n2,"y\n3,z\n4,w\n', COMMA), ('a\tb\n1\tx\n2\t"y\n3\tz\n4\tw\n', TAB)],
    ids=["comma", "tab"],
)
def test_a_quote_that_never_ends_is_said_with_its_line_and_swallows_no_row(tmp_path, content, dialect):
    with pytest.raises(NotATable, match=r"[Ll]ine 3\b"):
        scanned(tmp_path, content, dialect)


def test_a_cell_longer_than_the_limit_is_said_with_its_line(tmp_path, monkeypatch):
    import csv

    before = csv.field_size_limit(1000)
    try:
        with pytest.raises(NotATable, match="Line 3"):
            scanned(tmp_path, 'a,b\n1,x\n2,"' + "y\n" * 1000 + '"\n')
    finally:
        csv.field_size_limit(before)


def test_text_after_a_closing_quote_is_not_changed_in_silence(tmp_path):
    """`"BRCA1" exon` is broken quoting: kept with its quotes or refused, never shown without them."""
    try:
        cells = scanned(tmp_path, 'gene,b\n"BRCA1" exon,2\n"TP53",3\n')[1][1]
    except NotATable:
        return
    assert cells[0] == '"BRCA1" exon'


# --- names of columns


@pytest.mark.parametrize(
    ("cells", "names", "changed"),
    [
        (["gene", "pos"], ["gene", "pos"], []),
        ([" gene ", "pos"], ["gene", "pos"], []),
        (["gene", "", "pos"], ["gene", "column_2", "pos"], [2]),
        (["gene", "gene", "gene"], ["gene", "gene_2", "gene_3"], [2, 3]),
        (["Gene", "gene"], ["Gene", "gene_2"], [2]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"], [3]),
        (["", "", ""], ["column_1", "column_2", "column_3"], [1, 2, 3]),
        (["column_2", ""], ["column_2", "column_2_2"], [2]),
    ],
)
def test_columns_have_names_that_differ(cells, names, changed):
    assert column_names(cells) == (names, changed)


# --- what is refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n\t\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04\x14\0\0\0", "zip archive or a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x7fELF\x02\x01", "program"),
        (b"BZh91AY&SY", "bzip2"),
        (b"a,b\n1,\0\n", "NUL"),
        ("a,b\n1,2\n".encode("utf-16-le"), "NUL"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"PK\x03\x04rest"), "zip"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", "VCF"),
    ],
    ids=[
        "empty", "blank", "png", "jpeg", "pdf", "zip", "xls", "parquet", "elf", "bzip2", "NUL", "UTF-16 without mark",
        "gzip of nothing", "zip in gzip", "vcf",
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(tmp_path, content, said):
    with pytest.raises(NotATable, match=said):
        sample(written(tmp_path, content))


def test_a_nul_byte_far_into_the_file_is_refused_too(tmp_path):
    path = written(tmp_path, b"gene,pos\n" + b"BRCA1,1\n" * 40_000 + b"TP\x0053,2\n")
    with pytest.raises(NotATable, match="NUL"):
        list(scan(path, find_encoding(path, sample(path)), COMMA))


def packed_table(rows: int = 20_000) -> bytes:
    numbers = random.Random(1)
    return gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (numbers.random() * 1e9, row) for row in range(rows)))


def test_a_gzip_that_is_cut_off_is_said(tmp_path):
    path = written(tmp_path, packed_table()[:-20_000])
    with pytest.raises(NotATable, match="damaged or cut off"):
        list(scan(path, "utf-8", COMMA))


def test_a_gzip_with_a_wrong_checksum_is_said(tmp_path):
    packed = packed_table(10)
    path = written(tmp_path, packed[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + packed[-4:])
    with pytest.raises(NotATable, match="damaged or cut off"):
        list(scan(path, "utf-8", COMMA))


@pytest.mark.parametrize("place", [10, 30_000], ids=["first block", "middle"])
def test_a_gzip_with_broken_bytes_is_said(tmp_path, place):
    packed = bytearray(packed_table())
    packed[place : place + 64] = b"\xff" * 64  # at a block's beginning: a kind of block that there is not
    path = written(tmp_path, bytes(packed))
    with pytest.raises(NotATable, match="damaged or cut off"):
        list(scan(path, "utf-8", COMMA))


def test_a_decompression_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "FREE_BYTES", 100_000)
    monkeypatch.setattr(text, "RATIO_LIMIT", 50)
    path = written(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    with pytest.raises(NotATable, match="more than 50 times its size"):
        for _ in scan(path, "utf-8", COMMA):
            pass


def test_a_small_file_may_unpack_to_many_times_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "RATIO_LIMIT", 2)
    path = written(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 10_000))
    assert sum(1 for _ in scan(path, "utf-8", COMMA)) == 10_001
