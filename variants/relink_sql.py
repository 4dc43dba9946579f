"""What a variant shows of its claims, worked out again from those that are current: for variants of which some claims
left or came back. Names and genes that only a withdrawn load gave must not stay.

What stays: the consequence (claims do not keep theirs), the place and alleles (every claim of a variant has the same),
and everything of a variant without any current claim, which is in no list.
"""

from variants.merge_sql import GENE_OF_NAME

_WHICH = """
CREATE TEMP TABLE relinked AS
  SELECT a.id FROM affected a
  WHERE a.id IN (SELECT variant_id FROM variants_record WHERE load_id = ANY(%(loads)s::bigint[]))
    AND EXISTS (SELECT FROM variants_record r JOIN variants_load l ON l.id = r.load_id
                WHERE r.variant_id = a.id AND l.state = 'live');
CREATE UNIQUE INDEX ON relinked (id);
ANALYZE relinked;
"""

# Bases that the change touches (1-based): of an insertion those on its two sides, else without the padding base.
_SPAN_START = """CASE WHEN v.ref IS NULL AND v.alt IS NOT NULL THEN greatest(v.pos - 1, 1)
    WHEN left(v.ref, 1) = left(v.alt, 1) AND length(v.ref) > 1 THEN v.pos + 1 ELSE v.pos END"""
_SPAN_END = """CASE WHEN v.ref IS NULL THEN v.pos
    WHEN left(v.ref, 1) = left(v.alt, 1) AND length(v.ref) = 1 THEN v.pos + 1 ELSE v.pos + length(v.ref) - 1 END"""

_GENES = (
    """
CREATE TEMP TABLE said_genes AS
  SELECT DISTINCT r.variant_id, name FROM relinked x JOIN variants_record r ON r.variant_id = x.id
  JOIN variants_load l ON l.id = r.load_id AND l.state = 'live', unnest(r.named_genes) AS name;
CREATE TEMP TABLE said_named AS SELECT DISTINCT name, NULL::bigint AS gene_id FROM said_genes;
"""
    + GENE_OF_NAME.format(named="said_named")
    + f"""
INSERT INTO touched_genes SELECT DISTINCT l.gene_id FROM variants_variantgene l JOIN relinked x ON x.id = l.variant_id;
UPDATE variants_variantgene l SET named = false FROM relinked x WHERE l.variant_id = x.id AND l.named AND NOT EXISTS (
  SELECT FROM said_genes s JOIN said_named n USING (name) WHERE s.variant_id = x.id AND n.gene_id = l.gene_id);
DELETE FROM variants_variantgene l USING relinked x JOIN variants_variant v ON v.id = x.id
  WHERE l.variant_id = x.id AND NOT l.named AND NOT EXISTS (
    SELECT FROM variants_gene g WHERE g.id = l.gene_id AND v.assembly = 'GRCh38' AND g.chrom = v.chrom
      AND g.start <= {_SPAN_END} AND g."end" >= {_SPAN_START});
INSERT INTO variants_variantgene (variant_id, gene_id, named)
  SELECT DISTINCT s.variant_id, n.gene_id, true FROM said_genes s JOIN said_named n USING (name) WHERE n.gene_id IS NOT NULL
  ON CONFLICT (gene_id, variant_id) DO UPDATE SET named = true WHERE NOT variants_variantgene.named;
INSERT INTO touched_genes SELECT DISTINCT l.gene_id FROM variants_variantgene l JOIN relinked x ON x.id = l.variant_id;
UPDATE variants_variant v SET gene_id = NULL FROM relinked x WHERE v.id = x.id AND v.gene_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM variants_variantgene l WHERE l.variant_id = v.id AND l.gene_id = v.gene_id);
"""
)


def _given(column: str, kinds: str, state: str) -> str:
    """Whether a load in this state gave the name that is shown; a p. name is shown without its gene."""
    return (
        "EXISTS (SELECT FROM variants_variantname n JOIN variants_load l ON l.id = n.load_id"
        f" WHERE n.variant_id = v.id AND n.kind IN ({kinds}) AND l.state {state}"
        f" AND (n.text = v.{column} OR right(n.text, length(v.{column}) + 1) = ':' || v.{column}))"
    )


def _chosen(column: str, kinds: str) -> str:
    """The name shown if a current claim gives it, else the first that one gives."""
    of_gone, of_live = _given(column, kinds, "<> 'live'"), _given(column, kinds, "= 'live'")
    first = (
        "(SELECT n.text FROM variants_variantname n JOIN variants_load l ON l.id = n.load_id AND l.state = 'live'"
        f" WHERE n.variant_id = v.id AND n.kind IN ({kinds}) ORDER BY n.load_id, n.id LIMIT 1)"
    )
    return f"CASE WHEN v.{column} IS NULL OR {of_gone} AND NOT {of_live} THEN {first} ELSE v.{column} END AS {column}"


# Column of a variant, and the kinds of names that it shows.
_SHOWN = (("rsid", "'rsid'"), ("hgvs_c", "'c', 'n'"), ("hgvs_p", "'p'"), ("hgvs_g", "'g'"))

_NAMES = f"""
UPDATE variants_variant v SET rsid = f.rsid, hgvs_c = f.hgvs_c, hgvs_p = f.hgvs_p, hgvs_g = f.hgvs_g,
    transcript = CASE WHEN v.hgvs_c IS NOT DISTINCT FROM f.hgvs_c THEN v.transcript
                      ELSE substring(f.hgvs_c FROM '^((?:[NX][MR]_|ENST|LRG_)[^:]+):') END
FROM (
  SELECT v.id, {", ".join(_chosen(column, kinds) for column, kinds in _SHOWN)}
  FROM relinked x JOIN variants_variant v ON v.id = x.id
) f WHERE v.id = f.id
  AND (v.rsid, v.hgvs_c, v.hgvs_p, v.hgvs_g) IS DISTINCT FROM (f.rsid, f.hgvs_c, f.hgvs_p, f.hgvs_g);
"""

RELINK = _WHICH + _GENES + _NAMES
