"""The pages and the API of the table of classifications, for each kind of reader."""

import pytest
from django.urls import reverse

from project.core import jobs
from project.core.models import Job
from variants.classification import Classification as C
from variants.models import ClassificationTerm, Load, ReportedWord
from variants.terms import set_term
from variants.word_lists import table_rows

PAGE = "/classifications/"
API = "/api/v1/classifications/"


@pytest.fixture
def words(db):
    """A live load and a withdrawn one, with what they write."""
    live = Load.objects.create(label="private-name.tsv", checksum="a" * 64, fingerprint="a" * 64, state="live")
    gone = Load.objects.create(label="gone.tsv", checksum="b" * 64, fingerprint="b" * 64, state="withdrawn")
    for load, text, value, known, claims in [
        (live, "Pathogenic", C.PATHOGENIC, True, 70), (live, "Class IV", C.OTHER, False, 3),
        (live, "<b>odd</b>", C.OTHER, False, 5), (gone, "Pathogenic", C.PATHOGENIC, True, 30),
        (gone, "class_iv", C.OTHER, False, 9), (live, "", C.OTHER, False, 1200),
    ]:  # fmt: skip
        ReportedWord.objects.create(load=load, text=text, classification=value, known=known, claims=claims)
    return live


@pytest.fixture
def curator(make_user):
    return make_user("cora", role="curator")


def test_unknown_ones_come_first_with_the_claims_that_count_now(api, words):
    answer = api().get(API).json()
    assert [(row["text"], row["known"], row["claims"]) for row in answer["results"]] == [
        ("<b>odd</b>", False, 5), ("Class IV", False, 3), ("class_iv", False, 0), ("Pathogenic", True, 70),
    ]  # fmt: skip
    assert (answer["count"], answer["unlisted_claims"]) == (4, 1200)


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ({"known": "true"}, ["Pathogenic"]), ({"known": "false", "q": "CLASS"}, ["Class IV", "class_iv"]),
        ({"limit": 1, "offset": 1}, ["Class IV"]), ({"q": "%"}, []), ({"q": "_"}, ["class_iv"]),
    ],
)  # fmt: skip
def test_the_list_is_filtered_and_paged(api, words, query, texts):
    assert [row["text"] for row in api().get(API, query).json()["results"]] == texts


@pytest.mark.parametrize("query", [{"known": "perhaps"}, {"q": "a\0"}, {"limit": "many"}, {"offset": "-1"}])
def test_a_wrong_question_is_a_400(api, words, query):
    assert api().get(API, query).status_code == 400


@pytest.mark.parametrize("query", ["show=nothing", "offset=x", "q=%00", "q=%E2%80%93", "show=table&offset=99999"])
def test_no_question_breaks_the_page(client, words, query):
    assert client.get(f"{PAGE}?{query}").status_code in (200, 400)


def test_the_page_names_a_load_only_to_those_who_may_see_it(client, words, curator, make_user):
    page = client.get(PAGE).content.decode()
    assert "private-name.tsv" not in page
    assert "1 load of other users" in page
    assert "&lt;b&gt;odd" in page
    assert "<b>odd" not in page
    client.force_login(make_user("ann"))
    assert "private-name.tsv" not in client.get(PAGE).content.decode()
    client.force_login(curator)
    assert f'<a href="/loads/{words.pk}/">A file of another user</a>' in client.get(PAGE).content.decode()
    Load.objects.filter(pk=words.pk).update(created_by=curator)
    assert f'<a href="/loads/{words.pk}/">private-name.tsv</a>' in client.get(PAGE).content.decode()


@pytest.mark.parametrize(("role", "forms"), [(None, 0), ("viewer", 0), ("analyst", 0), ("curator", 5)])
def test_only_curators_get_forms(client, words, make_user, role, forms):
    if role:
        client.force_login(make_user("somebody", role=role))
    page = client.get(PAGE).content.decode()
    assert page.count(f'method="post" action="{reverse("variants:classification")}"') == forms  # 4 rows and a new one


def test_a_closed_site_asks_to_log_in(client, words, settings):
    settings.PUBLIC_READ = False
    for address in (PAGE, f"{PAGE}term/?term=benign"):
        assert client.get(address).status_code == 302
    assert client.get(API).status_code == 401


def test_a_curator_changes_a_reading_on_the_page_and_takes_it_back(client, words, curator):
    client.force_login(curator)
    sent = {"term": "class iv", "classification": "likely_pathogenic", "note": "IARC", "back": "list", "q": "class"}
    answer = client.post(f"{PAGE}term/", sent)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?q=class")
    assert jobs.run_now(Job.objects.get()).state == "succeeded"
    page = client.get(f"{PAGE}term/?term=Class_IV").content.decode()
    assert "read so by a curator" in page
    assert "by cora: IARC" in page
    assert ReportedWord.objects.filter(classification=C.LIKELY_PATHOGENIC, known=True).count() == 2
    client.post(f"{PAGE}term/", {"term": "class iv", "classification": ""})
    assert not ClassificationTerm.objects.exists()
    page = client.get(f"{PAGE}term/?term=Class_IV").content.decode()
    assert page.count('<span class="quiet">as Vardesk has it</span>') == 2


@pytest.mark.parametrize(
    "sent",
    [
        {"term": "", "classification": "benign"}, {"term": "x" * 201, "classification": "benign"},
        {"term": "a\0b", "classification": "benign"}, {"term": "x", "classification": "harmless"},
        {"term": "x", "classification": "benign", "note": "n" * 301}, {},
    ],
)  # fmt: skip
def test_a_wrong_form_is_said_and_changes_nothing(client, curator, sent):
    client.force_login(curator)
    answer = client.post(f"{PAGE}term/", sent)
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content
    assert not ClassificationTerm.objects.exists()


def test_a_form_of_another_site_is_refused(curator):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(curator)
    sent = {"term": "class iv", "classification": "benign"}
    assert client.post(f"{PAGE}term/", sent).status_code == 403
    assert client.put(f"{API}class_iv/", sent, "application/json").status_code == 403
    assert not ClassificationTerm.objects.exists()


def test_the_page_says_when_stored_claims_are_behind(client, words, curator):
    job = set_term("Class IV", C.BENIGN, by=curator)
    assert "being read again" in client.get(PAGE).content.decode()
    job.ask_to_cancel()
    page = client.get(PAGE).content.decode()
    assert "did not end" in page
    assert "Read all claims again" not in page
    client.force_login(curator)
    assert client.get(PAGE).content.decode().count("Read all claims again") == 1
    client.post(reverse("variants:classifications-reread"))
    assert jobs.run_now(Job.objects.first()).state == "succeeded"
    assert "did not end" not in client.get(PAGE).content.decode()


def test_the_api_changes_and_undoes(api, words, curator):
    client = api(curator)
    said = client.put(f"{API}Class_IV/", {"classification": "likely_pathogenic", "note": "IARC"}, format="json")
    body = said.json()
    assert said.status_code == 200
    assert (body["term"], body["classification"], body["curated"], body["vardesk"], body["claims"]) == (
        "class iv", "likely_pathogenic", "likely_pathogenic", None, 3,
    )  # fmt: skip
    assert Job.objects.get(pk=body["job"]).kind == "reclassify"
    assert sorted(body["texts"]) == ["Class IV", "class_iv"]
    assert client.put(f"{API}class iv/", {"classification": "likely_pathogenic"}, format="json").json()["job"] is None
    undone = client.delete(f"{API}class iv/?note=wrong").json()
    assert (undone["classification"], undone["known"]) == ("other", False)
    assert [(c["by"], c["before"], c["after"], c["note"]) for c in undone["history"]] == [
        ("cora", "likely_pathogenic", None, "wrong"), ("cora", None, "likely_pathogenic", "IARC"),
    ]  # fmt: skip
    assert client.delete(f"{API}class iv/").status_code == 404


@pytest.mark.parametrize(
    ("term", "body"),
    [("x", {}), ("x", {"classification": None}), ("x", {"classification": ["benign"]}), ("x", []), ("-", {"classification": "benign"}),
     ("x", {"classification": "benign", "note": 5}), ("y" * 201, {"classification": "benign"})],
)  # fmt: skip
def test_a_wrong_body_is_a_400(api, curator, term, body):
    assert api(curator).put(f"{API}{term}/", body, format="json").status_code == 400


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403), ("analyst", 403)])
def test_others_read_the_api_and_change_nothing(api, make_user, words, role, status):
    client = api(make_user("somebody", role=role) if role else None)
    assert client.get(f"{API}p/lp/").json()["classification"] == "pathogenic_or_likely"
    assert client.put(f"{API}x/", {"classification": "benign"}, format="json").status_code == status
    assert client.delete(f"{API}x/").status_code == status
    assert not ClassificationTerm.objects.exists()


def test_a_load_lists_its_words_to_those_who_may_see_the_load(api, client, words, curator, make_user):
    found = api(curator).get(f"/api/v1/loads/{words.pk}/words/").json()
    assert [(row["text"], row["claims"]) for row in found["results"]] == [
        ("<b>odd</b>", 5), ("Class IV", 3), ("Pathogenic", 70), (None, 1200),
    ]  # fmt: skip
    assert api(make_user("eve")).get(f"/api/v1/loads/{words.pk}/words/").status_code == 404
    client.force_login(curator)
    page = client.get(f"/loads/{words.pk}/").content.decode()
    assert f'<a href="{PAGE}?q=Class%20IV">Class IV</a>' in page
    assert "all other texts" in page


def test_the_whole_table_has_curators_words_first(client, curator):
    set_term("zzz", C.BENIGN, by=curator)
    assert [row["term"] for row in table_rows()][:2] == ["zzz", "c5"]
    page = client.get(f"{PAGE}?show=table&q=likely").content.decode()
    assert "probably" not in page
    assert "pathogenic/likely pathogenic" in page


def test_the_list_asks_the_same_number_of_questions_for_any_number_of_rows(
    client, words, django_assert_max_num_queries
):
    ReportedWord.objects.bulk_create(
        ReportedWord(load=words, text=f"word {n}", classification=11, known=False, claims=n) for n in range(150)
    )
    with django_assert_max_num_queries(9):
        assert client.get(PAGE).content.decode().count("not known") >= 100


def test_a_spelling_is_found_among_any_number_of_texts_that_hold_it(api, words):
    odd = [f"pathogenic, said {n}" for n in range(250)]
    ReportedWord.objects.bulk_create(
        ReportedWord(load=words, text=text, classification=C.OTHER, known=False, claims=1) for text in odd
    )
    answer = api().get(f"{API}pathogenic/").json()
    assert (answer["claims"], answer["texts"]) == (70, ["Pathogenic"])
