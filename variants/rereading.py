"""Stored claims read again after the table of classifications changed: one transaction, set-based, safe to repeat."""

import time
from typing import Any

from django.db import connection, transaction

from project.core.jobs import Run
from variants import merge_sql
from variants.classification import LONGEST_TEXT, Classification
from variants.merging import MERGE_LOCK, bound_pauses
from variants.models import DataVersion
from variants.terms import current_terms
from variants.words import REST, keep_words_of_older_loads, put_readings

LOCK_WAIT_SECONDS = 0.5  # between tries, so that a cancel is heard while an import is being merged

# Texts that loads list, and those of loads that do not list all of theirs.
_LISTED = f"SELECT text, classification, known FROM variants_reportedword WHERE text <> '{REST}' GROUP BY 1, 2, 3"
_UNLISTED = f"""
SELECT r.reported_classification, min(r.classification), NULL::boolean FROM variants_record r
WHERE length(r.reported_classification) <= {LONGEST_TEXT:d} AND r.load_id IN (
  SELECT l.id FROM variants_load l LEFT JOIN variants_reportedword w ON w.load_id = l.id
  GROUP BY l.id HAVING count(w.id) = 0 OR bool_or(w.text = '{REST}'))
GROUP BY 1
"""

_UPDATE = """
CREATE TEMP TABLE reread (variant_id bigint, text text) ON COMMIT DROP;
WITH changed AS (
  UPDATE variants_record r SET classification = c.class FROM readings c
  WHERE r.reported_classification = c.text AND r.classification <> c.class
  RETURNING r.variant_id, r.load_id, c.text
)
INSERT INTO reread SELECT variant_id, text FROM changed JOIN variants_load l ON l.id = load_id AND l.state = 'live';
UPDATE variants_reportedword w SET classification = c.class, known = c.known FROM readings c
  WHERE w.text = c.text AND (w.classification, w.known) IS DISTINCT FROM (c.class, c.known);
CREATE TEMP TABLE why ON COMMIT DROP AS
  SELECT variant_id AS id, left(string_agg('“' || left(text, 80) || '” is read as ' || label, '; ' ORDER BY text), 300) AS said
  FROM (SELECT DISTINCT variant_id, text FROM reread) one JOIN readings USING (text)
  JOIN unnest(%(classes)s::smallint[], %(labels)s::text[]) AS named (class, label) USING (class)
  GROUP BY variant_id;
CREATE UNIQUE INDEX ON why (id);
DROP TABLE IF EXISTS affected;
CREATE TEMP TABLE affected ON COMMIT DROP AS
  SELECT v.id, v.classification, v.conflict, v.record_count FROM variants_variant v JOIN why USING (id);
CREATE UNIQUE INDEX ON affected (id);
ANALYZE affected;
DROP TABLE IF EXISTS touched_genes;
CREATE TEMP TABLE touched_genes (id bigint) ON COMMIT DROP;
"""
# The history says for each variant which words of its claims are read otherwise, whichever job came to it first.
_AGGREGATE = merge_sql.AGGREGATE.replace("%(cause)s", "(SELECT said FROM why WHERE why.id = v.id)")


def reread(run: Run) -> None:
    """The work of a `reclassify` job: bring every stored claim in line with the table as it is now."""
    run.report(0.05, "Waiting for imports")
    connection.ensure_connection()
    with run.stoppable(connection.connection.cancel), transaction.atomic(), connection.cursor() as cursor:
        _take_merge_lock(cursor, run)
        bound_pauses(cursor)
        counts = _bring_in_line(cursor, run)
        if counts["claims"] or counts["spellings"]:
            DataVersion.bump()
        run.hold()  # last: until here the person can cancel, and nothing has happened
        run.save(counts=counts, result=counts)


def _take_merge_lock(cursor: Any, run: Run) -> None:
    while True:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MERGE_LOCK])
        if cursor.fetchone()[0]:
            return
        run.check()
        time.sleep(LOCK_WAIT_SECONDS)


def _bring_in_line(cursor: Any, run: Run) -> dict[str, int]:
    """Returns how many spellings are read otherwise, of how many current claims, and of how many variants."""
    terms = current_terms()  # after the lock: an import that was quicker is compared, too
    put_readings(cursor, _LISTED, [], terms, run.check)
    put_readings(cursor, _UNLISTED, [], terms, run.check, append=True)
    cursor.execute(_UPDATE, {"classes": [c.value for c in Classification], "labels": [c.label for c in Classification]})
    run.check()
    cursor.execute(_AGGREGATE, {"load": None})
    keep_words_of_older_loads(cursor)
    cursor.execute("SELECT count(DISTINCT text), count(*), count(DISTINCT variant_id) FROM reread")
    found = dict(zip(("spellings", "claims", "variants"), cursor.fetchone(), strict=True))
    cursor.execute("DROP TABLE readings, reread, why, affected, touched_genes")
    return found
