"""The API of how a file is read: /api/v1/files/{id}/read-options/ and its preview."""

import os
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from files import preview as previews
from files.models import DataFile
from files.read_options import ENCODINGS, allowed, checked, from_form, options_for
from files.readers.encoding import known_encoding
from files.readers.sniff import DELIMITERS as SNIFFED
from files.tests.conftest import do_read
from project.common.problems import BadQuery
from project.core import jobs
from project.core.models import Job

pytestmark = pytest.mark.django_db
TABLE = "x;y\n" + "1;2\n" * 29 + "5;6;7\n"


@pytest.fixture(autouse=True)
def time_enough(monkeypatch) -> None:
    """A busy machine is no finding of these tests."""
    monkeypatch.setattr(previews, "SECONDS", 300.0)


@pytest.fixture
def file(read) -> DataFile:
    return read(TABLE)


@pytest.fixture
def mine(api, owner):
    return api(owner)


def url(file: DataFile, more: str = "") -> str:
    return f"/api/v1/files/{file.pk}/read-options/{more}"


def test_what_was_guessed_and_what_can_be_chosen(mine, file):
    body = mine.get(url(file)).json()
    assert (body["chosen"], body["types"]) == ({}, {"x": "integer", "y": "integer"})
    assert (body["read_as"]["delimiter"], body["read_as"]["chosen"]) == (";", [])
    assert body["applies"][:3] == ["member", "encoding", "delimiter"]
    assert {"value": "\t", "label": "tab"} in body["allowed"]["delimiter"]
    assert sorted(body["allowed"]) == ["comment", "delimiter", "encoding", "escape", "quote", "types"]


def test_a_file_is_read_again_by_the_api(mine, file):
    answer = mine.patch(url(file), {"header": False, "types": {"column_1": "text"}}, format="json")
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/jobs/{answer.json()['id']}/")
    assert mine.get(f"/api/v1/files/{file.pk}/").json()["state"] == "queued"
    jobs.run_now(Job.objects.get(pk=answer.json()["id"]))
    body = mine.get(f"/api/v1/files/{file.pk}/").json()
    assert (body["state"], body["reading_number"], body["row_count"]) == ("ready", 1, 30)
    chosen = mine.get(url(file)).json()
    assert chosen["chosen"] == {"header": False, "types": {"column_1": "text"}}
    assert chosen["types"] == {"column_1": "text", "column_2": "text"}


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"delimeter": ";"}, "delimeter", "There is no such option"),
        ({"encoding": "klingon"}, "encoding", "no encoding that can be read"),
        ({"encoding": "unicode_escape"}, "encoding", "no encoding that can be read"),
        ({"encoding": 8}, "encoding", "must be text"),
        ({"delimiter": "\n"}, "delimiter", "line end"),
        ({"delimiter": "a" * 11}, "delimiter", "at most 10"),
        ({"quote": "''"}, "quote", "one character"),
        ({"quote": "\\"}, "quote", "backslash"),
        ({"quote": ";", "delimiter": ";"}, "quote", "part of the delimiter"),
        ({"escape": "^"}, "escape", "is neither"),
        ({"comment": "#\0"}, "comment", "must be text"),
        ({"header": "yes"}, "header", "true or false"),
        ({"header_line": 0}, "header_line", "number of a line"),
        ({"header_line": True}, "header_line", "number of a line"),
        ({"header": False, "header_line": 2}, "header_line", "leave one of the two"),
        ({"types": ["text"]}, "types", "column: type"),
        ({"types": {"x": "number"}}, "types", "no type"),
        ({"types": {"x": ["text"]}}, "types", "no type"),
    ],
)
def test_what_is_no_option_is_a_400_that_names_it(mine, file, sent, field, said):
    for answer in (mine.patch(url(file), sent, format="json"), mine.post(url(file, "preview/"), sent, format="json")):
        assert answer.status_code == 400
        assert said in answer.json()["errors"][field][0]
    file.refresh_from_db()
    assert file.state == "ready"


@pytest.mark.parametrize("sent", ['{"member": "\\ud800"}', '{"types": {"\\udc00": "text"}}', '{"\\ud800": 1}'])
def test_half_a_character_is_a_400(mine, file, sent):
    for answer in (
        mine.patch(url(file), sent, content_type="application/json"),
        mine.post(url(file, "preview/"), sent, content_type="application/json"),
    ):
        assert (answer.status_code, "surrogate" in answer.json()["detail"]) == (400, True)


def test_a_body_that_is_no_object_is_a_400(mine, file):
    assert mine.patch(url(file), [1], format="json").json()["errors"]["options"]


def test_all_wrong_options_are_named_at_once():
    with pytest.raises(BadQuery) as error:
        checked({"quote": "ab", "header_line": -1, "encoding": "utf-8"})
    assert sorted(error.value.errors) == ["header_line", "quote"]


def test_the_one_of_header_and_its_line_says_no_to_the_other(mine, file):
    mine.patch(url(file), {"header": False}, format="json")
    jobs.run_now(Job.objects.filter(kind="read").latest("pk"))
    mine.patch(url(file), {"header_line": 2}, format="json")
    jobs.run_now(Job.objects.filter(kind="read").latest("pk"))
    assert mine.get(url(file)).json()["chosen"] == {"header_line": 2}
    mine.patch(url(file), {"header": False}, format="json")
    jobs.run_now(Job.objects.filter(kind="read").latest("pk"))
    assert mine.get(url(file)).json()["chosen"] == {"header": False}


def test_who_may_not_change_the_file_sees_what_it_may_and_changes_nothing(api, file, stranger):
    other = api(stranger)
    assert other.get(url(file)).status_code == 404
    DataFile.objects.update(visibility="shared")
    assert other.get(url(file)).status_code == 200
    assert other.patch(url(file), {"delimiter": ","}, format="json").status_code == 404
    assert other.post(url(file, "preview/"), {"delimiter": ","}, format="json").status_code == 404


def test_a_preview_shows_what_a_reading_would_give(mine, file):
    body = mine.post(url(file, "preview/"), {"header": False}, format="json").json()
    assert (body["columns"][0], body["complete"]) == ({"name": "column_1", "type": "text"}, True)
    assert body["lines"] == list(range(1, 31))
    assert body["rows"][:2] == [["x", "y"], ["1", "2"]]
    assert body["rejected"] == 1
    assert (body["rejects"][0]["line"], body["rejects"][0]["text"]) == (31, "5;6;7")
    assert body["reading"]["chosen"] == ["header"]
    assert [warning["kind"] for warning in body["warnings"]] == []
    file.refresh_from_db()
    assert (file.choices, file.state, file.reading_number) == ({}, "ready", 0)


def test_a_preview_of_a_long_file_reads_its_beginning(mine, read, settings):
    file = read("id,name\n" + "".join(f"{n},name {n}\n" for n in range(300_000)))
    body = mine.post(url(file, "preview/"), {"types": {"name": "integer"}}, format="json").json()
    assert (len(body["rows"]), body["lines"][-1], body["complete"]) == (100, 101, False)
    assert body["columns"] == [{"name": "id", "type": "integer"}, {"name": "name", "type": "integer"}]
    assert [warning["kind"] for warning in body["warnings"]] == ["types"]
    assert 1 < body["warnings"][0]["count"] < 300_000
    assert list((settings.VAR_DIR / "tmp").glob("preview-*")) == []


def test_a_preview_of_what_cannot_be_read_so_says_why_and_leaves_nothing(mine, file, settings):
    answer = mine.post(url(file, "preview/"), {"delimiter": "|"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"]["options"] == [
        "The delimiter '|' does not occur in the file. Choose another, or none for one column."
    ]
    assert list((settings.VAR_DIR / "tmp").glob("preview-*")) == []


def test_a_preview_that_takes_too_long_is_broken_off(mine, file, settings, monkeypatch):
    monkeypatch.setattr(previews, "SECONDS", 0.0)
    answer = mine.post(url(file, "preview/"), {}, format="json")
    assert "took longer than 0 s and was broken off" in answer.json()["errors"]["options"][0]
    assert list((settings.VAR_DIR / "tmp").glob("preview-*")) == []


def test_more_previews_than_are_made_at_once_are_asked_to_come_again(mine, file):
    for _ in range(previews.AT_ONCE):
        assert previews._places.acquire(blocking=False)
    try:
        answer = mine.post(url(file, "preview/"), {}, format="json")
    finally:
        previews._places.release(previews.AT_ONCE)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert mine.post(url(file, "preview/"), {}, format="json").status_code == 200


def test_what_a_killed_preview_left_is_swept(mine, file, settings):
    old, new = (settings.VAR_DIR / "tmp" / f"preview-{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    long_ago = time.time() - previews.STALE_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    mine.post(url(file, "preview/"), {}, format="json")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_file_that_could_not_be_read_is_previewed_with_options(mine, read):
    file = read(TABLE, options={"delimiter": "@"})
    assert file.state == "failed"
    body = mine.post(url(file, "preview/"), {"delimiter": ";"}, format="json").json()
    assert [column["name"] for column in body["columns"]] == ["x", "y"]


def test_options_come_with_an_upload(mine):
    sent = {"delimiter": "pipe", "header": "false", "types": '{"column_2": "text"}', "encoding": "latin-1"}
    answer = mine.post("/api/v1/files/", {"file": SimpleUploadedFile("a.txt", b"a|1\nb|2\n"), **sent})
    assert answer.status_code == 201, answer.content
    file = do_read(DataFile.objects.get(pk=answer.json()["id"]))
    assert file.choices == {
        "delimiter": "|", "header": False, "types": {"column_2": "text"}, "encoding": "cp1252",
    }  # fmt: skip
    assert (file.row_count, [column["type"] for column in file.columns]) == (2, ["text", "text"])


@pytest.mark.parametrize(
    "sent",
    [{"types": "{"}, {"types": '{"\\ud800": "text"}'}, {"header": "perhaps"}, {"header_line": "x"}, {"quote": "ab"}],
)
def test_wrong_options_with_an_upload_are_named(mine, sent):
    answer = mine.post("/api/v1/files/", {"file": SimpleUploadedFile("a.txt", b"a|1\n"), **sent})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(sent))
    assert not DataFile.objects.exists()


def test_words_stand_for_marks_that_are_hard_to_type():
    assert from_form({"delimiter": "\\t", "quote": "none", "header_line": "3", "escape": ""}) == {
        "delimiter": "\\t", "quote": "none", "header_line": 3,
    }  # fmt: skip
    assert checked({"delimiter": "\\t", "quote": "none", "comment": "none"}) == {
        "delimiter": "\t", "quote": "", "comment": "",
    }  # fmt: skip


def test_every_encoding_that_is_offered_is_read():
    assert [known_encoding(name) for name in ENCODINGS] == list(ENCODINGS)
    assert "A,é".encode("cp1252").decode(known_encoding("latin-1")) == "A,é"


def test_offered_values_pass_their_own_check():
    for name, values in allowed().items():
        for value, _ in values:
            sent = {"types": {"x": value}} if name == "types" else {name: value}
            assert checked(sent) == sent
    assert {value for value, _ in allowed()["delimiter"]} - {""} <= set(SNIFFED)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("xlsx", ["member", "header", "header_line", "types"]),
        ("vcf", ["encoding"]),
        ("bcf", []),
        ("parquet", ["types"]),
    ],
)
def test_each_format_has_its_options(format, options):
    assert options_for(DataFile(format=format)) == options


def test_options_come_from_the_shell(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("made by hand\na|1\nb|2\n")
    call_command("load_file", str(path), "--delimiter", "pipe", "--quote", "none", "--header-line", "2")
    file = DataFile.objects.get()
    assert file.choices == {"delimiter": "|", "quote": "", "header_line": 2}
    assert [column["name"] for column in file.columns] == ["a", "1"]


def test_what_is_no_option_is_said_in_the_shell(tmp_path):
    (tmp_path / "a.txt").write_text("a,b\n")
    with pytest.raises(CommandError, match="quote: A quote is one character"):
        call_command("load_file", str(tmp_path / "a.txt"), "--quote", "ab")
    assert not DataFile.objects.exists()
