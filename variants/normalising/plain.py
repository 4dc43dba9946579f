"""The plain way: lines that say everything in one simple form go from `cells` to `alleles` in one SELECT.

Most lines of most files are so. What counts as plain is strict: wherever the careful steps would interpret a cell, the line
is theirs. A line goes one way with all its alleles. Tests hold both ways to the same results.
"""

from collections.abc import Collection, Iterable

import duckdb

from variants import nomenclature as names
from variants.assemblies import CHROM_NAMES, TAKEN, genomic_accession, length_of
from variants.normalising.fields import OUTPUT
from variants.normalising.judging import Bases

# What evidence of the base of positions is made of: the other fields have no say in it.
TELLING = (
    "hgvs_c", "hgvs_p", "hgvs_p_short", "hgvs_g", "other_names", "assembly", "chrom", "start", "stop", "ref", "alt",
    "alt_first", "variant", "accession",
)  # fmt: skip
_NAMES = ("hgvs_c", "hgvs_p", "hgvs_p_short", "hgvs_g", "other_names", "variant")
FREE = ("clinvar", "transcript", "consequence", "classification", "review_status", "oncogenicity", "somatic_impact", "last_evaluated",
        "comment", "url", "source")  # fmt: skip
LONGEST_ALLELE = 200  # bases; a longer one is trimmed the careful way

_DNA, _PROTEIN = names.PLAIN_DNA[1:-1], names.PLAIN_PROTEIN[1:-1]
_C = rf"^(?:(?:[NX][MR]_[0-9]+(?:\.[0-9]+)?|LRG_[0-9]+t[0-9]+|ENST[0-9]+(?:\.[0-9]+)?):)?[cn]\.(?:{_DNA})$"
_P = rf"^(?:(?:[NX]P_[0-9]+(?:\.[0-9]+)?|ENSP[0-9]+(?:\.[0-9]+)?):)?p\.(?:{_PROTEIN})$"
_G = (
    r"^NC_0000[0-9][0-9]\.[0-9]{1,2}:g\.[1-9][0-9]{0,8}"
    r"(?:[ACGT]>[ACGT]|(?:_[1-9][0-9]{0,8})?(?:del|dup|inv|(?:del)?ins[ACGT]+|=))$"
)
# Of a table: an empty allele is "-" there. A protein change in one letter each, beside the one in three.
_ALLELE = "^(?:[ACGT]+|-)$"
_SHORT = "^p[.][A-Za-z0-9*_=?-]+$"
# ClinVar's title of a variant: NM_014855.3(AP5Z1):c.1A>G (p.Met1Val).
_TITLE = rf"^([NX][MR]_[0-9]+[.][0-9]+)\(([A-Za-z][A-Za-z0-9-]*)\):([cn]\.(?:{_DNA}))(?: \((p\.(?:{_PROTEIN}))\))?$"
_CLAIMS = "^RCV[0-9]{9}(?:[|;,]RCV[0-9]{9})*$"
_SYMBOLS = r"^[A-Za-z0-9][A-Za-z0-9._@-]*(?:,[A-Za-z0-9][A-Za-z0-9._@-]*)*$"

# The place is that of the line's own chromosome and assembly; `$assembly` is for lines that name none.
_FROM = """
FROM {relation} c LEFT JOIN plain_places p ON p.written = c.chrom AND p.assembly = CASE
    WHEN is_blank(c.assembly) THEN $assembly WHEN c.assembly IN ('GRCh38', 'hg38', 'b38', '38') THEN 'GRCh38'
    WHEN c.assembly IN ('GRCh37', 'hg19', 'b37', '37') THEN 'GRCh37' END
"""

PLAIN_MACROS = """
-- Some of the texts that `given` takes for nothing.
CREATE OR REPLACE MACRO is_blank(t) AS t IS NULL OR t IN ('', '.', '-', 'NA');
-- No accession of ClinVar: VCV, RCV, SCV.
CREATE OR REPLACE MACRO names_no_record(t) AS t IS NULL OR NOT regexp_matches(t, '[Cc][Vv]');
CREATE OR REPLACE MACRO unless_blank(t) AS CASE WHEN NOT is_blank(t) THEN t END;
"""

# What a line's place, alleles and names must be like, for the evidence of the base too.
_TELLS_PLAINLY = f"""
  p.accession IS NOT NULL AND regexp_matches(c.start, '^[1-9][0-9]{{0,8}}$')
  AND regexp_matches(c.ref, '{_ALLELE}') AND regexp_matches(c.alt, '{_ALLELE}')
  AND (c.alt_number IS NULL OR c.ref <> '-' AND c.alt <> '-')
  -- Of a tumour's two alleles one is REF, or both are the same.
  AND (c.alt_first IS NULL OR c.alt_first IN ('', c.ref, c.alt))
  AND strlen(c.ref) <= {LONGEST_ALLELE} AND strlen(c.alt) <= {LONGEST_ALLELE} AND c.ref <> c.alt
  -- Whatever positions count from, the change lies within the chromosome.
  AND TRY_CAST(c.start AS BIGINT) BETWEEN 3 AND p.length - {LONGEST_ALLELE + 3}
  AND (is_blank(c.stop) OR regexp_matches(c.stop, '^[0-9]{{1,10}}$')
    AND NOT (c.ref = '-' AND TRY_CAST(c.stop AS BIGINT) - TRY_CAST(c.start AS BIGINT) > 1))
  AND (is_blank(c.accession) OR c.accession = p.accession)
  AND is_blank(c.other_names)
  AND (is_blank(c.variant) OR is_blank(c.hgvs_c) AND is_blank(c.hgvs_p) AND is_blank(c.hgvs_g) AND regexp_matches(c.variant, '{_TITLE}')
    AND names_no_record(c.variant) AND substring(c.variant, strpos(c.variant, '(p.') + 3, 3) <> substring(c.variant, -4, 3))
  AND (is_blank(c.hgvs_p_short) OR starts_with(c.hgvs_p, 'p.') AND regexp_matches(c.hgvs_p_short, '{_SHORT}'))
  AND (is_blank(c.hgvs_g) OR regexp_matches(c.hgvs_g, '{_G}'))
  AND (is_blank(c.hgvs_c) OR regexp_matches(c.hgvs_c, '{_C}'))
  AND (is_blank(c.hgvs_p) OR regexp_matches(c.hgvs_p, '{_P}')
    AND substring(c.hgvs_p, strpos(c.hgvs_p, 'p.') + 2, 3) <> right(c.hgvs_p, 3))
"""

# The rest: genes, identifiers, and texts that are taken as they are.
_SAYS_PLAINLY = f"""
  (is_blank(c.gene) OR regexp_matches(c.gene, '{_SYMBOLS}')
    AND NOT (strlen(c.gene) <= 4 AND upper(c.gene) IN ('NULL', 'NA', 'NONE', 'NAN')))
  AND (is_blank(c.rsid) OR c.rsid = 'novel' OR regexp_matches(c.rsid, '^(?:rs)?[0-9]{{1,15}}$'))
  AND (is_blank(c.variation_id) OR regexp_matches(c.variation_id, '^[0-9]{{1,9}}$'))
  AND (names_no_record(c.clinvar) OR is_blank(c.variation_id) AND regexp_matches(c.clinvar, '^VCV[0-9]{{9}}$')
    OR regexp_matches(c.clinvar, '{_CLAIMS}'))
  AND names_no_record(c.url)
  AND NOT contains(concat({", ".join(f"c.{name}" for name in FREE)}), chr(0))
"""

# `$checked`: the assemblies with a reference sequence, on which alleles are checked and moved.
_ODD = f"""
CREATE OR REPLACE TEMP TABLE odd_lines AS
SELECT DISTINCT line FROM (
  SELECT c.line, c.alt_number > 1 AS is_further, list_contains($checked::VARCHAR[], p.assembly) AS is_checked,
    ({_TELLS_PLAINLY} AND {_SAYS_PLAINLY}) AS is_plain
  {_FROM}
) WHERE is_further OR is_checked OR is_plain IS NOT TRUE
"""

# As in `judging` and `alleles`, of lines that are plain: what their own g. name says of the place.
_JUDGED = f"""
SELECT *, CASE WHEN is_named THEN substring(own_name, -3, 1) END AS name_ref, CASE WHEN is_named THEN right(own_name, 1) END AS name_alt,
  CASE WHEN is_named THEN TRY_CAST(substring(own_name, strlen(accession) + 4, strlen(own_name) - strlen(accession) - 6) AS BIGINT) END AS name_start
FROM (
  SELECT *, coalesce(substring(own_name, -2, 1) = '>', false) AS is_named
  FROM (
    SELECT c.* EXCLUDE (assembly, chrom, accession, ref, alt), CASE WHEN c.ref <> '-' THEN c.ref ELSE '' END AS ref,
      CASE WHEN c.alt <> '-' THEN c.alt ELSE '' END AS alt, coalesce(c.alt_first <> '', false) AS of_tumour, c.chrom AS chrom_cell, p.assembly, p.chrom, p.rank, p.accession,
      TRY_CAST(c.start AS BIGINT) AS start_number, TRY_CAST(unless_blank(c.stop) AS BIGINT) AS stop_number,
      CASE WHEN starts_with(c.hgvs_g, p.accession || ':g.') THEN c.hgvs_g END AS own_name
    {_FROM} ANTI JOIN odd_lines o ON o.line = c.line
  )
)
"""

_EVIDENCE = """
SELECT count(*) FILTER (coalesce(by_name, by_length) = 0), count(*) FILTER (coalesce(by_name, by_length) = 1)
FROM (
  SELECT CASE WHEN name_ref = ref AND name_alt = alt AND name_start - start_number IN (0, 1)
      THEN 1 - (name_start - start_number) END AS by_name,
    CASE WHEN of_tumour OR NOT length_tells(ref, alt) THEN NULL WHEN stop_number - start_number = length(ref) THEN 0
      WHEN stop_number - start_number = length(ref) - 1 THEN 1 END AS by_length
  FROM {judged}
)
"""

_ALLELES = """
WITH titled AS (
  SELECT *, regexp_extract(variant, '{title}', ['reference', 'gene', 'change', 'protein']) AS title FROM {judged}
), settled AS (
  SELECT * REPLACE (coalesce(unless_blank(gene), nullif(title.gene, '')) AS gene,
      coalesce(unless_blank(hgvs_c), title.reference || ':' || nullif(title.change, '')) AS hgvs_c,
      coalesce(unless_blank(hgvs_p), nullif(title.protein, '')) AS hgvs_p,
      CASE WHEN hgvs_p_short <> hgvs_p THEN unless_blank(hgvs_p_short) END AS hgvs_p_short,
      unless_blank(hgvs_g) AS hgvs_g, nullif(unless_blank(rsid), 'novel') AS rsid, unless_blank(variation_id) AS variation_id),
    CASE WHEN ref = '' AND stop_number = start_number - 1 THEN stop_number WHEN ref = '' THEN start_number
      WHEN $forced THEN start_number - $allele_base
      WHEN name_ref = ref AND name_alt = alt AND name_start - start_number IN (0, 1) THEN name_start - 1
      WHEN of_tumour THEN start_number - 1
      WHEN length_tells(ref, alt) AND stop_number - start_number = length(ref) THEN start_number
      WHEN length_tells(ref, alt) AND stop_number - start_number = length(ref) - 1 THEN start_number - 1
      ELSE start_number - $allele_base END AS written0,
    CASE WHEN strlen(ref) = 1 AND strlen(alt) = 1 THEN 0 ELSE common_end(ref, alt) END AS cut_end
  FROM titled
), cut AS (
  SELECT *, CASE WHEN cut_end = 0 THEN ref ELSE left(ref, length(ref) - cut_end) END AS ref1,
    CASE WHEN cut_end = 0 THEN alt ELSE left(alt, length(alt) - cut_end) END AS alt1
  FROM settled
), headed AS (
  SELECT *, CASE WHEN strlen(ref1) = 1 AND strlen(alt1) = 1 THEN 0 ELSE common_head(ref1, alt1) END AS cut_start
  FROM cut
), trimmed AS (
  SELECT * REPLACE (CASE WHEN rsid IS NULL OR starts_with(rsid, 'rs') THEN rsid ELSE 'rs' || rsid END AS rsid),
    written0 + cut_start AS start0,
    CASE WHEN cut_start = 0 THEN ref1 ELSE substring(ref1, cut_start + 1) END AS del,
    CASE WHEN cut_start = 0 THEN alt1 ELSE substring(alt1, cut_start + 1) END AS ins,
    CASE WHEN cut_start > 0 THEN substring(ref1, cut_start, 1) END AS base_before,
    CASE WHEN regexp_matches(trim(transcript), '^(N[MR]_|X[MR]_|ENST|LRG_)[A-Za-z0-9_.]+$') THEN trim(transcript) END AS one_transcript,
    -- A list has its brackets only where there is one.
    CASE WHEN gene IS NULL THEN [] WHEN contains(gene, ',') THEN each_once(string_split(gene, ',')) ELSE [gene] END AS genes,
    CASE WHEN NOT contains(hgvs_c, ':') THEN hgvs_c END AS bare_c,
    CASE WHEN NOT contains(hgvs_p, ':') THEN hgvs_p END AS bare_p,
    CASE WHEN starts_with(clinvar, 'VCV') THEN clinvar ELSE 'VCV' || lpad(variation_id, 9, '0') END AS own_clinvar,
    CASE WHEN NOT starts_with(clinvar, 'RCV') THEN NULL WHEN strlen(clinvar) = 12 THEN clinvar
      ELSE array_to_string(each_once(string_split(translate(clinvar, ';,', '||'), '|')), '|clinvar=') END AS claims
  FROM headed
), shown AS (
  SELECT *, genes[1] AS gene_1, del <> '' AND ins <> '' AS is_replaced,
    coalesce(del <> '' AND ins <> '' OR base_before IS NOT NULL, false) AS padding,
    CASE WHEN bare_c IS NULL THEN hgvs_c ELSE coalesce(one_transcript, genes[1]) || ':' || bare_c END AS best_c
  FROM trimmed
), placed AS (
  SELECT *, CASE WHEN is_replaced OR base_before IS NULL THEN start0 + 1 ELSE start0 END AS pos,
    CASE WHEN is_replaced THEN del WHEN base_before IS NOT NULL THEN base_before || del ELSE nullif(del, '') END AS vcf_ref,
    CASE WHEN is_replaced THEN ins WHEN base_before IS NOT NULL THEN base_before || ins ELSE nullif(ins, '') END AS vcf_alt,
    concat_ws('|',
      CASE WHEN bare_c IS NULL THEN substring(hgvs_c, strpos(hgvs_c, ':') + 1, 1) || '=' || hgvs_c END,
      CASE WHEN bare_p IS NULL THEN 'p=' || hgvs_p END, 'g=' || hgvs_g, 'p=' || gene_1 || ':' || bare_p, 'p=' || gene_1 || ':' || hgvs_p_short,
      left(bare_c, 1) || '=' || gene_1 || ':' || bare_c, left(bare_c, 1) || '=' || one_transcript || ':' || bare_c,
      'rsid=' || rsid, 'clinvar=' || own_clinvar, 'clinvar=' || claims) AS names_text
  FROM shown
)
SELECT line, coalesce(alt_number, 1) AS alt_index, 'keep' AS fate, NULL AS reason,
  CASE WHEN NOT is_named OR strlen(del) <> 1 OR strlen(ins) <> 1 THEN NULL
    WHEN start0 + 1 <> name_start THEN 'position and ' || left(own_name, 120) || ' disagree'
    WHEN del <> name_ref OR ins <> name_alt THEN 'alleles and ' || left(own_name, 120) || ' disagree' END AS flag,
  digest(concat_ws('|', 'allele', assembly, chrom, start0, del, ins)) AS key,
  assembly, chrom, rank AS chrom_rank, pos, vcf_ref AS ref, vcf_alt AS alt,
  CASE WHEN del = '' THEN greatest(start0, 1) ELSE start0 + 1 END AS span_start,
  CASE WHEN del = '' THEN start0 + 1 ELSE start0 + length(del) END AS span_end,
  padding, genes,
  CASE WHEN one_transcript IS NOT NULL THEN one_transcript WHEN is_name(best_c) THEN split_part(best_c, ':', 1) END AS transcript,
  best_c AS hgvs_c, hgvs_p, hgvs_g, rsid, given(consequence) AS consequence, nullif(trim(classification), '') AS reported,
  given(review_status) AS review_status, given(oncogenicity) AS oncogenicity, given(somatic_impact) AS somatic_impact,
  day(given(last_evaluated)) AS last_evaluated, given(comment) AS comment, given(url) AS url, given(source) AS source,
  CASE WHEN pos <> start_number OR coalesce(vcf_ref, '') <> ref OR coalesce(vcf_alt, '') <> alt
    THEN chrom_cell || ':' || start || ' ' || coalesce(nullif(ref, ''), '-') || '>' || coalesce(nullif(alt, ''), '-') END AS written,
  CASE WHEN names_text = '' THEN [] ELSE string_split(names_text, '|') END AS names
FROM placed
"""


def sort_lines(
    db: duckdb.DuckDBPyConnection, assembly: str | None, checked: Iterable[str], relation: str = "cells"
) -> int:
    """Make `odd_lines`: the lines of `relation` that are not plain. Returns how many there are.

    `assembly` is that of lines that name none; `checked` those with a reference sequence, whose lines are not plain.
    """
    db.execute(PLAIN_MACROS)
    _make_plain_places(db)
    db.execute(_ODD.replace("{relation}", relation), {"assembly": assembly, "checked": list(checked)})
    return int((db.execute("SELECT count(*) FROM odd_lines").fetchone() or (0,))[0])


def plain_evidence(db: duckdb.DuckDBPyConnection, assembly: str | None, relation: str = "cells") -> tuple[int, int]:
    """How many of the plain lines that can tell say that positions count from 0, and how many from 1."""
    sql = _EVIDENCE.replace("{judged}", f"({_JUDGED.replace('{relation}', relation)})")
    from_0, from_1 = db.execute(sql, {"assembly": assembly}).fetchone() or (0, 0)
    return int(from_0), int(from_1)


def add_plain(db: duckdb.DuckDBPyConnection, assembly: str | None, bases: Bases) -> None:
    """Put the plain lines of `cells` into `alleles`."""
    sql = _ALLELES.replace("{title}", _TITLE).replace("{judged}", f"({_JUDGED.replace('{relation}', 'cells')})")
    values = {"assembly": assembly, "allele_base": bases.alleles, "forced": bases.forced}
    db.execute(f"INSERT INTO alleles ({', '.join(OUTPUT)}) SELECT {', '.join(OUTPUT)} FROM ({sql})", values)


def may_tell(fields: Collection[str]) -> bool:
    """Whether rows can tell of their base at all, if these fields have a column: without a name or the end of a
    stretch (in a column of its own, or behind the start) beside REF none does."""
    is_placed = {"chrom", "start"} <= set(fields)
    return is_placed and ("ref" in fields or not set(_NAMES).isdisjoint(fields))


def _make_plain_places(db: duckdb.DuckDBPyConnection) -> None:
    """The chromosomes as nearly every file writes them, on both assemblies. MT, which is several sequences, is not plain."""
    chroms = [chrom for chrom in CHROM_NAMES if chrom != "MT"]
    rows = [
        (assembly, written, chrom, rank, genomic_accession(assembly, chrom), length_of(assembly, chrom))
        for assembly in TAKEN
        for rank, chrom in enumerate(chroms, start=1)
        for written in (chrom, f"chr{chrom}")
    ]
    columns = dict(
        zip(
            ("assembly", "written", "chrom", "rank", "accession", "length"),
            map(list, zip(*rows, strict=True)),
            strict=True,
        )
    )
    types = {"rank": "INTEGER[]", "length": "BIGINT[]"}
    chosen = ", ".join(f"unnest(${name}::{types.get(name, 'VARCHAR[]')}) AS {name}" for name in columns)
    db.execute(f"CREATE OR REPLACE TEMP TABLE plain_places AS SELECT {chosen}", columns)
