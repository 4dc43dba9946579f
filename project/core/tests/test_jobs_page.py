"""The jobs page: sections, filters, pages, and what its buttons do."""

import re

import pytest
from django.urls import reverse

from project.core import job_list
from project.core.models import Job

pytestmark = pytest.mark.django_db
LIST = "/jobs/"


@pytest.fixture
def owner(make_user):
    return make_user("olga")


@pytest.fixture
def boss(make_user):
    return make_user("stella", role="administrator")


@pytest.fixture
def page(client, owner):
    """`page("?kind=read")`: the list as its owner reads it."""
    client.force_login(owner)
    return lambda query="", **options: client.get(LIST + query, **options).content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'<span class="title"><a href="[^"]*">([^<]*)</a>', text)


def test_the_sections_in_their_order_each_with_its_jobs(page, make_job, owner):
    for state in ("succeeded", "queued", "running", "failed"):
        make_job(owner=owner, state=state, title=state)
    text = page()
    assert titles(text) == ["failed", "running", "queued", "succeeded"]
    assert text.index("Needs attention</h2>") < text.index("In progress</h2>") < text.index("Done</h2>")


def test_the_queue_is_in_the_order_in_which_it_is_taken(page, make_job, owner):
    for title in ("first", "second", "third"):
        make_job(owner=owner, title=title)
    text = page()
    assert titles(text) == ["first", "second", "third"]
    assert "next in line; light queue" in text
    assert "3rd in line; light queue" in text


def test_every_job_is_reached_by_paging_once(page, make_job, owner):
    for number in range(230):
        Job.objects.create(kind="read", title=str(number), task="test.nothing", owner=owner, state="succeeded")
    found, query = [], ""
    while query is not None:
        text = page(query)
        found += titles(text)
        onward = re.search(r'rel="next" href="/jobs/([^"]*)"', text)
        query = onward and onward.group(1).replace("&amp;", "&")
    assert found == [str(number) for number in reversed(range(230))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?kind=read", ["b"]), ("?state=failed", ["c"]), ("?q=A", ["a"]), ("?file=7", ["b"]), ("?group=done", ["a"]),
        ("?group=attention", ["c"]), ("?created_before=2001-01-01", []),
    ],
)  # fmt: skip
def test_the_filters(page, make_job, owner, query, expected):
    make_job(owner=owner, title="a", state="succeeded")
    make_job(owner=owner, title="b", kind="read", file_id=7)
    make_job(owner=owner, title="c", state="failed")
    text = page(query)
    assert titles(text) == expected
    assert ("Nothing fits these filters" in text) is (not expected)
    assert f'href="/api/v1/jobs/{query}"' in text  # the JSON twin asks the same


@pytest.mark.parametrize(
    "query", ["?state=gone", "?cursor=x", "?file=x", "?created_after=soon", "?dismissed=x", "?q=%00"]
)
def test_a_bad_question_is_said(client, owner, query):
    client.force_login(owner)
    answer = client.get(LIST + query)
    assert (answer.status_code, b'role="alert"' in answer.content) == (400, True)


def test_an_administrator_narrows_to_one_person(client, make_job, owner, boss):
    make_job(owner=owner, title="hers")
    make_job(owner=boss, title="mine")
    client.force_login(boss)
    assert titles(client.get(f"{LIST}?owner=olga").content.decode()) == ["hers"]


def test_nobody_sees_more_by_a_filter(page, make_job, boss):
    make_job(owner=boss)
    assert titles(page("?owner=stella")) == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_it_asks_again_while_something_is_in_work(page, make_job, owner, state):
    job = make_job(owner=owner, state=state)
    assert 'hx-get="/jobs/?kind=import" hx-trigger="every 2s"' in page("?kind=import")
    Job.objects.filter(pk=job.pk).update(state="succeeded")
    assert "every 2s" not in page("?kind=import").partition('id="jobs"')[2]


def test_htmx_gets_the_part_that_changes(page, make_job, owner):
    make_job(owner=owner)
    text = page(headers={"HX-Request": "true"})
    assert text.lstrip().startswith('<div id="jobs"')
    assert "job-filter" not in text


def test_cancel_asks_first_and_says_what_happens(page, make_job, owner):
    make_job(owner=owner, state="running")
    text = page()
    assert "stops within two seconds" in text
    assert "Nothing of it comes into the database" in text


def test_after_cancel_the_page_says_that_it_is_being_cancelled(client, page, make_job, owner):
    job = make_job(owner=owner, state="running")
    here = reverse("jobs:detail", args=[job.pk])
    client.force_login(owner)
    answer = client.post(reverse("jobs:cancel", args=[job.pk]), {"next": here}, follow=True)
    assert answer.redirect_chain == [(here, 302)]
    assert b"Being cancelled" in answer.content
    assert b'id="cancel-job"' not in answer.content


def test_nobody_is_sent_to_another_site(client, make_job, owner):
    client.force_login(owner)
    answer = client.post(reverse("jobs:cancel", args=[make_job(owner=owner).pk]), {"next": "https://evil.example/"})
    assert answer["Location"] == LIST


def test_a_failure_is_dismissed_and_put_back(client, page, make_job, owner):
    job = make_job(owner=owner, state="failed", title="Bad luck")
    client.force_login(owner)
    answer = client.post(f"/jobs/{job.pk}/dismiss/?kind=import", follow=True)
    text = answer.content.decode()
    assert "“Bad luck” is dismissed" in text
    assert "Needs attention</h2>" not in text
    client.post(f"/jobs/{job.pk}/put-back/", {"next": "/jobs/?kind=import"})
    assert "Needs attention</h2>" in page()


def test_what_did_not_fail_is_not_dismissed(client, make_job, owner):
    client.force_login(owner)
    answer = client.post(f"/jobs/{make_job(owner=owner).pk}/dismiss/", follow=True)
    assert b"only one that failed can be dismissed" in answer.content


def test_all_failed_ones_of_the_page_are_tried_again(client, make_job, owner):
    wanted = [make_job(owner=owner, state="failed", kind="other") for _ in range(2)]
    other = make_job(owner=owner, state="failed", kind="reclassify")
    client.force_login(owner)
    answer = client.post("/jobs/retry-failed/?kind=other", follow=True)
    assert b"2 jobs are being tried again" in answer.content
    assert [Job.objects.filter(retry_of=job).count() for job in [*wanted, other]] == [1, 1, 0]


def test_all_failed_ones_of_the_page_are_dismissed(client, make_job, owner, make_user):
    mine, other = make_job(owner=owner, state="failed"), make_job(owner=make_user("simon"), state="failed")
    client.force_login(owner)
    client.post("/jobs/dismiss-failed/")
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.dismissed is not None, other.dismissed) == (True, None)


def test_the_balance_is_shown_of_an_import_that_is_through_only(page, make_job, owner):
    make_job(owner=owner, state="failed", counts={"lines_read": 400})
    assert "<dt>imported</dt>" not in page()
    make_job(
        owner=owner,
        state="succeeded",
        counts={"lines_read": 3, "imported": 1, "merged": 1, "rejected": 1, "skipped": 0},
    )
    assert "<dt>imported</dt><dd>1</dd>" in page()


def test_the_badge_counts_work_and_ones_own_failures(client, make_job, owner, boss):
    make_job(owner=owner, state="running")
    make_job(owner=owner, state="failed")
    counts = {}
    for person in (owner, boss):
        client.force_login(person)
        counts[person] = re.findall(r'class="count[^>]*>(\d+)', client.get("/jobs/badge/").content.decode())
    assert counts == {owner: ["1", "1"], boss: ["1"]}


@pytest.mark.parametrize("path", [LIST, "/api/v1/jobs/"])
def test_50_jobs_take_as_many_queries_as_5(client, make_job, boss, owner, path, django_assert_max_num_queries):
    def more() -> None:
        for state in ("queued", "running", "failed", "succeeded", "cancelled"):
            make_job(owner=owner, state=state).parts.create(number=0)

    client.force_login(boss)
    more()
    with django_assert_max_num_queries(30) as few:
        client.get(path)
    for _ in range(9):
        more()
    with django_assert_max_num_queries(len(few)) as many:
        client.get(path)
    assert len(many) == len(few)


def test_all_failed_ones_are_those_of_the_page_in_hand(client, make_job, owner, monkeypatch):
    monkeypatch.setattr(job_list, "SHOWN", 2)
    older = [make_job(owner=owner, state="failed") for _ in range(2)]
    newer = [make_job(owner=owner, state="failed") for _ in range(2)]
    client.force_login(owner)
    section = client.get("/jobs/?group=attention").context["sections"][0]
    client.post("/jobs/dismiss-failed/" + section["next_url"].removeprefix("/jobs/"))
    assert set(Job.objects.filter(dismissed=None)) == set(newer)
    assert len(older) == Job.objects.exclude(dismissed=None).count()


@pytest.mark.parametrize("action", ["retry-failed", "dismiss-failed"])
def test_a_question_that_is_not_understood_does_nothing_to_any_job(client, make_job, owner, action):
    make_job(owner=owner, state="failed")
    client.force_login(owner)
    assert client.post(f"/jobs/{action}/?file=x").status_code == 302
    assert Job.objects.filter(dismissed=None, state="failed").count() == Job.objects.count() == 1
