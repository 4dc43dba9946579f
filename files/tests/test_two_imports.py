"""Two worker processes at once: no deadlock, nothing doubled, the same result as one after the other."""

import itertools
from typing import Any

import pytest

from files import importing
from files.import_asked import Asked
from files.models import DataFile
from files.tests.test_worker_killed import Workers, read_job, staging_tables, until, workers  # noqa: F401 - a fixture
from project.core import jobs
from project.core.api import cancel
from project.core.models import Job
from variants.checking import check
from variants.load_access import withdraw_load
from variants.models import Load, Record, Variant, VariantGene

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 20_000


def table(first: int, said: str) -> str:
    """Rows of ROWS places in a row from `first` on; every tenth place is named by two rows."""
    places = itertools.chain.from_iterable([n] * (2 if n % 10 == 0 else 1) for n in range(first, first + ROWS))
    lines = (f"GENE{n % 50}\tGRCh38\t{n % 22 + 1}\t{1_000_000 + n}\tA\tG\t{said}\n" for n in places)
    return "gene\tassembly\tchrom\tpos\tref\talt\tclassification\n" + "".join(lines)


@pytest.fixture
def ready(owner):
    def of(content: str, name: str) -> DataFile:
        from files import actions

        file = actions.upload(name=name, chunks=[content.encode()], by=owner)
        jobs.run_now(read_job(file))
        file.refresh_from_db()
        return file

    return of


@pytest.fixture
def both(workers, owner):  # noqa: F811
    """both(files, **asked): their import jobs, done by two workers at once, over."""

    def of(files: list[DataFile], **asked: Any) -> list[Job]:
        for _ in range(2):
            workers.start_worker()
        started = [importing.start_import(file, Asked(**asked), by=owner) for file in files]
        for job in started:
            workers.wake(job)
        over(started)
        return started

    return of


def over(started: list[Job]) -> None:
    for job in started:
        until(lambda job=job: jobs.wait(job, timeout_s=1).is_over if _is_over(job) else False, seconds=240, every=0.2)


def _is_over(job: Job) -> bool:
    job.refresh_from_db()
    return job.is_over


def content() -> dict[str, Any]:
    """What readers see, without the numbers of rows."""
    fields = ("assembly", "chrom", "pos", "ref", "alt", "classification", "conflict", "record_count", "gene__symbol")
    claims = Record.objects.current().values_list("load__label", "line", "alt_index", "variant__key", "classification")
    return {
        "variants": sorted(Variant.objects.values_list("key", *fields)),
        "claims": sorted(claims),
        "genes": sorted(VariantGene.objects.values_list("variant__key", "gene__symbol", "named")),
    }


def sums(started: list[Job]) -> None:
    for job in started:
        assert (job.state, job.error) == ("succeeded", "")
        assert job.counts["lines_read"] == sum(job.counts[n] for n in ("imported", "merged", "rejected", "skipped"))


def test_overlapping_files_at_once_end_like_one_after_the_other(both, ready, owner):
    files = [ready(table(0, "Pathogenic"), "one.tsv"), ready(table(ROWS // 2, "Benign"), "two.tsv")]
    started = both(files)
    sums(started)
    assert sum(job.counts["alleles_imported"] for job in started) == ROWS * 3 // 2 == Variant.objects.count()
    assert Variant.objects.filter(conflict=True).count() == ROWS // 2
    assert (check().said, staging_tables()) == ([], [])
    at_once = content()
    for load in Load.objects.all():
        withdraw_load(load, by=owner)
    VariantGene.objects.all().delete()
    Record.objects.all().delete()
    Load.objects.all().delete()
    Variant.objects.all().delete()
    for file in files:
        jobs.run_now(importing.start_import(file, by=owner))
    assert content() == at_once


def test_the_same_file_imported_by_two_jobs_at_once_is_one_load(both, ready):
    file = ready(table(0, "Pathogenic"), "one.tsv")
    started = both([file, file])
    sums(started)
    assert sorted(job.counts["alleles_imported"] for job in started) == [0, ROWS]
    assert (Load.objects.count(), Record.objects.count()) == (1, ROWS * 11 // 10)
    assert check().said == []


def test_an_import_a_withdrawal_and_a_dry_run_at_once(workers, ready, owner):  # noqa: F811
    first, second = ready(table(0, "Pathogenic"), "one.tsv"), ready(table(ROWS // 2, "Benign"), "two.tsv")
    jobs.run_now(importing.start_import(first, by=owner))
    load = Load.objects.get()
    for _ in range(2):
        workers.start_worker()
    import_, dry = (importing.start_import(second, Asked(dry_run=d), by=owner) for d in (False, True))
    for job in (import_, dry):
        workers.wake(job)
    until(lambda: _said(import_).startswith(("Merging", "Done")), seconds=120)
    withdraw_load(load, by=owner)
    over([import_, dry])
    sums([import_, dry])
    assert dry.result["dry_run"]
    assert set(Record.objects.current().values_list("load", flat=True)) == {import_.result["load"]}
    assert not Variant.objects.filter(conflict=True).exists()
    assert check().said == []


def _said(job: Job) -> str:
    job.refresh_from_db()
    return job.message


def test_a_cancel_during_the_merge_leaves_all_of_it_or_nothing(workers, ready, owner):  # noqa: F811
    file = ready(table(0, "Pathogenic"), "one.tsv")
    workers.start_worker()
    job = importing.start_import(file, by=owner)
    workers.wake(job)
    until(lambda: _said(job).startswith(("Merging", "Done")), seconds=120)
    cancel(job, by=owner)
    over([job])
    kept = {"succeeded": ROWS, "cancelled": 0}
    assert Variant.objects.current().count() == kept[job.state]
    assert (check().said, staging_tables()) == ([], [])


def test_an_import_that_waits_for_another_merge_can_be_cancelled_and_readers_never_wait(workers, ready, owner, client):  # noqa: F811
    from django.db import connection, transaction

    from variants.merging import take_merge_lock

    file = ready("gene,assembly,chrom,pos,ref,alt\nAAA,GRCh38,1,100,A,G\n", "one.csv")
    workers.start_worker()
    job = importing.start_import(file, by=owner)
    with transaction.atomic():
        take_merge_lock()
        workers.wake(job)
        until(lambda: _said(job).startswith("Waiting"), seconds=120)
        client.force_login(owner)
        assert client.get("/variants/").status_code == 200
        cancel(job, by=owner)
    over([job])
    assert job.state == "cancelled"
    assert not Variant.objects.exists()
    assert connection.is_usable()
