"""What a database says once an import is over, and what a reader sees meanwhile."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg2

from files.tests.faults.servers import Postgres

# Every column of every table that an import writes, but for numbers and times of its own; rows in any order.
_LOAD, _VARIANT = "JOIN variants_load l ON l.id = t.load_id", "JOIN variants_variant v ON v.id = t.variant_id"
_GENE = "JOIN variants_gene g ON g.id = t.gene_id"
_ROWS = {  # name: table, columns left out, columns put in, from where
    "variants": ("variants_variant", "id,gene_id", "'gene', g.symbol", f"LEFT {_GENE}"),
    "claims": (
        "variants_record", "id,load_id,variant_id", "'load', l.fingerprint, 'variant', v.key", f"{_LOAD} {_VARIANT}",
    ),
    "names": (
        "variants_variantname", "id,load_id,variant_id", "'load', l.fingerprint, 'variant', v.key",
        f"{_LOAD} {_VARIANT}",
    ),
    "genes of variants": (
        "variants_variantgene", "id,gene_id,variant_id", "'gene', g.symbol, 'variant', v.key", f"{_GENE} {_VARIANT}",
    ),
    "genes": ("variants_gene", "id", "", ""),
    "names of genes": ("variants_genename", "id,gene_id", "'gene', g.symbol", _GENE),
    "loads": (
        "variants_load", "id,created,created_by_id,followed_by_id", "'after', l.fingerprint",
        "LEFT JOIN variants_load l ON l.id = t.followed_by_id",
    ),
    "issues": ("variants_loadissue", "id,load_id", "'load', l.fingerprint", _LOAD),
    "words": ("variants_reportedword", "id,load_id", "'load', l.fingerprint", _LOAD),
    "changes": (
        "variants_classificationchange", "id,at,load_id,variant_id", "'load', l.fingerprint, 'variant', v.key",
        f"LEFT {_LOAD} {_VARIANT}",
    ),
}  # fmt: skip

# One statement, and so one moment: what lists, pages of genes and counts show.
_SEEN = """
SELECT (SELECT count(*) FROM variants_variant WHERE record_count > 0),
  (SELECT sum(record_count) FROM variants_variant),
  (SELECT count(*) FROM variants_record r JOIN variants_load l ON l.id = r.load_id WHERE l.state = 'live'),
  (SELECT sum(variant_count) FROM variants_gene),
  (SELECT count(*) FROM variants_variantgene),
  (SELECT count(*) FROM variants_load WHERE state = 'live')
"""
Seen = tuple[int, ...]


def rows_of(postgres: Postgres, database: str) -> dict[str, tuple[int, str]]:
    """Table -> number of rows and a digest of all of them."""
    with postgres.connected(database) as cursor:
        found = {}
        for name, (table, out, put_in, joined) in _ROWS.items():
            said = f"to_jsonb(t) - '{{{out}}}'::text[] || jsonb_build_object({put_in})"
            cursor.execute(
                "SELECT count(*), md5(string_agg(said, '' ORDER BY said))"
                f" FROM (SELECT md5(({said})::text) AS said FROM {table} t {joined}) x"
            )
            found[name] = tuple(cursor.fetchone())
        return found


def seen(postgres: Postgres, database: str) -> Seen:
    with postgres.connected(database) as cursor:
        cursor.execute(_SEEN)
        return tuple(int(count or 0) for count in cursor.fetchone())


class Watcher(threading.Thread):
    """A reader that looks all the time; `moments` is everything that it ever saw, in the order of the first time."""

    def __init__(self, postgres: Postgres, database: str, every_s: float = 0.1):
        super().__init__(name="watcher", daemon=True)
        self.postgres, self.database, self.every_s = postgres, database, every_s
        self.moments: list[Seen] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            with contextlib.suppress(psycopg2.Error):  # the server is away
                self._look()
            self.stopped.wait(0.05)

    def _look(self) -> None:
        with self.postgres.connected(self.database) as cursor:
            while not self.stopped.is_set():
                cursor.execute(_SEEN)
                moment = tuple(int(count or 0) for count in cursor.fetchone())
                if moment not in self.moments[-1:]:
                    self.moments.append(moment)
                self.stopped.wait(self.every_s)


@contextlib.contextmanager
def watching(postgres: Postgres, database: str) -> Iterator[list[Seen]]:
    watcher = Watcher(postgres, database)
    watcher.start()
    try:
        yield watcher.moments
    finally:
        watcher.stopped.set()
        watcher.join(30)


_LEFT = {
    "staging tables": "SELECT relname FROM pg_class WHERE relname LIKE 'variants_staging%%' AND relkind = 'r'",
    "parts": "SELECT id FROM core_jobpart",
    "jobs in work": "SELECT id, state, message FROM core_job WHERE state IN ('queued', 'running')",
    "locks": "SELECT l.locktype, l.mode, a.state, left(a.query, 200) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name <> 'test'"
    " AND l.locktype <> 'virtualxid' AND a.backend_type = 'client backend'",
    "open transactions": "SELECT pid, state, left(query, 200) FROM pg_stat_activity WHERE datname = current_database()"
    " AND xact_start IS NOT NULL AND pid <> pg_backend_pid() AND application_name <> 'test'"
    " AND backend_type = 'client backend'",
}


def left_over(postgres: Postgres, database: str) -> dict[str, list[Any]]:
    """What an import that is over must not leave behind; empty where all is well."""
    found = {}
    with postgres.connected(database) as cursor:
        for name, statement in _LEFT.items():
            cursor.execute(statement)
            if rows := cursor.fetchall():
                found[name] = rows
    return found
