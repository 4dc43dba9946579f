"""Step 1b: each name in its one spelling, and the place of rows that say it by a name alone.

A row without columns of a place has one all the same where a name states its allele without a reference sequence: a
substitution or a whole replacement on a versioned chromosome, an SPDI expression. `exact_start0` is the interbase start of
such an allele, whatever positions count from in the file's own columns.
"""

from variants.assemblies import length_of
from variants.normalising.places import ACCESSIONS

# One map each way; both assemblies share the MT. Chromosomes only, as HGVS and SPDI name them.
_CHROMOSOMES = [(a, assembly, chrom) for a, assembly, chrom in ACCESSIONS if a.startswith("NC_")]
_PLACE_OF = {a: (assembly, chrom, length_of(assembly, chrom)) for a, assembly, chrom in _CHROMOSOMES}
PLACE_OF_ACCESSION = (
    "MAP {"
    + ", ".join(
        f"'{a}': {{'assembly': '{b}', 'chrom': '{c}', 'length': {size}}}" for a, (b, c, size) in _PLACE_OF.items()
    )
    + "}"
)
ACCESSION_OF_PLACE = "MAP {" + ", ".join(f"'{b} {c}': '{a}'" for a, b, c in _CHROMOSOMES) + "}"

NAMING_MACROS = rf"""
CREATE OR REPLACE MACRO place_of_accession(a) AS map_extract_value({PLACE_OF_ACCESSION}, a);
CREATE OR REPLACE MACRO accession_of_place(assembly, chrom) AS map_extract_value({ACCESSION_OF_PLACE}, assembly || ' ' || chrom);
-- GRCh38's chromosome before GRCh37's, before everything else: the same choice whatever the order in the cell.
CREATE OR REPLACE MACRO rank_of_accession(a) AS CASE place_of_accession(a).assembly WHEN 'GRCh38' THEN 2 WHEN 'GRCh37' THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO start_of_name(t) AS TRY_CAST(regexp_extract(t, ':g\.(\d+)', 1) AS BIGINT);
CREATE OR REPLACE MACRO change_of_name(t) AS regexp_extract(t, ':g\.\d+([ACGT]+)>([ACGT]+)$', ['ref', 'alt']);
-- Whether a name of a substitution on a chromosome, or an SPDI, states `ref` replaced by one of `others`.
CREATE OR REPLACE MACRO is_of_another(t, ref, others) AS len(others) > 0 AND coalesce(list_transform([regexp_extract(upper(t),
    '^(?:NC_[0-9.]+|(?:CHR)?[0-9XYMT]+)(?::[GM]\.\d+|:\d+:)([ACGT]+)[>:]([ACGT]+)$', ['ref', 'alt'])],
    lambda n: n.ref = ref AND list_contains(others, n.alt))[1], false);
"""

TELL = r"""
CREATE OR REPLACE TEMP TABLE told AS
WITH loose AS (
  SELECT *,
    list_filter(list_transform([g_cell, variant, c_cell], lambda t: squeezed(t)), lambda t: is_of_chromosome(t)) AS of_chromosomes,
    list_filter(list_transform(list_concat([g_cell, variant], string_split(coalesce(other_names, ''), ',')), lambda t: squeezed(t)),
      lambda t: is_spdi(t)) AS spdis
  FROM read
), complete AS (
  -- Of hg19, chrM is another sequence.
  SELECT * REPLACE (CASE WHEN len(of_chromosomes) = 0 THEN full_names ELSE each_once(list_concat(full_names,
      list_filter(list_transform(of_chromosomes, lambda t: CASE WHEN chromosome_named(t) <> 'MT' OR coalesce(lower(assembly_cell), '') <> 'hg19'
        THEN accession_of_place(assembly_read, chromosome_named(t)) || ':' || change_named(t) END), lambda t: t IS NOT NULL))) END AS full_names)
  FROM loose
), spelled AS (
  SELECT *, list_transform(full_names, lambda t: {'text': t, 'name': canonical_name(t)}) AS spellings
  FROM complete
), stated AS (
  SELECT *, CASE WHEN start_cell IS NULL AND first_cell IS NULL AND (len(spellings) > 0 OR len(spdis) > 0) THEN list_distinct(
      list_filter(list_transform(list_concat(list_transform(list_filter(spellings, lambda s: starts_with(s.name, 'NC_')), lambda s: exact_of_name(s.text, s.name)),
        list_transform(spdis, lambda t: exact_of_spdi(t))), lambda e: CASE WHEN place_of_accession(e.accession) IS NOT NULL AND e.start0 < place_of_accession(e.accession).length
        THEN {'accession': e.accession, 'place': place_of_accession(e.accession), 'start0': e.start0, 'del': e.del, 'ins': e.ins} END),
        lambda e: e IS NOT NULL)) END AS exacts
  FROM spelled
), chosen AS (
  SELECT *, coalesce(place_of_accession(accession).assembly, assembly_of(assembly_cell),
      CASE WHEN len(list_filter(exacts, lambda e: e.place.assembly = 'GRCh38' AND e.place.chrom <> 'MT')) > 0 THEN 'GRCh38' ELSE 'GRCh37' END) AS wanted
  FROM stated
), single AS (
  SELECT *, list_filter(exacts, lambda e: (e.place.assembly = wanted OR e.place.chrom = 'MT')) AS there
  FROM chosen
), certain AS (
  -- Two places are none. What else the row says of place and alleles must say the same.
  SELECT *, CASE WHEN len(there) = 1 AND (assembly_cell IS NULL OR assembly_read = wanted) AND (chrom_cell IS NULL OR chrom = there[1].place.chrom)
      AND coalesce(ref_cell, there[1].del) = there[1].del AND coalesce(alt_cell, there[1].ins) = there[1].ins
      AND (there[1].place.chrom <> 'MT' OR (assembly_read IS NOT NULL AND coalesce(lower(assembly_cell), '') <> 'hg19'))
      THEN there[1] END AS exact
  FROM single
)
SELECT * EXCLUDE (exacts, wanted, there, exact) REPLACE (
    names_in(c_cell)[1] AS c_cell, names_in(p_cell)[1] AS p_cell,
    CASE WHEN exact IS NULL THEN chrom_cell ELSE exact.accession END AS chrom_cell,
    CASE WHEN exact IS NULL THEN chrom ELSE exact.place.chrom END AS chrom,
    CASE WHEN exact IS NULL OR exact.place.chrom = 'MT' THEN assembly_read ELSE exact.place.assembly END AS assembly_read,
    CASE WHEN exact IS NULL THEN start_cell ELSE CAST(exact.start0 + 1 AS VARCHAR) END AS start_cell,
    CASE WHEN exact IS NULL THEN start_number ELSE exact.start0 + 1 END AS start_number,
    CASE WHEN exact IS NULL THEN stop_number END AS stop_number,
    CASE WHEN exact IS NULL THEN ref_cell ELSE exact.del END AS ref_cell,
    CASE WHEN exact IS NULL THEN alt_cell ELSE exact.ins END AS alt_cell),
  CASE WHEN exact IS NOT NULL THEN exact.start0 WHEN place_wanted THEN start_number - 1 END AS exact_start0,
  exact IS NOT NULL AS is_placed_by_name
FROM certain;
"""
