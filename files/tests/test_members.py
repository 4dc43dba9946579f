import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import DataFile
from files.tests.conftest import do_read, zip_of
from project.core.models import AuditEntry

pytestmark = pytest.mark.django_db
SMALL, LARGE = b"x,y\n1,2\n3,4\n", b"gene,n\n" + b"BRCA1,1\n" * 50


@pytest.fixture
def packed(read) -> DataFile:
    return read(zip_of({"in/small.csv": SMALL, "large.csv": LARGE}), name="two.zip")


@pytest.fixture
def mine(api, owner):
    return api(owner)


def opened(client, file: DataFile, member: str):
    return client.post(f"/api/v1/files/{file.pk}/members/", {"member": member}, format="json")


def test_the_files_of_an_archive_are_listed(mine, packed, read):
    body = mine.get(f"/api/v1/files/{packed.pk}/members/").json()
    assert body["results"] == [{"name": "in/small.csv", "size": 12}, {"name": "large.csv", "size": 407}]
    assert packed.row_count == 50
    assert mine.get(f"/api/v1/files/{read('a,b').pk}/members/").json() == {"results": []}


def test_another_file_of_an_archive_is_opened_as_a_new_file_of_the_same_bytes(mine, packed):
    answer = opened(mine, packed, "in/small.csv")
    body = answer.json()
    twin = do_read(DataFile.objects.get(pk=body["id"]))
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/files/{twin.pk}/")
    assert (body["name"], body["parent"], body["sha256"]) == ("two (small.csv).zip", packed.pk, packed.sha256)
    assert (twin.row_count, [column["name"] for column in twin.columns]) == (2, ["x", "y"])
    assert twin.original_path.read_bytes() == packed.original_path.read_bytes()


def test_each_of_the_two_outlives_the_other(mine, packed):
    twin = DataFile.objects.get(pk=opened(mine, packed, "in/small.csv").json()["id"])
    mine.delete(f"/api/v1/files/{packed.pk}/")
    twin.refresh_from_db()
    assert (twin.parent, do_read(twin).row_count) == (None, 2)


def test_opening_leaves_an_audit_row_that_names_both(mine, packed):
    pk = opened(mine, packed, "in/small.csv").json()["id"]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.after["parent"], entry.after["member"]) == ("file uploaded", packed.pk, "in/small.csv")
    assert str(pk) in str(vars(entry))


@pytest.mark.parametrize("member", ["gone.csv", "", "../small.csv", None, 7, ["large.csv"], "\0"])
def test_a_file_that_is_not_in_the_archive_is_400(mine, packed, member):
    answer = opened(mine, packed, member)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["member"])
    assert DataFile.objects.count() == 1


def test_a_plain_file_has_no_others(mine, read):
    assert "no zip archive" in str(opened(mine, read("a,b"), "a").json()["errors"])


def test_an_upload_can_name_the_file_in_the_archive(mine):
    sent = {
        "file": SimpleUploadedFile("two.zip", zip_of({"small.csv": SMALL, "large.csv": LARGE})),
        "member": "small.csv",
    }
    pk = mine.post("/api/v1/files/", sent, format="multipart").json()["id"]
    assert do_read(DataFile.objects.get(pk=pk)).row_count == 2


def test_an_upload_that_names_a_file_that_is_not_there_fails_with_a_sentence(mine):
    sent = {"file": SimpleUploadedFile("two.zip", zip_of({"a.csv": SMALL})), "member": "b.csv"}
    file = do_read(DataFile.objects.get(pk=mine.post("/api/v1/files/", sent, format="multipart").json()["id"]))
    assert (file.state, "'b.csv'" in file.error) == ("failed", True)


def test_the_page_offers_the_other_files_to_who_may_add_files(client, owner, stranger, packed):
    client.force_login(owner)
    text = client.get(f"/files/{packed.pk}/").content.decode()
    assert "in/small.csv" in text
    assert text.count("Open instead") == 1
    answer = client.post(f"/files/{packed.pk}/members/", {"member": "in/small.csv"})
    twin = DataFile.objects.latest("pk")
    assert answer["Location"] == f"/files/{twin.pk}/"
    assert "Same bytes as" in client.get(f"/files/{do_read(twin).pk}/").content.decode()
    assert b"There is no" in client.post(f"/files/{packed.pk}/members/", {"member": "x"}, follow=True).content
    DataFile.objects.update(visibility="shared")
    client.force_login(stranger)
    assert "Open instead" not in client.get(f"/files/{packed.pk}/").content.decode()


def test_lines_to_mend_come_from_the_file_in_the_archive(mine, read):
    file = read(zip_of({"a.csv": b"x,y\n" + b"1,2\n" * 9 + b"1,2,3\n", "b.csv": b"x,y\n"}), name="two.zip")
    answer = mine.get(f"/api/v1/files/{file.pk}/rejects/?format=original")
    assert b"".join(answer.streaming_content) == b"x,y\n1,2,3\n"
    assert 'filename="two.rejected.csv"' in answer["Content-Disposition"]
