"""Workbooks as files that people upload: their page, their other sheets, their rejected rows."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files import actions
from files.models import DataFile
from files.readers.source import Member
from files.tests.conftest import do_import, do_read
from files.tests.workbooks import sheet_xml, xlsx
from project.core.models import Job

pytestmark = pytest.mark.django_db
VARIANTS = [
    ["gene", "chrom", "pos", "ref", "alt"],
    ["BRAF", "7", 140753336, "A", "T"],
    ["TP53", "17", 7675088, "C", "T"],
]
LEGEND = [["column", "meaning"], ["gene", "symbol of HGNC"]]
BOOK = xlsx(LEGEND, VARIANTS, ("Kept back", "hidden", sheet_xml([["a", "b", "c"], [1, 2, 3]])))


@pytest.fixture
def book(read) -> DataFile:
    return read(BOOK, name="panel.xlsx")


@pytest.fixture
def mine(api, owner):
    return api(owner)


def test_a_workbook_is_read_by_an_upload(mine):
    sent = {"file": SimpleUploadedFile("panel.xlsx", BOOK), "member": "Sheet1"}
    pk = mine.post("/api/v1/files/", sent, format="multipart").json()["id"]
    file = do_read(DataFile.objects.get(pk=pk))
    assert (file.state, file.format, file.row_count, file.reading["sheet"]) == ("ready", "xlsx", 1, "Sheet1")


def test_its_rows_and_types_are_those_of_the_sheet(mine, book):
    body = mine.get(f"/api/v1/files/{book.pk}/").json()
    assert [column["type"] for column in body["columns"]] == ["text", "integer", "integer", "text", "text"]
    rows = mine.get(f"/api/v1/files/{book.pk}/rows/").json()
    assert (rows["lines"][0], rows["rows"][0]) == (2, ["BRAF", "7", "140753336", "A", "T"])


def test_its_page_names_the_sheet_and_offers_the_others(client, owner, book):
    client.force_login(owner)
    page = client.get(f"/files/{book.pk}/").content.decode()
    assert "In this workbook" in page
    assert "<dt>Sheet</dt><dd>Sheet2</dd>" in page
    assert page.count("Open instead") == 2
    assert "hidden" in page
    assert "<dt>Delimiter</dt>" not in page
    assert "<dt>Encoding</dt>" not in page


def test_its_sheets_are_known_without_its_bytes(mine, book):
    book.original_path.unlink()
    body = mine.get(f"/api/v1/files/{book.pk}/members/").json()
    assert body["results"] == [{"name": name, "size": None} for name in ("Sheet1", "Sheet2", "Kept back")]
    assert actions.members_of(book)[2] == Member("Kept back", None, hidden=True)


def test_another_sheet_opens_as_a_new_file_of_the_same_bytes(mine, book):
    answer = mine.post(f"/api/v1/files/{book.pk}/members/", {"member": "Kept back"}, format="json")
    twin = do_read(DataFile.objects.get(pk=answer.json()["id"]))
    assert (twin.name, twin.sha256, twin.reading["sheet"]) == ("panel (Kept back).xlsx", book.sha256, "Kept back")
    assert (twin.row_count, len(actions.members_of(twin))) == (1, 3)
    gone = mine.post(f"/api/v1/files/{book.pk}/members/", {"member": "Sheet9"}, format="json")
    assert (gone.status_code, list(gone.json()["errors"])) == (400, ["member"])


def test_a_workbook_called_csv_is_read_and_said(read):
    file = read(BOOK, name="panel.csv")
    assert (file.state, file.format) == ("ready", "xlsx")
    assert file.warnings[0]["message"] == "The file is called .csv but is a workbook (xlsx): a sheet of it was read."
    assert "misnamed" not in [warning["kind"] for warning in read(BOOK, name="panel.xlsx").warnings]


def test_rejected_rows_come_as_csv_and_have_no_byte(client, owner, mine, read):
    file = read(xlsx([*VARIANTS, *VARIANTS[1:], ["MLH1", "3", 1, "A", 'say "T"', "wide"]]), name="panel.xlsx")
    listed = mine.get(f"/api/v1/files/{file.pk}/rejects/").json()["results"]
    assert [(one["line"], one["offset"]) for one in listed] == [(6, None)]
    answer = mine.get(f"/api/v1/files/{file.pk}/rejects/?format=original")
    text = b"".join(answer.streaming_content).decode()
    assert list(csv.reader(io.StringIO(text))) == [VARIANTS[0], ["MLH1", "3", "1", "A", 'say "T"', "wide"]]
    assert 'filename="panel.rejected.csv"' in answer["Content-Disposition"]
    header = mine.get(f"/api/v1/files/{file.pk}/header/")
    assert b"".join(header.streaming_content) == b"gene,chrom,pos,ref,alt\r\n"
    client.force_login(owner)
    page = client.get(f"/files/{file.pk}/rejects/").content.decode()
    assert "Line 6" in page
    assert "byte " not in page.split("Line 6")[1].split("</li>")[0]


def test_a_sheet_far_too_large_fails_with_a_sentence(read):
    far = sheet_xml([["a", "b", "c"], [1, 2, 3]]).replace('r="C2"', 'r="XFD1048576"')
    file = read(xlsx(("S", "visible", far)), name="far.xlsx")
    assert file.state == "failed"
    assert "a single cell far from the others" in file.error
    assert not file.table_path.exists()


def test_a_workbook_can_be_imported(book):
    job = do_import(book, assembly="GRCh38")
    assert (job.state, job.error) == (Job.State.SUCCEEDED, "")
