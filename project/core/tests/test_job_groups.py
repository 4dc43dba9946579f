"""Needs attention, in progress, done; dismissing and trying again."""

import datetime

import pytest
from django.utils import timezone

from project.common.problems import Conflict
from project.core import attention
from project.core.job_filters import grouped
from project.core.models import AuditEntry, Job, JobPart

pytestmark = pytest.mark.django_db


def ago(minutes: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(minutes=minutes)


@pytest.fixture
def owner(make_user):
    return make_user("olga")


def group_of(job: Job) -> list[str]:
    return [name for name in attention.GROUPS if grouped(Job.objects.all(), name).filter(pk=job.pk).exists()]


@pytest.mark.parametrize(
    ("fields", "group"),
    [
        ({"state": "queued"}, "in_progress"),
        ({"state": "running", "heartbeat": ago(0)}, "in_progress"),
        ({"state": "running"}, "in_progress"),
        ({"state": "failed"}, "attention"),
        ({"state": "failed", "dismissed": ago(0)}, "done"),
        ({"state": "cancelled"}, "done"),
        ({"state": "succeeded"}, "done"),
        ({"state": "queued", "created": ago(11)}, "attention"),
        ({"state": "running", "heartbeat": ago(11)}, "attention"),
    ],
)
def test_each_job_is_in_one_group(make_job, fields, group):
    assert group_of(make_job(**fields)) == [group]


def test_what_waits_behind_work_that_goes_on_needs_nobody(make_job):
    waiting = make_job(queue="heavy", created=ago(60))
    large = make_job(queue="heavy", state="running", heartbeat=ago(0))
    assert group_of(waiting) == ["in_progress"]
    Job.objects.filter(pk=large.pk).update(heartbeat=ago(20))
    assert group_of(waiting) == ["attention"]
    JobPart.objects.create(job=large, number=0, state="running", heartbeat=ago(0))
    assert group_of(waiting) == group_of(large) == ["in_progress"]


def test_another_queue_that_goes_on_does_not_help(make_job):
    waiting = make_job(queue="light", created=ago(60))
    make_job(queue="heavy", state="running", heartbeat=ago(0))
    assert group_of(waiting) == ["attention"]


def test_a_failure_that_was_tried_again_needs_nobody_but_the_new_one_may(make_job):
    old = make_job(state="failed")
    new = make_job(state="failed", retry_of=old)
    assert (group_of(old), group_of(new)) == (["done"], ["attention"])


def test_the_groups_are_counted_in_one_query(make_job, django_assert_num_queries):
    for state in ("queued", "failed", "failed", "succeeded", "cancelled", "running"):
        make_job(state=state)
    with django_assert_num_queries(1):
        counts = attention.count_groups(Job.objects.all())
    assert counts == {"attention": 2, "in_progress": 2, "done": 2}


def test_dismissing_and_putting_back_leave_their_rows_in_the_trail(make_job, owner):
    job = make_job(owner=owner, state="failed")
    attention.dismiss(job, by=owner)
    attention.dismiss(job, by=owner)
    assert (job.dismissed is not None, job.dismissed_by) == (True, owner)
    attention.put_back(job, by=owner)
    assert (job.dismissed, group_of(job)) == (None, ["attention"])
    assert list(AuditEntry.objects.on(job).values_list("action", flat=True)) == ["job put back", "job dismissed"]


@pytest.mark.parametrize("state", ["queued", "running", "succeeded", "cancelled"])
def test_only_a_failure_is_dismissed(make_job, owner, state):
    with pytest.raises(Conflict, match="only one that failed"):
        attention.dismiss(make_job(state=state), by=owner)


def test_trying_all_again_goes_on_after_a_refusal(make_job, owner):
    fine, done = make_job(owner=owner, state="failed", kind="other"), make_job(owner=owner, state="succeeded")
    count, refused = attention.retry_all([done, fine], by=owner)
    assert (count, len(refused)) == (1, 1)
    assert Job.objects.get(retry_of=fine).state == "queued"
