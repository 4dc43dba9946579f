"""A file in parts: cut at whole lines, done in any order, and the same in the end as done in one."""

import time

import duckdb
import pytest
from django.db import connection, connections
from django.db.models.functions import Now

from files import actions
from files.import_parts import Stretch, stretches
from files.import_work import PartImporter, forget_staging
from files.importing import start_import
from files.models import DataFile
from files.tests.conftest import read_job
from files.tests.test_worker_killed import staging_tables
from project.core import jobs
from project.core.models import Job
from variants import staging
from variants.models import Record, Variant

ROWS = 50_000  # three row groups


@pytest.fixture
def ready(db, owner):
    """ready(text, name): a file that was read."""

    def of(text: str, name: str = "made-up.tsv") -> DataFile:
        file = actions.upload(name=name, chunks=[text.encode()], by=owner)
        jobs.run_now(read_job(file))
        file.refresh_from_db()
        assert file.state == "ready"
        return file

    return of


def table(rows: int) -> str:
    lines = (f"GENE{n % 50}\tGRCh38\t{n % 22 + 1}\t{1_000_000 + n}\tA\tG\tPathogenic\n" for n in range(rows))
    return "gene\tassembly\tchrom\tpos\tref\talt\tclassification\n" + "".join(lines)


def cut(file: DataFile, places: range = range(7)) -> list[Stretch]:
    with duckdb.connect() as db:
        return stretches(db, file.table_path, places)


def test_parts_follow_each_other_and_hold_every_row(ready, settings):
    settings.IMPORT_PART_ROWS = 25_000
    found = cut(ready(table(ROWS)))
    assert [one.rows for one in found] == [20_480, 20_480, ROWS - 40_960]
    assert (found[0].first, found[-1].last) == (2, ROWS + 1)
    assert all(one.last + 1 == other.first for one, other in zip(found, found[1:], strict=False))


def test_a_small_file_is_one_part(ready):
    assert cut(ready(table(10))) == [Stretch(2, 11, 10)]


def test_heavy_cells_make_smaller_parts(ready, settings):
    rows = "".join(f"{n}\t{'x' * 50}{n}\n" for n in range(ROWS))
    file = ready("id\ttext\n" + rows)
    assert len(cut(file)) == 1
    settings.IMPORT_PART_BYTES = 1_000_000
    assert len(cut(file)) == 3
    assert len(cut(file, range(0))) == 1  # what is not read does not count


def test_a_table_that_is_gone_is_said_so(ready):
    file = ready(table(10))
    for path in file.table_path.glob("*.parquet"):
        path.unlink()
    with pytest.raises(FileNotFoundError):
        cut(file)


def contents() -> list[tuple]:
    variants = Variant.objects.order_by("assembly", "chrom", "pos", "alt").values_list(
        "assembly", "chrom", "pos", "ref", "alt", "gene__symbol", "classification", "record_count"
    )
    records = Record.objects.order_by("load", "line").values_list("line", "variant__pos", "classification")
    return [*variants, *records]


@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_an_import_in_parts_is_the_same_as_in_one(ready, owner, settings, rows):
    file = ready(table(rows))
    found = []
    for part_rows in (1_000_000, 1):
        settings.IMPORT_PART_ROWS = part_rows
        job = jobs.run_now(start_import(file, by=owner))
        assert (job.state, job.error) == ("succeeded", "")
        assert job.counts["lines_read"] == rows
        found.append(contents())
        Record.objects.all().delete()
        Variant.objects.all().delete()
    assert found[0] == found[1]


def test_too_little_memory_is_said_with_what_to_do(ready, owner, settings):
    settings.IMPORT_MEMORY = "1MB"
    job = jobs.run_now(start_import(ready(table(ROWS)), by=owner))
    assert (job.state, "IMPORT_MEMORY, 1MB" in job.error) == ("failed", True)
    assert not Record.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_worker_that_sleeps_in_the_midst_of_its_copy(own_folders):
    job = Job.objects.create(kind="import", title="Import", task="test", state="cancelled", finished=Now())
    table = staging.name(job.pk)
    sleeper = connections.create_connection("default")
    try:
        with connection.cursor() as cursor, sleeper.cursor() as asleep:
            staging.make(cursor, table)
            asleep.execute(f"BEGIN; LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
            began = time.monotonic()
            forget_staging(job)
            assert time.monotonic() - began < 1
            assert table in staging_tables()
            asleep.execute("ROLLBACK")
    finally:
        sleeper.close()
    with PartImporter(job):
        pass  # the sleeper finds its job over
    assert not staging_tables()
