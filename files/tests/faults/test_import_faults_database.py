"""PostgreSQL that is killed, stopped, restarted or out of disk while a file is imported."""

import os
import signal
import subprocess
from functools import partial

import pytest

from files.tests.faults.bench import CASE, Bench
from files.tests.faults.looking import as_undisturbed, is_copying, never_half, small_disk, state_of, until_over
from files.tests.faults.rows import seen
from files.tests.faults.servers import wait_for
from project.core import jobs
from project.core.models import Job

pytestmark = pytest.mark.embedded

KILLED, IMMEDIATE, FAST = signal.SIGKILL, signal.SIGQUIT, signal.SIGINT
each_way = pytest.mark.parametrize("how", [KILLED, IMMEDIATE, FAST], ids=["killed", "immediate", "fast"])
needs_mount = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")


def begun(bench: Bench, job: Job, is_so) -> None:
    """One worker, and beat, are at the job and have come so far."""
    bench.start_beat()
    bench.start_worker()
    bench.wake(job)
    wait_for(is_so, f"{job} to come so far", every=0.004, seconds=120)


def staged(bench: Bench, job: Job) -> int:
    return bench.ask(f"SELECT count(*) FROM variants_staging_{job.pk:d}")[0][0]


@each_way
def test_stopped_while_a_part_is_copied(case, how):
    job = case.job()
    with never_half(case):
        begun(case, job, partial(is_copying, case))
        case.postgres.restart(how)
        until_over(job)
    as_undisturbed(case, job)


@each_way
def test_stopped_between_the_copy_and_the_merge(case, how):
    """Recovery empties the staging table, and a stop in good order does not: the parts are done again only if they must."""
    job = case.job()
    with never_half(case):
        with case.merge_lock():
            begun(case, job, lambda: state_of(job).message.startswith("Waiting until"))
            there = staged(case, job)
            case.postgres.restart(how)
            assert staged(case, job) == (there if how == FAST else 0)
        until_over(job)
    as_undisturbed(case, job)


@each_way
def test_stopped_within_the_merge(case, how):
    job = case.job()
    with never_half(case):
        with case.locked("variants_record") as is_held_up:
            begun(case, job, is_held_up)
            case.postgres.restart(how)
        until_over(job)
    as_undisturbed(case, job)


def test_killed_at_a_statement_of_the_merge(case):
    """Nothing holds it up: the postmaster dies while rows are being written."""
    job = case.job()
    with never_half(case):
        begun(case, job, lambda: case.is_at("INSERT INTO variants_record", ".*INSERT INTO variants_variant"))
        case.postgres.restart(KILLED)
        until_over(job)
    as_undisturbed(case, job)


def test_the_merges_connection_alone_is_ended(case):
    job = case.job()
    with never_half(case):
        with case.locked("variants_record") as is_held_up:
            begun(case, job, is_held_up)
            for (pid,) in is_held_up():
                case.ask("SELECT pg_terminate_backend(%s)", pid)
        until_over(job)
    as_undisturbed(case, job)


def test_away_for_longer_than_a_worker_counts_as_alive(case):
    job = case.job()
    with never_half(case):
        begun(case, job, partial(is_copying, case))
        case.postgres.end(FAST)
        wait_for(lambda: not case.postgres.answers(), "nobody to answer")
        subprocess.run(["sleep", "5"], check=True)
        case.postgres.start()
        until_over(job)
    as_undisturbed(case, job)


# --- disks that are full --------------------------------------------------------------------------


@needs_mount
def test_no_room_for_temporary_files(case):
    job = case.job()
    with never_half(case), small_disk(case.var_dir / "tmp", 64 * 1024) as grow:
        case.start_beat()
        case.start_worker()
        case.wake(job)
        until_over(job)
        assert job.state == "failed"
        assert "The disk that holds files is full" in job.error
        assert seen(case.postgres, CASE) == case.expected.before
        grow()
        again = jobs.retry(job, by=case.owner)
        case.wake(again)
        until_over(again)
    as_undisturbed(case, again)


@needs_mount
@pytest.mark.parametrize(("room", "is_staged"), [(2 * 1024**2, False), (8 * 1024**2, True)], ids=["staging", "merge"])
def test_no_room_in_the_database(bench, room, is_staged):
    disk = bench.var_dir / "small"
    disk.mkdir(exist_ok=True)
    (size,) = bench.ask("SELECT pg_database_size('vardesk_template')", database="postgres")[0]
    with small_disk(disk, size + room) as grow, bench.tablespace(disk) as more, bench.tested_case(more) as case:
        job = case.job()
        with never_half(case):
            case.start_beat()
            case.start_worker()
            case.wake(job)
            until_over(job)
            assert job.state == "failed"
            assert "The disk of the database is full" in job.error
            assert (job.progress >= 0.59) == is_staged
            assert seen(case.postgres, CASE) == case.expected.before
            grow()
            again = jobs.retry(job, by=case.owner)
            case.wake(again)
            until_over(again)
        as_undisturbed(case, again)
