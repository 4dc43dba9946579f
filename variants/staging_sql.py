r"""What a part of a file is staged as: the tables of PostgreSQL, and the questions to DuckDB that fill them.

Claims: one row for each kept allele. Keys: one row for each variant that the part speaks of, with everything that its
claims say of it put together, since DuckDB groups a part in a fraction of the time that PostgreSQL needs for the file.
Issues: one row for each allele that was not kept or was flagged.
"""

from variants.words import STAGED

TEXTS = ("transcript", "hgvs_c", "hgvs_p", "hgvs_g", "rsid", "consequence")  # the first that a claim gives is shown
PLACE = ("assembly", "chrom", "chrom_rank", "pos", "ref", "alt", "span_start", "span_end", "padding")
MAX_GENE_NAME = 80  # longer ones are no symbols; the raw line keeps them

TABLES = {
    "": """
  line bigint, alt_index smallint, key uuid, class smallint, known boolean, reported text, review_status text,
  oncogenicity text, somatic_impact text, last_evaluated date, comment text, url text, source text, written text,
  genes text[]""",
    "_keys": """
  key uuid, first_line bigint, first_alt smallint, claims integer, mask integer, last_evaluated date, assembly text,
  chrom text, chrom_rank smallint, pos integer, ref text, alt text, span_start integer, span_end integer,
  padding boolean, transcript text, hgvs_c text, hgvs_p text, hgvs_g text, rsid text, consequence text,
  genes text[], names text[]""",
    "_issues": "line bigint, alt_index smallint, fate text, said text",
}

# (line, alt_index) as one number, and what goes before it: a row with a place, of those one with its padding base.
_ORDER = "line * 65536 + alt_index"
_WORSE = "CASE WHEN pos IS NULL THEN 2 WHEN NOT padding THEN 1 ELSE 0 END * (1::BIGINT << 61)"
_KEPT = (
    f"(SELECT alleles.*, {_ORDER} AS ord, {STAGED} FROM alleles LEFT JOIN words USING (reported) WHERE fate = 'keep')"
)


def _array(items: str) -> str:
    """A list of texts as PostgreSQL writes arrays. A kept row has no NUL: it can stand between the texts."""
    texts = f"array_to_string({items}, chr(0))"
    escaped = rf"""replace(replace({texts}, '\', '\\'), '"', '\"')"""
    return f"""CASE WHEN len({items}) > 0 THEN '{{"' || replace({escaped}, chr(0), '","') || '"}}' ELSE '{{}}' END"""


def _once(items: str) -> str:
    """Each text of one row's list once, in the order of its first appearance."""
    return (
        f"CASE WHEN len(list_distinct({items})) < len({items})"
        f" THEN list_filter({items}, lambda t, n: list_position({items}, t) = n) ELSE {items} END"
    )


_SHORT = f"list_filter(genes, lambda t: length(t) <= {MAX_GENE_NAME})"
_CLAIMS = f"""
SELECT line, alt_index, key, class, known, reported, review_status, oncogenicity, somatic_impact, last_evaluated,
  comment, url, source, written, {_array("genes")} AS genes
FROM (SELECT * REPLACE ({_SHORT} AS genes) FROM {_KEPT})
"""


def _together(column: str, items: str) -> str:
    """The same for the claims of a key."""
    return f"""
  SELECT key, list(text ORDER BY met) AS {column} FROM (
    SELECT key, text, min(met) AS met FROM (
      SELECT key, unnest({items}) AS text, struct_pack(o := ord, n := unnest(range(len({items})))) AS met FROM several
    ) GROUP BY key, text
  ) GROUP BY key"""


# Most keys of most files have one claim: those are not grouped, which costs ten times as much.
_COLUMNS = ("claims", "mask", "last_evaluated", *PLACE, *TEXTS)
_KEYS = f"""
WITH twice AS (SELECT key FROM alleles WHERE fate = 'keep' GROUP BY key HAVING count(*) > 1),
several AS MATERIALIZED (SELECT * FROM {_KEPT} SEMI JOIN twice USING (key)),
found AS (
  SELECT key, min(ord) AS ord, count(*) AS claims, bit_or(1 << class) AS mask, max(last_evaluated) AS last_evaluated,
    arg_min(struct_pack({", ".join(f"{c} := {c}" for c in PLACE)}), ord + {_WORSE}) AS place,
    {", ".join(f"arg_min({c}, ord) AS {c}" for c in TEXTS)}
  FROM several GROUP BY key
), said_genes AS ({_together("genes", _SHORT)}
), said_names AS ({_together("names", "names")}
), keys AS (
  SELECT key, ord, 1 AS claims, 1 << class AS mask, last_evaluated, {", ".join(PLACE)}, {", ".join(TEXTS)},
    {_once("genes")} AS genes, {_once("names")} AS names
  FROM (SELECT * REPLACE ({_SHORT} AS genes) FROM {_KEPT} ANTI JOIN twice USING (key))
  UNION ALL
  SELECT key, ord, claims, mask, last_evaluated, {", ".join(f"place.{c}" for c in PLACE)}, {", ".join(TEXTS)}, genes, names
  FROM found LEFT JOIN said_genes USING (key) LEFT JOIN said_names USING (key)
)
SELECT key, ord // 65536, ord % 65536, {", ".join(_COLUMNS)}, {_array("genes")}, {_array("names")} FROM keys
"""

# Of a row that is not kept only what says so: its texts may hold what PostgreSQL cannot.
_ISSUES = """
SELECT line, alt_index, fate, replace(CASE WHEN fate = 'keep' THEN flag ELSE reason END, chr(0), '\ufffd') AS said
FROM alleles WHERE fate <> 'keep' OR flag IS NOT NULL ORDER BY line, alt_index
"""

QUESTIONS = {"": _CLAIMS, "_keys": _KEYS, "_issues": _ISSUES}
