"""The classifications that a load's claims write: read while loading, counted for each load, compared with the table.

A text is read once, however many claims have it, and a block of texts at a time. Texts beyond the first
MAX_REPORTED_WORDS of a load (known ones first, then the most frequent) and texts over LONGEST_TEXT characters are counted
together in one row whose text is REST; the claims keep what they say.
"""

from collections.abc import Callable
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection

from variants.classification import LONGEST_TEXT, Classification, Terms, classify
from variants.terms import current_terms, terms_digest

REST = ""  # no claim reports an empty text: that is none
_BLOCK = 10_000  # texts


def classified(db: duckdb.DuckDBPyConnection, terms: Terms, check: Callable[[], None]) -> None:
    """Make DuckDB's table `words` (reported, value, known) for the kept rows of `alleles`; over-long texts have no row."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT DISTINCT reported FROM alleles"
        " WHERE fate = 'keep' AND length(reported) <= $longest",
        {"longest": LONGEST_TEXT},
    )
    db.execute("CREATE OR REPLACE TEMP TABLE words (reported VARCHAR, value INTEGER, known BOOLEAN)")
    start = 0
    while rows := db.execute(
        "SELECT reported FROM met WHERE rowid >= $start AND rowid < $end", {"start": start, "end": start + _BLOCK}
    ).fetchall():
        texts = [row[0] for row in rows]
        meant = [classify(text, terms) for text in texts]
        db.execute(
            "INSERT INTO words SELECT unnest($texts::VARCHAR[]), unnest($values::INT[]), unnest($known::BOOLEAN[])",
            {"texts": texts, "values": [int(value) for value, _ in meant], "known": [known for _, known in meant]},
        )
        start += _BLOCK
        check()
    db.execute("DROP TABLE met")


# For `_copy`: what a row of `alleles`, joined with `words`, is staged as.
STAGED = (
    f"CASE WHEN reported IS NULL THEN {Classification.NOT_PROVIDED:d}"
    f" ELSE coalesce(words.value, {Classification.OTHER:d}) END AS class,"
    " coalesce(words.known, reported IS NULL) AS known"
)

# `{counted}` gives load_id, text, class, known, claims.
_KEEP = f"""
INSERT INTO variants_reportedword (load_id, text, classification, known, claims)
SELECT load_id, CASE WHEN place <= %(most)s THEN text ELSE '{REST}' END,
  CASE WHEN min(place) <= %(most)s THEN min(class) ELSE {Classification.OTHER:d} END,
  bool_and(known AND place <= %(most)s), sum(claims)
FROM (
  SELECT *, CASE WHEN length(text) > {LONGEST_TEXT:d} THEN %(most)s + 1
    ELSE row_number() OVER (PARTITION BY load_id ORDER BY length(text) > {LONGEST_TEXT:d}, known DESC, claims DESC, text)
    END AS place
  FROM ({{counted}}) counted
) ranked
GROUP BY 1, 2
"""


def keep_words(cursor: Any, staging: str, load_id: int) -> None:
    """Write the load's rows of `ReportedWord` from its staging table; those of an earlier time go."""
    cursor.execute("DELETE FROM variants_reportedword WHERE load_id = %s", [load_id])
    counted = (
        "SELECT %(load)s::bigint AS load_id, reported AS text, min(class) AS class, bool_and(known) AS known,"
        f" count(*) AS claims FROM {staging} WHERE reported IS NOT NULL GROUP BY reported"
    )
    cursor.execute(_KEEP.format(counted=counted), {"load": load_id, "most": settings.MAX_REPORTED_WORDS})


def keep_words_of_older_loads(cursor: Any) -> None:
    """The same for loads that have none, from their claims: they were made before words were counted.

    Needs the temporary table of `put_readings` with every text of theirs.
    """
    counted = (
        "SELECT r.load_id, r.reported_classification AS text, min(r.classification) AS class,"
        " bool_and(coalesce(c.known, false)) AS known, count(*) AS claims"
        " FROM variants_record r LEFT JOIN readings c ON c.text = r.reported_classification"
        " WHERE r.reported_classification IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM variants_reportedword w WHERE w.load_id = r.load_id) GROUP BY 1, 2"
    )
    cursor.execute(_KEEP.format(counted=counted), {"most": settings.MAX_REPORTED_WORDS})


def read_staged_again(cursor: Any, staging: str, read_with: set[str]) -> None:
    """Under the merge lock: where a curator changed the table since the texts were read, read them anew.

    `read_with`: digests of the tables that they were read with. A change that comes later than this finds its own job
    waiting for the same lock.
    """
    terms = current_terms()
    if read_with <= {terms_digest(terms)}:
        return
    # No class where parts read a text differently, before the change and after it: then it is read anew in any case.
    texts = (
        f"SELECT reported, CASE WHEN min(class) = max(class) THEN min(class) END, bool_and(known) FROM {staging}"
        " WHERE length(reported) <= %s GROUP BY reported"
    )
    put_readings(cursor, texts, [LONGEST_TEXT], terms)
    cursor.execute(f"UPDATE {staging} s SET class = c.class, known = c.known FROM readings c WHERE s.reported = c.text")
    # The keys' masks, from the claims of all parts: each part's row of a key then says what all of them say.
    cursor.execute(
        f"UPDATE {staging}_keys k SET mask = m.mask FROM"
        f" (SELECT key, bit_or(1 << class) AS mask FROM {staging} GROUP BY key) m WHERE k.key = m.key AND k.mask <> m.mask"
    )
    cursor.execute("DROP TABLE readings")


def put_readings(
    cursor: Any, sql: str, params: list, terms: Terms, check: Callable[[], None] = lambda: None, *, append: bool = False
) -> None:
    """Fill the temporary table `readings` (text, class, known) with the texts of `sql` that are read otherwise now.

    `sql` gives text, class and known as they are stored; class is null where the text is stored with several, known is
    null where nobody counted the text: what is then missing from `readings` is unknown.
    """
    if not append:
        cursor.execute("DROP TABLE IF EXISTS readings")
        cursor.execute("CREATE TEMP TABLE readings (text text, class smallint, known boolean) ON COMMIT DROP")
        cursor.execute("CREATE UNIQUE INDEX ON readings (md5(text))")
    with connection.chunked_cursor() as reader:
        reader.execute(sql, params)
        while rows := reader.fetchmany(_BLOCK):
            read = [(text, *classify(text, terms), value, known) for text, value, known in rows]
            new = [
                (text, int(now), is_known)
                for text, now, is_known, value, known in read
                if now != value or is_known != bool(known)
            ]
            texts, values, knowns = ([row[n] for row in new] for n in range(3))
            cursor.execute(
                "INSERT INTO readings SELECT * FROM unnest(%s::text[], %s::smallint[], %s::boolean[])"
                " ON CONFLICT DO NOTHING",
                [texts, values, knowns],
            )
            check()


def unknown_note(cursor: Any, staging: str) -> list[str]:
    """A sentence about the claims whose classification has words that nobody knows; none where there are none."""
    cursor.execute(
        "SELECT left(reported, 60), count(*), count(*) OVER (), sum(count(*)) OVER () FROM"
        f" {staging} WHERE NOT known GROUP BY reported ORDER BY 2 DESC, reported LIMIT 5"
    )
    rows = cursor.fetchall()
    if not rows:
        return []
    spellings, claims = rows[0][2], int(rows[0][3])
    shown = ", ".join(f"“{text}”" for text, *_ in rows) + (" ..." if spellings > len(rows) else "")
    return [
        f"{claims:,} claim{'s' if claims != 1 else ''} had a classification with words that Vardesk did not know"
        f" ({spellings:,} spelling{'s' if spellings != 1 else ''}); kept as written, unknown words read as other: {shown}"
    ]
