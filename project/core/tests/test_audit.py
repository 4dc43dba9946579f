"""The audit trail: what a row says, that it stays as it is, and how it is looked at."""

import csv
import datetime
import io
import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from project.common.origin import Origin, working_for
from project.core.audit import record
from project.core.models import AuditEntry, Job


@pytest.fixture
def job(db):
    return Job.objects.create(kind="read", title="Read a.csv", task="x")


@pytest.fixture
def boss(make_user):
    return make_user("boss", role="administrator")


def test_a_row_says_who_what_from_where_and_before_and_after(job, make_user):
    with working_for(Origin("request", request_id="7" * 32, network="192.0.2.0/24")):
        record("renamed", job, by=make_user("ada"), before={"name": "a"}, after={"name": "b"})
    row = AuditEntry.objects.get()
    assert (row.actor_name, row.action, row.object_type, row.object_id) == ("ada", "renamed", "core.job", str(job.pk))
    assert (row.origin, row.network, row.request_id) == ("request", "192.0.2.0/24", "7" * 32)
    assert (row.before, row.after) == ({"name": "a"}, {"name": "b"})


def test_a_command_says_which_system_user_ran_it(job):
    assert record("tried", job, by=None).detail["system_user"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET actor_name = 'somebody else'",
        "UPDATE core_auditentry SET detail = '{}' WHERE id > 0",
        "DELETE FROM core_auditentry",
    ],
)
def test_the_database_refuses_to_change_a_row(job, statement):
    record("tried", job, by=None)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().action == "tried"


def test_the_database_refuses_to_empty_the_table(job):
    """The trigger is off in tests, because their flush empties every table; here it is on again."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditentry ENABLE TRIGGER core_audit_no_truncate")
        try:
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute("TRUNCATE core_auditentry")
        finally:
            cursor.execute("ALTER TABLE core_auditentry DISABLE TRIGGER core_audit_no_truncate")


def test_django_cannot_change_a_row_either(job):
    row = record("tried", job, by=None)
    row.action = "nothing"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.delete()


def test_who_is_deleted_stays_in_the_trail(job, make_user, client, boss):
    ada = make_user("ada")
    record("tried", job, by=ada)
    ada.delete()
    client.force_login(boss)
    assert "ada" in client.get("/audit/?action=tried").content.decode()


# --- the page --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("analyst", 403), ("curator", 403), ("administrator", 200)]
)
@pytest.mark.parametrize("path", ["/audit/", "/audit/export/", "/api/v1/audit/"])
def test_only_administrators_read_it(client, make_user, role, status, path):
    client.force_login(make_user("ada", role=role))
    assert client.get(path).status_code == status


def test_who_is_not_logged_in_is_asked_to(client, api, db):
    assert client.get("/audit/").url.startswith("/accounts/login/")
    assert api().get("/api/v1/audit/").status_code == 401


@pytest.fixture
def three(job, make_user):
    now = timezone.now()
    ada, eve = make_user("ada"), make_user("eve")
    rows = [record("one", job, by=ada), record("two", job, by=eve), record("two", ada, by=ada)]
    return [*rows, now]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"person": "ada"}, [0, 2]),
        ({"action": "two"}, [1, 2]),
        ({"object_type": "core.job"}, [0, 1]),
        ({"person": "ada", "action": "two"}, [2]),
        ({"person": "nobody"}, []),
        ({"since": "2020-01-01"}, [0, 1, 2]),
        ({"until": "2020-01-01"}, []),
    ],
)
def test_filters(api, boss, three, query, found):
    results = api(boss).get("/api/v1/audit/", query).json()["results"]
    assert sorted(row["id"] for row in results) == [three[n].pk for n in found]


def test_days_are_included_at_both_ends(api, boss, three):
    today = timezone.now().date()
    inside = api(boss).get("/api/v1/audit/", {"since": today, "until": today}).json()["results"]
    assert len(inside) >= 3
    before = api(boss).get("/api/v1/audit/", {"until": today - datetime.timedelta(days=1)}).json()["results"]
    assert before == []


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"until": "9999-12-31"}, {"cursor": "x"}, {"person": "a\0b"}, {"page_size": "0"}]
)
def test_bad_filters_are_said(api, client, boss, query):
    assert api(boss).get("/api/v1/audit/", query).status_code == 400
    client.force_login(boss)
    if "page_size" not in query:
        assert client.get("/audit/", query).status_code == 400


def test_pages_of_the_trail_lead_on(api, boss, three):
    first = api(boss).get("/api/v1/audit/", {"page_size": "2", "object_type": "core.job"}).json()
    second = api(boss).get(first["next"]).json() if first["next"] else {"results": []}
    whole = api(boss).get("/api/v1/audit/", {"object_type": "core.job"}).json()["results"]
    assert [*first["results"], *second["results"]] == whole


def test_the_page_costs_the_same_for_any_number_of_rows(client, boss, job, django_assert_max_num_queries):
    client.force_login(boss)
    for n in range(30):
        record(f"action {n % 3}", job, by=boss)
    with django_assert_max_num_queries(14):
        assert client.get("/audit/").status_code == 200


def test_a_text_of_a_row_is_escaped(client, boss, job):
    record("renamed", job, by=boss, before={"name": "<script>alert(1)</script>"}, after={"name": "b"})
    client.force_login(boss)
    assert "<script>alert" not in client.get("/audit/").content.decode()


# --- export ----------------------------------------------------------------------------------------


def exported(client, boss, **query):
    client.force_login(boss)
    return b"".join(client.get("/audit/export/", query).streaming_content).decode()


def test_export_as_csv_holds_what_the_filters_leave(client, boss, three):
    rows = list(csv.DictReader(io.StringIO(exported(client, boss, person="eve"))))
    assert [(row["actor_name"], row["action"]) for row in rows] == [("eve", "two")]


def test_export_as_json_lines(client, boss, job):
    record("renamed", job, by=boss, before={"name": "a"}, after={"name": "b"})
    rows = [json.loads(line) for line in exported(client, boss, format="json", action="renamed").splitlines()]
    assert [row["after"] for row in rows] == [{"name": "b"}]


def test_a_spreadsheet_takes_no_cell_for_a_formula(client, boss, job, make_user):
    record("tried", job, by=make_user("=1+1"))
    rows = list(csv.DictReader(io.StringIO(exported(client, boss, action="tried"))))
    assert rows[0]["actor_name"] == "'=1+1"
