"""A VCF through the API: typed cells, sorting and filters where `.` stands for nothing and cells have odd values."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from files.models import DataFile
from files.tests.bcf_files import bcf_of
from files.tests.conftest import do_import, do_read
from files.tests.vcf_texts import LINE, SAMPLES, SITES, vcf
from project.core import jobs
from project.core.models import Job

pytestmark = pytest.mark.django_db

ROWS = vcf(
    "chr1 9 . A G . . DP=3;DB=1",
    "chr1 10 b A . 5 . DP=.",
    "chr1 2 a A G nan PASS DP=1,2;DB",
    "chr1 100 . A G Inf . DP=abc",
    "chr1 20 . A G 1e-3 . DP=1_0",
    "chr1 30 . A G 30 . GENE=.;DP=7.5;DB=0",
    "chr1 40 . A G . . DP=12",
)


@pytest.fixture
def rows(read, api, owner):
    """`rows(sort="POS")` as {"columns", "filtered", "rows", ...} of ROWS."""
    file = read(ROWS, name="t.vcf")
    mine = api(owner)

    def rows(**params):
        answer = mine.get(f"/api/v1/files/{file.pk}/rows/", params)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return rows


def test_typed_cells(rows):
    body = rows(typed=1, columns=["POS", "ID", "ALT", "QUAL", "INFO.DP", "INFO.DB", "INFO.GENE"])
    assert {column["missing"] for column in body["columns"]} == {"."}
    assert body["rows"] == [
        [9, None, "G", None, 3, True, None],
        [10, "b", None, 5.0, None, None, None],
        [2, "a", "G", "nan", None, True, None],
        [100, None, "G", "Inf", None, None, None],
        [20, None, "G", 0.001, None, None, None],
        [30, None, "G", 30.0, None, False, None],
        [40, None, "G", None, 12, None, None],
    ]


def test_cells_as_written(rows):
    assert rows(columns=["ID", "ALT", "INFO.DP", "INFO.GENE"])["rows"][1] == ["b", ".", ".", None]


@pytest.mark.parametrize(
    ("sort", "positions"),
    [
        ("POS", [2, 9, 10, 20, 30, 40, 100]),
        ("-POS", [100, 40, 30, 20, 10, 9, 2]),
        ("QUAL", [20, 10, 30, 100, 2, 9, 40]),
        ("-QUAL", [2, 100, 30, 10, 20, 9, 40]),
        ("ID", [2, 10, 9, 100, 20, 30, 40]),
        ("-ID", [10, 2, 9, 100, 20, 30, 40]),
        ("INFO.DB", [30, 9, 2, 10, 100, 20, 40]),
    ],
)
def test_nothing_is_sorted_last(rows, sort, positions):
    assert [pos for (pos,) in rows(sort=sort, typed=1, columns="POS")["rows"]] == positions


@pytest.mark.parametrize("sort", ["INFO.DP", "-INFO.DP"])
def test_no_row_is_lost_where_cells_are_not_of_their_type(rows, sort):
    body = rows(sort=sort, columns="INFO.DP")
    assert len(body["rows"]) == body["filtered"] == 7
    assert {cell for (cell,) in body["rows"][4:]} == {".", "1,2", "abc"}


@pytest.mark.parametrize(
    ("question", "positions"),
    [
        ("INFO.DP:isnull:1", [10]),
        ("INFO.DP:isnull:0", [9, 2, 100, 20, 30, 40]),
        ("ID:isnull:1", [9, 100, 20, 30, 40]),
        ("ALT:isnull:1", [10]),
        ("ALT:eq:.", [10]),
        ("INFO.GENE:isnull:1", [9, 10, 2, 100, 20, 30, 40]),
        ("INFO.GENE:eq:.", [30]),
        ("ID:lt:b", [2]),
        ("ID:ne:a", [9, 10, 100, 20, 30, 40]),
        ("POS:ge:30", [100, 30, 40]),
        ("INFO.DP:gt:7", [20, 30, 40]),
        ("INFO.DB:eq:true", [9, 2]),
        ("INFO.DP:contains:,", [2]),
    ],
)
def test_filters(rows, question, positions):
    assert [pos for (pos,) in rows(filter=question, typed=1, columns="POS")["rows"]] == positions


def test_nul_bytes_in_the_header_do_not_end_the_job(read):
    file = read(SITES.replace("Depth", "De\0pth", 1) + LINE, name="t.vcf")
    assert (file.state, file.row_count) == ("ready", 1)
    file = read(SAMPLES.replace("anna", "an\0na") + "chr1\t1\t.\tA\tG\t.\t.\t.\tGT\t0/1\t0/0\n", name="t.vcf")
    assert (file.state, file.row_count) == ("ready", 1)


# --- an import, by every door


PLACED = vcf("chr1 9 rs7 A G,C . . DP=3", "chr1 10 . A <DEL> . . .")
COUNTS = {"lines_read": 2, "imported": 1, "skipped": 1, "alleles_imported": 2, "alleles_skipped": 1}


def counts() -> dict[str, int]:
    job = Job.objects.get(kind="import")
    jobs.run_now(job)
    assert job.state == "succeeded", job.error
    return {name: count for name, count in job.counts.items() if count}


def test_import_by_the_api(read, api, owner):
    file = read(PLACED, name="t.vcf")
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", {"assembly": "GRCh38"}, format="json")
    assert (answer.status_code, counts()) == (202, COUNTS)


def test_import_with_the_upload(api, owner):
    sent = {"file": SimpleUploadedFile("t.vcf", PLACED.encode()), "import": "true", "assembly": "GRCh38"}
    answer = api(owner).post("/api/v1/files/", sent, format="multipart")
    do_read(DataFile.objects.get(pk=answer.json()["id"]))
    assert counts() == COUNTS


def test_import_from_the_shell(tmp_path, capsys):
    path = tmp_path / "t.vcf"
    path.write_text(PLACED)
    call_command("load_file", str(path), "--import", "--assembly", "GRCh38")
    said = capsys.readouterr().out
    assert "lines read 2" in said
    assert "alleles imported 2" in said


def test_import_by_the_page(read, owner, client):
    file = read(PLACED, name="t.vcf")
    client.force_login(owner)
    page = client.get(reverse("files:detail", args=[file.pk])).content.decode()
    assert 'name="map_rsid"' in page
    assert 'name="map_start"' not in page  # the format says where positions are
    client.post(reverse("files:import", args=[file.pk]), {"assembly": "GRCh38", "map_rsid": "ID"})
    assert counts() == COUNTS


def test_import_of_a_bcf(read, tmp_path):
    file = read(bcf_of(PLACED, tmp_path), name="t.bcf")
    job = do_import(file, assembly="GRCh38")
    assert ({name: count for name, count in job.counts.items() if count}, file.format) == (COUNTS, "bcf")


def test_the_row_as_written_is_shown_beside_each_allele_to_who_may_read_the_file(read, api, owner, stranger):
    do_import(read(PLACED, name="t.vcf"), assembly="GRCh38")
    mine, others = (api(user).get("/api/v1/records/").json()["results"] for user in (owner, stranger))
    assert [record["raw"]["ALT"] for record in mine] == ["G,C", "G,C"]
    assert [(record["raw"], record["line"], record["file_name"]) for record in others] == [(None, None, None)] * 2
