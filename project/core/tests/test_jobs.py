import datetime
import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from project.core import jobs
from project.core.jobs import MAX_ATTEMPTS, Cancelled, JobError, Run, TakenOver
from project.core.models import Job
from project.core.tasks import LOST_MESSAGE_SECONDS, wake_waiting_jobs

pytestmark = pytest.mark.django_db


def seconds_ago(seconds: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=seconds)


def running(make_job, **fields) -> Run:
    """An attempt at a job that this process has claimed."""
    job = make_job(**fields)
    assert job.claim()
    return Run(job)


# --- claims


def test_of_two_claims_one_wins(make_job):
    job = make_job()
    other = Job.objects.get(pk=job.pk)
    assert (job.claim(), other.claim()) == (True, False)
    assert (job.state, job.attempt) == ("running", 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_wins(make_job):
    job, won, start = make_job(), [], threading.Barrier(8)

    def claim() -> None:
        start.wait()
        won.append(Job.objects.get(pk=job.pk).claim())
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_job_that_is_over_is_not_claimed(make_job, state):
    assert not make_job(state=state).claim()


@pytest.mark.parametrize(("silent_s", "claimed"), [(29, False), (31, True)])
def test_a_job_is_taken_up_when_its_worker_was_silent_for_too_long(make_job, settings, silent_s, claimed):
    settings.JOB_STALE_SECONDS = 30
    job = make_job(state="running", attempt=1, heartbeat=seconds_ago(silent_s))
    assert job.claim() is claimed
    job.refresh_from_db()
    assert job.attempt == 1 + claimed


def test_a_task_that_is_delivered_twice_is_done_once(make_job):
    job, done = make_job(), []
    for _ in range(2):
        jobs.run(job.pk, done.append)
    assert len(done) == 1


def test_a_task_of_a_job_that_is_gone_does_nothing():
    jobs.run(10**9, pytest.fail)


# --- an old attempt


WRITES = {
    "report": lambda run: run.report(0.5, "still here"),
    "save": lambda run: run.save(counts={"lines_read": 1}),
    "hold": lambda run: run.hold(),
    "check": lambda run: run.check(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_an_attempt_that_was_taken_over_cannot_write(make_job, write):
    old = running(make_job)
    Job.objects.update(heartbeat=seconds_ago(3600))
    assert Job.objects.get().claim()
    before = Job.objects.values().get()
    with pytest.raises(TakenOver):
        write(old)
    assert Job.objects.values().get() == before


def test_an_attempt_that_was_taken_over_cannot_end_the_job(make_job):
    def work(run: Run) -> None:
        Job.objects.update(attempt=2)

    job = make_job()
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.finished) == ("running", None)


# --- reports


def test_a_report_is_seen(make_job):
    run = running(make_job)
    run.report(0.25, "Reading", rows_done=7)
    found = Job.objects.get()
    assert (found.progress, found.message, found.counts) == (0.25, "Reading", {"rows_done": 7})


@pytest.mark.parametrize(("said", "kept"), [(-1, 0.0), (7, 1.0)])
def test_progress_stays_between_0_and_1(make_job, said, kept):
    running(make_job).report(said, "x")
    assert Job.objects.get().progress == kept


# --- the ends of a job


def test_a_job_that_was_done_has_succeeded(make_job):
    job = make_job()
    jobs.run(job.pk, lambda run: run.report(0.5, "Half", rows_done=3))
    job.refresh_from_db()
    assert (job.state, job.progress, job.error, job.counts) == ("succeeded", 1.0, "", {"rows_done": 3})
    assert job.started <= job.finished


def test_what_cannot_be_done_is_said_in_its_words(make_job):
    def work(run: Run) -> None:
        raise JobError("Line 12 ends too early.")

    job = make_job()
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "Line 12 ends too early.")
    assert job.finished


def test_our_own_mistake_fails_the_job_rises_and_tells_no_details(make_job):
    def work(run: Run) -> None:
        raise ZeroDivisionError("secret of a patient")

    job = make_job()
    with pytest.raises(ZeroDivisionError):
        jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, "secret" in job.error, "log" in job.error) == ("failed", False, True)


def test_a_job_that_killed_its_workers_too_often_is_not_tried_again(make_job):
    job = make_job(state="running", deaths=MAX_ATTEMPTS - 1, heartbeat=seconds_ago(3600))
    jobs.run(job.pk, pytest.fail)
    job.refresh_from_db()
    assert (job.state, f"{MAX_ATTEMPTS} times" in job.error) == ("failed", True)


def test_a_job_may_be_tried_as_often_as_said(make_job):
    job = make_job(state="running", deaths=MAX_ATTEMPTS - 2, heartbeat=seconds_ago(3600))
    jobs.run(job.pk, lambda run: None)
    job.refresh_from_db()
    assert job.state == "succeeded"


# --- cancelling


def test_a_queued_job_is_cancelled_at_once(make_job):
    job = make_job()
    job.ask_to_cancel()
    assert (job.state, job.finished is not None, job.claim()) == ("cancelled", True, False)


@pytest.mark.parametrize("look", [WRITES["report"], WRITES["hold"], WRITES["check"]], ids=["report", "hold", "check"])
def test_a_running_job_stops_at_its_next_look(make_job, look):
    run = running(make_job)
    Job.objects.get().ask_to_cancel()
    assert Job.objects.get().state == "running"
    with pytest.raises(Cancelled):
        look(run)


def test_a_job_that_stopped_when_asked_is_cancelled(make_job):
    def work(run: Run) -> None:
        run.job.ask_to_cancel()
        run.report(0.5, "going on")

    job = make_job()
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.message) == ("cancelled", "Cancelled")


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_a_job_that_is_over_cannot_be_cancelled(make_job, state):
    job = make_job(state=state)
    job.ask_to_cancel()
    assert (job.state, job.cancel_asked) == (state, False)


# --- heart, broker


@pytest.mark.django_db(transaction=True)
def test_a_busy_job_beats(make_job, settings):
    settings.JOB_HEARTBEAT_SECONDS = 0.1
    beats = set()

    def work(run: Run) -> None:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            beats.add(Job.objects.values_list("heartbeat", flat=True).get(pk=run.job.pk))
            time.sleep(0.02)

    jobs.run(make_job().pk, work)
    assert len(beats) >= 4


@pytest.mark.django_db(transaction=True)
def test_nobody_beats_for_a_job_that_is_over(make_job, settings):
    settings.JOB_HEARTBEAT_SECONDS = 0.05
    job = make_job()
    jobs.run(job.pk, lambda run: time.sleep(0.2))
    assert not [thread for thread in threading.enumerate() if thread.name == f"heart-{job.pk}"]


def test_a_broker_that_is_away_stops_nobody(settings):
    """In a process of its own, whose broker is a port where nothing listens."""
    code = "import django; django.setup(); from project.core import jobs, models; jobs.wake(models.Job(pk=0, task='t'))"
    env = os.environ | {"CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], env=env | {"DJANGO_SETTINGS_MODULE": "broker_away"} | away(settings), capture_output=True,
        text=True, cwd=settings.BASE_DIR, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "waits: the broker cannot be reached" in done.stderr) == (0, True), done.stderr
    assert time.monotonic() - started < 20


def away(settings) -> dict[str, str]:
    """A settings module on the test's database, and where to find it."""
    folder = settings.VAR_DIR / "settings"
    folder.mkdir(parents=True)
    name = connection.settings_dict["NAME"]
    (folder / "broker_away.py").write_text(f"from project.settings import *\nDATABASES['default']['NAME'] = {name!r}\n")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")])}


def test_lost_jobs_are_offered_again_and_no_others(make_job):
    old = seconds_ago(LOST_MESSAGE_SECONDS + 1)
    lost = make_job(title="message lost", woken=old)
    dead = make_job(title="worker dead", state="running", woken=old, heartbeat=seconds_ago(3600))
    for fields in (
        {"woken": timezone.now()},
        {"state": "running", "heartbeat": timezone.now(), "woken": old},
        {"state": "failed", "woken": old},
    ):
        make_job(**fields)
    before = timezone.now()
    wake_waiting_jobs()
    assert set(Job.objects.filter(woken__gte=before)) == {lost, dead}


def test_enqueue_wakes_a_worker_only_after_the_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        jobs.enqueue("test.nothing", kind="k", title="t", owner=None)
    assert len(callbacks) == 1


def test_waiting_for_a_job_ends_at_its_time(make_job):
    with pytest.raises(TimeoutError):
        jobs.wait(make_job(), timeout_s=0.1)


def test_the_code_from_before_an_upgrade_can_still_make_jobs(db):
    """It knows nothing of the newer columns; `make restart` changes the tables while it still answers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_job (kind, title, task, params, state, progress, message, counts, error, request_id, attempt,"
            " cancel_asked, created, woken) VALUES ('read', 'Read x', 'files.read', '{}', 'queued', 0, '', '{}', '', '', 0,"
            " false, now(), now())"
        )
    job = Job.objects.get()
    assert (job.queue, job.deaths, job.resting, job.phase_rows, job.claim()) == ("light", 0, False, 0, True)
