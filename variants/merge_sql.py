"""The SQL of the merge, for PostgreSQL 15 to 18. `{staging}` is the staging table; values are parameters.

Bits of the classification mask are 1 << Classification: pathogenic side 2 + 4 + 8, uncertain 16, benign side
32 + 64 + 128, conflicting 256, risk factor 512, drug response 1024, other 2048, not provided 4096.
"""

STAGING_COLUMNS = """
  line bigint, alt_index smallint, fate text, reason text, flag text, key uuid, assembly text, chrom text,
  chrom_rank smallint, pos integer, ref text, alt text, span_start integer, span_end integer, padding boolean, transcript text, hgvs_c text, hgvs_p text,
  hgvs_g text, rsid text, consequence text, reported text, review_status text, oncogenicity text,
  somatic_impact text, last_evaluated date, comment text, url text, source text, written text,
  genes jsonb, names jsonb, class smallint, known boolean"""

# Which keys were known before, so that "new" can be counted.
SEEN = """
CREATE TEMP TABLE seen AS
  SELECT s.key, v.id AS variant_id, v.record_count AS claims_before
  FROM (SELECT DISTINCT key FROM {staging} WHERE fate = 'keep') s LEFT JOIN variants_variant v USING (key);
CREATE UNIQUE INDEX ON seen (key);
ANALYZE seen;
"""

# An old name or alias counts only where it leads to one gene: else the name stays its own. `named`: a table with the
# columns name (upper case) and gene_id, which is filled in.
GENE_OF_NAME = """
UPDATE {named} SET gene_id = n.gene_id FROM variants_genename n WHERE n.name = {named}.name AND n.kind = 'symbol';
UPDATE {named} SET gene_id = one.gene_id
  FROM (SELECT name, min(gene_id) AS gene_id FROM variants_genename GROUP BY name HAVING count(DISTINCT gene_id) = 1) one
  WHERE one.name = {named}.name AND {named}.gene_id IS NULL;
"""

_NAMED = (
    """
CREATE TEMP TABLE named AS
  SELECT upper(name) AS name, min(name) AS written, NULL::bigint AS gene_id
  FROM (SELECT DISTINCT jsonb_array_elements_text(genes) AS name FROM {staging} WHERE fate = 'keep') n
  WHERE length(name) <= 80 GROUP BY 1;
"""
    + GENE_OF_NAME.format(named="named")
    + """
INSERT INTO variants_gene (symbol, name, hgnc_id, ensembl_id, chrom, strand, coding, listed, variant_count)
  SELECT written, '', '', '', '', '', false, false, 0 FROM named WHERE gene_id IS NULL ORDER BY name;
UPDATE named SET gene_id = g.id FROM variants_gene g WHERE named.gene_id IS NULL AND upper(g.symbol) = named.name;
INSERT INTO variants_genename (gene_id, name, written, kind)
  SELECT g.id, upper(g.symbol), g.symbol, 'symbol' FROM variants_gene g JOIN named n ON n.gene_id = g.id
  WHERE NOT g.listed ON CONFLICT DO NOTHING;
"""
)

# Several claims as one classification, and whether they disagree; `mask` is the column to judge.
CONFLICT = "(((mask & 14) <> 0)::int + ((mask & 16) <> 0)::int + ((mask & 224) <> 0)::int > 1)"
CLASS = f"""CASE
    WHEN {CONFLICT} OR (mask & 256) <> 0 THEN 8
    WHEN (mask & 14) <> 0 THEN CASE mask & 14 WHEN 2 THEN 1 WHEN 8 THEN 3 ELSE 2 END
    WHEN (mask & 16) <> 0 THEN 4
    WHEN (mask & 224) <> 0 THEN CASE mask & 224 WHEN 128 THEN 7 WHEN 32 THEN 5 ELSE 6 END
    WHEN (mask & 512) <> 0 THEN 9 WHEN (mask & 1024) <> 0 THEN 10 WHEN (mask & 2048) <> 0 THEN 11 ELSE 12 END"""

# The place of each key: the one that has its padding base where one has.
_PLACES = """
CREATE TEMP TABLE places ON COMMIT DROP AS
  SELECT DISTINCT ON (key) key, assembly, chrom, chrom_rank, pos, ref, alt, span_start, span_end, padding
  FROM {staging} WHERE fate = 'keep'
  ORDER BY key, (pos IS NULL), padding DESC, line, alt_index;
ANALYZE places;
"""

# Genes that claims name, and genes by place (GRCh38 only: the gene table has no other coordinates).
# Genes cut into bins of 100 kb: a hash join on (chromosome, bin) leaves a handful of candidates for each variant.
_GENES = """
CREATE TEMP TABLE gene_bin ON COMMIT DROP AS
  SELECT id, chrom, start, "end", generate_series(start / 100000, "end" / 100000) AS bin FROM variants_gene
  WHERE start IS NOT NULL AND chrom <> '';
ANALYZE gene_bin;
CREATE TEMP TABLE links ON COMMIT DROP AS
  SELECT key, gene_id, bool_or(named) AS named FROM (
    SELECT s.key, n.gene_id, true AS named
    FROM {staging} s, jsonb_array_elements_text(s.genes) g JOIN named n ON n.name = upper(g) WHERE s.fate = 'keep'
    UNION ALL
    SELECT p.key, g.id, false FROM places p, generate_series(p.span_start / 100000, p.span_end / 100000) AS b
    JOIN gene_bin g ON g.bin = b
    WHERE p.assembly = 'GRCh38' AND g.chrom = p.chrom AND g.start <= p.span_end AND g."end" >= p.span_start
  ) found GROUP BY key, gene_id;
ANALYZE links;
"""

# New variants are written once, with everything that their claims say: each index is paid for once.
_VARIANTS = f"""
CREATE TEMP TABLE first_said ON COMMIT DROP AS
WITH texts AS (
  SELECT key,
    (array_agg(transcript ORDER BY line) FILTER (WHERE transcript IS NOT NULL))[1] AS transcript,
    (array_agg(hgvs_c ORDER BY line) FILTER (WHERE hgvs_c IS NOT NULL))[1] AS hgvs_c,
    (array_agg(hgvs_p ORDER BY line) FILTER (WHERE hgvs_p IS NOT NULL))[1] AS hgvs_p,
    (array_agg(hgvs_g ORDER BY line) FILTER (WHERE hgvs_g IS NOT NULL))[1] AS hgvs_g,
    (array_agg(rsid ORDER BY line) FILTER (WHERE rsid IS NOT NULL))[1] AS rsid,
    (array_agg(consequence ORDER BY line) FILTER (WHERE consequence IS NOT NULL))[1] AS consequence,
    count(*) AS claims, bit_or(1 << class) AS mask, max(last_evaluated) AS last_evaluated
  FROM {{staging}} WHERE fate = 'keep' GROUP BY key
), gene AS (
  SELECT DISTINCT ON (l.key) l.key, l.gene_id FROM links l JOIN places p USING (key) JOIN variants_gene g ON g.id = l.gene_id
  ORDER BY l.key, l.named DESC, (p.assembly = 'GRCh38' AND g.exons @> p.pos) DESC NULLS LAST, g.coding DESC,
    (g."end" - g.start), g.id
)
SELECT * FROM places JOIN texts USING (key) LEFT JOIN gene USING (key);
INSERT INTO variants_variant (key, assembly, chrom, chrom_rank, pos, ref, alt, padding, gene_id, transcript, hgvs_c, hgvs_p,
    hgvs_g, rsid, consequence, record_count, last_evaluated, conflict, classification)
  SELECT key, assembly, chrom, chrom_rank, pos, ref, alt, padding, gene_id, transcript, hgvs_c, hgvs_p, hgvs_g, rsid,
    consequence, claims, last_evaluated, {CONFLICT}, {CLASS}
  FROM first_said f WHERE NOT EXISTS (SELECT FROM seen WHERE seen.key = f.key AND variant_id IS NOT NULL) ORDER BY key;
-- Known variants keep what they have; claims fill what was missing. coalesce() of equal values writes nothing new.
UPDATE variants_variant v SET
    transcript = coalesce(v.transcript, f.transcript), hgvs_c = coalesce(v.hgvs_c, f.hgvs_c),
    hgvs_p = coalesce(v.hgvs_p, f.hgvs_p), hgvs_g = coalesce(v.hgvs_g, f.hgvs_g), rsid = coalesce(v.rsid, f.rsid),
    consequence = coalesce(v.consequence, f.consequence),
    assembly = CASE WHEN v.chrom IS NULL THEN f.assembly ELSE v.assembly END, chrom = coalesce(v.chrom, f.chrom),
    chrom_rank = CASE WHEN v.chrom IS NULL THEN f.chrom_rank ELSE v.chrom_rank END,
    pos = CASE WHEN v.chrom IS NULL OR (f.padding AND NOT v.padding) THEN f.pos ELSE v.pos END,
    ref = CASE WHEN f.padding AND NOT v.padding THEN f.ref ELSE v.ref END,
    alt = CASE WHEN f.padding AND NOT v.padding THEN f.alt ELSE v.alt END,
    padding = v.padding OR f.padding
  FROM first_said f JOIN seen USING (key) WHERE v.id = seen.variant_id AND (
    (f.padding AND NOT v.padding) OR (v.chrom IS NULL AND f.chrom IS NOT NULL)
    OR (v.transcript IS NULL AND f.transcript IS NOT NULL) OR (v.hgvs_c IS NULL AND f.hgvs_c IS NOT NULL)
    OR (v.hgvs_p IS NULL AND f.hgvs_p IS NOT NULL) OR (v.hgvs_g IS NULL AND f.hgvs_g IS NOT NULL)
    OR (v.rsid IS NULL AND f.rsid IS NOT NULL) OR (v.consequence IS NULL AND f.consequence IS NOT NULL));
INSERT INTO variants_variantgene (variant_id, gene_id, named)
  SELECT v.id, l.gene_id, l.named FROM links l JOIN variants_variant v USING (key)
  ON CONFLICT (gene_id, variant_id) DO UPDATE SET named = true WHERE excluded.named AND NOT variants_variantgene.named;
-- Only variants that were known before can change their aggregate, their history or their gene: those that the new
-- claims speak of, and those of the loads that leave and of this one's own earlier import.
CREATE TEMP TABLE affected AS
  SELECT v.id, v.classification, v.conflict, v.record_count FROM variants_variant v WHERE v.id IN (
    SELECT variant_id FROM seen WHERE variant_id IS NOT NULL
    UNION SELECT variant_id FROM variants_record WHERE load_id = ANY(%(leaving)s::bigint[] || %(load)s::bigint));
CREATE UNIQUE INDEX ON affected (id);
ANALYZE affected;
CREATE TEMP TABLE touched_genes AS SELECT DISTINCT gene_id AS id FROM links;
"""

# The same load once more: what Vardesk reads in a line today takes the place of what it read then.
FORGET = """
DELETE FROM variants_record r WHERE r.load_id = %(load)s AND NOT EXISTS (
  SELECT FROM {staging} s WHERE s.fate = 'keep' AND s.line = r.line AND s.alt_index = r.alt_index);
DELETE FROM variants_variantname n USING affected a
  WHERE n.variant_id = a.id AND n.load_id = %(load)s AND NOT EXISTS (
    SELECT FROM {staging} s JOIN variants_variant v USING (key), jsonb_array_elements_text(s.names) t
    WHERE s.fate = 'keep' AND v.id = n.variant_id AND t = n.kind || '=' || n.text);
"""

_SAID = (
    "variant_id", "named_genes", "source", "classification", "reported_classification", "review_status", "oncogenicity",
    "somatic_impact", "last_evaluated", "submitter_comment", "source_url", "written",
)  # fmt: skip
_AS_STAGED = ", ".join(f"{name} = excluded.{name}" for name in _SAID)
_OLD = ", ".join(f"variants_record.{name}" for name in _SAID)
_NEW = ", ".join(f"excluded.{name}" for name in _SAID)

_CLAIMS = f"""
INSERT INTO variants_record (load_id, line, alt_index, variant_id, named_genes, source, classification,
    reported_classification, review_status, oncogenicity, somatic_impact, last_evaluated, submitter_comment, source_url, written)
  SELECT %(load)s, s.line, s.alt_index, v.id,
    ARRAY(SELECT upper(g) FROM jsonb_array_elements_text(s.genes) g WHERE length(g) <= 80),
    left(coalesce(s.source, %(source)s), 200), s.class, s.reported, s.review_status, s.oncogenicity,
    s.somatic_impact, s.last_evaluated, s.comment, s.url, s.written
  FROM {{staging}} s JOIN variants_variant v USING (key) WHERE s.fate = 'keep' ORDER BY s.line, s.alt_index
  ON CONFLICT (load_id, line, alt_index) DO UPDATE SET {_AS_STAGED}
  WHERE ({_OLD}) IS DISTINCT FROM ({_NEW});
INSERT INTO variants_variantname (variant_id, load_id, kind, text)
  SELECT v.id, %(load)s::bigint, split_part(n, '=', 1), substr(n, strpos(n, '=') + 1)
  FROM {{staging}} s JOIN variants_variant v USING (key), jsonb_array_elements_text(s.names) n WHERE s.fate = 'keep'
  ON CONFLICT DO NOTHING;
DELETE FROM variants_loadissue WHERE load_id = %(load)s;
INSERT INTO variants_loadissue (load_id, line, kind, reason)
  SELECT %(load)s, line, CASE fate WHEN 'reject' THEN 'rejected' WHEN 'skip' THEN 'skipped' ELSE 'flagged' END,
    left(coalesce(reason, flag), 300)
  FROM {{staging}} WHERE fate <> 'keep' OR flag IS NOT NULL ORDER BY line, alt_index;
"""

# The gene shown: one that a claim names, else by place one with the position in an exon, coding, the shortest.
DISPLAY_GENE = """
UPDATE variants_variant v SET gene_id = best.gene_id FROM (
  SELECT DISTINCT ON (l.variant_id) l.variant_id, l.gene_id
  FROM affected a JOIN variants_variant v ON v.id = a.id JOIN variants_variantgene l ON l.variant_id = v.id
  JOIN variants_gene g ON g.id = l.gene_id
  ORDER BY l.variant_id, l.named DESC, (v.assembly = 'GRCh38' AND g.exons @> v.pos) DESC NULLS LAST, g.coding DESC,
    (g."end" - g.start), g.id
) best WHERE v.id = best.variant_id AND v.gene_id IS DISTINCT FROM best.gene_id;
"""

AGGREGATE = f"""
WITH claims AS (
  SELECT r.variant_id, count(*) AS n, bit_or(1 << r.classification) AS mask, max(r.last_evaluated) AS evaluated
  FROM affected a JOIN variants_record r ON r.variant_id = a.id JOIN variants_load l ON l.id = r.load_id
  WHERE l.state = 'live' GROUP BY r.variant_id
), masked AS (
  SELECT a.id, coalesce(n, 0) AS n, coalesce(mask, 4096) AS mask, evaluated FROM affected a
  LEFT JOIN claims c ON c.variant_id = a.id
), judged AS (
  SELECT id, n, evaluated, {CONFLICT} AS conflict, {CLASS} AS class FROM masked
)
UPDATE variants_variant v SET record_count = n, last_evaluated = evaluated, conflict = j.conflict, classification = class
FROM judged j WHERE v.id = j.id
  AND (v.record_count, v.last_evaluated, v.conflict, v.classification) IS DISTINCT FROM (n, evaluated, j.conflict, class);
INSERT INTO variants_classificationchange (variant_id, load_id, cause, at, before, after, conflict_before, conflict_after)
  SELECT v.id, %(load)s, %(cause)s, now(), a.classification, v.classification, a.conflict, v.conflict
  FROM affected a JOIN variants_variant v USING (id)
  WHERE (a.classification, a.conflict) <> (v.classification, v.conflict)
    -- A variant that had no claim has no "before", unless the history already says how it lost its claims.
    AND (a.record_count > 0 OR EXISTS (SELECT FROM variants_classificationchange c WHERE c.variant_id = v.id));
-- Who lost the last claim, or has one again, counts for all of its genes.
INSERT INTO touched_genes (id)
  SELECT l.gene_id FROM affected a JOIN variants_variant v USING (id) JOIN variants_variantgene l ON l.variant_id = v.id
  WHERE (a.record_count > 0) <> (v.record_count > 0);
"""

COUNT_GENES = """
UPDATE variants_gene g SET variant_count = c.n FROM (
  SELECT t.id, count(v.id) AS n
  FROM (SELECT DISTINCT id FROM touched_genes) t LEFT JOIN variants_variantgene l ON l.gene_id = t.id
  LEFT JOIN variants_variant v ON v.id = l.variant_id AND v.record_count > 0
  GROUP BY t.id
) c WHERE g.id = c.id AND g.variant_count <> c.n;
"""

AFFECTED_BY_LOADS = """
CREATE TEMP TABLE affected AS
  SELECT v.id, v.classification, v.conflict, v.record_count FROM variants_variant v
  WHERE v.id IN (SELECT variant_id FROM variants_record WHERE load_id = ANY(%(loads)s::bigint[]));
CREATE UNIQUE INDEX ON affected (id);
ANALYZE affected;
CREATE TEMP TABLE touched_genes (id bigint);
"""

PLACE = SEEN + _NAMED + _PLACES + _GENES + _VARIANTS
CLAIM = _CLAIMS
TEMPORARY = (
    "affected, seen, named, touched_genes, places, gene_bin, links, first_said, relinked, said_genes, said_named"
)
# Of the tables above, those that were made: a transaction may hold two merges.
FORGET_TEMPORARY = f"DROP TABLE IF EXISTS {TEMPORARY}"

# A line is imported if one of its alleles is new, else merged if one is kept, else rejected if one is, else skipped.
COUNT = """
WITH fates AS (
  SELECT s.line, s.fate, s.flag,
    s.fate = 'keep' AND seen.variant_id IS NULL
      AND row_number() OVER (PARTITION BY s.key, s.fate ORDER BY s.line, s.alt_index) = 1 AS is_new
  FROM {staging} s LEFT JOIN seen ON seen.key = s.key AND s.fate = 'keep'
), lines AS (
  SELECT line, bool_or(is_new) AS has_new, bool_or(fate = 'keep') AS kept, bool_or(fate = 'reject') AS rejected
  FROM fates GROUP BY line
)
SELECT count(*) AS lines_read, count(*) FILTER (WHERE has_new) AS imported,
  count(*) FILTER (WHERE kept AND NOT has_new) AS merged,
  count(*) FILTER (WHERE rejected AND NOT kept) AS rejected,
  count(*) FILTER (WHERE NOT kept AND NOT rejected) AS skipped,
  (SELECT count(*) FROM fates WHERE is_new) AS alleles_imported,
  (SELECT count(*) FROM fates WHERE fate = 'keep' AND NOT is_new) AS alleles_merged,
  (SELECT count(*) FROM fates WHERE fate = 'skip') AS alleles_skipped,
  (SELECT count(*) FROM fates WHERE flag IS NOT NULL AND fate = 'keep') AS flagged
FROM lines
"""

REASONS = """
SELECT coalesce(reason, flag), count(*) FROM {staging}
WHERE CASE WHEN %s THEN fate = 'keep' AND flag IS NOT NULL ELSE fate <> 'keep' END
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50
"""
