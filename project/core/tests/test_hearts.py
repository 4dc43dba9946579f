"""Hearts, holds and cancels: nobody waits long for a row that the work has locked."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from project.common.problems import Conflict
from project.core import jobs
from project.core.jobs import Run
from project.core.models import AuditEntry, Job
from project.core.outcomes import Cancelled, TakenOver
from project.core.tests.test_jobs import running, seconds_ago

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(run: Run) -> Iterator[None]:
    """Another thread is in a transaction that has called `hold()`."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            run.hold()
            is_held.set()
            may_end.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(10)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def seconds_of(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


# --- hold


def test_a_cancel_that_comes_too_late_is_told_so_within_a_second(make_job, make_user):
    run = running(make_job)
    with held(run):
        began = time.monotonic()
        with pytest.raises(Conflict, match="writing down its result"):
            jobs.cancel(Job.objects.get(), by=make_user("ada"))
        assert time.monotonic() - began < 1.2
    job = Job.objects.get()
    assert (job.state, job.cancel_asked) == ("running", False)
    assert not AuditEntry.objects.filter(action="job cancelled").exists()
    run.save(message="goes on")


def test_a_claim_does_not_wait_for_a_held_row(make_job):
    """Such as a second message for a job whose heart could not beat for a while."""
    run = running(make_job)
    Job.objects.update(heartbeat=seconds_ago(3600))
    claimed = []
    with held(run):
        assert seconds_of(lambda: claimed.append(Job.objects.get().claim())) < 1.5
    assert claimed == [False]
    run.check()


def test_a_heart_does_not_wait_for_a_held_row_and_beats_afterwards(make_job):
    run = running(make_job)
    before = seconds_ago(20)
    Job.objects.update(heartbeat=before)
    with held(run):
        assert seconds_of(run._beat) < 0.5
        assert Job.objects.get().heartbeat == before
    run._beat()
    assert Job.objects.get().heartbeat > before


def test_who_lost_the_job_meanwhile_finds_out_when_holding_and_nothing_stays(make_job):
    run = running(make_job)

    def work() -> None:
        with transaction.atomic():
            Job.objects.create(kind="trace", title="written by the old attempt")
            Job.objects.filter(pk=run.job.pk).update(attempt=F("attempt") + 1)
            run.hold()

    with pytest.raises(TakenOver):
        work()
    assert not Job.objects.filter(kind="trace").exists()


def test_a_held_row_may_be_pointed_to(make_job):
    """Rows with a foreign key to the job, such as its parts, are written while it is held."""
    run = running(make_job)
    with held(run):
        assert seconds_of(lambda: make_job(retry_of=Job.objects.get())) < 0.5


# --- stoppable


def sleep_in_database(run: Run, seconds: float = 20) -> None:
    with connection.cursor() as cursor, run.stoppable(cursor.connection.cancel):
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def later(change: Callable[[], object], after_s: float = 0.3) -> threading.Thread:
    def run() -> None:
        time.sleep(after_s)
        change()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_long_statement_is_broken_off_by_a_cancel(make_job):
    job = make_job()
    thread = later(lambda: Job.objects.get().ask_to_cancel(), 0.5)
    assert seconds_of(lambda: jobs.run(job.pk, sleep_in_database)) < 3
    thread.join()
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", "")


def test_a_long_statement_is_broken_off_when_another_worker_has_the_job(make_job):
    job = make_job()
    thread = later(lambda: Job.objects.update(attempt=F("attempt") + 1), 0.5)
    assert seconds_of(lambda: jobs.run(job.pk, sleep_in_database)) < 3
    thread.join()
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("running", 2)


def test_work_that_got_through_although_it_was_stopped_is_done(make_job):
    """What it committed, such as a load, cannot be called off: to say that it was cancelled would be a lie."""
    calls = []

    def work(run: Run) -> None:
        with run.stoppable(lambda: calls.append(time.monotonic())):
            Job.objects.get().ask_to_cancel()
            time.sleep(2.5)

    job = make_job()
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, len(calls) >= 2) == ("succeeded", True)


def test_what_is_said_within_a_transaction_is_seen_before_its_end(make_job):
    seen = []

    def work(run: Run) -> None:
        with transaction.atomic():
            run.say(0.7, "Merging: claims")
            time.sleep(2.5)
            thread = later(lambda: seen.append(Job.objects.values_list("message", "progress").get()), 0)
            thread.join()
            run.hold()

    jobs.run(make_job().pk, work)
    assert seen == [("Merging: claims", 0.7)]


def test_nobody_is_stopped_after_leaving(make_job):
    calls = []

    def work(run: Run) -> None:
        with run.stoppable(lambda: calls.append("stopped")):
            pass
        Job.objects.get().ask_to_cancel()
        time.sleep(1.5)
        with pytest.raises(Cancelled):
            run.check()

    jobs.run(make_job().pk, work)
    assert calls == []


def test_an_error_of_the_work_itself_stays_one(make_job):
    def work(run: Run) -> None:
        with run.stoppable(pytest.fail):
            raise jobs.JobError("Line 12 ends too early.")

    job = make_job()
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "Line 12 ends too early.")


# --- the database away


def test_a_job_whose_connection_is_lost_is_left_for_another_attempt(make_job, settings):
    settings.JOB_STALE_SECONDS = 1.0

    def lose(run: Run) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    job = make_job()
    jobs.run(job.pk, lose)
    job.refresh_from_db()
    assert (job.state, job.error) == ("running", "")
    time.sleep(1.2)
    jobs.run(job.pk, lambda run: None)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.deaths) == ("succeeded", 2, 1)


def test_a_full_disk_is_said(make_job):
    def work(run: Run) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")

    job = make_job()
    with pytest.raises(DatabaseError):
        jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, "disk" in job.error) == ("failed", True)


def test_postgresql_looks_whether_its_client_is_still_there():
    with connection.cursor() as cursor:
        cursor.execute("SHOW client_connection_check_interval")
        assert cursor.fetchone() == ("5s",)
