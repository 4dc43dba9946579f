"""Text tables from bytes to Parquet: what is a row, what is named, and that nothing is lost."""

import bz2
import gzip
import random
import time
import zlib

import duckdb
import pytest

from files.readers import table
from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.names import column_names
from files.readers.parts import part_paths
from files.readers.reading import read_any


def silent(fraction, sentence, rows):
    assert 0 <= fraction <= 1
    assert sentence


@pytest.fixture
def read(tmp_path):
    """Reads bytes; returns the outcome, the rows as (line, cells...), the rejects as (line, offset, reason, text)."""
    runs = iter(range(1000))

    def do(data, choices=None, limits=None):
        folder = tmp_path / str(next(runs))
        folder.mkdir()
        path = folder / "upload"
        path.write_bytes(data)
        outcome = read_any(path, folder, choices or Choices(), limits or Limits(free_disk_bytes=0), silent)
        rows = duckdb.read_parquet([str(p) for p in part_paths(folder / "table")[0]]).order("line").fetchall()
        rejects = duckdb.read_parquet([str(p) for p in part_paths(folder / "rejects")[0]]).order("line").fetchall()
        assert len(rows) == outcome.rows
        return outcome, rows, [(line, int(offset), reason, text) for line, offset, _, reason, text, _ in rejects]

    return do


def names(outcome):
    return [column["name"] for column in outcome.columns]


def warned(outcome):
    return {w["kind"]: (w["count"], w["first_line"]) for w in outcome.warnings}


def test_nothing_is_null_and_an_empty_text_is_not(read):
    outcome, rows, _ = read(b'a,b,c\n1,"",\n,,\n"x ""y""","two\nlines",3\n')
    assert rows == [(2, "1", "", None), (3, None, None, None), (4, 'x "y"', "two\nlines", "3")]
    assert outcome.rejected == outcome.padded == 0


def test_lines_and_offsets_are_those_of_the_file(read):
    outcome, rows, rejects = read('α,b\r\n1,2\r\n\r\n1,2,3\r\n"x\ny",é\r\n4,5,6\r\n'.encode())
    assert rows == [(2, "1", "2"), (5, "x\ny", "é")]
    assert [(line, offset, text) for line, offset, _, text in rejects] == [(4, 13, "1,2,3"), (7, 30, "4,5,6")]
    assert outcome.reasons == {"more cells than columns": 2}


@pytest.mark.parametrize("again", [1, 100])
def test_a_lone_carriage_return_ends_a_line_inside_of_quotes_too(read, again):
    """However a stretch is read: a few records by the scanner, a hundred as bytes."""
    data = b"a,b,c\n" + b'1,2,"x\ry"\n3,4,"p\r\nq"\n' * again + b"note\n5,6,7\n"
    _, rows, _ = read(data)
    lines = [n for n in range(again) for n in (2 + 4 * n, 4 + 4 * n)]
    assert [row[0] for row in rows] == [*lines, 2 + 4 * again, 3 + 4 * again]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"])
def test_offsets_count_the_bytes_of_the_encoding(read, encoding):
    text = "name,größe\r\nä,1\r\nb,2\r\nc,3,4\r\nd,5\r\n" + "e,6\r\n" * 50
    data = text.encode(encoding)
    outcome, rows, [(line, offset, _, bad)] = read(data)
    assert outcome.reading["encoding"].startswith(encoding[:5])
    assert names(outcome) == ["name", "größe"]
    assert (len(rows), line, bad) == (53, 4, "c,3,4")
    bare = (
        encoding.removesuffix("-sig")
        if encoding == "utf-8-sig"
        else encoding + "-le" * (encoding in ("utf-16", "utf-32"))
    )
    assert data[offset:].startswith("c,3,4".encode(bare))


def test_short_rows_are_padded_and_counted(read):
    outcome, rows, _ = read(b"a,b,c\n1,2,3\n1,2\n4,5,6\n7\n8,9,10\n")
    assert rows[1] == (3, "1", "2", None)
    assert rows[3] == (5, "7", None, None)
    assert outcome.padded == 2
    assert warned(outcome)["padded"] == (2, 3)


def test_empty_cells_beyond_the_header_are_no_reason_to_reject(read):
    outcome, rows, _ = read(b"a,b\n1,2,,\n3,4\n5,6\n")
    assert rows[0] == (2, "1", "2")
    assert outcome.rejected == 0


def test_a_quote_that_never_closes_costs_one_line(read):
    body = b"".join(b"%d,x,y\n" % n for n in range(5000))
    outcome, rows, rejects = read(b'a,b,c\n1,2,3\n2,"never,3,4\n' + body)
    assert (outcome.rows, outcome.rejected) == (5001, 1)
    assert rejects[0][0] == 3
    assert outcome.reasons == {"quote never closed": 1}


STRAY = [
    (b'5" screen,x,y\n', ('5" screen', "x", "y")),
    (b'"the "best" one",x,y\n', ('the "best" one', "x", "y")),
    (b'"abc"def,x,y\n', ('"abc"def', "x", "y")),
    (b'1,"6,"a, b"\n', ("1", '"6', "a, b")),
    (b'"10"",b",x,y\n', ('10",b', "x", "y")),
    (b'"Table, Round 48"",x,y\n', ('Table, Round 48"', "x", "y")),
]


@pytest.mark.parametrize(("line", "cells"), STRAY)
def test_stray_quotes_are_read_as_a_person_would(read, line, cells):
    data = b"a,b,c\n" + b'"p, q",2,3\n' * 3 + line + b'"p, q",2,3\n' * 3
    outcome, rows, rejects = read(data)
    assert (5, *cells) in rows
    assert not rejects
    assert outcome.rows == 7


def test_a_nul_byte_costs_its_line(read):
    outcome, rows, rejects = read(b"a,b\n1,2\n3\0,4\n" + b"5,6\n" * 300)
    assert (outcome.rows, [r[:2] for r in rejects]) == (301, [(3, 8)])
    assert outcome.reasons == {"NUL byte": 1}


@pytest.mark.parametrize("data", [b"", b" \n\n\t\n", b"\0" * 5000, bytes(range(256)) * 40])
def test_what_is_no_text_says_so(read, data):
    with pytest.raises(NotATable, match="empty|binary"):
        read(data)


def test_broken_bytes_in_utf8_cost_their_lines(read):
    data = "a,b\n" + "é,1\n" * 50
    outcome, _, rejects = read(data.encode() + b"\xe9,2\n" + "ü,3\n".encode() * 50)
    assert (outcome.rows, outcome.reading["encoding"]) == (100, "utf-8")
    assert [r[0] for r in rejects] == [52]
    assert "encoding" in warned(outcome)


def test_an_encoding_that_shows_late_is_still_found(read):
    head = b"gene,note\n" + b"BRCA1,plain\n" * 200_000
    outcome, rows, rejects = read(head + "BRCA2,père\n".encode("cp1252") * 3)
    assert rows[-1] == (200_004, "BRCA2", "père")
    assert not rejects
    assert warned(outcome)["encoding"][1] is not None


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "naam,plaats\nRené,Zürich\nZoë,Besançon\n"),
        ("shift_jis", "名前,住所\n山田太郎,東京都千代田区\n鈴木花子,大阪府大阪市\n"),
        ("gb18030", "姓名,地址\n张三,北京市朝阳区\n李四,上海市浦东新区\n"),
        ("euc_kr", "이름,주소\n홍길동,서울특별시 종로구\n김철수,부산광역시 해운대구\n"),
    ],
)
def test_older_encodings(read, encoding, text):
    outcome, rows, _ = read(text.encode(encoding))
    expected = [tuple(line.split(",")) for line in text.splitlines()]
    assert (tuple(names(outcome)), *[row[1:] for row in rows]) == tuple(expected)


def test_what_was_utf8_stays_so(read):
    """Bytes of another encoding behind the sample do not change the letters before them."""
    data = "a,b\n1,é\n".encode() + b"1,2\n" * 300_000 + b"2,\xe9\n3,\xe8\n"
    outcome, rows, rejects = read(data)
    assert (rows[0], len(rows), len(rejects)) == ((2, "1", "é"), 300_001, 2)
    assert outcome.reading["encoding"] == "utf-8"


def test_lines_may_end_in_any_way(read):
    outcome, rows, _ = read(b"a,b\r\n1,2\n3,4\r5,6\r\r\n7,8")
    assert rows == [(2, "1", "2"), (3, "3", "4"), (4, "5", "6"), (6, "7", "8")]
    assert outcome.reading["line_ends"] == "mixed"
    assert [r[0] for r in read(b"a,b\r1,2\r3,4\r")[1]] == [2, 3]


def test_preamble_comments_and_footnotes_are_skipped_and_said(read):
    data = b"Report of Monday\n\n# made by hand\ngene,pos,ref\n# note, with a comma\nA,1,C\nB,2,G\nC,3,T\n\nSource: the lab\n"
    outcome, rows, _ = read(data)
    assert [row[1] for row in rows] == ["A", "B", "C"]
    assert names(outcome) == ["gene", "pos", "ref"]
    assert outcome.skipped == 4
    assert outcome.reading["header_line"] == 4
    assert warned(outcome) == {"preamble": (3, 1), "comments": (1, 5), "footnotes": (1, 10)}


def test_a_short_last_row_is_no_footnote(read):
    outcome, rows, _ = read(b"a,b,c\n1,2,3\n4,5,6\n7\n")
    assert rows[-1] == (4, "7", None, None)
    assert (outcome.padded, outcome.skipped) == (1, 0)


@pytest.mark.parametrize(
    "last", ["\nTP53\n", "\nS-17\n", "NM_000059.4:c.7A>G (p.Ser3Gly) of the father\n", "\nrs334\n"]
)
def test_a_short_last_row_that_names_a_gene_or_variant_is_no_footnote(read, last):
    outcome, rows, _ = read(b"variant,depth,note\nBRCA1,2,x\nBRCA2,5,y\n" + last.encode())
    assert (rows[-1][1], outcome.skipped, outcome.padded) == (last.strip(), 0, 1)


def test_a_header_may_begin_like_a_comment(read):
    outcome, rows, _ = read(b"##made 2024\n##by hand\n#chrom\tstart\tend\tgene\n1\t2\t3\tA\n1\t4\t5\tB\n")
    assert names(outcome) == ["#chrom", "start", "end", "gene"]
    assert (len(rows), outcome.skipped) == (2, 2)


def test_of_several_tables_the_largest_is_read(read):
    first = b"a,b,c\n" + b"1,2,3\n" * 9
    outcome, rows, _ = read(first + b"\nx,y\n5,6\n7,8\n")
    assert (len(rows), names(outcome), outcome.skipped) == (9, ["a", "b", "c"], 3)
    assert warned(outcome)["other_tables"] == (3, 12)


def test_a_header_that_comes_again_is_no_row(read):
    part = b"gene,pos,ref\n" + b"A,1,C\nB,2,G\n" * 200
    outcome, rows, _ = read(part + part)
    assert names(outcome) == ["gene", "pos", "ref"]
    assert (len(rows), outcome.skipped) == (800, 1)
    assert warned(outcome)["repeated_header"] == (1, 402)


def test_names_are_made_different(read):
    outcome, _, _ = read(b"gene,,Gene,gene_2\nA,1,2,3\nB,1,2,3\n")
    assert names(outcome) == ["gene", "column_2", "Gene_3", "gene_2"]
    assert {"unnamed_columns", "repeated_names"} <= set(warned(outcome))


def test_row_names_without_a_header_of_their_own(read):
    outcome, rows, _ = read(b"depth\tscore\n" + b"".join(b"s%d\t%d\t0.5\n" % (n, n) for n in range(20)))
    assert names(outcome) == ["column_1", "depth", "score"]
    assert rows[0] == (2, "s0", "0", "0.5")


DIALECTS = [
    (",", '"'),
    (";", '"'),
    ("\t", '"'),
    ("|", "'"),
    ("||", '"'),
    ("::", '"'),
    (" ", '"'),
    ("^", '"'),
    ("~", '"'),
    ("\x01", '"'),
]


@pytest.mark.parametrize(("delimiter", "quote"), DIALECTS)
def test_dialects_are_told(read, delimiter, quote):
    cells = (
        ["name", "count", "note"],
        ["alpha", "1", f"{quote}x{delimiter}y{quote}"],
        ["beta", "22", f"{quote}z{quote}"],
    )
    data = "\n".join(delimiter.join(row) for row in (*cells, *[["gamma", "3.5", "plain"]] * 5))
    outcome, rows, _ = read(data.encode())
    assert outcome.reading["delimiter"] == delimiter
    assert rows[0] == (2, "alpha", "1", f"x{delimiter}y")
    assert rows[1] == (3, "beta", "22", "z")


def test_the_separator_that_excel_names_is_taken(read):
    outcome, rows, _ = read(b"sep=;\r\na,b;c,d\r\n1,5;2,5\r\n3,5;4,5\r\n")
    assert names(outcome) == ["a,b", "c,d"]
    assert (len(rows), outcome.skipped) == (2, 1)


def test_a_packed_file_without_a_single_good_byte_is_damaged_not_empty(read):
    with pytest.raises(NotATable, match="gzip file is cut off after 0 unpacked bytes"):
        read(gzip.compress(b"a,b\n1,2\n")[:11])


def test_backslashes_escape_quotes(read):
    outcome, rows, _ = read(rb"a,b" + b"\n" + rb'"say \"hi\", now",1' + b"\n" + rb'"C:\\",2' + b"\n")
    assert outcome.reading["escape"] == "\\"
    assert rows == [(2, 'say "hi", now', "1"), (3, "C:\\", "2")]


def test_aligned_columns(read):
    outcome, rows, _ = read(b"gene   pos   score\nBRCA1  100   0.5\nTP53   20000 1.25\nA      3     7.5\n")
    assert names(outcome) == ["gene", "pos", "score"]
    assert rows[1] == (3, "TP53", "20000", "1.25")


def test_one_column_is_a_table(read):
    outcome, rows, _ = read(b"gene\nBRCA1\nTP53\n")
    assert (names(outcome), [row[1] for row in rows]) == (["gene"], ["BRCA1", "TP53"])


def test_choices_beat_guesses(read):
    data = b"1;2,5\n3;4,5\n"
    assert read(data)[0].reading["delimiter"] == ";"
    outcome, rows, _ = read(data, Choices(delimiter=",", header=True, quote="", encoding="latin-1"))
    assert (names(outcome), rows) == (["1;2", "5"], [(2, "3;4", "5")])
    assert [row[1] for row in read(b"a,b\nc,d\n", Choices(delimiter=""))[1]] == ["c,d"]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: bz2.compress(data, 1)])
def test_a_packed_file_that_is_cut_off_keeps_its_rows(read, pack):
    data = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919 % 10007) for n in range(300_000))
    packed = pack(data)
    outcome, rows, rejects = read(packed[: len(packed) * 2 // 3])
    assert 1000 < outcome.rows == len(rows)
    assert data.startswith(b"a,b\n" + b"".join(f"{a},{b}\n".encode() for _, a, b in rows))
    assert len(rejects) <= 1
    assert "truncated" in warned(outcome)


def test_what_stands_behind_a_long_packed_table_is_told(read):
    """It is met after the first rows were read."""
    outcome, rows, _ = read(gzip.compress(b"a,b\n" + b"1,2\n" * 600_000, 1) + b"other bytes")
    assert len(rows) == 600_000
    assert warned(outcome) == {"trailing_garbage": (1, None)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_line_that_a_cut_goes_through_is_named(read, encoding):
    text = "a,b\n" + "".join(f"{n},{random.Random(n).random()}\n" for n in range(5000))
    data = "\ufeff".encode(encoding) + text.encode(encoding)
    cut = gzip.compress(data)[:-8000]
    out = zlib.decompressobj(31).decompress(cut)
    end = data.rindex("\n".encode(encoding), 0, len(out)) + len("\n".encode(encoding))
    whole = data[:end].decode(encoding).count("\n")
    outcome, rows, rejects = read(cut)
    assert len(rows) == whole - 1
    assert [(line, offset) for line, offset, *_ in rejects] == ([(whole + 1, end)] if end < len(out) else [])
    assert "truncated" in warned(outcome)


def test_a_cell_that_goes_on_is_not_read_again_with_each_small_block(read):
    """A packed file comes in many small blocks; each must not read 16 MB once more."""
    lines = [f"v{n}\tsome text {n * 7919}\t{n}" for n in range(600_000)]
    lines[50_000] = lines[50_000].replace("some", '"some')
    _, rows, _ = read(gzip.compress("\n".join(["id\tcomment\tz", *lines, ""]).encode(), 1))
    assert len(rows) == 600_000


def test_quotes_that_open_and_close_in_turn_do_not_cost_squares(read):
    started = time.process_time()
    _, rows, _ = read(("a\tb\n" + 'x\t"y"\n' * 15_000 + 'x"\t"\n' * 10_000).encode())
    assert len(rows) == 25_000
    assert time.process_time() - started < 30  # 2; with squares minutes


def test_a_gap_below_each_row_does_not_cost_squares(read):
    started = time.process_time()
    _, rows, _ = read(b"a,b,c\n\n" + b"".join(b"%d,x,y\n\n" % n for n in range(60_000)))
    assert (len(rows), rows[-1]) == (60_000, (120_001, "59999", "x", "y"))
    assert time.process_time() - started < 60  # 3; with squares minutes


def test_one_name_over_all_columns_does_not_cost_squares():
    started = time.process_time()
    found, _, repeated = column_names(["x"] * 16_384)
    assert (found[:3], found[-1], len(set(found)), len(repeated)) == (["x", "x_2", "x_3"], "x_16384", 16_384, 16_383)
    assert column_names(["a", "A", "a_2", "a"])[0] == ["a", "A_3", "a_2", "a_4"]
    assert time.process_time() - started < 10


def test_limits_are_said(read):
    with pytest.raises(NotATable, match="21 columns; the limit is 20"):
        read(b",".join([b"c%d" % n for n in range(21)]) + b"\n", limits=Limits(columns=20, free_disk_bytes=0))
    with pytest.raises(NotATable, match="longer than 1,000,000 bytes"):
        read(b"a,b\n" + b"x" * 3_000_000, limits=Limits(record_bytes=1_000_000, head_bytes=1000, free_disk_bytes=0))
    outcome, _, _ = read(b"a,b\n1,2\n" + b"x" * 3000 + b",2\n", limits=Limits(cell_bytes=1000, free_disk_bytes=0))
    assert outcome.reasons == {"cell too long": 1}
    with pytest.raises(NotATable, match="disk is almost full"):
        read(b"a,b\n1,2\n", limits=Limits(free_disk_bytes=1 << 60))


def odd_cell(rng, delimiter, quote):
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(["", "1", "abc", "ü", "0.5", "-", "a b", " x "])
    if kind < 0.9:
        inner = rng.choice(
            ["", "a", f"x{delimiter}y", "two\nlines", "a\r\nb", f"say {quote * 2}hi{quote * 2}", quote * 2]
        )
        return f"{quote}{inner}{quote}"
    return rng.choice(
        [
            f"5{quote}",
            f"{quote}open",
            f"{quote}a{quote}b",
            f"{quote * 3}",
            "#x",
            "\x00",
            " ",
            f"{quote}a {quote}b{quote}",
        ]
    )


def odd_text(rng, delimiter, quote, rows, wild):
    width = rng.randint(1, 5) if delimiter else 1
    end = rng.choice(["\n", "\r\n"])
    lines = [delimiter.join(f"name{n}" for n in range(width))]
    for _ in range(rows):
        if rng.random() > wild:
            lines.append(
                delimiter.join(rng.choice(["7", "xy", "é", f"{quote}p{delimiter}q{quote}"]) for _ in range(width))
            )
        else:
            cells = [odd_cell(rng, delimiter, quote) for _ in range(max(1, width + rng.choice([0, 0, 0, -1, 1])))]
            lines.append(rng.choice(["", "# note ", ""]) + delimiter.join(cells))
    text = "".join(line + (end if rng.random() > wild / 4 else rng.choice(["\n", "\r", "\n\n"])) for line in lines)
    encoding = rng.choice(["utf-8", "utf-8", "cp1252", "utf-16", "cp932"])
    return (text if rng.random() < 0.8 else text.rstrip("\r\n")).encode(encoding, "replace"), encoding


@pytest.mark.parametrize("delimiter", ["\t", ","])
@pytest.mark.parametrize("short", [False, True])
def test_a_quote_that_closes_far_below_swallows_no_rows(read, delimiter, short):
    """Text that begins with a quote, and an inch sign at a line's end 400 rows below."""
    lines = [delimiter.join([f"v{n}", "BRCA1", f"c.{n}A>G", "seen once"]) for n in range(1000)]
    lines[300] = lines[300].replace("seen", '"seen')
    lines[700] += ' 5"'
    if short:
        lines[500] = "v500"
    data = "\n".join([delimiter.join(["id", "gene", "hgvs", "comment"]), *lines, ""]).encode()
    for packed in (data, gzip.compress(data)):
        outcome, rows, _ = read(packed)
        assert [row[0] for row in rows] == list(range(2, 1002))
        assert (rows[300][4], rows[700][4]) == ('"seen once', 'seen once 5"')
        assert warned(outcome)["quotes"] == (2, 302)


def test_marks_for_the_same_as_above_join_no_rows(read):
    lines = ["a\tb\tc\td", *(f"{n}\tx\ty\tz" for n in range(50)), '50\t"\ty\tz', '51\t"\ty\tz', "52\tx\ty\tz", ""]
    _, rows, rejects = read("\n".join(lines).encode())
    assert (len(rows), rejects) == (53, [])
    assert rows[50:52] == [(52, "50", '"', "y", "z"), (53, "51", '"', "y", "z")]


def test_written_text_over_lines_stays_one_cell(read):
    _, rows, rejects = read(b'a,b,c\n1,2,"one, two\nthree, four, five\nsix"\n3,"x, y\nz, w",4\n5,6,7\n')
    assert rows[:2] == [(2, "1", "2", "one, two\nthree, four, five\nsix"), (5, "3", "x, y\nz, w", "4")]
    assert not rejects


@pytest.mark.parametrize("seed", range(60))
def test_fast_and_slow_reading_agree(read, monkeypatch, seed):
    """The same rows, lines and rejects, whether clean stretches are taken as bytes or all goes to the scanner."""
    rng = random.Random(seed)
    delimiter, quote = rng.choice([",", ";", "\t", "|"]), rng.choice('""""\'')
    data, encoding = odd_text(rng, delimiter, quote, rng.choice([5, 40, 3000]), rng.choice([0.0, 0.01, 0.1, 0.6]))
    occurs = delimiter in data.decode(encoding or "utf-8", "replace")
    choices = Choices(delimiter=delimiter if occurs else None, quote=quote, header=True, encoding=encoding)
    fast = read(data, choices)
    monkeypatch.setattr(table, "clean_runs", lambda *args, **options: [])
    monkeypatch.setattr(table, "REFERENCE_BYTES", rng.choice([64, 1000, 1 << 20]))
    slow = read(data, choices)
    assert fast[1] == slow[1]
    assert fast[2] == slow[2]
    assert fast[0].as_dict() == slow[0].as_dict()


@pytest.mark.parametrize(
    "text",
    [
        "BRCA1\nBRCA2\nTP53\nMARCH1\nCFTR\n",
        "rs80357906\nrs121913529\nrs113488022\n",
        "NM_007294.4:c.5266dup\nNM_000059.4:c.5946del\n",
        "chr17\tBRCA1\tfirst\nchr13\tBRCA2\tsecond\n",
        "17-43057062-T-TG,known\n13-32316461-A-T,new\n",
        "BRCA1\n",
        "TTN\nRET\nVHL\nMEN\n",
        "BRCA1,missense,benign\nBRCA2,frameshift,pathogenic\nTP53,nonsense,pathogenic\n",
        "BRCA1,c.1A>G,\nATM,c.2A>G,seen\nRET,c.3A>G,\nVHL,c.4A>G,\n",
        "KRAS\tG12D\nBRAF\tV600E\nEGFR\tL858R\n",
    ],
)
def test_a_list_of_genes_or_names_loses_none_as_its_header(read, text):
    outcome = read(text.encode())[0]
    assert (outcome.rows, outcome.reading["header"]) == (text.count("\n"), False)
    is_list = outcome.format == "list"  # whose column is called by what the lines name
    assert [warning["kind"] for warning in outcome.warnings] == ([] if is_list else ["no_header"])


@pytest.mark.parametrize("header", ["GENE", "gene", "Symbol", "rsID", "HGVS c."])
def test_a_list_with_a_header_keeps_it(read, header):
    assert names(read(f"{header}\nBRCA1\nBRCA2\nTP53\n".encode())[0]) == [header]


def test_a_header_above_genotypes_or_symbols_stays_one(read):
    for text in ("S1,S2\nAA,AG\nGG,AG\n", "GENE,EFFECT\nBRCA1,HIGH\nTP53,LOW\n", "sample,A1,A2\nS1,A,G\nS2,C,T\n"):
        assert names(read(text.encode())[0]) == text.split("\n")[0].split(",")


def test_rows_that_are_all_alike_are_not_headers_come_again(read):
    outcome, rows, _ = read(b'valid,"valid",valid\n' * 20)
    assert (len(rows), outcome.skipped, outcome.reading["header"]) == (20, 0, False)


def test_a_header_of_two_lines_is_joined(read):
    outcome, rows, _ = read(b"site,Father,,Mother,\n,GT,DP,GT,DP\nr1,0/1,31,0/0,28\nr2,0/0,40,0/1,35\n")
    assert names(outcome) == ["site", "Father GT", "Father DP", "Mother GT", "Mother DP"]
    assert [row[:2] for row in rows] == [(3, "r1"), (4, "r2")]
    assert (outcome.reading["header_line"], outcome.skipped) == (1, 1)
    assert "two lines" in next(w["message"] for w in outcome.warnings if w["kind"] == "header")


def test_a_second_line_of_names_may_come_again_above_another_table(read):
    again = b"site,Father,,Mother,\n,GT,DP,GT,DP\n"
    outcome, rows, _ = read(
        again + b"r1,0/1,31,0/0,28\nr2,0/0,40,0/1,35\nr4,0/0,40,0/1,35\n" + again + b"r3,0/0,4,0/1,3\n"
    )
    assert names(outcome) == ["site", "Father GT", "Father DP", "Mother GT", "Mother DP"]


def test_titles_with_a_cell_or_two_above_the_names_are_no_header(read):
    text = b"Report;;;\nDate;01.02.2024;;\ngene;HGVS;class;VAF\nBRCA1;c.68_69del;5;0,5\nBRCA2;c.1A>G;4;0,4\nTP53;c.215C>G;1;0,2\n"
    outcome, rows, _ = read(text)
    assert (names(outcome), len(rows), outcome.skipped) == (["gene", "HGVS", "class", "VAF"], 3, 2)


@pytest.mark.parametrize(
    "text",
    [
        "BRCA1,c.1A>G,,,\nTP53,c.2A>G,benign,seen,once\nATM,c.3A>G,benign,seen,twice\nRET,c.4A>G,pathogenic,no,once\n",
        "Patient,ID,,\nBRCA1,c.1A>G,benign,het\nTP53,c.2A>G,benign,hom\nATM,c.3A>G,path,het\n",
        "Patient,ID,,\nA,first,benign,het\nB,second,unclear,hom\nC,third,path,het\n",
    ],
)
def test_a_first_row_that_is_half_empty_hides_no_rows_below_it(read, text):
    outcome, rows, _ = read(text.encode())
    assert (len(rows) + outcome.reading["header"], outcome.skipped) == (4, 0)


def test_the_names_of_a_clinical_table_stand_below_their_types(read):
    above = b"#Patient\tSex\tType\n#Who it is\tSex\tThe type\n#STRING\tSTRING\tSTRING\n#1\t1\t1\n"
    outcome, rows, _ = read(above + b"PATIENT_ID\tSEX\tTYPE\nP-01\tMale\tBreast\nP-02\tFemale\tLung\n")
    assert (names(outcome), len(rows), outcome.skipped) == (["PATIENT_ID", "SEX", "TYPE"], 2, 4)


def test_a_first_row_with_a_gap_above_texts_is_no_group_of_names(read):
    outcome, rows, _ = read(b"gene,note,class\nABCD1,,benign\nBRCA2,,benign\nCFTR,seen,pathogenic\n")
    assert (names(outcome), len(rows)) == (["gene", "note", "class"], 3)


@pytest.mark.parametrize(
    "first", ["BRCA1,c.1A>G,unclear,NA", "BRCA1,c.1A>G,unclear,low", "BRCA1,novel,unclear,.", "BRCA1,novel,benign,low"]
)
def test_a_first_row_that_lacks_its_number_is_no_second_line_of_the_header(read, first):
    rows = "TP53,c.3A>G,benign,5\nPTEN,c.4A>G,benign,6\nATM,c.5A>G,benign,7\nRET,c.6A>G,benign,8\nVHL,c.7A>G,benign,9\n"
    outcome, found, _ = read(f"gene,hgvs,,depth\n{first}\n{rows}".encode())
    assert (len(found), found[0][1], names(outcome)[0]) == (6, "BRCA1", "gene")


def test_a_second_table_of_the_same_width_is_told_and_skipped(read):
    one = b"gene,transcript,exons\nBRCA1,NM_007294.4,23\nPALB2,NM_024675.4,13\nATM,NM_000051.4,63\n"
    outcome, rows, _ = read(one + b"\nsample,reads,coverage\nS1,1200345,112\nS2,998120,95\n")
    assert (len(rows), warned(outcome)["other_tables"]) == (3, (3, 6))


def test_rows_behind_a_gap_that_only_lack_numbers_are_no_other_table(read):
    outcome, rows, _ = read(b"gene,n,share\nBRCA1,23,4\nBRCA2,13,2\n\nATM,unknown,unknown\nTP53,7,1\nMDM2,9,1\n")
    assert (len(rows), outcome.skipped) == (5, 0)


def test_a_row_behind_a_gap_that_begins_with_a_gene_as_those_above_is_no_header(read):
    above = "gene,reads,cov\nBRCA1,unknown,low\nBRCA2,unknown,high\nTP53,unknown,low\n"
    outcome, rows, _ = read(f"{above}\nATM,poor,fail\nATR,5,6\nPTEN,6,7\nRET,6,7\n".encode())
    assert (len(rows), outcome.skipped) == (7, 0)


def test_a_name_with_words_behind_it_is_no_header(read):
    outcome, rows, _ = read(b"NM_007294.4:c.5266dup of the mother\nNM_007294.4:c.1A>G unknown\nNM_007294.4:c.3G>A\n")
    assert len(rows) == 3


def test_hgvs_names_are_not_parted_at_their_colons_and_blanks(read):
    lines = [f"NM_000059.4(BRCA2):c.{n}A>G (p.Arg{n}Gly)" for n in range(68, 72)]
    outcome, rows, _ = read("\n".join(lines).encode())
    assert [row[1] for row in rows] == lines
    assert not outcome.reading["header"]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_cyrillic_text_is_told(read, encoding):
    text = "Город;Отделение\nМосква;Генетика\nКазань;Онкология\n"
    outcome, rows, _ = read(text.encode(encoding))
    assert (outcome.reading["encoding"], rows[0]) == (encoding, (2, "Москва", "Генетика"))


def test_accents_among_ascii_letters_are_not_taken_for_cyrillic(read):
    outcome, rows, _ = read("Ort;Größe\nZürich;déjà\nMálaga;niño\nTromsø;Ängström\n".encode("cp1252"))
    assert (outcome.reading["encoding"], rows[0]) == ("cp1252", (2, "Zürich", "déjà"))


def test_western_capitals_are_not_taken_for_half_of_the_japanese(read):
    outcome, rows, _ = read("NOM;VILLE\nÉLÉONORE;ÉVÊQUEMONT\nAÉÉÈ;ÀÂÄ\n".encode("cp1252"))
    assert (outcome.reading["encoding"], rows[0]) == ("cp1252", (2, "ÉLÉONORE", "ÉVÊQUEMONT"))


def test_nuls_behind_the_text_are_one_reject(read):
    outcome, rows, rejects = read(b"a,b\n1,2\n3,4\n" + bytes(512))
    assert (len(rows), [line for line, *_ in rejects]) == (2, [4])


def test_rows_with_an_empty_cell_too_many_are_told(read):
    outcome, rows, _ = read(b"a,b,c\n1,2,\n3,,4,\n5,6,7\n")
    assert (len(rows), warned(outcome)["surplus"]) == (3, (1, 3))


def test_names_like_genes_above_numbers_are_names(read):
    text = "X1,X2,X3\n" + "".join(f"ABCD{n:02},{n},{n * 7 % 5}\n" for n in range(9))
    outcome = read(text.encode())[0]
    assert (outcome.rows, names(outcome)) == (9, ["X1", "X2", "X3"])


def test_one_line_with_a_colon_is_one_cell(read):
    assert names(read(b"12:0\n")[0]) == ["12:0"]
