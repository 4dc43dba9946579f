"""What Prometheus reads."""

import math
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken
from prometheus_client.parser import text_string_to_metric_families

from project import metrics
from project.core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


@pytest.fixture
def token(make_user) -> str:
    return AuthToken.objects.create(make_user("ada", is_staff=True))[1]


@pytest.fixture
def scrape(client, token):
    """`scrape()[name, labels]` is a value; labels as `state="queued"`."""

    def scrape() -> dict[tuple[str, str], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Token {token}"})
        assert answer.status_code == 200, answer.content
        return values_of(answer.content.decode())

    return scrape


def values_of(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_anonymous_readers_are_asked_who_they_are(client):
    answer = client.get("/metrics")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_bad_token_is_refused(client):
    assert client.get("/metrics", headers={"Authorization": "Token nonsense"}).status_code == 401


def test_people_who_are_no_administrators_are_refused(client, make_user):
    client.force_login(make_user("bob"))
    assert client.get("/metrics").status_code == 403


def test_an_administrator_reads_with_a_session_too(client, make_user):
    client.force_login(make_user("ada", is_staff=True))
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")


def test_every_metric_says_what_it_is(client, scrape, token):
    client.get("/variants/")
    text = client.get("/metrics", headers={"Authorization": f"Token {token}"}).content.decode()
    ours = [family for family in text_string_to_metric_families(text) if family.name.startswith("vardesk_")]
    assert len(ours) >= 11
    assert [
        family.name for family in ours if not family.documentation.endswith(".") and ";" not in family.documentation
    ] == []
    assert [family.name for family in ours if family.documentation.startswith("Multiprocess")] == []


def test_every_metric_is_in_the_documentation(client, scrape, settings):
    client.get("/variants/")
    text = (settings.BASE_DIR / "docs/operations.md").read_text()
    names = {re.sub("_(bucket|count|sum|created)$", "", name) for name, _ in scrape()}
    assert [name for name in names if f"`{name}" not in text] == []


def test_requests_are_counted_by_route_and_never_by_path(client, scrape):
    name = ("vardesk_requests_total", 'method="GET",route="/api/v1/genes/<symbol>/",status="4xx"')
    count = ("vardesk_request_seconds_count", 'route="/api/v1/genes/<symbol>/"')
    before = scrape()
    for gene in ("JANE", "DOE"):
        client.get(f"/api/v1/genes/{gene}/")
    client.get("/jane/doe/")
    client.generic("JANEDOE", "/variants/")
    after = scrape()
    assert after[name] - before.get(name, 0) == 2
    assert after[count] - before.get(count, 0) == 2
    assert [labels for _, labels in after if "jane" in labels.lower()] == []
    assert ("vardesk_requests_total", 'method="GET",route="(none)",status="4xx"') in after
    assert [labels for _, labels in after if 'method="other"' in labels]
    assert [labels for _, labels in after if "metrics" in labels] == []


def test_the_counts_of_other_processes_and_of_those_that_ended_are_in_it(scrape):
    name = ("vardesk_requests_total", 'method="GET",route="/elsewhere/",status="2xx"')
    before = scrape().get(name, 0)
    code = (
        "import django; django.setup(); from project.core.measures import count_request;"
        "[count_request('GET', '/elsewhere/', 200, 0.01) for _ in range(5)]"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env=os.environ, check=True, timeout=30)
    assert scrape()[name] - before == 10


def test_jobs_by_state_and_the_age_of_the_queue(scrape):
    assert scrape()["vardesk_queue_oldest_seconds", ""] == 0
    for minutes, state in ((5, "queued"), (1, "queued"), (9, "failed")):
        Job.objects.create(
            kind="read", title="t", task="t", state=state, created=timezone.now() - timedelta(minutes=minutes)
        )
    found = scrape()
    states = {state: found["vardesk_jobs", f'state="{state}"'] for state in Job.State.values}
    assert states == {"queued": 2, "running": 0, "succeeded": 0, "failed": 1, "cancelled": 0}
    assert 300 <= found["vardesk_queue_oldest_seconds", ""] < 330


def test_what_waits_in_the_spool_and_who_is_at_work(client, scrape, settings):
    found = scrape()
    assert found["vardesk_drainer_up", ""] == 0
    assert found["vardesk_lost_hits_total", ""] >= 0
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    (settings.SPOOL_DIR / "7b0fc2f4-6d2b-4a3c-9d5e-2f6f0f1e2d3c.spool").write_bytes(b"x" * 1000)
    assert scrape()["vardesk_spool_waiting_bytes", ""] - found["vardesk_spool_waiting_bytes", ""] >= 1000


def test_the_size_of_the_database_and_the_worker(scrape):
    cache.delete("worker-seen")
    found = scrape()
    assert found["vardesk_database_bytes", ""] > 1_000_000
    assert found["vardesk_worker_silent_seconds", ""] == math.inf
    assert found["vardesk_scrape_failures", ""] == 0


@pytest.mark.django_db(transaction=True)
def test_a_question_that_takes_too_long_is_left_out(scrape, monkeypatch):
    def slow():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        yield

    monkeypatch.setattr(metrics, "STATEMENT_MS", 100)
    monkeypatch.setattr(metrics, "database", slow)
    found = scrape()
    assert ("vardesk_database_bytes", "") not in found
    assert ("vardesk_drainer_up", "") in found
    assert found["vardesk_scrape_failures", ""] == 1


def test_a_folder_that_was_removed_leaves_out_the_requests_and_says_so(scrape, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    found = scrape()
    assert found["vardesk_scrape_failures", ""] == 1
    assert found["vardesk_jobs", 'state="queued"'] == 0
