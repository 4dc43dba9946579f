import errno
import os
import struct
import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files import actions
from files.models import DataFile
from files.readers.choices import Limits
from files.readers.errors import NotATable
from files.readers.unpack import zip_members
from files.store import Table
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


def test_a_disk_without_links_gets_a_copy(mine, packed, monkeypatch):
    def refuse(*paths) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    twin = DataFile.objects.get(pk=opened(mine, packed, "in/small.csv").json()["id"])
    assert twin.original_path.stat().st_ino != packed.original_path.stat().st_ino
    assert do_read(twin).row_count == 2


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


def zip_with_a_list(entries: int, said: int, name: bytes = b"%08d") -> bytes:
    """A zip whose list has so many entries, whatever its end says."""
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0)
    listed = b"".join(entry + name % n for n in range(entries))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, said, said, len(listed), len(local), 0)
    return local + listed + end


@pytest.mark.parametrize(
    ("said", "sentence"), [(60_000, "holds 60,000 files"), (1, "list of files .* is 16,200,000 bytes")]
)
def test_a_long_list_of_files_is_refused_before_it_is_read(tmp_path, said, sentence):
    path = tmp_path / "many.zip"
    path.write_bytes(zip_with_a_list(300_000, said))
    tracemalloc.start()
    with pytest.raises(NotATable, match=sentence):
        zip_members(path, Limits())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_file_of_the_same_bytes_that_one_may_not_read_is_not_named(client, upload, owner, stranger):
    whole = upload(zip_of({"a.csv": b"a,b\n1,2\n", "b.csv": b"a,b\n1,2\n3,4\n"}), name="secret-project.zip")
    do_read(whole)
    twin = do_read(actions.open_member(whole, "a.csv", by=owner))
    DataFile.objects.filter(pk=twin.pk).update(visibility="shared", name="a.csv")
    client.force_login(stranger)
    assert "secret-project" not in client.get(f"/files/{twin.pk}/").content.decode()
    client.force_login(owner)
    assert "secret-project" in client.get(f"/files/{twin.pk}/").content.decode()


@pytest.mark.parametrize("first", ["whole", "twin"])
def test_deleting_one_of_two_files_of_the_same_bytes_leaves_the_other(
    upload, owner, first, django_capture_on_commit_callbacks
):
    whole = do_read(upload(zip_of({"a.csv": b"a,b\n1,2\n", "b.csv": b"a,b\n1,2\n3,4\n"}), name="two.zip"))
    twin = do_read(actions.open_member(whole, "a.csv", by=owner))
    gone, left = (whole, twin) if first == "whole" else (twin, whole)
    content, folder = left.original_path.read_bytes(), gone.folder
    with django_capture_on_commit_callbacks(execute=True):
        actions.delete(gone, by=owner)
    assert not folder.exists()
    left.refresh_from_db()
    assert left.original_path.read_bytes() == content
    assert Table(left.table_path, left.columns).slice().filtered == left.row_count


def test_the_members_of_a_zip_are_listed_within_the_limits_of_reading(packed, settings):
    assert len(actions.members_of(packed)) == 2
    settings.READ_LIMITS = settings.READ_LIMITS | {"zip_members": 1}
    assert actions.members_of(packed) == []
