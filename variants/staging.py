"""The staging tables of one import: normalised alleles on their way from DuckDB to PostgreSQL, a part of the file at a time.

Unlogged: after a crash of PostgreSQL they are empty. Whoever merges compares the rows in them with those that were copied.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from project.core.locks import Locked, lock_timeout
from project.core.models import Job
from variants.staging_sql import QUESTIONS, TABLES

COPY_NULL = r"\N"
LOCK_WAIT_S = 0.5  # less than the second after which PostgreSQL looks for deadlocks
LEFT_FOR_S = 3600.0  # no part takes so long


def name(job_id: int) -> str:
    """The tables of a job begin with it; digits only go into the SQL."""
    return f"variants_staging_{job_id:d}"


def make(cursor: Any, table: str) -> None:
    for suffix, columns in TABLES.items():
        cursor.execute(f"CREATE UNLOGGED TABLE IF NOT EXISTS {table}{suffix} ({columns})")


def drop(cursor: Any, table: str) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'{table}{suffix}' for suffix in TABLES)}")


def drop_unless_copied_to(cursor: Any, table: str) -> None:
    """Drop, unless a worker is copying into it at this moment: that one, or `sweep`, does when it is done.

    A worker may sleep in the midst of its copy for as long as it likes; nobody waits for it.
    """
    with suppress(Locked), lock_timeout(LOCK_WAIT_S):
        drop(cursor, table)


def forget_files(table: str) -> None:
    """Remove what killed attempts at parts of a job that is over left behind on this host."""
    folder = Path(settings.VAR_DIR) / "tmp"
    for path in [*folder.glob(f"{table}-*.csv"), *folder.glob(f"{table}_*.csv")]:
        path.unlink(missing_ok=True)


def sweep(cursor: Any) -> None:
    """Drop the tables, and remove the files, of jobs that are over: of a worker that copied on after its job's end."""
    cursor.execute("SELECT substring(relname FROM '^variants_staging_([0-9]+)$')::bigint FROM pg_class"
                   " WHERE relkind = 'r' AND relname ~ '^variants_staging_[0-9]+$' AND pg_table_is_visible(oid)")  # fmt: skip
    left = {row[0] for row in cursor.fetchall()}
    for job_id in left - set(Job.objects.in_work().filter(pk__in=left).values_list("pk", flat=True)):
        drop_unless_copied_to(cursor, name(job_id))
    for path in (Path(settings.VAR_DIR) / "tmp").glob("variants_staging_*.csv"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > LEFT_FOR_S:
                path.unlink()


def rows_in(cursor: Any, table: str) -> int:
    """Rows in all of its tables, as `copy_part` counts them. Zero where PostgreSQL crashed since."""
    cursor.execute("SELECT " + " + ".join(f"(SELECT count(*) FROM {table}{suffix})" for suffix in TABLES))
    return int(cursor.fetchone()[0])


def copy_part(db: duckdb.DuckDBPyConnection, cursor: Any, table: str, part: int, attempt: int = 0) -> int:
    """Copy `alleles` (with `words`) of `db` into the staging tables, in the caller's transaction; returns the rows copied.

    `part` is the number of the part of the file that `db` holds: a run of lines, so that of two parts one has all the
    earlier lines. Several connections may copy parts of one import at once, and two attempts the same part: who slept
    and had its part taken over may wake up while the other copies.
    """
    folder = Path(settings.VAR_DIR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    copied = 0
    for suffix, question in QUESTIONS.items():
        # A name of its own: one attempt neither writes into the other's file nor removes it. `sweep` takes a killed one's.
        path = folder / f"{table}{suffix}-{part:d}-{attempt:d}.csv"
        try:
            db.execute(f"COPY ({question}) TO '{str(path).replace(chr(39), chr(39) * 2)}'"
                       f" (FORMAT csv, HEADER false, NULLSTR '{COPY_NULL}')")  # fmt: skip
            with path.open("rb") as stream:
                cursor.copy_expert(f"COPY {table}{suffix} FROM STDIN WITH (FORMAT csv, NULL '{COPY_NULL}')", stream)
            copied += cursor.rowcount
        finally:
            path.unlink(missing_ok=True)
    return copied
