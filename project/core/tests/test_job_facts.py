"""What is said of a job while it waits and runs."""

import datetime

import pytest
from django.utils import timezone

from project.core.job_facts import facts_of
from project.core.job_rows import job_row
from project.core.models import Job, JobPart

pytestmark = pytest.mark.django_db


def ago(seconds: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=seconds)


@pytest.fixture
def running(make_job):
    """`running(began=10, said=0, beat=0)`: a job that is in work, times in seconds ago."""

    def running(*, began: float = 10, said: float = 0, beat: float = 0, **fields) -> Job:
        times = {"started": ago(began), "updated": ago(said), "heartbeat": ago(beat)}
        return make_job(**({"state": "running", "attempt": 1} | times | fields))

    return running


def facts(job):
    return facts_of([job])[job.pk]


def test_the_place_counts_everybodys_jobs_of_the_same_queue(make_job, make_user):
    make_job(queue="heavy", owner=make_user("simon"))
    make_job(queue="light")
    make_job(queue="heavy", state="running")
    second = make_job(queue="heavy")
    assert (facts(second).queue_position, job_row(second)["place"]) == (2, "2nd in line; heavy queue")


def test_only_a_queued_job_has_a_place(running):
    assert facts(running()).queue_position is None


def test_parts_are_counted_with_the_workers_at_them(running):
    job = running()
    for number, state in enumerate(["done", "done", "running", "queued"]):
        JobPart.objects.create(job=job, number=number, state=state)
    found = facts(job).parts
    assert (found.done, found.all, found.in_work) == (2, 4, 1)
    assert job_row(job)["parts"] == "2 of 4 parts, 1 worker"


def test_the_speed_is_that_of_the_phase(running):
    job = running(began=100, phase_began=ago(10), phase_rows=1000, counts={"rows_done": 6000})
    assert facts(job).rows_per_second == pytest.approx(500, rel=0.05)


def test_a_phase_that_counts_no_rows_has_no_speed(running):
    assert facts(running(phase_began=ago(10), phase_rows=6000, counts={"rows_done": 6000})).rows_per_second is None


def test_of_a_job_that_is_over_the_speed_is_that_of_all_of_it(make_job):
    job = make_job(state="succeeded", started=ago(20), finished=ago(10), counts={"lines_read": 1000})
    assert facts(job).rows_per_second == 100


def test_the_time_left_counts_down_between_two_reports(running):
    job = running(began=15, said=5, progress=0.5)
    assert facts(job).seconds_left == pytest.approx(5, abs=1)


@pytest.mark.parametrize("fields", [{"beat": 60, "said": 60}, {"cancel_asked": True}, {"progress": 0.01}])
def test_no_time_is_guessed_where_nobody_can_know(running, fields):
    assert facts(running(**({"began": 100, "progress": 0.5} | fields))).seconds_left is None


def test_a_silent_worker_is_said_with_what_comes_next(running, settings):
    job = running(began=100, said=60, beat=settings.JOB_STALE_SECONDS + 5)
    said = job_row(job)["warning"]
    assert "Nothing has been heard of its worker for 35 s" in said
    assert "next free worker takes it up" in said


def test_a_job_whose_parts_are_in_work_is_not_silent(running):
    job = running(began=100, said=90, beat=90, resting=True)
    JobPart.objects.create(job=job, number=0, state="running", heartbeat=ago(1))
    assert not facts(job).is_silent


def test_a_long_step_is_told_from_a_dead_worker(running):
    assert "its worker is alive" in job_row(running(began=100, said=60, beat=1))["warning"]


def test_news_within_30_s_need_no_warning(running):
    row = job_row(running(said=3))
    assert (row["warning"], row["updated_ago"]) == (None, "3 s ago")


def test_a_job_that_was_taken_up_again_says_so(running):
    assert job_row(running(attempt=2, deaths=1))["again"] == "Taken up again after its worker died."
    assert job_row(running(attempt=2, deaths=0))["again"] is None  # went on after its parts were done
