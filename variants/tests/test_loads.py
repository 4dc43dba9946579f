"""The page and API of a load: what became of its lines, and taking it back."""

import pytest
from django.urls import reverse

from project.core.models import AuditEntry
from variants.load_access import withdraw_load
from variants.models import Load, LoadIssue, Variant


@pytest.fixture
def a_load(make_user):
    load = Load.objects.create(
        label="private.tsv", checksum="0" * 64, fingerprint="1" * 64, state="live", created_by=make_user("ada"),
        counts={"lines_read": 3, "imported": 1, "rejected": 2},
    )  # fmt: skip
    for line in (7, 5):
        LoadIssue.objects.create(
            load=load, line=line, kind="rejected", reason=f"position '<b>{line}' is not a whole number"
        )
    return load


def test_its_maker_sees_each_line_with_its_reason_in_line_order(api, a_load):
    answer = api(a_load.created_by).get(f"/api/v1/loads/{a_load.pk}/issues/", {"limit": 1}).json()
    assert answer == {
        "count": 2,
        "results": [{"line": 5, "kind": "rejected", "reason": "position '<b>5' is not a whole number"}],
    }


def test_the_page_escapes_what_files_say(client, a_load):
    client.force_login(a_load.created_by)
    page = client.get(reverse("variants:load", args=[a_load.pk])).content.decode()
    assert "&lt;b&gt;5" in page
    assert "<b>5" not in page


@pytest.mark.parametrize("path", ["/loads/{}/", "/api/v1/loads/{}/issues/"])
def test_a_stranger_gets_404(client, make_user, a_load, path):
    client.force_login(make_user("eve"))
    assert client.get(path.format(a_load.pk)).status_code == 404
    assert client.post(f"/loads/{a_load.pk}/withdraw/").status_code == 404
    a_load.refresh_from_db()
    assert a_load.state == Load.State.LIVE


def test_a_number_too_large_for_the_database_is_a_404(client, make_user):
    client.force_login(make_user("eve"))
    assert client.get(f"/loads/{2**70}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_withdraw_it_at_once_leave_one_row_in_the_audit_trail(a_load):
    first, second = Load.objects.get(pk=a_load.pk), Load.objects.get(pk=a_load.pk)
    withdraw_load(first, by=a_load.created_by)
    withdraw_load(second, by=a_load.created_by)
    assert second.state == Load.State.WITHDRAWN
    assert AuditEntry.objects.on(a_load).filter(action="load withdrawn").count() == 1


def test_its_maker_may_withdraw_it(client, a_load):
    variant = Variant.objects.create(key="00000000-0000-0000-0000-000000000001", record_count=1, classification=1)
    a_load.records.create(line=2, variant=variant, classification=1)
    client.force_login(a_load.created_by)
    client.post(reverse("variants:load-withdraw", args=[a_load.pk]))
    a_load.refresh_from_db()
    variant.refresh_from_db()
    assert (a_load.state, variant.record_count) == (Load.State.WITHDRAWN, 0)
    assert not Variant.objects.current().exists()


@pytest.fixture
def superseded(a_load, make_user):
    """January of ada's, superseded by February of hers."""
    february = Load.objects.create(
        label="february.tsv", source="ClinVar", checksum="2" * 64, fingerprint="3" * 64, state="live",
        created_by=a_load.created_by,
    )  # fmt: skip
    Load.objects.filter(pk=a_load.pk).update(state="superseded", followed_by=february)
    a_load.refresh_from_db()
    return a_load, february


def test_the_list_of_loads_holds_what_its_reader_may_see(api, client, superseded, make_user):
    january, february = superseded
    answer = api(january.created_by).get("/api/v1/loads/").json()
    assert [(one["id"], one["state"], one["followed_by"], one["follows"]) for one in answer["results"]] == [
        (february.pk, "live", None, [january.pk]), (january.pk, "superseded", february.pk, []),
    ]  # fmt: skip
    eve = make_user("eve")
    assert api(eve).get("/api/v1/loads/").json() == {"count": 0, "results": []}
    client.force_login(eve)
    assert "private.tsv" not in client.get("/loads/").content.decode()


def test_the_list_is_asked_by_state_and_source(api, superseded):
    ada = superseded[0].created_by
    found = api(ada).get("/api/v1/loads/", {"state": "live", "source": "clinvar"}).json()
    assert [one["label"] for one in found["results"]] == ["february.tsv"]
    assert api(ada).get("/api/v1/loads/", {"state": "gone"}).status_code == 400


def test_a_load_of_another_that_follows_is_not_told_of(api, superseded, make_user):
    january, february = superseded
    Load.objects.filter(pk=february.pk).update(created_by=make_user("eve"))
    answer = api(january.created_by).get(f"/api/v1/loads/{january.pk}/").json()
    assert answer["followed_by"] is None
    assert "february" not in str(answer)


def test_the_page_links_what_follows_and_says_what_comes_back(client, superseded):
    january, february = superseded
    client.force_login(january.created_by)
    assert f"/loads/{february.pk}/" in client.get(f"/loads/{january.pk}/").content.decode()
    page = client.get(f"/loads/{february.pk}/").content.decode()
    assert "live again then: private.tsv" in page


def test_withdrawing_by_the_api_gives_back_and_once_is_enough(api, superseded):
    january, february = superseded
    ada = january.created_by
    answer = api(ada).post(f"/api/v1/loads/{february.pk}/withdraw/")
    january.refresh_from_db()
    assert (answer.status_code, answer.json()["state"], january.state) == (200, "withdrawn", "live")
    assert api(ada).post(f"/api/v1/loads/{february.pk}/withdraw/").status_code == 409


def test_claims_of_a_superseded_release_are_history(api, client, superseded):
    january, _ = superseded
    variant = Variant.objects.create(key="00000000-0000-0000-0000-000000000001", record_count=0, classification=12)
    january.records.create(line=7, variant=variant, classification=1, source="ClinVar")
    answer = api().get(f"/api/v1/variants/{variant.pk}/").json()
    assert answer["records"] == []
    earlier = answer["earlier_records"][0]
    assert (earlier["classification"], earlier["load"], earlier["line"], earlier["file"]) == (
        "pathogenic", january.pk, None, None,
    )  # fmt: skip
    page = client.get(f"/variants/{variant.pk}/").content.decode()
    assert "1 claim of earlier releases" in page
    assert "private.tsv" not in page


def test_answers_say_which_state_of_the_data_they_are_of(api, superseded):
    january, _ = superseded
    before = api().get("/api/v1/variants/")["X-Data-Version"]
    assert api().get("/api/v1/records/")["X-Data-Version"] == before
    withdraw_load(january, by=january.created_by)
    assert int(api().get("/api/v1/variants/")["X-Data-Version"]) > int(before)
