"""What staging leaves behind, and how that goes."""

import os
import time
from pathlib import Path

import duckdb
import pytest
from django.db import connection

from variants import staging
from variants.tests.conftest import new_job

pytestmark = pytest.mark.django_db


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("variants_staging_")}


def test_tables_of_jobs_that_are_over_go_and_those_in_work_stay(own_folders):
    running, over = new_job(), new_job(state="failed")
    with connection.cursor() as cursor:
        for job_id in (running.pk, over.pk, 2_000_000_000):
            staging.make(cursor, staging.name(job_id))
        staging.sweep(cursor)
        staging.sweep(cursor)
    assert tables() == {f"variants_staging_{running.pk}{suffix}" for suffix in staging.TABLES}


def test_old_files_of_a_killed_worker_go(own_folders, settings):
    folder = Path(settings.VAR_DIR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    old, new, other = (folder / name for name in ("variants_staging_1-0.csv", "variants_staging_2-0.csv", "mine.csv"))
    for path in (old, new, other):
        path.write_text("1\n")
    for path in (old, other):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    with connection.cursor() as cursor:
        staging.sweep(cursor)
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


class TwiceAtOnce:
    """A DuckDB whose worker sleeps after its first file is written, while another does the same part."""

    def __init__(self, db, meanwhile):
        self.db, self.meanwhile = db, meanwhile

    def execute(self, sql, *more):
        answer = self.db.execute(sql, *more)
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            meanwhile()
        return answer


def test_two_attempts_at_a_part_do_not_touch_each_others_files(own_folders, monkeypatch):
    job = new_job()
    table = staging.name(job.pk)
    monkeypatch.setattr(staging, "TABLES", {"": "n integer"})
    monkeypatch.setattr(staging, "QUESTIONS", {"": "SELECT 1 AS n"})
    with duckdb.connect() as db, connection.cursor() as cursor:
        staging.make(cursor, table)
        slept = TwiceAtOnce(db, lambda: staging.copy_part(db, cursor, table, 0, 2))
        assert staging.copy_part(slept, cursor, table, 0, 1) == 1
        assert staging.rows_in(cursor, table) == 2  # a part's end, fenced, lets one of them commit
        staging.drop(cursor, table)
