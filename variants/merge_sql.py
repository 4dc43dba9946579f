"""The SQL of the merge, for PostgreSQL 15 to 18. `{staging}` begins the staging tables' names; values are parameters.

Bits of the classification mask are 1 << Classification: pathogenic side 2 + 4 + 8, uncertain 16, benign side
32 + 64 + 128, conflicting 256, risk factor 512, drug response 1024, other 2048, not provided 4096.
"""

from variants.staging_sql import PLACE as PLACE_COLUMNS
from variants.staging_sql import TEXTS


def _first(columns: tuple[str, ...]) -> str:
    """The first that a part has, in the order of the parts' lines."""
    return ", ".join(
        f"(array_agg({c} ORDER BY first_line, first_alt) FILTER (WHERE {c} IS NOT NULL))[1] AS {c}" for c in columns
    )


def _each_once(column: str) -> str:
    return f"""
  SELECT key, array_agg(text ORDER BY first_line, first_alt, n) AS {column} FROM (
    SELECT DISTINCT ON (key, text) key, text, first_line, first_alt, n
    FROM gone, unnest({column}) WITH ORDINALITY AS said (text, n) ORDER BY key, text, first_line, first_alt, n
  ) once GROUP BY key"""


# Each key once: rows of keys that several parts of the file speak of become one.
_FOLD = f"""
CREATE TEMP TABLE parted ON COMMIT DROP AS SELECT key FROM {{staging}}_keys GROUP BY key HAVING count(*) > 1;
ANALYZE parted;
WITH gone AS (
  DELETE FROM {{staging}}_keys k USING parted WHERE k.key = parted.key RETURNING k.*
), found AS (
  SELECT key, {_first(("first_line", "first_alt"))}, sum(claims)::integer AS claims, bit_or(mask) AS mask,
    max(last_evaluated) AS last_evaluated, {_first(TEXTS)}
  FROM gone GROUP BY key
), place AS (
  SELECT DISTINCT ON (key) key, {", ".join(PLACE_COLUMNS)} FROM gone
  ORDER BY key, (pos IS NULL), padding DESC, first_line, first_alt
), said_genes AS ({_each_once("genes")}
), said_names AS ({_each_once("names")}
)
INSERT INTO {{staging}}_keys (key, first_line, first_alt, claims, mask, last_evaluated, {", ".join((*PLACE_COLUMNS, *TEXTS))},
    genes, names)
  SELECT key, first_line, first_alt, claims, mask, last_evaluated, {", ".join((*PLACE_COLUMNS, *TEXTS))},
    coalesce(genes, '{{{{}}}}'), coalesce(names, '{{{{}}}}')
  FROM found JOIN place USING (key) LEFT JOIN said_genes USING (key) LEFT JOIN said_names USING (key);
DROP TABLE parted;
ANALYZE {{staging}}_keys;
"""

# Which keys were known before. New variants get their ids here, in the order of their places: most of the indexes'
# new entries then stand side by side. Everything after it joins on this table, and looks no key up again.
_KNOWN = (
    _FOLD
    + """
CREATE TEMP TABLE seen AS
  SELECT key, known AS variant_id, {id} AS id, claims, first_line, chrom, pos, span_start, span_end
  FROM (
    SELECT k.key, v.id AS known, k.claims, k.first_line, k.pos,
      CASE WHEN k.assembly = 'GRCh38' THEN k.chrom END AS chrom, k.span_start, k.span_end
    FROM {staging}_keys k LEFT JOIN variants_variant v USING (key) ORDER BY k.chrom_rank, k.pos, k.key
  ) k;
ANALYZE seen;
"""
)
SEEN = _KNOWN.replace("{id}", "known")  # for who only looks
_SEEN = _KNOWN.replace("{id}", "coalesce(known, nextval(pg_get_serial_sequence('variants_variant', 'id')))")

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
CREATE TEMP TABLE written ON COMMIT DROP AS
  SELECT DISTINCT text, upper(text) AS name FROM {staging}_keys, unnest(genes) AS text;
CREATE TEMP TABLE named AS
  SELECT name, min(text) AS written, NULL::bigint AS gene_id FROM written GROUP BY 1;
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

# Genes that claims name, and genes by place (GRCh38 only: the gene table has no other coordinates).
# Genes cut into bins: a hash join on (chromosome, bin) leaves a handful of candidates for each variant. Who shares
# several bins with a gene is paired with it in the first that both have.
_BIN = 16_384
_GENES = f"""
CREATE TEMP TABLE gene_bin ON COMMIT DROP AS
  SELECT id, chrom, start, "end", generate_series(start / {_BIN}, "end" / {_BIN}) AS bin FROM variants_gene
  WHERE start IS NOT NULL AND chrom <> '';
ANALYZE gene_bin;
CREATE TEMP TABLE links ON COMMIT DROP AS
  SELECT id, gene_id, is_new, bool_or(named) AS named FROM (
    SELECT s.id, n.gene_id, s.variant_id IS NULL AS is_new, true AS named
    FROM {{staging}}_keys k JOIN seen s USING (key), unnest(k.genes) AS g JOIN written w ON w.text = g
    JOIN named n USING (name)
    UNION ALL
    SELECT s.id, g.id, s.variant_id IS NULL, false
    FROM seen s JOIN gene_bin g ON g.chrom = s.chrom AND g.bin = s.span_start / {_BIN}
    WHERE s.span_start / {_BIN} = s.span_end / {_BIN} AND g.start <= s.span_end AND g."end" >= s.span_start
    UNION ALL
    SELECT s.id, g.id, s.variant_id IS NULL, false
    FROM seen s, generate_series(s.span_start / {_BIN}, s.span_end / {_BIN}) AS b
    JOIN gene_bin g ON g.bin = b
    WHERE s.span_start / {_BIN} <> s.span_end / {_BIN} AND g.chrom = s.chrom AND g.start <= s.span_end
      AND g."end" >= s.span_start AND b = greatest(s.span_start, g.start) / {_BIN}
  ) found GROUP BY id, gene_id, is_new;
ANALYZE links;
"""

# The gene that a new variant shows: as DISPLAY_GENE says; exons are looked at only where there is a choice.
_SHOWN = """
CREATE TEMP TABLE shown ON COMMIT DROP AS
  SELECT id, count(*) AS n, count(*) FILTER (WHERE named) AS n_named,
    coalesce(min(gene_id) FILTER (WHERE named), min(gene_id)) AS gene_id
  FROM links WHERE is_new GROUP BY id;
ANALYZE shown;
UPDATE shown SET gene_id = best.gene_id FROM (
  SELECT DISTINCT ON (l.id) l.id, l.gene_id
  FROM shown JOIN links l USING (id) JOIN seen s USING (id) JOIN variants_gene g ON g.id = l.gene_id
  WHERE n_named > 1 OR (n_named = 0 AND n > 1)
  ORDER BY l.id, l.named DESC, (s.chrom IS NOT NULL AND g.exons @> s.pos) DESC NULLS LAST, g.coding DESC,
    (g."end" - g.start), g.id
) best WHERE shown.id = best.id AND shown.gene_id <> best.gene_id;
"""

# New variants are written once, with everything that their claims say: each index is paid for once.
_VARIANTS = f"""
INSERT INTO variants_variant (id, key, assembly, chrom, chrom_rank, pos, ref, alt, padding, gene_id, transcript, hgvs_c, hgvs_p,
    hgvs_g, rsid, consequence, record_count, last_evaluated, conflict, classification)
  SELECT id, k.key, k.assembly, k.chrom, k.chrom_rank, k.pos, ref, alt, padding, gene_id, transcript, hgvs_c, hgvs_p, hgvs_g, rsid,
    consequence, k.claims, last_evaluated, {CONFLICT}, {CLASS}
  FROM seen JOIN {{staging}}_keys k USING (key) LEFT JOIN shown USING (id) WHERE variant_id IS NULL ORDER BY id;
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
  FROM {{staging}}_keys f JOIN seen USING (key) WHERE v.id = seen.variant_id AND (
    (f.padding AND NOT v.padding) OR (v.chrom IS NULL AND f.chrom IS NOT NULL)
    OR (v.transcript IS NULL AND f.transcript IS NOT NULL) OR (v.hgvs_c IS NULL AND f.hgvs_c IS NOT NULL)
    OR (v.hgvs_p IS NULL AND f.hgvs_p IS NOT NULL) OR (v.hgvs_g IS NULL AND f.hgvs_g IS NOT NULL)
    OR (v.rsid IS NULL AND f.rsid IS NOT NULL) OR (v.consequence IS NULL AND f.consequence IS NOT NULL));
INSERT INTO variants_variantgene (variant_id, gene_id, named) SELECT id, gene_id, named FROM links WHERE is_new
  ORDER BY gene_id, id;
-- A gene's count grows by its new variants. Where a known one comes to it, the gene is counted again, at the end.
UPDATE variants_gene g SET variant_count = variant_count + n
  FROM (SELECT gene_id, count(*) AS n FROM links WHERE is_new GROUP BY gene_id) more WHERE g.id = more.gene_id;
CREATE TEMP TABLE touched_genes (id bigint);
WITH changed AS (
  INSERT INTO variants_variantgene (variant_id, gene_id, named) SELECT id, gene_id, named FROM links WHERE NOT is_new
  ON CONFLICT (gene_id, variant_id) DO UPDATE SET named = true WHERE excluded.named AND NOT variants_variantgene.named
  RETURNING gene_id
) INSERT INTO touched_genes SELECT DISTINCT gene_id FROM changed;
-- Only variants that were known before can change their aggregate, their history or their gene: those that the new
-- claims speak of, and those of the loads that leave and of this one's own earlier import.
CREATE TEMP TABLE affected AS
  SELECT v.id, v.classification, v.conflict, v.record_count FROM variants_variant v WHERE v.id IN (
    SELECT variant_id FROM seen WHERE variant_id IS NOT NULL
    UNION SELECT variant_id FROM variants_record WHERE load_id = ANY(%(leaving)s::bigint[] || %(load)s::bigint));
CREATE UNIQUE INDEX ON affected (id);
ANALYZE affected;
"""

# The same load once more: what Vardesk reads in a line today takes the place of what it read then.
FORGET = """
DELETE FROM variants_record r WHERE r.load_id = %(load)s AND NOT EXISTS (
  SELECT FROM {staging} s WHERE s.line = r.line AND s.alt_index = r.alt_index);
DELETE FROM variants_variantname n USING affected a
  WHERE n.variant_id = a.id AND n.load_id = %(load)s AND NOT EXISTS (
    SELECT FROM seen JOIN {staging}_keys k USING (key), unnest(k.names) t
    WHERE seen.variant_id = n.variant_id AND t = n.kind || '=' || n.text);
"""

_SAID = (
    "variant_id", "named_genes", "source", "classification", "reported_classification", "review_status", "oncogenicity",
    "somatic_impact", "last_evaluated", "submitter_comment", "source_url", "written",
)  # fmt: skip
_AS_STAGED = ", ".join(f"{name} = excluded.{name}" for name in _SAID)
_OLD = ", ".join(f"variants_record.{name}" for name in _SAID)
_NEW = ", ".join(f"excluded.{name}" for name in _SAID)

_CLAIMS = """
INSERT INTO variants_record (load_id, line, alt_index, variant_id, named_genes, source, classification,
    reported_classification, review_status, oncogenicity, somatic_impact, last_evaluated, submitter_comment, source_url, written)
  SELECT %(load)s, s.line, s.alt_index, seen.id, upper(s.genes::text)::text[],
    left(coalesce(s.source, %(source)s), 200), s.class, s.reported, s.review_status, s.oncogenicity,
    s.somatic_impact, s.last_evaluated, s.comment, s.url, s.written
  FROM {staging} s JOIN seen USING (key) ORDER BY s.line, s.alt_index"""
_ON_LINE = f"""
  ON CONFLICT (load_id, line, alt_index) DO UPDATE SET {_AS_STAGED}
  WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})"""

# What nobody can have said before is inserted without asking whether it is there.
_NAMES = """
INSERT INTO variants_variantname (variant_id, load_id, kind, text)
  SELECT seen.id, %(load)s::bigint, split_part(n, '=', 1), substr(n, strpos(n, '=') + 1)
  FROM seen JOIN {staging}_keys k USING (key), unnest(k.names) AS n WHERE variant_id IS NULL;
INSERT INTO variants_variantname (variant_id, load_id, kind, text)
  SELECT seen.id, %(load)s::bigint, split_part(n, '=', 1), substr(n, strpos(n, '=') + 1)
  FROM seen JOIN {staging}_keys k USING (key), unnest(k.names) WITH ORDINALITY AS said (n, nth)
  WHERE variant_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM variants_variantname v WHERE v.variant_id = seen.id AND v.load_id = %(load)s
      AND v.kind = split_part(n, '=', 1) AND v.text = substr(n, strpos(n, '=') + 1))
  ORDER BY seen.id, nth;  -- the first by number is the one that is shown
DELETE FROM variants_loadissue WHERE load_id = %(load)s;
INSERT INTO variants_loadissue (load_id, line, kind, reason)
  SELECT %(load)s, line, CASE fate WHEN 'reject' THEN 'rejected' WHEN 'skip' THEN 'skipped' ELSE 'flagged' END, left(said, 300)
  FROM {staging}_issues ORDER BY line, alt_index;
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

# How far the job is when each begins, what it says meanwhile, and the statements. Shares of the time of a million new rows.
PLACE = (
    (0.60, "Merging: looking which variants are known", _SEEN),
    (0.63, "Merging: genes", _NAMED + _GENES + _SHOWN),
    (0.67, "Merging: variants", _VARIANTS),
)
_LAST = (0.85, "Merging: names", _NAMES)
CLAIM = ((0.81, "Merging: claims", _CLAIMS), _LAST)
CLAIM_AGAIN = ((0.81, "Merging: claims", _CLAIMS + _ON_LINE), _LAST)  # of a load that has claims already
TEMPORARY = (
    "affected, seen, parted, written, named, touched_genes, gene_bin, links, shown, relinked, said_genes, said_named"
)
# Of the tables above, those that were made: a transaction may hold two merges.
FORGET_TEMPORARY = f"DROP TABLE IF EXISTS {TEMPORARY}"

# A line is imported if one of its alleles is new, else merged if one is kept, else rejected if one is, else skipped.
COUNT = """
WITH kept AS (SELECT line, count(*) AS n FROM {staging} GROUP BY line),
lost AS (
  SELECT line, bool_or(fate = 'reject') AS rejected FROM {staging}_issues i
  WHERE fate <> 'keep' AND NOT EXISTS (SELECT FROM kept WHERE kept.line = i.line) GROUP BY line
), claims AS (SELECT count(*) AS lines, coalesce(sum(n), 0)::bigint AS alleles FROM kept),
new AS (SELECT count(DISTINCT first_line) AS lines, count(*) AS alleles FROM seen WHERE variant_id IS NULL)
SELECT claims.lines + (SELECT count(*) FROM lost) AS lines_read, new.lines AS imported, claims.lines - new.lines AS merged,
  (SELECT count(*) FROM lost WHERE rejected) AS rejected, (SELECT count(*) FROM lost WHERE NOT rejected) AS skipped,
  new.alleles AS alleles_imported, claims.alleles - new.alleles AS alleles_merged,
  (SELECT count(*) FROM {staging}_issues WHERE fate = 'skip') AS alleles_skipped,
  (SELECT count(*) FROM {staging}_issues WHERE fate = 'keep') AS flagged
FROM claims, new
"""

REASONS = """
SELECT said, count(*) FROM {staging}_issues WHERE (fate = 'keep') = %s GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50
"""
