"""Workers that are killed with -9 while they import: whoever is left does the rest, and the rows are the same."""

from functools import partial

import pytest

from files.models import DataFile
from files.tests.conftest import read_job
from files.tests.faults.bench import CASE, ROWS, Bench, table
from files.tests.faults.looking import (
    as_undisturbed,
    is_copying,
    is_normalising,
    never_half,
    state_of,
    until_over,
    until_said,
)
from files.tests.faults.rows import rows_of
from files.tests.faults.servers import wait_for
from project.core import jobs
from project.core.models import Job
from variants.checking import check
from variants.load_access import withdraw_load
from variants.models import Load

pytestmark = pytest.mark.embedded


def taken_up(bench: Bench, *started: Job) -> None:
    """Beat and a new worker find what the killed ones left."""
    bench.start_beat()
    bench.start_worker()
    for job in started:
        until_over(job)


def killed_when(bench: Bench, job: Job, is_so) -> None:
    worker = bench.start_worker()
    bench.wake(job)
    wait_for(is_so, f"{job} to come so far", every=0.004, seconds=120)
    bench.kill(worker)
    assert state_of(job).state == "running"


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_makes_the_same_rows(case, workers):
    job = case.job()
    with never_half(case):
        for _ in range(workers):
            case.start_worker()
        case.wake(job)
        until_over(job)
    as_undisturbed(case, job)


@pytest.mark.parametrize("phase", ["Opening the table", "Looking what positions count from", "Merging"])
def test_killed_in_a_phase(case, phase):
    job = case.job()
    with never_half(case):
        killed_when(case, job, lambda: state_of(job).message == phase)
        taken_up(case, job)
    as_undisturbed(case, job)


@pytest.mark.parametrize("is_at", [is_normalising, is_copying])
def test_killed_within_a_part(case, is_at):
    job = case.job()
    with never_half(case):
        killed_when(case, job, partial(is_at, case))
        assert state_of(job).message == "Normalising and copying"
        taken_up(case, job)
    as_undisturbed(case, job)


def test_killed_within_the_merges_transaction(case):
    job = case.job()
    with never_half(case):
        with case.locked("variants_record") as is_held_up:
            killed_when(case, job, is_held_up)
        taken_up(case, job)
    as_undisturbed(case, job)


def test_killed_while_another_import_is_being_merged(case):
    job = case.job()
    with never_half(case):
        with case.merge_lock():
            killed_when(case, job, lambda: state_of(job).message.startswith("Waiting until"))
        taken_up(case, job)
    as_undisturbed(case, job)


def test_killed_between_the_merges_commit_and_the_end_of_the_job(case):
    """Its connection dies as well, as with the machine that it ran on: what it asked for last is not done."""
    job = case.job()
    with never_half(case):
        worker = case.start_worker()
        case.wake(job)
        until_said(job, "Merging")
        with case.locked(f"variants_staging_{job.pk}", "ACCESS SHARE") as waiting:
            wait_for(waiting, "the staging table to be dropped")
            assert "load" in state_of(job).result
            case.kill(worker)
            for (pid,) in waiting():
                case.ask("SELECT pg_terminate_backend(%s)", pid)
            wait_for(lambda: not waiting(), "the connection to die")
        taken_up(case, job)
    as_undisturbed(case, job)


def test_killed_while_a_dry_run_compares(case):
    job = case.job(dry_run=True)
    expected = case.expected_dry
    with never_half(case, expected):
        killed_when(case, job, lambda: state_of(job).message == "Comparing")
        taken_up(case, job)
    as_undisturbed(case, job, expected)


def test_killed_while_the_file_is_read(case):
    """A file that is read and then imported, at one go."""
    file = case.upload(table(ROWS), "again.tsv", then_import={"assembly": "GRCh37"})
    job = read_job(file)
    with never_half(case):
        killed_when(case, job, lambda: state_of(job).message.startswith(("Reading", "Writing")))
        assert DataFile.objects.get(pk=file.pk).state == "processing"
        taken_up(case, job)
        assert (job.state, job.error) == ("succeeded", "")
        import_job = until_over(Job.objects.get(file_id=file.pk, kind="import"))
    assert (import_job.state, import_job.counts) == ("succeeded", case.expected.counts)
    assert rows_of(case.postgres, CASE)["claims"][0] == case.expected.rows["claims"][0]


def test_all_workers_killed(case):
    job = case.job()
    with never_half(case):
        workers = [case.start_worker() for _ in range(3)]
        case.wake(job)
        wait_for(lambda: is_copying(case), "a part to be copied", every=0.004, seconds=120)
        case.kill(*workers)
        taken_up(case, job)
    as_undisturbed(case, job)


def test_killed_twice(case):
    job = case.job()
    with never_half(case):
        killed_when(case, job, lambda: is_copying(case))
        case.start_beat()
        worker = case.start_worker()
        until_said(job, "Merging")
        case.kill(worker)
        case.start_worker()
        until_over(job)
    as_undisturbed(case, job)
    assert job.deaths == 2


def test_a_load_withdrawn_while_a_killed_import_waits_to_be_taken_up(case):
    """The same as withdrawn before the import."""
    load = Load.objects.get()
    withdraw_load(load, by=case.owner)
    jobs.run_now(case.job())
    expected = rows_of(case.postgres, CASE)
    with case.case_again():
        job = case.job()
        with case.locked("variants_record") as is_held_up:
            killed_when(case, job, is_held_up)
        withdraw_load(Load.objects.get(label="few.tsv"), by=case.owner)
        taken_up(case, job)
        assert (job.state, job.error) == ("succeeded", "")
        assert rows_of(case.postgres, CASE) == expected


def test_two_imports_at_once_of_which_one_loses_its_worker(case):
    case.read(table(ROWS // 2, said="Benign", first=ROWS * 3 // 4), "other.tsv")
    started = [case.job(), case.job("other.tsv")]
    workers = [case.start_worker() for _ in range(2)]
    case.wake(started[0], times=2)
    wait_for(lambda: any(state_of(job).message == "Merging" for job in started), "a merge", every=0.004, seconds=120)
    case.kill(workers[0])
    taken_up(case, *started)
    for job in started:
        assert (job.state, job.error) == ("succeeded", "")
        assert job.counts["lines_read"] == sum(job.counts[n] for n in ("imported", "merged", "rejected", "skipped"))
    assert check().said == []
    claims, variants = rows_of(case.postgres, CASE)["claims"], rows_of(case.postgres, CASE)["variants"][0]
    with case.case_again():
        case.read(table(ROWS // 2, said="Benign", first=ROWS * 3 // 4), "other.tsv")
        for name in ("other.tsv", "many.tsv"):
            jobs.run_now(case.job(name))
        assert rows_of(case.postgres, CASE)["claims"] == claims
        assert rows_of(case.postgres, CASE)["variants"][0] == variants
