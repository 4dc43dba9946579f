"""What is kept beside the claims (counts, aggregates, conflicts, last dates) against the claims themselves."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from variants import merge_sql
from variants.merging import take_merge_lock
from variants.models import DataVersion

_TRUE = f"""
CREATE TEMP TABLE affected AS
WITH claims AS (
  SELECT r.variant_id, count(*) AS n, bit_or(1 << r.classification) AS mask, max(r.last_evaluated) AS evaluated
  FROM variants_record r JOIN variants_load l ON l.id = r.load_id WHERE l.state = 'live' GROUP BY r.variant_id
), masked AS (
  SELECT v.id, coalesce(n, 0) AS n, coalesce(mask, 4096) AS mask, evaluated
  FROM variants_variant v LEFT JOIN claims c ON c.variant_id = v.id
), judged AS (
  SELECT id, n, evaluated, {merge_sql.CONFLICT} AS conflict, {merge_sql.CLASS} AS class FROM masked
)
SELECT v.id, v.classification, v.conflict, v.record_count, v.last_evaluated, j.n AS true_count, j.class AS true_class,
  j.conflict AS true_conflict, j.evaluated AS true_date
FROM variants_variant v JOIN judged j USING (id)
WHERE (v.record_count, v.classification, v.conflict, v.last_evaluated) IS DISTINCT FROM (j.n, j.class, j.conflict, j.evaluated);
CREATE TEMP TABLE touched_genes AS
  SELECT g.id, g.symbol, g.variant_count, count(v.id) AS true_count
  FROM variants_gene g LEFT JOIN variants_variantgene l ON l.gene_id = g.id
  LEFT JOIN variants_variant v ON v.id = l.variant_id AND EXISTS (
    SELECT FROM variants_record r JOIN variants_load d ON d.id = r.load_id WHERE r.variant_id = v.id AND d.state = 'live')
  GROUP BY g.id HAVING g.variant_count <> count(v.id);
"""
_SAID = """
SELECT 'variant ' || id || ': ' || concat_ws('; ',
  CASE WHEN record_count <> true_count THEN 'claims ' || record_count || ' kept, ' || true_count || ' true' END,
  CASE WHEN classification <> true_class THEN 'classification ' || classification || ' kept, ' || true_class || ' true' END,
  CASE WHEN conflict <> true_conflict THEN 'conflict ' || conflict || ' kept, ' || true_conflict || ' true' END,
  CASE WHEN last_evaluated IS DISTINCT FROM true_date THEN 'last evaluated ' || coalesce(last_evaluated::text, 'never')
    || ' kept, ' || coalesce(true_date::text, 'never') || ' true' END)
FROM affected ORDER BY id LIMIT %(most)s
"""
_GENES_SAID = """
SELECT 'gene ' || symbol || ': variants ' || variant_count || ' kept, ' || true_count || ' true'
FROM touched_genes ORDER BY symbol LIMIT %(most)s
"""
# Rows that PostgreSQL itself does not hold to what they refer to (see `VariantGene`): what, of which table, to which.
_REFERENCES = (
    ("claims of no variant", "variants_record", "variant_id", "variants_variant"),
    ("claims of no load", "variants_record", "load_id", "variants_load"),
    ("names of no variant", "variants_variantname", "variant_id", "variants_variant"),
    ("names of no load", "variants_variantname", "load_id", "variants_load"),
    ("gene links of no variant", "variants_variantgene", "variant_id", "variants_variant"),
    ("gene links of no gene", "variants_variantgene", "gene_id", "variants_gene"),
    ("variants of a gene that is gone", "variants_variant", "gene_id", "variants_gene"),
    ("lines of no load", "variants_loadissue", "load_id", "variants_load"),
)
_TWICE = """
SELECT count(*) FROM (
  SELECT FROM variants_variantname GROUP BY variant_id, load_id, kind, text HAVING count(*) > 1) twice
"""


@dataclass(frozen=True)
class Check:
    variants: int  # that say something else than their current claims
    genes: int  # whose count of variants is another
    orphans: int  # rows that refer to nothing, and names that stand twice; nothing here mends them
    said: list[str]  # a sentence for each, of variants and of genes at most `most`

    @property
    def is_right(self) -> bool:
        return not (self.variants or self.genes or self.orphans)


def check(*, repair: bool = False, most: int = 100) -> Check:
    """Work everything out anew from the claims and compare; `repair` writes what is true, set-based, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        take_merge_lock()
        cursor.execute(merge_sql.FORGET_TEMPORARY)
        cursor.execute(_TRUE)
        broken = _orphans(cursor)
        found = Check(
            _count(cursor, "affected"), _count(cursor, "touched_genes"), sum(broken.values()),
            [*(f"{count:,} {what}" for what, count in broken.items()), *_sentences(cursor, most)],
        )  # fmt: skip
        if repair and (found.variants or found.genes):
            cursor.execute(merge_sql.AGGREGATE, {"load": None, "cause": "repaired"})
            cursor.execute(merge_sql.COUNT_GENES)
            DataVersion.bump()
        cursor.execute(merge_sql.FORGET_TEMPORARY)
    return found


def _orphans(cursor: Any) -> dict[str, int]:
    """How many rows refer to what is not there, and how many names stand twice, by what they are."""
    found = {}
    for what, table, column, other in _REFERENCES:
        cursor.execute(
            f"SELECT count(*) FROM {table} r WHERE {column} IS NOT NULL"
            f" AND NOT EXISTS (SELECT FROM {other} o WHERE o.id = r.{column})"
        )
        found[what] = int(cursor.fetchone()[0])
    cursor.execute(_TWICE)
    found["names that stand twice"] = int(cursor.fetchone()[0])
    return {what: count for what, count in found.items() if count}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


def _sentences(cursor: Any, most: int) -> list[str]:
    said = []
    for sql in (_SAID, _GENES_SAID):
        cursor.execute(sql, {"most": most})
        said += [row[0] for row in cursor.fetchall()]
    return said
