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
