"""What staging leaves behind, and how that goes."""

import os
import time
from pathlib import Path

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
