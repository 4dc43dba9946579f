"""The SQL of the dry run: what a merge would do now, asked of the staging table and of the claims that would stay.

Reads the variant tables and writes only temporary ones. `{staging}` begins the staging tables' names. Parameters: `leaving`, the live
loads that would leave (replaced or superseded), and `this`, the load that the same import made before (or null), whose
claims the staged ones stand for.
"""

from variants.merge_sql import CLASS, CONFLICT, SEEN

# Sides of a classification as bits of its mask: {P, LP} 14, {VUS} 16, {LB, B} 224. How far two sides lie apart: 2 or 1.
_SIDE = "CASE WHEN {bit} & 14 <> 0 THEN 14 WHEN {bit} & 16 <> 0 THEN 16 WHEN {bit} & 224 <> 0 THEN 224 ELSE 0 END"
_APART = """CASE WHEN ({a} & 14 <> 0 AND {b} & 224 <> 0) OR ({a} & 224 <> 0 AND {b} & 14 <> 0) THEN 2
    WHEN ({a} & 16 <> 0 AND {b} & 238 <> 0) OR ({a} & 238 <> 0 AND {b} & 16 <> 0) THEN 1 ELSE 0 END"""

# `known`: each variant that is known and that the merge would look at, as it is and as its claims would be.
FORECAST = (
    SEEN
    + f"""
CREATE TEMP TABLE known AS
WITH touched AS (
  SELECT variant_id AS id FROM seen WHERE variant_id IS NOT NULL
  UNION SELECT variant_id FROM variants_record WHERE load_id = ANY(%(leaving)s::bigint[] || %(this)s::bigint)
), staying AS (
  SELECT r.variant_id AS id, count(*) AS n, bit_or(1 << r.classification) AS mask
  FROM touched t JOIN variants_record r ON r.variant_id = t.id JOIN variants_load l ON l.id = r.load_id
  WHERE l.state = 'live' AND l.id <> ALL(%(leaving)s::bigint[]) AND l.id IS DISTINCT FROM %(this)s::bigint
  GROUP BY r.variant_id
), coming AS (
  SELECT variant_id AS id, k.claims AS n, mask FROM {{staging}}_keys k JOIN seen USING (key) WHERE variant_id IS NOT NULL
), masked AS (
  SELECT id, coalesce(s.n, 0) AS staying, coalesce(c.n, 0) AS coming, coalesce(s.mask, 0) AS staying_mask,
    CASE WHEN s.n IS NULL AND c.n IS NULL THEN 4096 ELSE coalesce(s.mask, 0) | coalesce(c.mask, 0) END AS mask
  FROM touched LEFT JOIN staying s USING (id) LEFT JOIN coming c USING (id)
)
SELECT m.id, staying, coming, staying_mask, v.classification AS before, v.conflict AS conflict_before,
  v.record_count AS claims_before, {CLASS} AS after, {CONFLICT} AS conflict_after
FROM masked m JOIN variants_variant v USING (id);
CREATE UNIQUE INDEX ON known (id);
ANALYZE known;
"""
)

# As in the merge: a variant that had no claim has no "before", unless its history says how it lost its claims.
_CHANGES = """
FROM known k JOIN variants_variant v USING (id)
WHERE (k.before, k.conflict_before) <> (k.after, k.conflict_after)
  AND (k.claims_before > 0 OR EXISTS (SELECT FROM variants_classificationchange c WHERE c.variant_id = k.id))
"""
COUNT_CHANGES = f"SELECT count(*), count(*) FILTER (WHERE conflict_after AND NOT conflict_before) {_CHANGES}"
CHANGES = f"""
SELECT k.id, k.before, k.after, k.conflict_before, k.conflict_after, k.claims_before, k.staying + k.coming AS claims_after
{_CHANGES}
ORDER BY (k.conflict_after AND NOT k.conflict_before) DESC,
  {_APART.format(a="(1 << k.before)", b="(1 << k.after)")} DESC, v.chrom_rank, v.pos, k.id LIMIT %(most)s
"""

# Claims of the file on another side than current claims of other loads. `mask`: what those say, all together.
_DISAGREE = f"""
FROM (
  SELECT s.line, s.alt_index, s.reported, s.class, k.id, k.staying, k.staying_mask AS mask,
    {_SIDE.format(bit="(1 << s.class)")} AS side
  FROM {{staging}} s JOIN seen USING (key) JOIN known k ON k.id = seen.variant_id
) d WHERE side <> 0 AND mask & 254 & ~side <> 0
"""
COUNT_DISAGREEMENTS = f"SELECT count(*), count(DISTINCT id) {_DISAGREE}"
DISAGREEMENTS = f"""
SELECT line, alt_index, id, reported, class, {CLASS} AS says, {CONFLICT} AS is_conflict, staying AS claims
{_DISAGREE}
ORDER BY {_APART.format(a="side", b="mask")} DESC, line, alt_index LIMIT %(most)s
"""

VARIANTS = f"""
SELECT count(*) FILTER (WHERE variant_id IS NULL) AS new, count(variant_id) AS known,
  (SELECT count(*) FROM {{staging}}_keys k JOIN seen USING (key) WHERE variant_id IS NULL AND {CONFLICT}) AS new_in_conflict,
  (SELECT count(*) FROM known WHERE claims_before > 0 AND staying + coming = 0) AS left_without_claims,
  (SELECT count(*) FROM known WHERE claims_before = 0 AND staying + coming > 0) AS back
FROM seen
"""

_UNKNOWN_GENES = """
WITH said AS (
  SELECT upper(name) AS name, min(name) AS written, count(*) AS claims
  FROM {staging} s, unnest(s.genes) AS name GROUP BY 1
), unlisted AS (
  SELECT written, claims FROM said WHERE NOT EXISTS (
    SELECT FROM variants_genename n JOIN variants_gene g ON g.id = n.gene_id
    WHERE n.name = said.name AND n.kind = 'symbol' AND g.listed
  ) AND (
    SELECT count(DISTINCT n.gene_id) FROM variants_genename n JOIN variants_gene g ON g.id = n.gene_id
    WHERE n.name = said.name AND g.listed) <> 1
)
"""
COUNT_UNKNOWN_GENES = _UNKNOWN_GENES + "SELECT count(*), coalesce(sum(claims), 0) FROM unlisted"
UNKNOWN_GENES = _UNKNOWN_GENES + "SELECT written, claims FROM unlisted ORDER BY claims DESC, written LIMIT %(most)s"
