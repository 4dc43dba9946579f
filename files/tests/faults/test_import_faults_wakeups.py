"""A broker that says things twice or not at all, clocks that are wrong, people who cancel, and small work beside large."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from files.tests.conftest import read_job
from files.tests.faults.bench import CASE, table
from files.tests.faults.looking import (
    as_undisturbed,
    is_copying,
    is_normalising,
    never_half,
    state_of,
    until_over,
    until_said,
)
from files.tests.faults.rows import left_over, seen
from files.tests.faults.servers import wait_for
from project.core import jobs
from project.core.models import Job

pytestmark = pytest.mark.embedded

DAY_S = 86_400
CANCELLED_WITHIN_S = 5.0  # 2 s are promised; this machine may be busy with other tests
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="the Debian package faketime is not installed")


# --- the broker -----------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 3])
def test_delivered_more_than_once(case, times):
    job = case.job()
    with never_half(case):
        for _ in range(2):
            case.start_worker()
        case.wake(job, times=times)
        until_over(job)
        case.wake(job)  # and once more when it is over
        time.sleep(0.5)
    as_undisturbed(case, job)
    assert job.deaths == 0


def test_the_broker_is_away_while_the_job_waits(case):
    """For 6 s, two times what a worker counts as alive: a minute is two times that by default."""
    case.start_beat()
    case.start_worker()
    case.redis.end(signal.SIGKILL)
    job = case.job()
    time.sleep(6)
    assert state_of(job).state == "queued"
    case.redis.start()
    with never_half(case):
        until_over(job)
    as_undisturbed(case, job)


def test_the_broker_is_away_while_the_job_runs(case):
    job = case.job()
    with never_half(case):
        case.start_beat()
        case.start_worker()
        case.wake(job)
        wait_for(partial(is_normalising, case), "a part", every=0.004, seconds=120)
        case.redis.end(signal.SIGKILL)
        until_over(job)  # without it
    as_undisturbed(case, job)
    case.redis.start()
    file = case.upload("gene\tclass\nBRCA1\tBenign\n", "after.tsv")
    assert until_over(read_job(file)).state == "succeeded"


def test_the_broker_forgets_all_messages(case):
    job = case.job()
    case.wake(job)
    case.redis.end(signal.SIGKILL)
    case.redis.start()
    with never_half(case):
        case.start_beat()
        case.start_worker()
        until_over(job)
    as_undisturbed(case, job)


# --- clocks ---------------------------------------------------------------------------------------


class Clock:
    """The time of a process, to be set while it runs. What measures how long something takes is not touched, as in a jump."""

    def __init__(self, folder: Path):
        self.file = folder / f"clock-{time.monotonic_ns()}"
        self.set(0)

    def set(self, seconds: int) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.file)

    @property
    def env(self) -> dict[str, str]:
        names = ("FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC")
        own = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.file)}
        return own | dict.fromkeys(names, "1")

    def says(self) -> float:
        code = "import time; print(time.time())"
        return float(subprocess.check_output([sys.executable, "-c", code], env=os.environ | self.env))


@needs_faketime
@pytest.mark.parametrize("jump", [DAY_S, -DAY_S], ids=["ahead", "back"])
def test_the_clock_jumps_while_the_job_runs(case, jump):
    clock, job = Clock(case.folder), case.job()
    with never_half(case):
        case.start_beat()
        case.start_worker(**clock.env)
        case.wake(job)
        wait_for(partial(is_normalising, case), "a part", every=0.004, seconds=120)
        clock.set(jump)
        assert abs(clock.says() - time.time() - jump) < 60
        until_over(job)
    as_undisturbed(case, job)
    assert (job.attempt, job.deaths) == (1, 0)  # nobody took it for dead
    assert job.created <= job.started <= job.finished


@needs_faketime
def test_workers_whose_clocks_are_days_apart(case):
    """One is killed: the other, by whose clock everything was yesterday, takes up what was left, and not before."""
    clocks, job = [Clock(case.folder), Clock(case.folder)], case.job()
    for clock, seconds in zip(clocks, (DAY_S, -DAY_S), strict=True):
        clock.set(seconds)
    with never_half(case):
        case.start_beat()
        workers = [case.start_worker(**clock.env) for clock in clocks]
        case.wake(job)
        wait_for(partial(is_copying, case), "a part", every=0.004, seconds=120)
        case.kill(workers[0])
        until_over(job)
    as_undisturbed(case, job)
    assert job.deaths <= 1


# --- cancelling -----------------------------------------------------------------------------------


def test_cancelled_in_each_phase_within_2_s(case):
    """One worker all the time: it goes on with the next job."""
    case.start_worker()
    took = {}
    with never_half(case):
        for phase in ("Opening the table", "Looking what positions count from", "Merging"):
            job = woken(case)
            until_said(job, phase)
            took[phase] = cancelled(case, job)
        for is_at in (is_normalising, is_copying):
            job = woken(case)
            wait_for(partial(is_at, case), is_at.__name__, every=0.004, seconds=120)
            took[is_at.__name__] = cancelled(case, job)
        job = woken(case)
        with case.merge_lock():
            until_said(job, "Waiting until")
            took["Waiting"] = cancelled(case, job)
        job = woken(case)
        with case.locked("variants_record") as is_held_up:
            wait_for(is_held_up, "the merge to be held up", seconds=120)
            took["Merging, at a lock"] = cancelled(case, job)
        job = woken(case, dry_run=True)
        until_said(job, "Comparing")
        took["Comparing"] = cancelled(case, job)
        last = woken(case)
        until_over(last)
    as_undisturbed(case, last)
    print("\n".join(f"cancelled after {seconds:.2f} s: {phase}" for phase, seconds in took.items()))
    assert max(took.values()) < CANCELLED_WITHIN_S, took


def woken(case, **asked) -> Job:
    job = case.job(**asked)
    case.wake(job)
    return job


def cancelled(case, job: Job) -> float:
    """Seconds until the job is over; nothing of it is left then."""
    begin = time.monotonic()
    jobs.cancel(job, by=case.owner)
    wait_for(lambda: state_of(job).is_over, f"{job} to stop", seconds=60, every=0.01)
    took = time.monotonic() - begin
    assert (job.state, job.error) == ("cancelled", "")
    assert seen(case.postgres, CASE) == case.expected.before
    wait_for(lambda: left_over(case.postgres, CASE) == {}, "nothing to be left", seconds=10)
    assert list((case.var_dir / "tmp").glob("*")) == []
    return took


# --- small work beside large ----------------------------------------------------------------------


def test_a_small_upload_is_read_while_a_large_import_keeps_the_heavy_work_busy(case, settings):
    """One worker with two processes: large files may have one of them."""
    settings.HEAVY_BYTES = 1_000_000
    large = case.job()
    assert large.queue == "heavy"
    case.start_worker(concurrency=2)
    with never_half(case):
        with case.locked("variants_record") as is_held_up:
            case.wake(large, times=2)
            wait_for(is_held_up, "the merge to be held up", seconds=120)
            small = read_job(case.upload(table(100), "small.tsv"))
            assert small.queue == "light"
            case.wake(small)
            until_over(small)
            assert (small.state, state_of(large).state) == ("succeeded", "running")
        until_over(large)
    as_undisturbed(case, large)
