import gzip

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from files.models import DataFile
from files.tests.conftest import do_import
from project.core.models import Job

pytestmark = pytest.mark.django_db
LIST = "/files/"
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def page(client, owner):
    """`page(url)` is the text of a page as `owner` sees it."""
    client.force_login(owner)

    def page(url: str, **headers) -> str:
        answer = client.get(url, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return page


def test_the_empty_list_says_what_to_do(page):
    assert "No files yet" in page(LIST)


def test_the_list_shows_a_failed_file_with_its_reason(page, read):
    read(b"\x89PNG\r\n\x1a\n", name="picture.csv")
    text = page(LIST)
    assert "picture.csv" in text
    assert "This is a PNG image" in text


def test_the_list_asks_again_only_while_a_file_is_in_work(page, read, upload):
    read("a,b\n1,2\n")
    assert "every 2s" not in page(LIST)
    upload("a,b\n1,2\n")
    assert "every 2s" in page(LIST)


def test_the_list_as_part_of_a_page_has_no_head(page, read):
    read("a,b\n1,2\n")
    text = page(LIST, **{"HX-Request": "true"})
    assert "table.csv" in text
    assert "<html" not in text


@pytest.mark.parametrize("query", ["?search=%00", "?search=%25", "?cursor=x", "?search=" + "x" * 5000])
def test_the_list_survives_odd_questions(client, owner, query):
    client.force_login(owner)
    assert client.get(LIST + query, follow=True).status_code == 200


def test_a_file_in_work_shows_its_progress(page, upload):
    file = upload("a,b")
    text = page(f"/files/{file.pk}/")
    assert "Waiting for a worker" in text
    assert "every 2s" in text


def test_a_ready_file_shows_rows_with_lines_and_the_import_form(page, read):
    file = read("gene,cdna\nBRCA1,c.1A>G\n")
    text = page(f"/files/{file.pk}/")
    assert 'id="line-2"' in text
    assert "BRCA1" in text
    assert "Import into the variant database" in text


def test_a_failed_file_says_why_and_that_the_original_is_kept(page, read):
    file = read(b"PK\x03\x04")
    text = page(f"/files/{file.pk}/")
    assert "zip archive" in text
    assert "original is kept" in text


def test_line_leads_to_the_page_of_that_row_and_marks_it(page, read):
    file = read("n,x\n" + "".join(f"{n},y\n" for n in range(450)))
    text = page(f"/files/{file.pk}/?line=352")
    assert text.count('aria-current="true"') == 1
    assert '<tr id="line-352" class="is-here"' in text
    assert "Rows 301 to 400 of 450" in text


@pytest.mark.parametrize("query", ["?line=x", "?line=-1", "?offset=x", "?offset=99999", "?line=99999999999999"])
def test_a_page_of_rows_survives_odd_numbers(client, owner, read, query):
    client.force_login(owner)
    file = read("a,b\n1,2\n")
    assert client.get(f"/files/{file.pk}/{query}").status_code == 200


def test_hostile_cells_names_and_columns_are_only_text(page, read):
    quoted = HOSTILE.replace('"', '""')
    file = read(f'"{quoted}",gene\n"{quoted}",x\n1,2,"{quoted}"\n', name="<img src=x onerror=x>.csv")
    for url in (LIST, f"/files/{file.pk}/", f"/files/{file.pk}/rejects/"):
        text = page(url)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;alert" in page(f"/files/{file.pk}/")


def test_rejected_lines_have_a_page(page, read):
    file = read("a,b\n" + "1,2\n" * 9 + "1,2,3\n")
    text = page(f"/files/{file.pk}/rejects/")
    assert "The row has 3 cells for 2 columns" in text
    assert 'id="line-11"' in text


def test_a_file_without_rejects_says_so(page, read):
    file = read("a,b\n1,2\n")
    assert "Every line was read" in page(f"/files/{file.pk}/rejects/")


PAGES = [
    ("get", ""),
    ("get", "rejects/"),
    ("post", "import/"),
    ("post", "rename/"),
    ("post", "delete/"),
    ("post", "members/"),
]


@pytest.mark.parametrize(("method", "rest"), PAGES)
def test_the_page_of_somebody_elses_file_is_404(client, read, stranger, method, rest):
    file = read("a,b\n1,2\n")
    client.force_login(stranger)
    assert getattr(client, method)(f"/files/{file.pk}/{rest}", {"name": "x"}).status_code == 404
    file.refresh_from_db()
    assert file.name == "table.csv"


@pytest.mark.parametrize(("method", "rest"), PAGES[2:])
@pytest.mark.parametrize("visibility", ["shared", "public"])
def test_a_shared_file_is_not_changed_from_the_page_of_another(client, upload, stranger, visibility, method, rest):
    file = upload("a,b\n1,2\n", visibility=visibility)
    client.force_login(stranger)
    assert client.post(f"/files/{file.pk}/{rest}", {"name": "x"}).status_code == 404


@pytest.mark.parametrize(("visibility", "status"), [("private", 404), ("shared", 404), ("public", 200)])
def test_anonymous_readers_see_public_files_only(client, read, settings, visibility, status):
    settings.PUBLIC_READ = True
    file = read("a,b\n1,2\n", visibility=visibility)
    assert client.get(f"/files/{file.pk}/").status_code == status


def test_anonymous_readers_see_nothing_where_reading_is_not_public(client, read, settings):
    settings.PUBLIC_READ = False
    file = read("a,b\n1,2\n", visibility="public")
    answer = client.get(f"/files/{file.pk}/")
    assert answer["Location"].startswith("/accounts/login/")


def test_a_reader_without_the_right_sees_no_forms(client, read, stranger):
    client.force_login(stranger)
    file = read("a,b\n1,2\n", visibility="shared")
    text = client.get(f"/files/{file.pk}/").content.decode()
    assert "/delete/" not in text
    assert "/import/" not in text


# --- writing


def test_the_plain_form_uploads(client, owner):
    client.force_login(owner)
    answer = client.post("/files/upload/", {"file": SimpleUploadedFile("t.csv", b"a,b\n1,2\n")})
    file = DataFile.objects.get()
    assert (answer["Location"], file.original_path.read_bytes()) == (f"/files/{file.pk}/", b"a,b\n1,2\n")


def test_the_plain_form_takes_several_files(client, owner):
    client.force_login(owner)
    sent = [SimpleUploadedFile(f"{n}.csv", b"a,b\n") for n in range(3)]
    assert client.post("/files/upload/", {"file": sent})["Location"] == LIST
    assert DataFile.objects.count() == 3


def test_the_plain_form_without_a_file_says_so(client, owner):
    client.force_login(owner)
    assert b"Choose a file first" in client.post("/files/upload/", follow=True).content


def test_the_plain_form_says_that_a_file_is_too_large(client, owner, settings):
    settings.MAX_UPLOAD_BYTES = 10
    client.force_login(owner)
    answer = client.post("/files/upload/", {"file": SimpleUploadedFile("t.csv", b"x" * 11)}, follow=True)
    assert b"larger than the limit" in answer.content
    assert not DataFile.objects.exists()


@pytest.mark.parametrize("rest", ["upload/", "1/import/", "1/rename/", "1/delete/"])
def test_writing_pages_need_the_csrf_token_a_login_and_a_post(owner, rest):
    client = Client(enforce_csrf_checks=True)
    assert client.get(f"/files/{rest}").status_code == 405
    assert Client().post(f"/files/{rest}")["Location"].startswith("/accounts/login/")
    client.force_login(owner)
    assert client.post(f"/files/{rest}").status_code == 403


def test_an_import_from_the_page_queues_a_job(client, owner, read):
    file = read("gene,cdna\nAAA1,NM_900001.1:c.1A>G\n")
    client.force_login(owner)
    answer = client.post(f"/files/{file.pk}/import/", {"map_gene": "gene", "map_hgvs_c": "cdna"})
    assert answer["Location"] == reverse("jobs:detail", args=[Job.objects.get(kind="import").pk])


def test_a_refused_import_shows_the_form_again_with_the_reason(client, owner, read):
    file = read("chrom,pos,ref,alt\n17,43057062,T,C\n")
    client.force_login(owner)
    sent = {"map_chrom": "chrom", "map_start": "pos", "map_ref": "ref", "map_alt": "alt", "source": "Our lab"}
    answer = client.post(f"/files/{file.pk}/import/", sent)
    assert answer.status_code == 400
    assert b"Is it GRCh37 or GRCh38?" in answer.content
    assert b'value="Our lab"' in answer.content


def test_a_refused_import_of_a_wrong_column_is_400_too(client, owner, read):
    file = read("gene,cdna\nAAA1,NM_900001.1:c.1A>G\n")
    client.force_login(owner)
    assert client.post(f"/files/{file.pk}/import/", {"map_gene": "no such column"}).status_code == 400


def test_deleting_a_file_with_live_claims_is_refused_on_the_page(client, owner, read):
    file = read("gene,cdna\nAAA1,NM_900001.1:c.1A>G\n")
    do_import(file)
    client.force_login(owner)
    answer = client.post(f"/files/{file.pk}/delete/", follow=True)
    assert b"Withdraw them first" in answer.content
    client.post(f"/files/{file.pk}/delete/", {"withdraw": "1"})
    assert not DataFile.objects.exists()


def test_renaming_from_the_page(client, owner, read):
    file = read("a,b\n1,2\n")
    client.force_login(owner)
    client.post(f"/files/{file.pk}/rename/", {"name": "../new.csv"})
    file.refresh_from_db()
    assert file.name == "new.csv"


def test_a_failed_file_offers_another_try_and_the_original(page, read):
    file = read(b"\x89PNG\r\n\x1a\n")
    text = page(f"/files/{file.pk}/")
    assert f'action="/files/{file.pk}/again/"' in text
    assert f'href="/api/v1/files/{file.pk}/download/?format=original"' in text


def test_try_again_reads_the_file_anew(page, client, read):
    file = read(b"\x89PNG\r\n\x1a\n")
    answer = client.post(f"/files/{file.pk}/again/")
    file.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/files/{file.pk}/")
    assert (file.state, Job.objects.filter(file_id=file.pk).first().state) == ("queued", "queued")


def test_try_again_does_nothing_to_a_file_that_is_read(page, client, read):
    file = read("a,b\n1,2\n")
    client.post(f"/files/{file.pk}/again/")
    assert Job.objects.filter(file_id=file.pk).count() == 1


def test_reading_can_be_cancelled_on_the_page_of_the_file(page, client, upload):
    file = upload("a,b\n1,2\n")
    assert f'action="/files/{file.pk}/cancel/"' in page(f"/files/{file.pk}/")
    client.post(f"/files/{file.pk}/cancel/")
    file.refresh_from_db()
    assert file.state == "cancelled"
    assert "Try again" in page(f"/files/{file.pk}/")


def test_a_warning_says_how_often_once(page, read):
    file = read("made by x\nsome program\na,b,c\n" + "1,2,3\n" * 20)
    text = page(f"/files/{file.pk}/")
    assert "2 lines before the table were skipped." in text
    assert "2 times" not in text


def test_a_warning_says_how_many_rows_and_where(page, read):
    file = read("a,b,c\n1,2,3\n1,2\n1,2,3\n1,2\n")
    text = page(f"/files/{file.pk}/")
    assert ">2 rows, first in <a" in text
    assert f'href="/files/{file.pk}/?line=3#file-rows"' in text


def test_what_is_missing_of_a_file_that_is_cut_off_is_no_side_note(page, read):
    packed = gzip.compress("".join(f"{n},{n * 7919 % 10007}\n" for n in range(5000)).encode())
    text = page(f"/files/{read(packed[:-2000]).pk}/")
    assert '<p class="box-note is-warning"><span>The gzip file is cut off' in text


def test_a_line_that_was_passed_over_is_said_to_be_no_row(page, read):
    file = read("made by x\nsome program\na,b,c\n" + "1,2,3\n" * 20)
    assert "No row begins on line 2" in page(f"/files/{file.pk}/?line=2")


def test_the_form_says_of_an_assembly_only_what_the_file_says(page, read):
    read_of = {header: page(f"/files/{read(header + chr(10) + row).pk}/") for header, row in {
        "gene,cdna": "A,NM_900001.1:c.1A>G\n" * 3,
        "chrom,pos,ref,alt": "1,100,A,G\n" * 3,
        "chrom,pos,ref,alt,assembly": "1,100,A,G,GRCh38\n" * 3,
    }.items()}  # fmt: skip
    assert [said for text in read_of.values() for said in ("Not needed", "Please choose", "Row by row") if said in text] \
        == ["Not needed", "Please choose", "Row by row"]  # fmt: skip


def test_columns_that_nobody_knows_are_asked_for(page, read):
    text = page(f"/files/{read('x,y' + chr(10) + '1,2' + chr(10)).pk}/")
    assert "No column was recognised" in text
    assert "Choose the columns" in text


def test_a_table_without_rows_has_nothing_to_import(page, read):
    text = page(f"/files/{read('gene,cdna' + chr(10)).pk}/")
    assert "The table has no rows" in text
    assert "Import variants" not in text


def test_a_nul_in_the_source_is_refused_with_a_sentence(client, owner, read):
    file = read("gene,cdna\nAAA,NM_1.1:c.1A>G\n")
    client.force_login(owner)
    answer = client.post(f"/files/{file.pk}/import/", {"map_gene": "gene", "source": "Lab\0"})
    assert answer.status_code == 400
    assert "A NUL character is no part of a text." in answer.content.decode()
