import csv
import gzip
import io
import re

import pytest

from files.readers.findings import Findings
from files.rejects import Rejects
from files.tests.conftest import do_read
from project.core.models import AuditEntry

pytestmark = pytest.mark.django_db
KINDS = b"a,b\n1,2,3\n" + b"1,2\n" * 20 + b"\x001,2\n1,2,3,4\n"  # two kinds of rejects in lines 2, 23 and 24
VCF = """##fileformat=VCFv4.2
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth & more">
##contig=<ID=17>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
17\t100\t.\tA\tG\t50\tPASS\tDP=3
17\tx1\t.\tA\tG\t50\tPASS\tDP=4
17\t300\t.\tA\tG\t50\tPASS\tDP=5
"""


@pytest.fixture
def mine(api, owner):
    return api(owner)


def rejects(client, file, query: str = "") -> dict:
    return client.get(f"/api/v1/files/{file.pk}/rejects/{query}").json()


def downloaded(client, file, query: str = "?format=original") -> bytes:
    answer = client.get(f"/api/v1/files/{file.pk}/rejects/{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def names_and_types(file) -> list[tuple[str, str]]:
    return [(column["name"], column["type"]) for column in file.columns]


# --- the list


def test_a_reject_says_where_it_is_and_why(mine, read):
    body = rejects(mine, read("a,b\n" + "1,2\n" * 9 + "1,2,3\n"))
    (reject,) = body["results"]
    assert (reject["line"], reject["offset"], reject["text"]) == (11, 40, "1,2,3")
    assert reject["reason"]
    assert list(reject) == ["line", "offset", "column", "reason", "text"]
    assert (body["count"], [kind["count"] for kind in body["reasons"]]) == (1, [1])


def test_rejects_are_counted_and_filtered_by_their_kind(mine, read):
    file = read(KINDS)
    body = rejects(mine, file)
    assert [kind["count"] for kind in body["reasons"]] == [2, 1]
    only = rejects(mine, file, "?reason=" + body["reasons"][1]["reason"])
    assert (only["count"], [reject["line"] for reject in only["results"]]) == (1, [23])
    assert rejects(mine, file, "?reason=none+such")["results"] == []


@pytest.mark.parametrize("query", ["offset=x", "limit=1001", "format=xml", "reason=%00", "format=csv&safe=perhaps"])
def test_a_bad_question_is_400(mine, read, query):
    answer = mine.get(f"/api/v1/files/{read('a,b').pk}/rejects/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.split("&")[-1].split("=")[0]])


def test_the_csv_holds_all_and_can_be_made_harmless(mine, read):
    file = read("a,b\n=1,2,3\n" + "1,2\n" * 9)
    rows = list(csv.reader(io.StringIO(downloaded(mine, file, "?format=csv").decode())))
    assert rows[0] == ["line", "offset", "column", "reason", "text"]
    assert (rows[1][0], rows[1][-1]) == ("2", "=1,2,3")
    safe = list(csv.reader(io.StringIO(downloaded(mine, file, "?format=csv&safe=1").decode())))
    assert safe[1][-1] == "'=1,2,3"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@A1", "\t=1", "＝1"])
def test_no_cell_of_a_safe_csv_is_a_formula(mine, read, cell):
    file = read(f"a,b\n{cell},2,3\n" + "1,2\n" * 9)
    safe = list(csv.reader(io.StringIO(downloaded(mine, file, "?format=csv&safe=1").decode())))
    assert safe[1][-1].startswith("'")


# --- the lines to mend


@pytest.mark.parametrize(
    ("name", "original", "wanted"),
    [
        ("t.csv", b"a,b\n1,2\n1,2,3\n3,4\n", b"a,b\n1,2,3\n"),
        ("t.csv", b"a;b\r\n1;2\r\n1;2;3\r\n3;4\r\n", b"a;b\r\n1;2;3\r\n"),
        ("t.tsv", b"a\tb\n1\t2\n1\t2\t3\n3\t4\n", b"a\tb\n1\t2\t3\n"),
        ("t.csv", b"\xef\xbb\xbfa,b\n1,2\n1,2,3\n3,4\n", b"\xef\xbb\xbfa,b\n1,2,3\n"),
        ("t.csv", "Größe;b\n1;2\n1;2;ü\n3;4\n".encode("cp1252"), "Größe;b\n1;2;ü\n".encode("cp1252")),
        ("t.csv", b'"a\nb",c\n' + b'"1",2\n' * 9 + b'1,"2",3\n3,4\n', b'"a\nb",c\n1,"2",3\n'),
        ("t.csv", b"Made by a laboratory\n\na,b\n1,2\n5,6\n1,2,3\n3,4\n", b"a,b\n1,2,3\n"),
        ("t.csv", "a,b\r\n1,2\r\n1,2,ž\r\n3,4\r\n".encode("utf-16"), "a,b\r\n1,2,ž\r\n".encode("utf-16")),
        ("t.vcf", VCF.encode(), "".join(VCF.splitlines(True)[:4] + VCF.splitlines(True)[5:6]).encode()),
    ],
    ids=["plain", "crlf", "tabs", "mark", "cp1252", "lines in cells", "preamble", "utf-16", "vcf"],
)
def test_rejected_lines_come_as_written_below_the_header_as_written(mine, read, name, original, wanted):
    file = read(original, name=name)
    assert (file.state, file.rejected_count) == ("ready", 1), (file.error, file.warnings)
    assert downloaded(mine, file) == wanted


@pytest.mark.parametrize(
    ("name", "original", "wrong", "right"),
    [
        ("cohort.csv", b"gene,n\n" + b"BRCA1,1\n" * 20 + b"TP53,2,oops\nBRCA2,3,oops\n", b",oops", b""),
        ("cohort.tsv.gz", b"gene\tn\n" + b"BRCA1\t1\n" * 20 + b"TP53\t2\toops\n", b"\toops", b""),
        ("cohort.vcf", VCF.encode(), b"\tx1\t", b"\t200\t"),
    ],
)
def test_mended_lines_are_uploaded_as_they_are_and_all_are_read(mine, read, upload, name, original, wrong, right):
    import gzip

    file = read(gzip.compress(original) if name.endswith(".gz") else original, name=name)
    assert file.rejected_count
    answer = mine.get(f"/api/v1/files/{file.pk}/rejects/?format=original")
    new_name = re.search(r'filename="(.+)"', answer["Content-Disposition"])[1]
    assert new_name == f"cohort.rejected.{name.split('.')[1]}"
    mended = do_read(upload(b"".join(answer.streaming_content).replace(wrong, right), name=new_name))
    assert (mended.state, mended.row_count, mended.rejected_count) == ("ready", file.rejected_count, 0)
    assert names_and_types(mended) == names_and_types(file)


def test_only_lines_of_one_kind_are_mended_where_asked(mine, read):
    file = read(KINDS)
    kind = rejects(mine, file)["reasons"][1]["reason"]
    assert downloaded(mine, file, f"?format=original&reason={kind}") == b"a,b\n\x001,2\n"


def test_a_file_without_rejects_gives_its_header_alone(mine, read):
    assert downloaded(mine, read("a,b\n1,2\n")) == b"a,b\n"


def test_a_header_is_downloaded_whole(mine, read):
    answer = mine.get(f"/api/v1/files/{read(VCF, name='x.vcf').pk}/header/")
    assert b"".join(answer.streaming_content) == "".join(VCF.splitlines(True)[:4]).encode()
    assert 'filename="x.header.vcf"' in answer["Content-Disposition"]


def test_rejects_of_a_file_in_work_are_409_and_of_lost_bytes_404(mine, upload, read):
    assert mine.get(f"/api/v1/files/{upload('a,b').pk}/rejects/").status_code == 409
    file = read("a,b\n1,2,3\n")
    file.original_path.unlink()
    assert mine.get(f"/api/v1/files/{file.pk}/rejects/?format=original").status_code == 404


# --- many of them


@pytest.fixture
def many(tmp_path) -> Rejects:
    findings = Findings(tmp_path / "rejects")
    for n in range(25_000):
        findings.reject(2 * n + 1, 10 * n, "odd" if n % 3 else "even", "so it is", "x\r\ny" if n % 5 else "x")
    findings.close()
    return Rejects(tmp_path / "rejects", findings.reasons)


def test_every_reject_comes_once_in_the_order_of_lines(many):
    lines = [reject.line for reject in many.every()]
    assert lines == list(range(1, 50_000, 2))
    assert sum(1 for _ in many.every("even")) == many.count("even") == 8334
    places = list(many.places())
    assert (places[0], places[1], places[-1]) == ((0, 1), (10, 2), (249_990, 2))


def test_a_page_of_rejects_cuts_long_texts_and_says_how_long_they_are(tmp_path):
    findings = Findings(tmp_path / "rejects")
    findings.reject(7, 0, "kind", "reason", "x" * 5000, column="POS")
    findings.close()
    (reject,) = Rejects(tmp_path / "rejects", findings.reasons).page(offset=0, limit=10, longest=100)
    assert (len(reject.text), reject.length, reject.column) == (100, 5000, "POS")


# --- the page


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return lambda url: client.get(url).content.decode()


def test_the_page_counts_by_reason_and_filters(page, read, mine):
    file = read(KINDS)
    text = page(f"/files/{file.pk}/rejects/")
    assert text.count('id="line-') == 3
    kind = rejects(mine, file)["reasons"][1]["reason"]
    text = page(f"/files/{file.pk}/rejects/?reason={kind}")
    assert text.count('id="line-') == 1
    assert "?format=original&amp;reason=" in text
    assert "No line here" in page(f"/files/{file.pk}/rejects/?reason=gone")


def test_the_page_shows_control_characters_and_cuts_long_lines(page, read):
    file = read("a\tb\n" + "1\t2\n" * 9 + "x\x1b\ty\t" + "z" * 3000 + "\n")
    text = page(f"/files/{file.pk}/rejects/")
    assert "<i>␛</i>" in text
    assert "<i>→</i>" in text
    assert "3,005 characters" in text
    assert "\x1b" not in text


def test_a_rejected_line_leads_to_the_rows_around_it(page, read):
    file = read("a,b\n" + "1,2\n" * 250 + "1,2,3\n" + "1,2\n" * 50)
    assert f"/files/{file.pk}/?line=252#file-rows" in page(f"/files/{file.pk}/rejects/")
    text = page(f"/files/{file.pk}/?line=252")
    assert "Rows 201 to 300 of 300" in text
    assert "No row begins on line 252" in text


def test_reading_rejects_leaves_no_audit_row(mine, read):
    file = read("a,b\n1,2,3\n")
    before = AuditEntry.objects.count()
    downloaded(mine, file)
    assert AuditEntry.objects.count() == before


def test_lines_far_into_a_packed_file_are_refused_with_another_way(mine, read, monkeypatch):
    monkeypatch.setattr("files.written_header.UNPACKED_BYTES", 1000)
    content = b"a,b\n" + b"1,2\n" * 400 + b"1,2,3\n"
    packed, plain = read(gzip.compress(content), name="a.csv.gz"), read(content)
    answer = mine.get(f"/api/v1/files/{packed.pk}/rejects/?format=original")
    assert (answer.status_code, "list as CSV" in answer.json()["detail"]) == (409, True)
    assert downloaded(mine, plain) == b"a,b\n1,2,3\n"
