"""Jobs that others left in a strange state, and workers that sleep, wake up and find that the job went on without them."""

import pytest
from django.db import connection, transaction

from project.common.problems import Conflict
from project.core import jobs, parts
from project.core.jobs import Run
from project.core.models import AuditEntry, Job, JobPart
from project.core.tests.test_jobs import running, seconds_ago
from project.core.tests.test_parts import DO, add, begun, job, work_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_of_an_unknown_task_does_not_hold_up_those_behind_it(make_job):
    unknown, known = make_job(task="of.another.version"), make_job(task="test.parted")
    DO["job"] = lambda run: None
    jobs.work_off("light")
    unknown.refresh_from_db()
    known.refresh_from_db()
    assert (unknown.state, known.state) == ("queued", "succeeded")


@pytest.fixture
def owner(make_user):
    return make_user("olga")


@pytest.mark.parametrize("resting", [False, True])
def test_a_job_whose_result_is_committed_is_not_cancelled_though_its_worker_died(make_job, owner, resting):
    """To say that it was cancelled would be a lie: what it made is there."""
    run = running(make_job)
    with transaction.atomic():
        run.hold()
        run.save(result={"load": 7}, resting=resting)
    Job.objects.update(heartbeat=seconds_ago(3600))
    with pytest.raises(Conflict, match="not cancelled"):
        jobs.cancel(Job.objects.get(), by=owner)
    assert not AuditEntry.objects.filter(action="job cancelled").exists()
    jobs.run(run.job.pk, lambda run: None)
    assert (Job.objects.get().state, Job.objects.get().result) == ("succeeded", {"load": 7})


def test_progress_does_not_go_back_when_another_worker_takes_the_job_up(job):  # noqa: F811
    begun(job)
    for _ in range(2):
        parts._do(parts.PartRun(job, parts._claim(job), Run(job).heart), add)
    Job.objects.update(heartbeat=seconds_ago(3600))
    again = Job.objects.get()
    assert again.claim()
    run = Run(again)
    parts._do(parts.PartRun(job, parts._claim(job), run.heart), add)  # after the claim, by a helper
    parts.go_on(run)
    job.refresh_from_db()
    assert (job.progress, job.counts, job.message) == (1.0, {"rows_done": 60}, "Working")


def test_helpers_are_woken_after_the_commit_and_not_before(job, monkeypatch):  # noqa: F811
    run = begun(job)
    parts.work(run, add)
    seen = []
    monkeypatch.setattr(jobs, "send", lambda *args, queue: seen.append(connection.in_atomic_block))
    with transaction.atomic():
        parts.redo(run)
    assert seen == [False, False]
    assert JobPart.objects.undone().count() == 3


def test_a_coordinator_that_slept_ends_nothing_and_its_part_counts_once(job):  # noqa: F811
    """It wakes up after another has done its part, the rest, and the job."""
    old = begun(job)
    sleeper = parts.PartRun(job, parts._claim(job), old.heart)
    past = seconds_ago(3600)
    Job.objects.update(heartbeat=past)
    JobPart.objects.update(heartbeat=past)
    jobs.run(job.pk, work_of())
    for call in (
        sleeper.check,
        lambda: sleeper.done({"number": 99}),
        transaction.atomic(old.hold),
        lambda: parts.work(old, add),
    ):
        with pytest.raises(jobs.TakenOver):
            call()
    assert not jobs.end(old.mine(), Job.State.FAILED, "woke up")
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"parts": [{"number": n} for n in range(3)]})


def test_a_light_job_that_has_to_wait_goes_on_among_the_heavy_ones(make_job):
    ways = []

    def work(run: Run) -> None:
        ways.append(run.job.queue)
        run.report(0.6, "Waiting until another import is in")
        run.make_way()

    light = make_job()
    jobs.run(light.pk, work)
    light.refresh_from_db()
    assert (light.state, light.queue, light.deaths, light.error) == ("queued", "heavy", 0, "")
    jobs.run(light.pk, work)
    light.refresh_from_db()
    assert (light.state, light.queue, light.deaths) == ("succeeded", "heavy", 0)
    assert ways == ["light", "heavy"]
