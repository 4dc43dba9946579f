"""The staging table of one import: normalised alleles on their way from DuckDB to PostgreSQL, a part of the file at a time.

Unlogged: after a crash of PostgreSQL it is empty. Whoever merges compares the rows in it with those that were copied.
"""

from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from variants import merge_sql
from variants.normalising import OUTPUT
from variants.words import STAGED

COPY_NULL = r"\N"


def name(job_id: int) -> str:
    """The table of a job; digits only go into the SQL."""
    return f"variants_staging_{job_id:d}"


def make(cursor: Any, table: str) -> None:
    cursor.execute(f"CREATE UNLOGGED TABLE IF NOT EXISTS {table} ({merge_sql.STAGING_COLUMNS})")


def drop(cursor: Any, table: str) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {table}")


def rows_in(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


def copy_part(db: duckdb.DuckDBPyConnection, cursor: Any, table: str, part: int) -> int:
    """Copy `alleles` (with `words`) of `db` into the staging table, in the caller's transaction; returns the rows copied.

    `part` is the number of the part of the file that `db` holds.
    """
    columns = [c for c in OUTPUT if c not in ("genes", "names")]
    # Of a row that is not kept only what says so: its texts may hold what PostgreSQL cannot.
    of_kept = {c: f"CASE WHEN fate = 'keep' THEN {c} END" for c in OUTPUT}
    chosen = ", ".join(
        f"{c if c in ('line', 'alt_index', 'fate') else of_kept[c]} AS {c}" for c in columns if c != "reason"
    )
    folder = Path(settings.VAR_DIR) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table}-{part:d}.csv"  # one name for all attempts of a part: nothing is left by a killed one
    try:
        db.execute(
            f"COPY (SELECT {chosen}, replace(reason, chr(0), '\ufffd') AS reason, to_json({of_kept['genes']}) AS genes,"
            f" to_json({of_kept['names']}) AS names, {STAGED}"
            " FROM alleles LEFT JOIN words USING (reported) ORDER BY key, line, alt_index)"
            f" TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT csv, HEADER false, NULLSTR '{COPY_NULL}')"
        )
        names = ", ".join([*(c for c in columns if c != "reason"), "reason", "genes", "names", "class", "known"])
        with path.open("rb") as stream:
            cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT csv, NULL '{COPY_NULL}')", stream)
        cursor.execute(f"ANALYZE {table}")
    finally:
        path.unlink(missing_ok=True)
    return int((db.execute("SELECT count(*) FROM alleles").fetchone() or (0,))[0])
