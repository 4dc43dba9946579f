"""One variant a line: what is a list and of what, what is a table, and that no line is lost."""

import duckdb
import pytest

from files.readers.choices import Choices, Limits
from files.readers.lists import kind_of
from files.readers.parts import part_paths
from files.readers.reading import read_any


def lines(*texts: str) -> str:
    return "\n".join(texts) + "\n"


@pytest.fixture
def read(tmp_path):
    """What became of a text, and the cells of its first column."""

    def read(content: str | bytes, **choices):
        path = tmp_path / "list.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        limits = Limits(free_disk_bytes=0)
        outcome = read_any(path, tmp_path, Choices(**choices), limits, lambda fraction, sentence, rows: None)
        paths = [str(path) for paths in part_paths(tmp_path / "table") for path in paths]
        return outcome, [row[1] for row in duckdb.read_parquet(paths).order("line").fetchall()]

    return read


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rs80357906", "rsID"), ("RS1", "rsID"), ("  rs334\t", "rsID"),
        ("NM_007294.4:c.5266dup", "HGVS"), ("NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", "HGVS"), ("c.68-7T>A", "HGVS"),
        ("NM_007294.4:c.5266dup NP_009225.1:p.Gln1756fs", "HGVS"), ("BRCA1\tc.68_69del", None), ("chr1:5\tA>G", None),
        ("BRCA1:c.68_69del", "HGVS"), ("BRCA1 c.68_69del", "HGVS"), ("p.Arg175His", "HGVS"), ("NP_009225.1:p.?", "HGVS"),
        ("LRG_292t1:c.5266dup", "HGVS"), ("NC_012920.1:m.3243A>G", "HGVS"), ("NM_007294.4:c.[76A>C;83G>C]", "HGVS"),
        ("17-43057062-T-TG", "variant"), ("17:43057062:T:TG", "variant"), ("chr17_43057062_T_TG", "variant"),
        ("17/43057062/T/TG", "variant"), ("chr17:43,057,062 T>TG", "variant"), ("chrX:5T>G", "variant"),
        ("MT-3243-A-G", "variant"), ("7:5:A:<DEL>", "variant"),
        ("VCV000012345", "ClinVar"), ("RCV000018484.2", "ClinVar"), ("NC_000017.11:43057061:T:TG", "SPDI"),
        ("BRCA1", None), ("novel", None), ("rs", None), ("12:30", None), ("12-05-2020", None), ("17:43044295-43125364", None),
        ("NM_007294.4:c.5266dup,BRCA1", None), ("rs334\tHBB", None), ("17 43057062 T TG", None), ("see p. 5", None),
    ],
)  # fmt: skip
def test_what_a_line_names(text, kind):
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("content", "column", "wanted"),
    [
        (lines("rs80357906", "rs334"), "rsID", ["rs80357906", "rs334"]),
        ("rs80357906", "rsID", ["rs80357906"]),
        (lines("SNP ID", "rs80357906", "rs334"), "SNP ID", ["rs80357906", "rs334"]),
        ("\ufeff# mine\r\nrs80357906  \r\n\r\n# more\r\nrs334\r\n", "rsID", ["rs80357906  ", "rs334"]),
        (lines('"rs80357906"', '"rs334"'), "rsID", ["rs80357906", "rs334"]),
        (lines("NM_000059.3:c.68-7T>A", "BRCA1 c.68_69del"), "HGVS", ["NM_000059.3:c.68-7T>A", "BRCA1 c.68_69del"]),
        (lines("variant", "17:43057062:T:TG", "X:5:C:G"), "variant", ["17:43057062:T:TG", "X:5:C:G"]),
        (lines("sep=;", "SNP ID", "rs80357906", "rs334"), "SNP ID", ["rs80357906", "rs334"]),
        (lines("sep=,", "rs80357906", "rs334"), "rsID", ["rs80357906", "rs334"]),
        (lines("rs334", "17-5-T-TG", "c.1A>G"), "query", ["rs334", "17-5-T-TG", "c.1A>G"]),
    ],
)
def test_a_list_has_one_column_called_by_what_it_names(read, content, column, wanted):
    outcome, cells = read(content)
    assert (outcome.format, [one["name"] for one in outcome.columns], cells) == ("list", [column], wanted)
    assert {warning["kind"] for warning in outcome.warnings} <= {"comments", "preamble"}


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (lines("rs334\tHBB", "rs1042522\tTP53"), 2),
        (lines("rsid,gene", "rs334,HBB", "rs1042522,TP53"), 2),
        (lines("chr17 43057062 T G", "chr7 140453136 A T"), 4),
        (lines("chr17\t43057062\tT\tG", "chr7\t140453136\tA\tT"), 4),
        (lines("BRCA1\tc.68_69del", "TP53\tc.743G>A"), 2),
        (lines("c.1A>G\tp.M1V", "c.2T>G\tp.M1R"), 2),
        (lines("gene hgvs", "BRCA1 c.68_69del", "TP53 c.743G>A"), 2),
        (lines("BRCA1", "TP53", "KRAS"), 1),
    ],
)
def test_a_table_is_no_list(read, content, columns):
    outcome, _ = read(content)
    assert (outcome.format == "list", len(outcome.columns)) == (False, columns)


def test_lines_unlike_the_others_are_rows_and_counted(read):
    written = ["rs80357906", "novel", "rs334", "17-5-T-G", "rs1042522", "rs699", "rs7412"]
    outcome, cells = read(lines(*written))
    assert cells == written
    (warning,) = outcome.warnings
    assert (warning["kind"], warning["count"], warning["first_line"]) == ("unlike_the_list", 2, 2)
    assert "no rsID" in warning["message"]


def test_a_line_with_a_broken_byte_of_a_list_is_a_reject(read):
    outcome, _ = read(b"rs80357906\nrs3\x0034\nrs1042522\n")
    assert (outcome.rows, outcome.rejected) == (2, 1)


def test_what_a_user_says_of_a_list_is_kept(read):
    assert read("rs334\nrs1042522\n", header=True)[1] == ["rs1042522"]
    assert read("17:5:T:TG\n17:6:A:C\n", delimiter=":")[0].format == "csv"
