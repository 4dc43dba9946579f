import hashlib
import shutil

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from files.models import DataFile
from files.tests.conftest import do_import, do_read
from project.common.paging import encode_cursor
from project.core.models import AuditEntry

pytestmark = pytest.mark.django_db

FIELDS = {
    "id", "name", "size", "sha256", "format", "state", "progress", "row_count", "rejected_count", "columns", "padded",
    "warnings", "parent", "owner", "visibility", "created", "error",
}  # fmt: skip
LIST = "/api/v1/files/"
TABLE = "name,n\nten,10\nnine,9\nnone\nten thousand,10000,too many\n"

# Every address of one file: (method, what follows its number).
READING = [
    ("get", ""), ("get", "rows/"), ("get", "rejects/"), ("get", "header/"), ("get", "members/"), ("get", "download/"),
    ("get", "mapping/"),
]  # fmt: skip
WRITING = [("patch", ""), ("delete", ""), ("post", "import/"), ("post", "members/")]


def sent(client, data: bytes = b"a,b\n1,2\n", *, name: str = "t.csv", **fields):
    return client.post(LIST, {"file": SimpleUploadedFile(name, data), **fields}, format="multipart")


def is_problem(answer, status: int) -> bool:
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer["Content-Type"] == "application/problem+json"
        and {"type", "title", "detail"} <= body.keys()
    )


@pytest.fixture
def file(read) -> DataFile:
    return read(TABLE)


@pytest.fixture
def mine(api, owner):
    return api(owner)


# --- who may


@pytest.mark.parametrize(("method", "rest"), READING + WRITING)
def test_anonymous_is_401(api, file, method, rest):
    assert is_problem(getattr(api(), method)(f"{LIST}{file.pk}/{rest}"), 401)


@pytest.mark.parametrize("method", ["get", "post"])
def test_anonymous_may_neither_list_nor_upload(api, method):
    assert is_problem(getattr(api(), method)(LIST), 401)


@pytest.mark.parametrize(("method", "rest"), READING + WRITING)
def test_the_file_of_somebody_else_is_404(api, file, stranger, method, rest):
    answer = getattr(api(stranger), method)(
        f"{LIST}{file.pk}/{rest}", {"name": "x"}, format="json" if method != "get" else None
    )
    assert is_problem(answer, 404)
    file.refresh_from_db()
    assert file.name == "table.csv"


@pytest.mark.parametrize(("method", "rest"), READING + WRITING)
def test_a_file_that_is_not_there_answers_as_one_of_somebody_else(api, file, stranger, method, rest):
    answers = [getattr(api(stranger), method)(f"{LIST}{pk}/{rest}") for pk in (file.pk, file.pk + 1, 10**30)]
    assert {answer.content for answer in answers} == {answers[0].content}


def test_the_list_holds_only_what_one_may_read(api, upload, stranger):
    upload("a,b\n", name="private.csv")
    upload("a,b\n", name="shared.csv", visibility="shared")
    upload("a,b\n", name="own.csv", by=stranger)
    body = api(stranger).get(LIST).json()
    assert ([file["name"] for file in body["results"]], body["count"]) == (["own.csv", "shared.csv"], 2)


@pytest.mark.parametrize("visibility", ["shared", "public"])
@pytest.mark.parametrize(("method", "rest"), READING)
def test_a_shared_file_is_read_by_others(api, read, stranger, visibility, method, rest):
    file = read(TABLE, visibility=visibility)
    assert getattr(api(stranger), method)(f"{LIST}{file.pk}/{rest}").status_code == 200


@pytest.mark.parametrize("visibility", ["shared", "public"])
@pytest.mark.parametrize(("method", "rest"), WRITING)
def test_a_shared_file_is_not_changed_by_others(api, read, stranger, visibility, method, rest):
    file = read(TABLE, visibility=visibility)
    assert is_problem(getattr(api(stranger), method)(f"{LIST}{file.pk}/{rest}", {"name": "x"}, format="json"), 404)


@pytest.mark.parametrize(("method", "rest"), READING)
def test_staff_may_read_every_file(api, file, staff, method, rest):
    assert getattr(api(staff), method)(f"{LIST}{file.pk}/{rest}").status_code == 200


def test_staff_may_delete_every_file(api, file, staff):
    assert api(staff).delete(f"{LIST}{file.pk}/").status_code == 204


def test_writing_with_a_session_needs_the_csrf_token(file, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for answer in (
        client.post(LIST, {"file": SimpleUploadedFile("t.csv", b"a,b\n")}),
        client.patch(f"{LIST}{file.pk}/", {"name": "x"}, content_type="application/json"),
        client.delete(f"{LIST}{file.pk}/"),
        client.post(f"{LIST}{file.pk}/import/", {}, content_type="application/json"),
    ):
        assert is_problem(answer, 403)


# --- upload


def test_an_upload_is_201_with_the_file(mine):
    answer = sent(mine, b"a,b\n1,2\n", name="my table.csv")
    body = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"{LIST}{body['id']}/")
    assert body.keys() >= FIELDS
    assert (body["name"], body["size"], body["state"], body["progress"]) == ("my table.csv", 8, "queued", 0)
    assert body["sha256"] == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (body["owner"], body["visibility"], body["error"], body["parent"]) == ("olga", "private", None, None)
    assert (body["columns"], body["warnings"], body["row_count"]) == ([], [], None)


def test_an_upload_leaves_an_audit_row(mine):
    sent(mine)
    assert AuditEntry.objects.get().action == "file uploaded"


def test_an_empty_file_is_stored_and_said_to_be_empty(mine, owner):
    pk = sent(mine, b"").json()["id"]
    do_read(DataFile.objects.get(pk=pk))
    body = mine.get(f"{LIST}{pk}/").json()
    assert (body["state"], body["error"]) == ("failed", "The file is empty: it has 0 bytes.")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "file"), ({"file": "just text"}, "file"), ({"name": "x"}, "file")],
    ids=str,
)
def test_an_upload_without_a_file_is_400(mine, fields, field):
    answer = mine.post(LIST, fields, format="multipart")
    assert is_problem(answer, 400)
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("fields", "field"), [({"assembly": "hg17"}, "assembly"), ({"import": "perhaps"}, "import")], ids=str
)
def test_a_bad_field_of_an_upload_is_400_and_nothing_is_kept(mine, fields, field):
    answer = sent(mine, **fields)
    assert (is_problem(answer, 400), list(answer.json()["errors"])) == (True, [field])
    assert not DataFile.objects.exists()


@pytest.mark.parametrize("field", ["name", "assembly", "import"])
def test_a_file_where_text_is_expected_is_400(mine, field):
    fields = {"file": SimpleUploadedFile("t.csv", b"a,b\n"), field: SimpleUploadedFile("x", b"x")}
    assert is_problem(mine.post(LIST, fields, format="multipart"), 400)


def test_a_file_over_the_limit_is_400_and_nothing_of_it_stays(mine, settings):
    settings.MAX_UPLOAD_BYTES = 10
    answer = sent(mine, b"a,b\n1,2\n3,4\n")
    assert is_problem(answer, 400)
    assert "10 bytes" in answer.json()["errors"]["file"][0]
    assert not DataFile.objects.exists()
    assert not settings.STORAGE_DIR.exists() or not list(settings.STORAGE_DIR.iterdir())


@pytest.mark.parametrize(("method", "rest"), [("patch", ""), ("post", "import/"), ("post", None)])
def test_json_that_is_nested_too_deeply_is_400(mine, file, method, rest):
    address = LIST if rest is None else f"{LIST}{file.pk}/{rest}"
    answer = getattr(mine, method)(address, "[" * 100_000, content_type="application/json")
    assert is_problem(answer, 400), answer.content


def test_a_body_that_is_no_form_is_400_or_415(mine):
    assert mine.post(LIST, "<xml/>", content_type="application/xml").status_code == 415
    assert is_problem(mine.post(LIST, "{", content_type="application/json"), 400)


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("/etc/shadow", "shadow"),
    ("a\x00b\x07\x1b[31m.csv", "ab[31m.csv"),
    ("evil\r\nSet-Cookie: x=1.csv", "evilSet-Cookie: x=1.csv"),
    ("\u202egnp.csv", "gnp.csv"),
    ("  spaced.csv  ", "spaced.csv"),
    ("<b>x</b>.csv", "b>.csv"),
    ("x" * 300, "x" * 255),
    ("żółć 漢字.csv", "żółć 漢字.csv"),
]


@pytest.mark.parametrize(("name", "kept"), NAMES, ids=lambda text: ascii(text)[:24])
def test_a_hostile_name_of_an_upload_is_only_its_last_part(mine, name, kept):
    answer = mine.post(LIST, {"file": SimpleUploadedFile("t.csv", b"a,b\n"), "name": name}, format="multipart")
    assert answer.json()["name"] == kept


# --- rename


@pytest.mark.parametrize(("name", "kept"), NAMES, ids=lambda text: ascii(text)[:24])
def test_a_new_name_is_only_its_last_part(mine, file, name, kept):
    answer = mine.patch(f"{LIST}{file.pk}/", {"name": name}, format="json")
    assert (answer.status_code, answer.json()["name"]) == (200, kept)


def test_a_new_name_moves_no_bytes(mine, file):
    before = file.original_path
    mine.patch(f"{LIST}{file.pk}/", {"name": "../../../moved"}, format="json")
    file.refresh_from_db()
    assert (file.original_path, before.exists()) == (before, True)


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "  "}, {"name": "\x00\x01"}, {"name": "/"}, {"name": None}, {"name": 7}, {"name": ["x"]}, {},
     ["name"], "name", None, {"name": ".."}],
    ids=ascii,
)  # fmt: skip
def test_a_name_that_is_none_is_400(mine, file, body):
    answer = mine.patch(f"{LIST}{file.pk}/", body, format="json")
    assert is_problem(answer, 400)
    assert list(answer.json()["errors"]) == ["name"]


def test_only_the_name_can_be_changed(mine, file, stranger):
    mine.patch(
        f"{LIST}{file.pk}/", {"name": "x", "visibility": "public", "owner": "simon", "sha256": ""}, format="json"
    )
    file.refresh_from_db()
    assert (file.name, file.visibility, file.owner.username, len(file.sha256)) == ("x", "private", "olga", 64)


# --- list


def test_the_list_has_the_shape_of_the_contract(mine, file):
    body = mine.get(LIST).json()
    assert list(body) == ["count", "next", "previous", "results"]
    assert body["results"][0].keys() >= FIELDS


@pytest.mark.parametrize("ordering", ["created", "-created", "name", "-name", "size", "-size"])
def test_every_page_together_is_every_file_once(mine, upload, ordering):
    for name in ("b", "a", "a", "d", "c"):
        upload("x" * 5, name=name)
    seen, url = [], f"{LIST}?page_size=2&ordering={ordering}"
    while url:
        body = mine.get(url).json()
        seen += [file["id"] for file in body["results"]]
        url = body["next"]
    assert (len(seen), set(seen)) == (5, set(DataFile.objects.values_list("pk", flat=True)))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=RARE", ["rare.csv"]),
        ("search=%25", []),
        ("state=failed", ["bad.csv"]),
        ("format=tsv", ["tab.tsv"]),
        ("", None),
    ],
)
def test_the_list_is_narrowed(mine, read, query, names):
    read("a,b\n1,2\n", name="rare.csv")
    read("", name="bad.csv")
    read("a\tb\n1\t2\n", name="tab.tsv")
    found = [file["name"] for file in mine.get(f"{LIST}?{query}").json()["results"]]
    assert found == (names if names is not None else ["tab.tsv", "bad.csv", "rare.csv"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=gone", "state"), ("ordering=owner", "ordering"), ("page_size=0", "page_size"), ("page_size=1001", "page_size"),
        ("page_size=x", "page_size"), ("cursor=x", "cursor"), ("cursor=%00", "cursor"),
    ],
)  # fmt: skip
def test_a_bad_question_to_the_list_is_400(mine, query, field):
    answer = mine.get(f"{LIST}?{query}")
    assert (is_problem(answer, 400), list(answer.json()["errors"])) == (True, [field])


@pytest.mark.parametrize(
    "query",
    ["search=%00", "format=%00", f"ordering=name&cursor={encode_cursor([chr(0), 1], backwards=False)}"],
    ids=["search", "format", "cursor"],
)
def test_a_nul_in_a_question_to_the_list_is_no_error_of_ours(mine, file, query):
    assert mine.get(f"{LIST}?{query}").status_code in (200, 400)


# --- rows and rejects


def test_rows_have_the_shape_of_the_contract(mine, file):
    assert mine.get(f"{LIST}{file.pk}/rows/").json() == {
        "columns": [{"name": "name", "type": "text"}, {"name": "n", "type": "integer"}],
        "total": 3,
        "filtered": 3,
        "rows": [["ten", "10"], ["nine", "9"], ["none", None]],
        "lines": [2, 3, 4],
    }


@pytest.mark.parametrize(
    ("query", "rows", "filtered"),
    [
        ("sort=n", [["nine", "9"], ["ten", "10"], ["none", None]], 3),
        ("sort=-n&limit=1", [["ten", "10"]], 3),
        ("offset=2", [["none", None]], 3),
        ("offset=99", [], 3),
        ("limit=0", [], 3),
        ("filter=n:gt:9", [["ten", "10"]], 1),
        ("filter=n:gt:1&filter=name:startswith:n", [["nine", "9"]], 1),
        ("filter=n:isnull:1", [["none", None]], 1),
    ],
)
def test_rows_answer_questions(mine, file, query, rows, filtered):
    body = mine.get(f"{LIST}{file.pk}/rows/?{query}").json()
    assert (body["rows"], body["filtered"], body["total"]) == (rows, filtered, 3)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("limit=1_0", "limit"), ("offset=-1", "offset"),
        ("offset=1.5", "offset"), ("offset=9999999999999999999", "offset"), ("sort=nothing", "sort"), ("sort=line;", "sort"),
        ("filter=n", "filter"), ("filter=x:eq:1", "filter"), ("filter=n:like:1", "filter"), ("filter=n:eq:x", "filter"),
    ],
)  # fmt: skip
def test_a_bad_question_to_the_rows_is_400(mine, file, query, field):
    answer = mine.get(f"{LIST}{file.pk}/rows/?{query}")
    assert (is_problem(answer, 400), list(answer.json()["errors"])) == (True, [field])


@pytest.mark.parametrize("rest", ["rows/", "rejects/", "mapping/"])
def test_a_file_that_is_not_read_yet_is_409(mine, upload, rest):
    assert is_problem(mine.get(f"{LIST}{upload('a,b').pk}/{rest}"), 409)


def test_rejects_have_the_shape_of_the_contract(mine, file):
    body = mine.get(f"{LIST}{file.pk}/rejects/").json()
    assert (list(body), body["count"]) == (["count", "reasons", "results"], 1)
    assert body["results"][0].keys() == {"line", "offset", "column", "reason", "text"}
    assert (body["results"][0]["line"], body["results"][0]["text"]) == (5, "ten thousand,10000,too many")


def test_rejects_also_come_as_csv(mine, file):
    answer = mine.get(f"{LIST}{file.pk}/rejects/?format=csv")
    assert answer["Content-Type"].startswith("text/csv")


def test_the_mapping_is_proposed_from_the_header(mine, read):
    file = read("Gene,cDNA change,Chr,Pos,Ref,Alt\nA,c.1A>G,17,5,A,G\nB,c.2A>G,,,,\n")
    body = mine.get(f"{LIST}{file.pk}/mapping/").json()
    chosen = {field: column for field, column in body["mapping"].items() if column}
    assert chosen == {
        "gene": "Gene",
        "hgvs_c": "cDNA change",
        "chrom": "Chr",
        "start": "Pos",
        "ref": "Ref",
        "alt": "Alt",
    }
    assert (body["assembly"], body["rows_without_assembly"]) == (None, 1)


# --- download


@pytest.mark.parametrize("name", ['a"b;.html', "żółć.csv", "x.svg", "plain.csv"])
def test_a_download_is_an_attachment_of_bytes_that_no_browser_runs(mine, read, name):
    content = b"<script>alert(1)</script>,b\r\n1,\xff\n"
    file = read(content, name=name)
    answer = mine.get(f"{LIST}{file.pk}/download/")
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")


def test_a_failed_file_can_still_be_downloaded(mine, read):
    file = read(b"\x89PNG")
    assert b"".join(mine.get(f"{LIST}{file.pk}/download/?format=original").streaming_content) == b"\x89PNG"


def test_an_unknown_format_of_a_download_is_400(mine, file):
    assert is_problem(mine.get(f"{LIST}{file.pk}/download/?format=../../x"), 400)


def test_a_download_whose_bytes_are_gone_is_404(mine, file):
    file.original_path.unlink()
    assert is_problem(mine.get(f"{LIST}{file.pk}/download/"), 404)


# --- import and delete


def test_an_import_is_202_with_the_job(mine, read):
    file = read("gene,cdna\nA,NM_900001.1:c.1A>G\n")
    answer = mine.post(f"{LIST}{file.pk}/import/", {}, format="json")
    body = answer.json()
    assert (answer.status_code, body["kind"], body["state"], body["file"]) == (202, "import", "queued", file.pk)
    assert answer["Location"] == reverse("api-job", args=[body["id"]])


def test_delete_is_204_and_the_file_is_gone(mine, file):
    assert mine.delete(f"{LIST}{file.pk}/").status_code == 204
    assert is_problem(mine.get(f"{LIST}{file.pk}/"), 404)


@pytest.mark.parametrize("withdraw", ["perhaps", "2"])
def test_a_delete_that_is_not_understood_deletes_nothing(mine, file, withdraw):
    assert is_problem(mine.delete(f"{LIST}{file.pk}/?withdraw={withdraw}"), 400)
    assert DataFile.objects.filter(pk=file.pk).exists()


def test_a_failed_import_leaves_the_file_ready(read, mine):
    file = read("gene,cdna\nA,NM_900001.1:c.1A>G\n")
    shutil.rmtree(file.table_path)
    job = do_import(file, assembly="GRCh38")
    assert mine.get(f"{LIST}{file.pk}/").json()["state"] == "ready"
    assert (job.state, "gone from the disk" in job.error) == ("failed", True)


def test_rows_too_heavy_for_an_answer_are_refused_with_a_limit_that_fits(read, mine, monkeypatch):
    file = read("a,b\n" + f"1,{'x' * 300}\n" * 10)
    monkeypatch.setattr("files.api.ANSWER_BYTES", 1000)
    answer = mine.get(f"{LIST}{file.pk}/rows/")
    assert answer.status_code == 400
    assert "limit=3" in str(answer.json()["errors"]["limit"])
    assert len(mine.get(f"{LIST}{file.pk}/rows/?limit=3&offset=7").json()["rows"]) == 3
    assert len(mine.get(f"{LIST}{file.pk}/rows/?columns=a").json()["rows"]) == 10


def test_one_row_is_answered_however_heavy(read, mine, monkeypatch):
    file = read("a,b\n" + f"1,{'x' * 3000}\n" * 10)
    monkeypatch.setattr("files.api.ANSWER_BYTES", 1000)
    assert mine.get(f"{LIST}{file.pk}/rows/?limit=1").json()["rows"] == [["1", "x" * 3000]]


def test_the_weight_of_rows_is_that_of_all_slices_of_a_wide_table(read, mine, monkeypatch):
    header = ",".join(f"c{n}" for n in range(500))
    file = read(header + "\n" + (",".join(["12345678"] * 500) + "\n") * 4)
    monkeypatch.setattr("files.api.ANSWER_BYTES", 10_000)
    assert "limit=2" in str(mine.get(f"{LIST}{file.pk}/rows/").json()["errors"]["limit"])


def test_rejects_too_heavy_for_an_answer_are_refused(read, mine, monkeypatch):
    file = read("a,b\n1,2\n3,4\n" + f"1,2,{'x' * 300}\n" * 2)
    monkeypatch.setattr("files.reject_api.ANSWER_BYTES", 500)
    assert file.rejected_count == 2
    assert mine.get(f"{LIST}{file.pk}/rejects/").status_code == 400
    assert len(mine.get(f"{LIST}{file.pk}/rejects/?limit=1&offset=1").json()["results"]) == 1
