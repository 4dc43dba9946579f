import orjson
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from project.core import api as jobs_api
from project.core import jobs
from project.core.models import AuditEntry, Job

pytestmark = pytest.mark.django_db
LIST = "/api/v1/jobs/"
FIELDS = {
    "id",
    "kind",
    "state",
    "progress",
    "message",
    "counts",
    "result_file",
    "result",
    "error",
    "created",
    "started",
    "finished",
}


@pytest.fixture
def owner(make_user):
    return make_user("olga")


@pytest.fixture
def stranger(make_user):
    return make_user("simon")


@pytest.fixture
def job(make_job, owner) -> Job:
    return make_job(owner=owner)


def test_a_job_has_the_shape_of_the_contract(api, job, owner):
    body = api(owner).get(f"{LIST}{job.pk}/").json()
    assert body.keys() >= FIELDS
    assert (body["state"], body["progress"], body["counts"], body["error"]) == ("queued", 0, {}, None)


def test_the_list_holds_ones_own_jobs_newest_first(api, make_job, owner, stranger):
    first, _, last = make_job(owner=owner), make_job(owner=stranger), make_job(owner=owner)
    make_job(owner=None)
    body = api(owner).get(LIST).json()
    assert ([found["id"] for found in body["results"]], body["count"]) == ([last.pk, first.pk], 2)


def test_staff_sees_every_job(api, make_job, make_user, owner):
    make_job(owner=owner)
    make_job(owner=None)
    assert api(make_user("stella", is_staff=True)).get(LIST).json()["count"] == 2


@pytest.mark.parametrize(("method", "rest"), [("get", ""), ("post", "cancel/")])
def test_the_job_of_somebody_else_is_404(api, job, stranger, method, rest):
    answer = getattr(api(stranger), method)(f"{LIST}{job.pk}/{rest}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    job.refresh_from_db()
    assert job.state == "queued"


@pytest.mark.parametrize(("method", "rest"), [("get", ""), ("get", "1/"), ("post", "1/cancel/")])
def test_anonymous_is_401(api, method, rest):
    assert getattr(api(), method)(LIST + rest).status_code == 401


def test_cancel_answers_with_the_job(api, job, owner):
    answer = api(owner).post(f"{LIST}{job.pk}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


def test_a_job_is_not_cancelled_without_its_row_in_the_trail(job, owner, monkeypatch):
    monkeypatch.setattr(jobs, "record", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs_api.cancel(job, by=owner)
    assert Job.objects.get(pk=job.pk).state == "queued"


def test_a_job_that_ended_meanwhile_was_not_cancelled(job, owner):
    Job.objects.filter(pk=job.pk).update(state=Job.State.SUCCEEDED)
    jobs_api.cancel(job, by=owner)
    assert not AuditEntry.objects.filter(action="job cancelled").exists()


def test_cancel_with_a_session_needs_the_csrf_token(job, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(f"{LIST}{job.pk}/cancel/").status_code == 403


@pytest.mark.parametrize("query", ["state=gone", "page_size=0", "cursor=x", "file=x"])
def test_a_bad_question_is_400(api, owner, query):
    assert api(owner).get(f"{LIST}?{query}").status_code == 400


def test_the_list_is_narrowed_by_state_and_file(api, make_job, owner):
    make_job(owner=owner, file_id=1)
    wanted = make_job(owner=owner, file_id=2, state="failed")
    make_job(owner=owner, file_id=2)
    found = api(owner).get(f"{LIST}?state=failed&file=2").json()["results"]
    assert [job["id"] for job in found] == [wanted.pk]


# --- pages


STATES = {
    "queued": {"state": "queued"},
    "running": {"state": "running", "progress": 0.5, "message": "Merging", "counts": {"lines_read": 9}},
    "failed": {"state": "failed", "error": "Line 3: <b>bad</b>"},
    "succeeded": {"state": "succeeded", "progress": 1.0, "counts": {"lines_read": 9, "imported": 9}, "result": {"reasons": {"<i>why</i>": 1}}},
    "cancelled": {"state": "cancelled"},
}  # fmt: skip


@pytest.mark.parametrize("fields", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("page", ["list", "detail"])
def test_the_pages_show_a_job_of_every_state(client, make_job, owner, fields, page):
    job = make_job(owner=owner, title="<script>x</script>", **fields)
    client.force_login(owner)
    answer = client.get(reverse("jobs:list") if page == "list" else reverse("jobs:detail", args=[job.pk]))
    text = answer.content.decode()
    assert (answer.status_code, "&lt;script&gt;x" in text) == (200, True)
    assert not {"<script>x", "<b>bad", "<i>why"} & set(text.split("\n"))
    assert "<b>bad" not in text


def test_the_empty_list_is_a_page(client, owner):
    client.force_login(owner)
    assert b"No jobs yet" in client.get(reverse("jobs:list")).content


@pytest.mark.parametrize(("method", "name"), [("get", "detail"), ("post", "cancel")])
def test_the_page_of_somebody_elses_job_is_404(client, job, stranger, method, name):
    client.force_login(stranger)
    assert getattr(client, method)(reverse(f"jobs:{name}", args=[job.pk])).status_code == 404


def test_anonymous_is_asked_to_log_in(client, job):
    for url in (reverse("jobs:list"), reverse("jobs:detail", args=[job.pk])):
        assert client.get(url)["Location"].startswith(reverse("login"))


def test_cancelling_from_the_page(client, job, owner):
    client.force_login(owner)
    assert client.post(reverse("jobs:cancel", args=[job.pk])).status_code == 302
    job.refresh_from_db()
    assert job.state == "cancelled"


# --- trying again


@pytest.fixture
def failed(make_job, owner) -> Job:
    return make_job(owner=owner, kind="other", state="failed", error="No")


def test_retry_answers_202_with_the_new_job(api, failed, owner):
    answer = api(owner).post(f"{LIST}{failed.pk}/retry/")
    body = answer.json()
    assert (answer.status_code, body["state"], body["retry_of"]) == (202, "queued", failed.pk)
    assert body["id"] != failed.pk


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_only_what_did_not_succeed_is_retried(api, make_job, owner, state):
    job = make_job(owner=owner, state=state)
    answer = api(owner).post(f"{LIST}{job.pk}/retry/")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert Job.objects.count() == 1


def test_a_second_retry_is_refused_while_the_first_is_in_work(api, failed, owner):
    assert [api(owner).post(f"{LIST}{failed.pk}/retry/").status_code for _ in range(2)] == [202, 409]
    assert Job.objects.count() == 2


def test_retry_of_work_on_a_file_needs_the_right_to_work_with_files(api, make_job, make_user):
    viewer = make_user("vera", role="viewer")
    job = make_job(owner=viewer, kind="other", state="failed", file_id=1)
    assert api(viewer).post(f"{LIST}{job.pk}/retry/").status_code == 403
    assert Job.objects.count() == 1


def test_retry_of_somebody_elses_job_is_404_and_of_nobody_401(api, failed, stranger):
    assert api(stranger).post(f"{LIST}{failed.pk}/retry/").status_code == 404
    assert api().post(f"{LIST}{failed.pk}/retry/").status_code == 401


def test_retry_is_in_the_schema(client):
    schema = orjson.loads(client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).content)
    assert "202" in schema["paths"]["/api/v1/jobs/{id}/retry/"]["post"]["responses"]


def test_retrying_from_the_page(client, failed, owner):
    client.force_login(owner)
    assert b"Try again" in client.get(reverse("jobs:detail", args=[failed.pk])).content
    answer = client.post(reverse("jobs:retry", args=[failed.pk]), follow=True)
    again = Job.objects.get(retry_of=failed)
    assert answer.redirect_chain[-1][0] == reverse("jobs:detail", args=[again.pk])
    assert f'done again after <a href="/jobs/{failed.pk}/">' in answer.content.decode()
    assert b"Try again" not in client.get(reverse("jobs:detail", args=[failed.pk])).content


def test_a_refused_retry_is_said_on_the_page(client, failed, owner):
    client.force_login(owner)
    for _ in range(2):
        answer = client.post(reverse("jobs:retry", args=[failed.pk]), follow=True)
    assert "was tried again already" in answer.content.decode()


# --- what is said of a job, and filters


NEW_FIELDS = {
    "queue", "queue_position", "phase", "rows_per_second", "seconds_left", "updated", "attempts", "parts",
    "cancel_asked", "dismissed",
}  # fmt: skip


def test_a_waiting_job_has_a_place_and_no_speed(api, make_job, owner, stranger):
    make_job(owner=stranger)
    job = make_job(owner=owner)
    body = api(owner).get(f"{LIST}{job.pk}/").json()
    assert body.keys() >= NEW_FIELDS
    assert {name: body[name] for name in ("queue", "queue_position", "phase", "parts", "rows_per_second")} == {
        "queue": "light", "queue_position": 2, "phase": None, "parts": None, "rows_per_second": None,
    }  # fmt: skip


def test_a_running_job_tells_its_phase_and_parts(api, make_job, owner):
    job = make_job(owner=owner, state="running", message="Copying", attempt=2, cancel_asked=True)
    job.parts.create(number=0, state="done")
    job.parts.create(number=1)
    body = api(owner).get(LIST).json()["results"][0]
    assert {name: body[name] for name in ("phase", "parts", "attempts", "cancel_asked", "queue_position")} == {
        "phase": "Copying", "parts": {"done": 1, "all": 2}, "attempts": 2, "cancel_asked": True, "queue_position": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=read,import", "abc"), ("kind=read&kind=other", "b"), ("state=failed,queued", "bc"),
        ("state=failed&state=succeeded", "ac"), ("q=tItLe%20B", "b"), ("q=%25", ""), ("group=attention", "c"),
        ("group=in_progress", "b"), ("group=done", "a"), ("owner=olga", "abc"), ("owner=simon", ""),
        ("created_after=2024-05-02", "bc"), ("created_before=2024-05-02", "ab"),
        ("created_after=2024-05-02T00:00:01Z", "c"), ("created_before=2024-05-02T00:00:00%2B00:00", "a"),
    ],
)  # fmt: skip
def test_the_filters(api, make_job, owner, query, expected):
    make_job(owner=owner, title="Title a", state="succeeded", created="2024-05-01T12:00Z")
    make_job(owner=owner, title="Title b", kind="read", created="2024-05-02T00:00Z")
    make_job(owner=owner, title="Title c", state="failed", created="2024-05-03T00:00Z")
    Job.objects.filter(state="queued").update(heartbeat=None)
    make_job(owner=owner, kind="other", title="beats", state="running", heartbeat=timezone.now(), file_id=1)
    found = api(owner).get(f"{LIST}?{query}").json()["results"]
    assert "".join(sorted(job["title"][-1] for job in found if job["title"] != "beats")) == expected


@pytest.mark.parametrize(
    "query", ["group=x", "state=failed,gone", "created_after=x", "created_before=2024-13-01", "q=%00"]
)
def test_a_bad_filter_is_400(api, owner, query):
    assert api(owner).get(f"{LIST}?{query}").status_code == 400


def test_dismissing_and_undoing_it(api, failed, owner, stranger):
    url = f"{LIST}{failed.pk}/dismiss/"
    assert api(owner).post(url).json()["dismissed"] is not None
    assert api(owner).get(f"{LIST}?group=attention").json()["count"] == 0
    assert api(owner).delete(url).json()["dismissed"] is None
    assert api(stranger).post(url).status_code == 404


def test_what_did_not_fail_cannot_be_dismissed(api, job, owner):
    assert api(owner).post(f"{LIST}{job.pk}/dismiss/").status_code == 409


def test_the_schema_knows_the_fields_and_filters(client):
    schema = orjson.loads(client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).content)
    job = schema["components"]["schemas"]["Job"]["properties"]
    assert job.keys() >= FIELDS | NEW_FIELDS
    assert job["queue_position"]["type"] == ["integer", "null"]
    names = {parameter["name"] for parameter in schema["paths"]["/api/v1/jobs/"]["get"]["parameters"]}
    assert names >= {"group", "kind", "state", "file", "q", "owner", "created_after", "created_before", "cursor"}
