"""VCF lines: what becomes a row and of which columns, what a reject, what a warning."""

import gzip

import pytest

from files.readers.choices import Choices
from files.readers.errors import NotATable
from files.readers.reading import looks_like_vcf
from files.readers.source import open_source
from files.readers.vcf.blocks import LineBlocks
from files.tests.vcf_texts import FIRST, LINE, META, NAMES, SAMPLES, SITES, kinds, read_text, rejects, table, vcf


def names(outcome):
    return [column["name"] for column in outcome.columns]


@pytest.mark.parametrize("worth", [1, 1_000_000])
def test_fixed_columns_and_info_keys_become_columns(tmp_path, worth):
    text = vcf(
        "chr1 100 rs1;rs2 A G 50.5 PASS DP=10;AF=0.5;GENE=BRCA1",
        "chr1 200 . AT A,<DEL> . q10 GENE=a=b;DB;AF=0.1,2e-5;DP=.",
        "chr2 5 . C . 3 . .",
        "chr2 6 . C * 3 . DB",
    )
    outcome = read_text(text, tmp_path, worth=worth)
    assert (outcome.rows, outcome.rejected, outcome.warnings) == (4, 0, [])
    assert table(outcome, tmp_path) == [
        {"line": FIRST, "CHROM": "chr1", "POS": "100", "ID": "rs1;rs2", "REF": "A", "ALT": "G", "QUAL": "50.5",
         "FILTER": "PASS", "INFO.DP": "10", "INFO.AF": "0.5", "INFO.GENE": "BRCA1"},
        {"line": FIRST + 1, "CHROM": "chr1", "POS": "200", "ID": ".", "REF": "AT", "ALT": "A,<DEL>", "QUAL": ".",
         "FILTER": "q10", "INFO.DP": ".", "INFO.AF": "0.1,2e-5", "INFO.DB": "true", "INFO.GENE": "a=b"},
        {"line": FIRST + 2, "CHROM": "chr2", "POS": "5", "ID": ".", "REF": "C", "ALT": ".", "QUAL": "3", "FILTER": "."},
        {"line": FIRST + 3, "CHROM": "chr2", "POS": "6", "ID": ".", "REF": "C", "ALT": "*", "QUAL": "3", "FILTER": ".",
         "INFO.DB": "true"},
    ]  # fmt: skip


def test_columns_come_in_the_order_of_the_header_with_its_types(tmp_path):
    outcome = read_text(vcf("chr1 1 . A G 1 . GENE=x;DB;AF=1;DP=1"), tmp_path)
    shown = {column["name"]: column["type"] for column in outcome.columns}
    assert shown == {
        "CHROM": "text", "POS": "integer", "ID": "text", "REF": "text", "ALT": "text", "QUAL": "decimal",
        "FILTER": "text", "INFO.DP": "integer", "INFO.AF": "text", "INFO.DB": "boolean", "INFO.GENE": "text",
    }  # fmt: skip
    assert "INFO.UNUSED" not in shown


@pytest.mark.parametrize("worth", [1, 1_000_000])
def test_few_samples_are_split_into_columns(tmp_path, worth):
    text = vcf(
        "chr1 1 . A G 1 . . GT:DP:AD 0/1:10:5,5 1|1",
        "chr1 2 . A G,T 1 . . GT:AD 0/2:1,2,3 ./.:.",
        "chr1 3 . A G 1 . . . . .",
        head=SAMPLES,
    )
    outcome = read_text(text, tmp_path, worth=worth)
    assert (outcome.rows, outcome.warnings) == (3, [])
    assert names(outcome)[7:] == ["FORMAT", "anna.GT", "anna.DP", "anna.AD", "ben.GT", "ben.AD"]
    first, second, third = table(outcome, tmp_path)
    assert first.items() >= {"FORMAT": "GT:DP:AD", "anna.GT": "0/1", "anna.DP": "10", "ben.GT": "1|1"}.items()
    assert second.items() >= {"anna.AD": "1,2,3", "ben.GT": "./.", "ben.AD": "."}.items()
    assert "anna.DP" not in second
    assert third["FORMAT"] == "."
    assert "anna.GT" not in third


@pytest.mark.parametrize("worth", [1, 1_000_000])
def test_many_samples_stay_one_column_each(tmp_path, worth):
    people = [f"p{number}" for number in range(2_500)]
    line = "chr1 1 . A G 1 . DP=1 GT:DP " + " ".join(f"0/1:{number}" for number in range(2_500))
    outcome = read_text(vcf(line, head=META + "\t".join([NAMES, "FORMAT", *people]) + "\n"), tmp_path, worth=worth)
    assert names(outcome) == [*NAMES[1:].split("\t")[:7], "INFO.DP", "FORMAT", *people]
    row = table(outcome, tmp_path)[0]
    assert (row["FORMAT"], row["p0"], row["p2499"]) == ("GT:DP", "0/1:0", "0/1:2499")


def test_format_keys_of_no_declaration_still_get_columns(tmp_path):
    outcome = read_text(vcf("chr1 1 . A G 1 . . GT:XY 0/1:a 0/0:b", head=SAMPLES), tmp_path)
    row = table(outcome, tmp_path)[0]
    assert (row["anna.XY"], row["ben.XY"]) == ("a", "b")
    assert kinds(outcome) == {"undeclared FORMAT": (1, FIRST)}


def test_no_value_is_put_under_another_key(tmp_path):
    text = vcf(
        "chr1 1 . A G 1 . DP=1;DP=2;X=5;AF=0.1;AF",
        "chr1 2 . A G 1 . DPX=1;=3;DP;GENE=;DB=0;Y",
        "chr1 3 . A G 1 . DP=1AF=2;;",
    )
    outcome = read_text(text, tmp_path, worth=1)
    first, second, third = table(outcome, tmp_path)
    assert (first["INFO.DP"], first["INFO.AF"], first["INFO.(other)"]) == ("1", "0.1", "DP=2;X=5;AF")
    assert (second["INFO.DB"], second["INFO.(other)"]) == ("0", "DPX=1;=3;DP;GENE=;Y")
    assert "INFO.DP" not in second
    assert third["INFO.DP"] == "1AF=2"
    assert outcome.rejected == 0
    assert set(kinds(outcome)) == {
        "undeclared INFO", "repeated INFO", "INFO without value", "flag with a value", "INFO type DP",
        "empty INFO entry",
    }  # fmt: skip


UNREADABLE = [
    ("chr1 100 . A G", "fewer columns than the header", None),
    ("chr1 100 . A G . . . GT", "more columns than the header", None),
    ("garbage", "fewer columns than the header", None),
    ("chr1 12x4 . A G . . .", "bad POS", "POS"),
    ("chr1 -1 . A G . . .", "bad POS", "POS"),
    ("chr1 1.5 . A G . . .", "bad POS", "POS"),
    ("chr1  . A G . . .", "bad POS", "POS"),
    ("chr1 99999999999999999999 . A G . . .", "bad POS", "POS"),
    (" 100 . A G . . .", "bad CHROM", "CHROM"),
    ("chr1 100 .  G . . .", "bad REF", "REF"),
    ("chr1 100 . A1 G . . .", "bad REF", "REF"),
    ("chr1 100 . A  . . .", "bad ALT", "ALT"),
    ("chr1 100 . A G,,T . . .", "bad ALT", "ALT"),
    ("chr1 100 . A <DEL . . .", "bad ALT", "ALT"),
    ("chr1 100 . A 7 . . .", "bad ALT", "ALT"),
    ("chr1 100 . A G . . A=\0", "NUL byte", None),
    ("chr1 100 . A G . . A=\rb", "line end inside", None),
]


@pytest.mark.parametrize(("line", "kind", "column"), UNREADABLE)
def test_an_unreadable_line_is_a_reject(tmp_path, line, kind, column):
    text = SITES + LINE + vcf(line, head="") + LINE.replace("100", "300")
    outcome = read_text(text, tmp_path)
    assert (outcome.rows, outcome.rejected, outcome.reasons) == (2, 1, {kind: 1})
    found = rejects(tmp_path)[0]
    assert (found["line"], found["column"]) == (FIRST + 1, column)
    assert found["text"] == line.replace(" ", "\t")
    assert found["offset"] == len(SITES + LINE)
    assert [row["line"] for row in table(outcome, tmp_path)] == [FIRST, FIRST + 2]


ODD = [
    ("chr1 100 . M G . . .", "odd REF"),
    ("chr1 100 . A R . . .", "odd ALT"),
    ("chr1 100 . A X,C . . .", "odd ALT"),
    ("chr1 100 . A <ctg1>C . . .", "odd ALT"),
    ("chr1 100 . A G high . .", "bad QUAL"),
    ("chr1 100 . A G -10 . .", "negative QUAL"),
    ("chr1 100  A G . . .", "odd ID"),
    ("chr1 100 . A G . 0 .", "odd FILTER"),
    ("chr1 100 . A G . . ", "empty INFO"),
    ("chr1 4000000000 . A G . . .", "large POS"),
    ("chr1 100 . A G . . DP=1.5", "INFO type DP"),
    ("chr1 100 . A G . . DP=1,2", "INFO number DP"),
    ("chr1 100 . A G,T . . AF=0.5", "INFO number AF"),
    ("chr1 100 . A G . . AF=often", "INFO type AF"),
    ("chr1 100 . A G . q99 .", "undeclared FILTER"),
    ("chrUn 100 . A G . . .", "undeclared contig"),
    ("chr1 248956999 . A G . . .", "beyond the contig"),
    ("chr1 100 . A G . . .\t", "tabs at the end"),
]


@pytest.mark.parametrize(("line", "kind"), ODD)
def test_an_odd_line_is_a_row_with_a_warning(tmp_path, line, kind):
    outcome = read_text(vcf("chr1 1 . A G . . .", line), tmp_path, worth=1)
    assert (outcome.rows, outcome.rejected) == (2, 0)
    assert kinds(outcome)[kind] == (1, FIRST + 1)


@pytest.mark.parametrize("qual", ["0", ".", "1e3", "3.", "Inf", "+Inf", "NaN", "-nan"])
def test_numbers_of_qual(tmp_path, qual):
    assert read_text(vcf(f"chr1 1 . A G {qual} . ."), tmp_path).warnings == []


@pytest.mark.parametrize(
    "alt",
    ["<NON_REF>", "<DEL:ME:ALU>", "G]17:198982]", "]13:123456]T", "[<ctg1>:7[A", "C<ctg1>", ".TGCA", "G.", "*"],
)
def test_alleles_of_the_specification(tmp_path, alt):
    assert read_text(vcf(f"chr1 1 . A {alt} . . ."), tmp_path).warnings == []


SAMPLE_RULES = [
    ("GT 0/C 0/0", "bad GT"),
    ("GT 0/ 0/0", "bad GT"),
    ("GT 0/2 0/0", "GT beyond ALT"),
    ("GT 0/" + "1" * 5_000 + " 0/0", "GT beyond ALT"),
    ("DP:GT 1:0/0 1:0/0", "GT not first"),
    ("GT::DP 0/0::1 0/0", "odd FORMAT"),
    ("GT:GT 0/0:0/0 0/0", "repeated FORMAT"),
    ("GT:DP 0/0:many 0/0", "FORMAT type DP"),
    ("GT:AD 0/0:1,2,3 0/0", "FORMAT number AD"),
    ("GT 0/0:7 0/0", "more values than FORMAT"),
    ("GT:DP 0/0: 0/0", "empty value"),
    ("GT  0/0", "empty cell"),
]


@pytest.mark.parametrize(("cells", "kind"), SAMPLE_RULES)
def test_odd_samples_are_kept_with_a_warning(tmp_path, cells, kind):
    good = "chr1 1 . A G . . . GT:DP 0/0:1 0/1:2"
    outcome = read_text(vcf(good, f"chr1 2 . A G . . . {cells}", head=SAMPLES), tmp_path, worth=1)
    assert (outcome.rows, outcome.rejected) == (2, 0)
    assert kinds(outcome)[kind] == (1, FIRST + 1)


def test_genotypes_of_the_specification(tmp_path):
    lines = [f"chr1 {n} . A G . . . GT {gt} ." for n, gt in enumerate(["0", "./.", "0|1", "|0/1", "0/1/1", "."])]
    assert read_text(vcf(*lines, head=SAMPLES), tmp_path).warnings == []


def test_a_line_without_its_samples_is_padded_and_said(tmp_path):
    outcome = read_text(vcf("chr1 1 . A G . . .", "chr1 2 . A G . . . GT 0/0 0/1", head=SAMPLES), tmp_path)
    assert (outcome.rows, outcome.padded) == (2, 1)
    assert kinds(outcome) == {"no samples": (1, FIRST)}


def test_more_samples_than_names_are_numbered(tmp_path):
    outcome = read_text(vcf("chr1 1 . A G . . . GT 0/0 0/1 1/1", head=SAMPLES), tmp_path)
    assert table(outcome, tmp_path)[0]["sample_3.GT"] == "1/1"
    assert kinds(outcome) == {"sample names": (1, FIRST)}


def test_repeated_sample_names_are_numbered(tmp_path):
    head = META + NAMES + "\tFORMAT\tanna\tanna\n"
    outcome = read_text(vcf("chr1 1 . A G . . . GT 0/0 0/1", head=head), tmp_path)
    assert outcome.header["samples"] == ["anna", "anna_2"]
    assert "sample names" in kinds(outcome)


def test_no_sample_is_called_as_another_one_is_written(tmp_path):
    head = META + NAMES + "\tFORMAT\tanna\tanna\tanna_2\n"
    outcome = read_text(vcf("chr1 1 . A G . . . GT 0/0 0/1 1/1", head=head), tmp_path)
    assert table(outcome, tmp_path)[0].items() >= {"anna.GT": "0/0", "anna_3.GT": "0/1", "anna_2.GT": "1/1"}.items()


def test_columns_that_would_be_called_alike_are_numbered_and_said(tmp_path):
    head = META + NAMES + "\tFORMAT\tINFO\ta\ta.b\n"
    outcome = read_text(vcf("chr1 1 . A G . . DP=1 DP:b.DP 2:3 4:5 6:7", head=head), tmp_path)
    row = table(outcome, tmp_path)[0]
    assert (row["INFO.DP"], row["INFO.DP_2"], row["a.b.DP"], row["a.b.DP_2"]) == ("1", "2", "5", "6")
    assert kinds(outcome)["column names alike"] == (2, None)


def test_blank_lines_are_said_unless_they_are_the_last(tmp_path):
    outcome = read_text(SITES + "\n" + LINE + "\n \n" + LINE + "\n\n", tmp_path)
    assert (outcome.rows, outcome.rejected) == (2, 0)
    assert [row["line"] for row in table(outcome, tmp_path)] == [FIRST + 1, FIRST + 4]
    assert kinds(outcome) == {"blank line": (3, FIRST)}


@pytest.mark.parametrize("worth", [1, 1_000_000])
def test_windows_line_ends(tmp_path, worth):
    outcome = read_text((SITES + LINE * 2).replace("\n", "\r\n"), tmp_path, worth=worth)
    assert table(outcome, tmp_path)[0]["INFO.AF"] == "0.5"
    assert (outcome.rows, outcome.reading["line_end"]) == (2, "CRLF")
    assert kinds(outcome) == {"line ends": (SITES.count("\n") + 2, 1)}


@pytest.mark.parametrize("worth", [1, 1_000_000])
def test_line_ends_that_were_made_windows_twice(tmp_path, worth):
    outcome = read_text((SITES + LINE * 2).replace("\n", "\r\r\n"), tmp_path, worth=worth)
    assert (outcome.rows, outcome.rejected, set(kinds(outcome))) == (2, 0, {"line ends"})
    assert table(outcome, tmp_path)[0]["INFO.AF"] == "0.5"


def test_old_mac_line_ends(tmp_path):
    outcome = read_text((SITES + LINE * 2).replace("\n", "\r"), tmp_path)
    assert (outcome.rows, set(kinds(outcome))) == (2, {"line ends"})


@pytest.mark.parametrize(("encoding", "chosen"), [("latin-1", None), ("cp1250", "cp1250")])
def test_lines_of_another_encoding_are_read_one_by_one(tmp_path, encoding, chosen):
    other = LINE.replace("DP=10", "GENE=Ł" if chosen else "GENE=é").encode(encoding)
    text = SITES.encode() + LINE.encode() + other + LINE.replace("DP=10", "GENE=Ω").encode()
    outcome = read_text(text, tmp_path, choices=Choices(encoding=chosen), worth=1)
    assert [row.get("INFO.GENE") for row in table(outcome, tmp_path)] == [None, "Ł" if chosen else "é", "Ω"]
    assert kinds(outcome) == {"encoding": (1, FIRST + 1)}


@pytest.mark.parametrize("name", ["klingon", "rot13", "undefined"])
def test_an_encoding_that_does_not_exist(tmp_path, name):
    with pytest.raises(NotATable, match="no encoding"):
        read_text(SITES, tmp_path, choices=Choices(encoding=name))


def test_byte_order_mark(tmp_path):
    text = b"\xef\xbb\xbf" + (SITES + "chr1\n").encode()
    outcome = read_text(text, tmp_path)
    assert rejects(tmp_path)[0]["offset"] == len(text) - 5
    assert kinds(outcome) == {"byte-order mark": (1, 1)}


def test_a_gzip_that_is_cut_off_keeps_its_lines(tmp_path):
    lines = "".join(LINE.replace("100", str(number)) for number in range(100, 20_000))
    packed = gzip.compress((SITES + lines).encode())
    outcome = read_text(packed[: len(packed) // 2], tmp_path)
    assert 1_000 < outcome.rows < 19_900
    assert outcome.rejected <= 1
    assert "truncated" in kinds(outcome)
    assert (rejects(tmp_path) or [{"line": FIRST + outcome.rows}])[0]["line"] == FIRST + outcome.rows


def test_a_gzip_that_is_cut_off_in_the_header_is_refused(tmp_path):
    packed = gzip.compress((META * 2_000).encode())
    with pytest.raises(NotATable, match="Not even its header"):
        read_text(packed[: len(packed) // 2], tmp_path)


def test_no_line_end_at_the_end_is_said(tmp_path):
    outcome = read_text(SITES + LINE + LINE.rstrip("\n"), tmp_path)
    assert outcome.rows == 2
    assert kinds(outcome) == {"no last line end": (1, FIRST + 1)}


def test_spaces_for_tabs(tmp_path):
    outcome = read_text((NAMES + "\n" + LINE).replace("\t", "   "), tmp_path)
    assert table(outcome, tmp_path)[0]["INFO.(other)"] == "DP=10;AF=0.5"
    assert kinds(outcome)["spaces for tabs"] == (2, 1)


def test_a_file_without_its_line_of_column_names(tmp_path):
    outcome = read_text(META + "chr1\t1\t.\tA\tG\t.\t.\tDP=1\tGT\t0/1\n", tmp_path)
    assert table(outcome, tmp_path)[0]["sample_1.GT"] == "0/1"
    assert kinds(outcome) == {"column names": (1, FIRST - 1)}


def test_a_second_header_of_the_same_columns_is_skipped(tmp_path):
    outcome = read_text(SITES + LINE + SITES + LINE, tmp_path)
    assert (outcome.rows, outcome.rejected, outcome.skipped) == (2, 0, SITES.count("\n"))
    assert kinds(outcome) == {"# among the data": (SITES.count("\n"), FIRST + 1)}


def test_a_data_line_that_is_commented_out_is_skipped(tmp_path):
    outcome = read_text(SITES + LINE + "#" + LINE + LINE, tmp_path, worth=1)
    assert (outcome.rows, outcome.rejected, outcome.skipped) == (2, 0, 1)
    assert kinds(outcome) == {"# among the data": (1, FIRST + 1)}


def test_lines_under_other_column_names_are_rejected(tmp_path):
    head = SAMPLES.replace("anna\tben", "ben\tanna")
    line = "chr1 1 . A G . . . GT 0/0 1/1"
    outcome = read_text(vcf(line, head=SAMPLES) + vcf(line, line, head=head), tmp_path, worth=1)
    assert (outcome.rows, outcome.reasons) == (1, {"under other column names": 2})


def test_order_of_the_lines(tmp_path):
    lines = [f"{chrom} {pos} . A G . . ." for chrom, pos in [("chr1", 5), ("chr1", 3), ("chr2", 1), ("chr1", 9)]]
    outcome = read_text(vcf(*lines), tmp_path)
    assert kinds(outcome) == {"unsorted": (1, FIRST + 1), "not contiguous": (1, FIRST + 3)}


def test_a_header_alone_is_an_empty_table(tmp_path):
    outcome = read_text(SITES, tmp_path)
    assert (outcome.rows, outcome.rejected, outcome.warnings) == (0, 0, [])
    assert names(outcome) == NAMES[1:].split("\t")[:7]


@pytest.mark.parametrize("met", [5_000, 10], ids=["in the first lines", "in the header"])
def test_info_keys_beyond_the_limit_share_a_column(tmp_path, met):
    keys = [f"K{number}" for number in range(5_000)]
    head = "".join(f'##INFO=<ID={key},Number=1,Type=Integer,Description="">\n' for key in keys) + SITES
    first = "chr1 1 . A G . . " + ";".join(f"{key}=1" for key in keys[:met])
    padding = [first + ";GENE=" + "x" * 250_000] * 12  # so that the last line is none of the first ones
    outcome = read_text(vcf(*padding, "chr1 1 . A G . . " + ";".join(f"{key}=2" for key in keys), head=head), tmp_path)
    last = table(outcome, tmp_path)[-1]
    others = last.pop("INFO.(other)").split(";")
    named = [name for name in last if name.startswith("INFO.")]
    assert (len(named), len(others)) == (4_000 - (met == 10), 1_000 + (met == 10))
    assert {f"{name[5:]}={last[name]}" for name in named} | set(others) == {f"{key}=2" for key in keys}
    assert kinds(outcome)["too many INFO keys"][0] >= 1


def test_more_columns_than_the_limit_are_refused(tmp_path):
    head = META + "\t".join([NAMES, "FORMAT", *(f"s{number}" for number in range(20_000))]) + "\n"
    with pytest.raises(NotATable, match="limit is 16,384"):
        read_text(head, tmp_path)


def test_an_endless_line_is_refused(tmp_path):
    with pytest.raises(NotATable, match="longer than"):
        read_text(SITES.encode() + b"A" * (80 * 1024**2), tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused(tmp_path, encoding):
    data = SITES.encode(encoding)
    assert looks_like_vcf(data)
    with pytest.raises(NotATable, match="UTF-16"):
        read_text(data, tmp_path)


@pytest.mark.parametrize(
    ("text", "is_vcf"),
    [
        (SITES, True), ("\ufeff" + NAMES, True), (NAMES.lower(), True), (NAMES.replace("\t", "  "), True),
        ("##fileformat=VCFv4.1\n", True), ("## a comment\n" + NAMES, True), ("gene,n\nBRCA1,1\n", False),
        ("#CHROM\tPOS\tIDENTITY\n", False), ("chr1\t1\t.\tA\tG\n", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_taken_for_a_vcf(text, is_vcf):
    assert looks_like_vcf(text.encode()) == is_vcf


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 22, 1000])
def test_small_blocks_are_the_same_lines(tmp_path, mark, end, size):
    """The first block may end between the CR and the LF of the first line, or within the mark."""
    path = tmp_path / "file"
    path.write_bytes(mark + SITES.replace("\n", end).encode() + LINE.replace("\n", end).encode())
    blocks = LineBlocks(open_source(path), 1 << 20, size)
    data = b"".join(piece for _, piece in blocks)
    assert data.replace(b"\r\n", b"\n").decode() == SITES + LINE
    assert (blocks.has_bom, blocks.has_lone_returns) == (bool(mark), end == "\r")


@pytest.mark.parametrize("cut", [3, 10, 21, 22])
def test_a_vcf_in_tiny_gzip_members_is_the_same_vcf(tmp_path, cut):
    data = (SITES + LINE).replace("\n", "\r\n").encode()
    outcome = read_text(gzip.compress(data[:cut]) + gzip.compress(data[cut:]), tmp_path)
    assert [row["line"] for row in table(outcome, tmp_path)] == [FIRST]
