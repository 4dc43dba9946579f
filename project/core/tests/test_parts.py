"""Parts of a job, worked at by this process and by threads that stand for other workers."""

import threading
from collections.abc import Callable

import pytest
from celery import shared_task
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from project.core import jobs, parts
from project.core.jobs import MAX_ATTEMPTS, JobError, Run
from project.core.models import Job, JobPart
from project.core.outcomes import Cancelled, TakenOver
from project.core.parts import PartRun
from project.core.tasks import wake_waiting_jobs
from project.core.tests.test_jobs import seconds_ago

pytestmark = pytest.mark.django_db(transaction=True)

DO: dict[str, Callable[[Run], None]] = {}  # what the task of this module does, set by the test


@shared_task(name="test.parted")
def parted(job_id: int) -> None:
    jobs.run(job_id, DO["job"])


def add(run: PartRun) -> None:
    """Each part's number, as its result."""
    with transaction.atomic():
        run.done({"number": run.params["number"]})


def planned(run: Run, count: int = 3, **more) -> None:
    parts.plan(run, [({"number": n}, 10 * (n + 1)) for n in range(count)], task="test.helper", **more)


def work_of(do=add, count: int = 3, **more) -> Callable[[Run], None]:
    def work(run: Run) -> None:
        planned(run, count, **more)
        parts.work(run, do)
        run.save(result={"parts": parts.results(run.job)})

    return work


@pytest.fixture
def job(make_job) -> Job:
    return make_job(task="test.parted")


def begun(job: Job, count: int = 3) -> Run:
    assert job.claim()
    run = Run(job)
    planned(run, count)
    return run


def in_thread(function: Callable, *args) -> threading.Thread:
    def run() -> None:
        try:
            function(*args)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


ALL = {"parts": [{"number": n} for n in range(3)]}

# --- alone


def test_one_worker_alone_does_all_parts(job):
    jobs.run(job.pk, work_of())
    job.refresh_from_db()
    assert (job.state, job.result, job.counts) == ("succeeded", ALL, {"rows_done": 60})
    assert not JobPart.objects.exists()


def test_progress_is_that_of_the_rows_within_the_range(job):
    seen = []

    def look(run: PartRun) -> None:
        add(run)
        found = Job.objects.get(pk=run.job.pk)
        seen.append((round(found.progress, 3), found.message, found.counts["rows_done"]))

    jobs.run(job.pk, work_of(look, progress=(0.1, 0.7), message="Copying"))
    assert seen == [(0.2, "Copying", 10), (0.4, "Copying", 30), (0.7, "Copying", 60)]


def test_a_plan_is_made_once(job):
    run = begun(job)
    planned(run, 7)
    assert JobPart.objects.count() == 3


def test_a_job_without_parts_goes_on_at_once(job):
    jobs.run(job.pk, work_of(count=0))
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"parts": []})


def test_helpers_are_woken_for_all_parts_but_one_and_no_more_than_set(job, settings, monkeypatch):
    sent = []
    monkeypatch.setattr(jobs, "send", lambda task, *args, queue: sent.append((task, args, queue)))
    settings.JOB_PART_HELPERS = 3
    begun(job, 3)
    assert sent == [("core.help_with", ("light", "test.helper", job.pk), "light")] * 2
    settings.JOB_PART_HELPERS = 1
    Job.objects.update(plan=None)
    JobPart.objects.all().delete()
    sent.clear()
    job.refresh_from_db()
    planned(Run(job), 3)
    assert len(sent) == 1


def test_work_that_leaves_its_part_undone_fails(job):
    with pytest.raises(RuntimeError, match="part 0"):
        jobs.run(job.pk, work_of(lambda run: None))
    job.refresh_from_db()
    assert job.state == "failed"


# --- with helpers


def test_three_workers_share_the_parts_and_each_is_done_once(job):
    done, lock = [], threading.Lock()

    def do(run: PartRun) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
            with lock:
                done.append(run.params["number"])
            run.done({"number": run.params["number"]})

    DO["job"] = work_of(do, count=12)
    helpers = []

    def start(run: Run) -> None:
        planned(run, 12)
        helpers.extend(in_thread(parts.help, job.pk, do) for _ in range(2))
        DO["job"](run)

    jobs.run(job.pk, start)
    for thread in helpers:
        thread.join()
    job.refresh_from_db()
    assert (job.state, job.result, job.deaths) == ("succeeded", {"parts": [{"number": n} for n in range(12)]}, 0)
    assert sorted(done) == list(range(12))


def test_a_job_whose_last_part_another_does_rests_and_that_one_goes_on(job):
    """No task waits: the job's own attempt is over while the helper is still at work."""
    DO["job"] = work_of()
    run, is_claimed, may_end = begun(job), threading.Event(), threading.Event()

    def slow(part_run: PartRun) -> None:
        is_claimed.set()
        may_end.wait(10)
        add(part_run)

    helper = in_thread(parts.help, job.pk, slow)
    is_claimed.wait(10)
    with pytest.raises(jobs.Resting):
        parts.work(run, add)
    job.refresh_from_db()
    assert (job.state, job.resting, job.claim()) == ("running", True, False)
    may_end.set()
    helper.join()
    job.refresh_from_db()
    assert (job.state, job.result, job.attempt, job.deaths) == ("succeeded", ALL, 2, 0)


def test_a_rest_uses_up_no_attempt(job):
    """A job that killed its worker once too few, and rests."""
    Job.objects.update(deaths=MAX_ATTEMPTS - 2)
    job.refresh_from_db()
    DO["job"] = work_of()
    begun(job, 1)
    Job.objects.update(resting=True)
    parts.help(job.pk, add)
    job.refresh_from_db()
    assert (job.state, job.deaths) == ("succeeded", MAX_ATTEMPTS - 2)


def test_a_helper_that_comes_late_does_nothing(job):
    parts.help(job.pk, pytest.fail)  # not begun
    jobs.run(job.pk, work_of())
    parts.help(job.pk, pytest.fail)  # over
    parts.help(10**9, pytest.fail)


# --- deaths


def claimed_by_one_that_died(job: Job) -> JobPart:
    part = parts._claim(job)
    JobPart.objects.filter(pk=part.pk).update(heartbeat=seconds_ago(3600))
    return part


def test_the_part_of_a_worker_that_died_is_done_by_another(job):
    run = begun(job)
    claimed_by_one_that_died(job)
    parts.work(run, add)
    assert parts.results(job) == ALL["parts"]


def test_a_part_of_two_workers_counts_once(job):
    begun(job, 1)
    first = PartRun(job, claimed_by_one_that_died(job), None)
    second = PartRun(job, parts._claim(job), None)
    for call in (first.check, lambda: first.done({"who": "first"})):
        with pytest.raises(TakenOver):
            call()
    second.done({"who": "second"})
    for run in (first, second):
        with pytest.raises(TakenOver):
            run.done({"who": "again"})
    assert parts.results(job) == [{"who": "second"}]


def test_what_the_part_wrote_goes_when_it_was_not_its_own_any_more(job):
    begun(job, 1)
    run = PartRun(job, parts._claim(job), None)
    JobPart.objects.update(attempt=F("attempt") + 1)
    with pytest.raises(TakenOver), transaction.atomic():  # noqa: PT012
        Job.objects.filter(pk=job.pk).update(title="written by the part")
        run.done({})
    assert Job.objects.get().title != "written by the part"


@pytest.mark.parametrize("is_helper", [False, True])
def test_a_part_that_killed_its_workers_too_often_fails_the_job(job, is_helper):
    run = begun(job)
    claimed_by_one_that_died(job)
    JobPart.objects.filter(number=0).update(deaths=MAX_ATTEMPTS - 1)
    if is_helper:
        parts.help(job.pk, add)
        job.refresh_from_db()
        assert (job.state, f"{MAX_ATTEMPTS} times" in job.error, JobPart.objects.count()) == ("failed", True, 0)
    else:
        with pytest.raises(JobError, match=f"{MAX_ATTEMPTS} times"):
            parts.work(run, add)


def test_a_resting_job_whose_helpers_all_died_is_taken_up(job):
    run = begun(job, 1)
    claimed_by_one_that_died(job)
    JobPart.objects.update(heartbeat=Now())
    with pytest.raises(jobs.Resting):
        parts.work(run, add)
    JobPart.objects.update(heartbeat=seconds_ago(3600))
    Job.objects.update(heartbeat=seconds_ago(3600))
    jobs.run(job.pk, work_of(count=1))
    job.refresh_from_db()
    assert (job.state, job.deaths) == ("succeeded", 0)


def test_a_helper_is_woken_for_parts_that_nobody_is_at(job, monkeypatch):
    begun(job)
    claimed_by_one_that_died(job)
    Job.objects.update(woken=seconds_ago(60))
    sent = []
    monkeypatch.setattr(jobs, "send", lambda task, *args, queue: sent.append(args))
    wake_waiting_jobs()
    wake_waiting_jobs()
    assert sent == [("light", "test.helper", job.pk)]


# --- ends


def test_a_part_that_cannot_be_done_by_a_helper_fails_the_job_in_its_words(job):
    run = begun(job)

    def refuse(part_run: PartRun) -> None:
        raise JobError("Line 12 ends too early.")

    parts.help(job.pk, refuse)
    job.refresh_from_db()
    assert (job.state, job.error, JobPart.objects.count()) == ("failed", "Line 12 ends too early.", 0)
    with pytest.raises(TakenOver):
        parts.work(run, add)


def test_our_own_mistake_in_a_part_fails_the_job_and_rises(job):
    begun(job)
    with pytest.raises(ZeroDivisionError):
        parts.help(job.pk, lambda run: 1 / 0)
    job.refresh_from_db()
    assert (job.state, "ZeroDivisionError" in job.error) == ("failed", True)


def test_a_helper_whose_part_was_taken_over_does_not_fail_the_job(job):
    begun(job)

    def lose(part_run: PartRun) -> None:
        JobPart.objects.filter(pk=part_run.part.pk).update(attempt=F("attempt") + 1)
        raise JobError("The table that I was writing to is gone.")

    parts.help(job.pk, lose)
    job.refresh_from_db()
    assert job.state == "running"


def test_parts_hear_of_a_cancel(job):
    def work(part_run: PartRun) -> None:
        Job.objects.get().ask_to_cancel()
        with pytest.raises(Cancelled):
            part_run.done({})
        part_run.check()

    run = begun(job)
    parts.help(job.pk, work)
    job.refresh_from_db()
    assert (job.state, JobPart.objects.count()) == ("cancelled", 0)
    with pytest.raises(TakenOver):
        parts.work(run, add)


def test_a_resting_job_whose_parts_are_done_is_cancelled_at_once(job):
    begun(job, 1)
    parts._claim(job)
    JobPart.objects.update(state="done")
    Job.objects.update(resting=True)
    job.ask_to_cancel()
    assert (job.state, JobPart.objects.count()) == ("cancelled", 0)


# --- done again


def test_parts_are_done_again_when_what_they_made_is_lost(job, settings):
    settings.JOB_PART_REDOS = 1
    run = begun(job)
    parts.work(run, add)
    parts.redo(run)
    assert Job.objects.get().counts["rows_done"] == 0
    parts.work(run, add)
    assert parts.results(job) == ALL["parts"]
    with pytest.raises(JobError, match="lost 2 times"):
        parts.redo(run)


def test_a_worker_at_a_part_that_is_done_again_has_lost_it(job):
    run = begun(job, 1)
    old = PartRun(job, parts._claim(job), None)
    parts.redo(run)
    with pytest.raises(TakenOver):
        old.done({})
