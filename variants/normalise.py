"""From mapped text cells to normalised alleles, names and identities: one DuckDB pipeline, no Python per row.

Input: a relation `cells` with `line` BIGINT (physical line, from 1) and one text column for each name in FIELDS
(NULL where the file has no such column). Output: a table `alleles`, one row for each allele of each line, in line
order, with the columns of OUTPUT; every input line has at least one row, with a `fate` of `keep`, `skip` or `reject`.

Coordinates. `start0` is the interbase (0-based) start of the fully trimmed change. `pos` is VCF POS: 1-based, of the
padding base where an insertion or deletion has one, else the first base of the unpadded change (of an insertion: the
base after it). Alleles are trimmed from the right, then from the left; nothing is moved (no left-alignment without a
reference sequence).

Identity: the first 16 bytes of SHA-256 over a text that starts with its kind (`allele|GRCh38|7|117559590|TCT|`), so
that a place, a genomic name, a transcript name and an accession can never be taken for each other.
"""

from dataclasses import dataclass

import duckdb

FIELDS = [
    "gene", "hgvs_c", "hgvs_p", "hgvs_g", "other_names", "transcript", "rsid", "clinvar", "assembly", "chrom", "start",
    "stop", "ref", "alt", "alt_first", "variant", "accession", "consequence", "classification", "last_evaluated", "comment", "url", "source",
]  # fmt: skip

OUTPUT = [
    "line", "alt_index", "fate", "reason", "flag", "key", "assembly", "chrom", "chrom_rank", "pos", "ref", "alt",
    "span_start",
    "span_end",
    "padding", "genes", "transcript", "hgvs_c", "hgvs_p", "hgvs_g", "rsid", "consequence", "reported", "last_evaluated",
    "comment", "url", "source", "names",
]  # fmt: skip

# Versions of the NC_ accessions: GRCh38's is one higher than GRCh37's for every nuclear chromosome (NCBI assembly
# reports GCF_000001405.13 and .26). NC_012920.1 is rCRS, the MT of both.
_GRCH37_VERSIONS = [10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9]
_CHROM_NAMES = [*(str(n) for n in range(1, 23)), "X", "Y", "MT"]


def genomic_accession(assembly: str, chrom: str) -> str:
    """RefSeq accession with version: ("GRCh37", "19") -> "NC_000019.9"."""
    if chrom == "MT":
        return "NC_012920.1"
    index = _CHROM_NAMES.index(chrom)
    return f"NC_{index + 1:06d}.{_GRCH37_VERSIONS[index] + (assembly == 'GRCh38')}"


ACCESSIONS = [
    [genomic_accession(assembly, chrom), assembly, chrom] for assembly in ("GRCh37", "GRCh38") for chrom in _CHROM_NAMES
]

LONGEST = 249_250_621  # bases of GRCh37's chromosome 1, the longest of both assemblies

MACROS = r"""
-- Nothing-values of the tables that labs and databases write.
CREATE OR REPLACE MACRO given(t) AS CASE WHEN upper(trim(t)) IN ('', '.', 'NULL', 'NA', 'N/A', 'NONE', 'NAN', '-')
    THEN NULL ELSE trim(t) END;
-- An allele: '-' is an empty one, which is something else than none given.
CREATE OR REPLACE MACRO allele(t) AS CASE WHEN upper(trim(t)) IN ('', '.', 'NULL', 'NA', 'N/A', 'NONE', 'NAN')
    THEN NULL WHEN trim(t) = '-' THEN '' ELSE upper(trim(t)) END;
CREATE OR REPLACE MACRO common_start(a, b) AS coalesce(list_position(
    list_transform(list_zip(string_split(a, '')[:least(length(a), length(b))],
                            string_split(b, '')[:least(length(a), length(b))]), lambda x: x[1] = x[2]), false) - 1,
    least(length(a), length(b)));
CREATE OR REPLACE MACRO common_end(a, b) AS CASE WHEN a = '' OR b = '' OR right(a, 1) <> right(b, 1) THEN 0
    ELSE common_start(reverse(a), reverse(b)) END;
CREATE OR REPLACE MACRO common_head(a, b) AS CASE WHEN a = '' OR b = '' OR left(a, 1) <> left(b, 1) THEN 0
    ELSE common_start(a, b) END;
-- list_distinct keeps no order, and the first of several genes or names decides identity and display.
CREATE OR REPLACE MACRO each_once(l) AS list_filter(l, lambda x, i: list_position(l, x) = i);
CREATE OR REPLACE MACRO digest(t) AS left(sha256(t), 32);
-- Whether stop less start shows the base: not for an insertion after REF, whose start and stop may be its two flanks.
CREATE OR REPLACE MACRO length_tells(ref, alt) AS coalesce(ref <> '' AND NOT (length(alt) > length(ref) AND starts_with(alt, ref)), false);
-- NC_, NG_, NM_ ... : or LRG_ or Ensembl accession, optional (GENE), one-letter kind, change.
CREATE OR REPLACE MACRO is_name(t) AS regexp_matches(t, '^([NX][A-Z]_|LRG_|ENS[TGP])[A-Za-z0-9_.]*(\([^()]*\))?:[cgnpm]\.\S');
CREATE OR REPLACE MACRO is_bare_name(t) AS regexp_matches(t, '^[cgnp]\.\S');
CREATE OR REPLACE MACRO plain_name(t) AS regexp_replace(replace(t, ' ', ''), '^([A-Za-z0-9_.]+)\([^()]*\):', '\1:');
CREATE OR REPLACE MACRO name_kind(t) AS CASE regexp_extract(t, ':([cgnpm])\.', 1) WHEN 'm' THEN 'g'
    ELSE regexp_extract(t, ':([cgnpm])\.', 1) END;
-- A day between 1900 and next year, in three spellings; anything else is no date of an evaluation.
CREATE OR REPLACE MACRO any_day(t) AS CASE
    WHEN regexp_matches(t, '^\d{4}-\d\d-\d\d') THEN TRY_CAST(left(t, 10) AS DATE)
    WHEN regexp_matches(t, '^\d{4}/\d\d?/\d\d?$') THEN CAST(try_strptime(t, '%Y/%m/%d') AS DATE)
    WHEN regexp_matches(t, '^[A-Za-z]{3} \d\d?, \d{4}$') THEN CAST(try_strptime(t, '%b %d, %Y') AS DATE) END;
CREATE OR REPLACE MACRO day(t) AS CASE WHEN year(any_day(t)) BETWEEN 1900 AND year(current_date) + 1 THEN any_day(t) END;
CREATE OR REPLACE MACRO assembly_of(t) AS CASE
    WHEN regexp_matches(lower(t), '^(grch38|hg38|b38|38)([.]p\d+|[.]d1[.]vd1)?$') THEN 'GRCh38'
    WHEN regexp_matches(lower(t), '^(grch37|hg19|b37|37)([.]p\d+|-lite)?$') THEN 'GRCh37' END;
-- A whole place in one cell: 17-43057062-T-TG, chr17:43,057,062 T>TG. Of SPDI, whose positions count from 0, none.
CREATE OR REPLACE MACRO place_of(t) AS regexp_extract(upper(trim(t)),
    '^(?:CHR(?:OMOSOME)?)?([0-9]{1,2}|X|Y|MT?)[-:_/|\s]+([0-9,]+)[-:_/|\s]*([ACGTN]+)[-:_/|>\s]([ACGTN]+|[*])$',
    ['chrom', 'pos', 'ref', 'alt']);
-- GENE c.1A>G, GENE:p.Gly12Asp, and a change alone; the gene and the change. An accession is no gene.
CREATE OR REPLACE MACRO gene_and_change(t) AS regexp_extract(CASE WHEN is_name(plain_name(t)) THEN '' ELSE trim(t) END,
    '^(?:([A-Za-z][A-Za-z0-9-]*)\s*[: ]\s*)?([cgnp]\.\S+)$', ['gene', 'change']);
-- "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", as ClinVar writes it, is two names.
CREATE OR REPLACE MACRO without_protein(t) AS regexp_replace(trim(t), '\s+\(p\..*\)$', '');
CREATE OR REPLACE MACRO protein_behind(t) AS nullif(regexp_extract(trim(t), '\s\((p\..*)\)$', 1), '');
-- A protein change without its "p.": G12D, Gly12Asp, L747fs*12.
CREATE OR REPLACE MACRO protein_name(t) AS CASE WHEN regexp_matches(t,
    '^([ACDEFGHIKLMNPQRSTVWY*]|[A-Z][a-z]{2})\d+([ACDEFGHIKLMNPQRSTVWY*=]|[A-Z][a-z]{2}|[A-Z]?[a-z]{0,2}fs\S*|del|dup)$')
    THEN 'p.' || t ELSE t END;
"""

# 1. One row a line: text cleaned, names collected, place as written.
READ = r"""
CREATE OR REPLACE TEMP TABLE read AS
WITH parted AS (
  SELECT * REPLACE (without_protein(given(variant)) AS variant), variant AS variant_as_written,
    place_of(variant) AS place,
    given(chrom) IS NULL AND given(start) IS NULL AND coalesce(place_of(variant).chrom, '') <> '' AS place_wanted,
    gene_and_change(without_protein(given(variant))) AS named_change
  FROM cells
), cleaned AS (
  SELECT line, coalesce(given(gene), nullif(named_change.gene, '')) AS gene, given(hgvs_c) AS c_cell,
    protein_name(given(hgvs_p)) AS p_cell, given(hgvs_g) AS g_cell, variant,
    nullif(named_change.change, '') AS change_cell, protein_behind(variant_as_written) AS behind_cell,
    given(other_names) AS other_names, given(transcript) AS transcript, given(rsid) AS rsid_cell,
    given(clinvar) AS clinvar_cell, given(assembly) AS assembly_cell,
    CASE WHEN place_wanted THEN place.chrom ELSE given(chrom) END AS chrom_cell,
    -- ClinVar writes -1 for "none".
    replace(CASE WHEN place_wanted THEN place.pos ELSE nullif(given(start), '-1') END, ',', '') AS start_cell, replace(given(stop), ',', '') AS stop_cell,
    CASE WHEN place_wanted THEN place.ref ELSE allele(ref) END AS ref_cell,
    CASE WHEN place_wanted THEN place.alt ELSE allele(alt) END AS alt_cell, alt AS alt_text,
    CASE WHEN regexp_matches(allele(alt_first), '^[ACGT]*$') THEN allele(alt_first) END AS first_cell,
    -- Only a MAF gives a tumour's first allele, and a MAF counts from 1, whatever its End says.
    given(alt_first) IS NOT NULL OR coalesce(trim(alt_first) = '-', false) AS of_tumour, given(accession) AS accession,
    given(consequence) AS consequence, trim(classification) AS reported, given(last_evaluated) AS evaluated_cell,
    given(comment) AS comment, given(url) AS url, given(source) AS source,
    -- PostgreSQL keeps no text with a NUL in it.
    contains(concat_ws(' ', gene, hgvs_c, hgvs_p, hgvs_g, other_names, transcript, rsid, clinvar, assembly, chrom, start,
      stop, ref, alt, alt_first, variant_as_written, accession, consequence, classification, last_evaluated, comment, url, source), chr(0)) AS has_nul
  FROM parted
), named AS (
  SELECT *,
    coalesce(each_once(list_filter(list_transform(string_split_regex(coalesce(gene, ''), '[;,|]'),
        lambda t: trim(t)), lambda t: t <> '')), []) AS genes,
    each_once(list_transform(list_filter(list_transform(list_concat([c_cell, p_cell, g_cell, variant],
        string_split(coalesce(other_names, ''), ',')), lambda t: trim(t)), lambda t: is_name(t)),
        lambda t: plain_name(t))) AS full_names,
    list_filter(each_once(list_transform([c_cell, p_cell, g_cell, change_cell, behind_cell], lambda t: replace(t, ' ', ''))),
        lambda t: is_bare_name(t)) AS bare_names,
    CASE WHEN regexp_matches(transcript, '^(N[MR]_|X[MR]_|ENST|LRG_)[A-Za-z0-9_.]+$') THEN transcript END AS one_transcript,
    -- Numbers alone are rsIDs where a cell has nothing else: not those of a place, of COSM123, or ClinVar's -1.
    each_once(list_transform(CASE WHEN regexp_matches(rsid_cell, '(?i)^(?:rs(?:id)?[:# ]+)?\d{1,15}([,;|&/ ]+\d{1,15})*$')
        THEN regexp_extract_all(rsid_cell, '\d+')
        ELSE regexp_extract_all(lower(concat_ws(' ', rsid_cell, CASE WHEN regexp_matches(lower(variant), '^rs\d+$') THEN variant END)),
          '(?:^|[^a-z0-9-])rs(\d{1,15})\b', 1) END,
        lambda t: 'rs' || t)) AS rsids,
    each_once(list_transform(regexp_extract_all(upper(concat_ws(' ', clinvar_cell, variant, url)), '\b([VRS]CV\d{6,12})\b', 1),
        lambda t: left(t, 3) || repeat('0', greatest(0, 12 - length(t))) || substring(t, 4))) AS accessions
  FROM cleaned
), placed AS (
  SELECT *,
    CASE WHEN assembly_cell IS NULL THEN coalesce(by_accession.assembly, $assembly)
         ELSE assembly_of(assembly_cell) END AS assembly_read,
    coalesce(by_accession.assembly <> assembly_of(assembly_cell), false) AS accession_disagrees,
    coalesce(by_accession.chrom, regexp_replace(upper(chrom_cell), '^CHR(OMOSOME)?[ _]?', '')) AS chrom_text
  FROM named LEFT JOIN (SELECT accession AS chrom_accession, assembly, chrom FROM accessions WHERE chrom <> 'MT') by_accession
    ON by_accession.chrom_accession = chrom_cell
)
SELECT * EXCLUDE (chrom_accession, assembly, chrom),
  CASE WHEN chrom_text IN ('M', 'MT', 'NC_012920.1') THEN 'MT' WHEN chrom_text IN ('X', 'Y') THEN chrom_text
       WHEN chrom_text = '23' THEN 'X' WHEN chrom_text = '24' THEN 'Y' WHEN chrom_text = '26' THEN 'MT'
       WHEN TRY_CAST(chrom_text AS INTEGER) BETWEEN 1 AND 22 AND regexp_matches(chrom_text, '^\d{1,2}$')
         THEN CAST(CAST(chrom_text AS INTEGER) AS VARCHAR) END AS chrom,
  CASE WHEN regexp_matches(start_cell, '^\d{1,10}$') THEN CAST(start_cell AS BIGINT) END AS start_number,
  CASE WHEN regexp_matches(stop_cell, '^\d{1,10}$') THEN CAST(stop_cell AS BIGINT) END AS stop_number
FROM placed;
"""

# 2. What the g. name on the row's own accession says of the place: the judge between 0-based and 1-based starts.
JUDGE = r"""
CREATE OR REPLACE TEMP TABLE judged AS
WITH own AS (
  SELECT r.*, a.accession AS own_accession,
    list_filter(r.full_names, lambda t: starts_with(t, coalesce(a.accession, r.accession, '?') || ':g.'))[1] AS own_name
  FROM read r LEFT JOIN accessions a ON a.assembly = r.assembly_read AND a.chrom = r.chrom
)
SELECT *,
  TRY_CAST(regexp_extract(own_name, ':g\.(\d+)', 1) AS BIGINT) AS name_start,
  regexp_extract(own_name, ':g\.\d+([ACGT]+)>([ACGT]+)$', ['ref', 'alt']) AS name_change
FROM own;
"""

# Of the rows that can tell (a substitution whose g. name has the same alleles; a deleted stretch whose length is the
# stop less the start), how many say 0-based and how many 1-based. The same apart for rows without alleles.
EVIDENCE = r"""
SELECT
  count(*) FILTER (with_alleles AND (by_name = 0 OR (by_name IS NULL AND by_length = 0))) AS alleles_0,
  count(*) FILTER (with_alleles AND (by_name = 1 OR (by_name IS NULL AND by_length = 1))) AS alleles_1,
  count(*) FILTER (NOT with_alleles AND name_start = start_number + 1) AS bare_0,
  count(*) FILTER (NOT with_alleles AND name_start = start_number) AS bare_1
FROM (
  SELECT name_start, start_number, (coalesce(ref_cell, '') <> '' OR coalesce(alt_cell, '') <> '') AS with_alleles,
    CASE WHEN name_change.ref = ref_cell AND name_change.alt = alt_cell AND name_start - start_number IN (0, 1)
         THEN 1 - (name_start - start_number) END AS by_name,
    CASE WHEN of_tumour OR NOT length_tells(ref_cell, alt_cell) THEN NULL
         WHEN stop_number - start_number = length(ref_cell) THEN 0
         WHEN stop_number - start_number = length(ref_cell) - 1 THEN 1 END AS by_length
  FROM judged WHERE chrom IS NOT NULL AND start_number IS NOT NULL
);
"""

# 3. One row an allele, with the place settled or the row refused; then trimmed; then named and identified.
ALLELES = r"""
CREATE OR REPLACE TEMP TABLE alleles AS
WITH fated AS (
  SELECT *,
    chrom_cell IS NOT NULL AND start_cell IS NOT NULL AS has_whole_place,
    coalesce(ref_cell, '') <> '' OR coalesce(alt_cell, '') <> '' OR coalesce(first_cell, '') <> '' AS with_alleles,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN start_number IS NULL THEN 'position ''' || left(start_cell, 40) || ''' is not a whole number'
      WHEN start_number > $longest THEN 'position ' || start_number || ' lies beyond every chromosome'
    END AS bad_place,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN accession_disagrees THEN left(chrom_cell, 40) || ' is no sequence of ' || assembly_read
      WHEN assembly_read IS NULL AND assembly_cell IS NOT NULL
        THEN 'assembly ''' || left(assembly_cell, 40) || ''' is neither GRCh37 nor GRCh38'
      WHEN regexp_matches(accession, '^[A-Z]{2}_?\d') AND accession <> own_accession
        THEN 'positions are on ' || left(accession, 40) || ', which is not chromosome ' || chrom || ' of ' || assembly_read
    END AS other_place,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN chrom IS NULL THEN '''' || left(chrom_cell, 60) || ''' is not a chromosome (1-22, X, Y, MT)'
      WHEN chrom = 'MT' AND lower(assembly_cell) = 'hg19' THEN 'chrM of hg19 is another sequence than MT (rCRS)'
      WHEN assembly_read IS NULL AND assembly_cell IS NULL THEN 'no assembly'
    END AS unknown_place,
    CASE WHEN alt_text LIKE '%,%' THEN list_transform(string_split(alt_text, ','), lambda t: allele(t))
      -- Of a tumour's two alleles those that are not the reference; where both are, the second says so.
      WHEN first_cell <> ref_cell THEN each_once(list_filter([alt_cell, first_cell], lambda t: t <> ref_cell))
      ELSE [alt_cell] END AS alts
  FROM judged
), split AS (
  SELECT * REPLACE (u.alt_one AS alt_cell), u.alt_index
  FROM (SELECT *, unnest(list_transform(alts, lambda x, i: {'alt_one': x, 'alt_index': i})) AS u FROM fated)
), kinds AS (
  SELECT *,
    CASE
      WHEN bad_place IS NOT NULL OR unknown_place IS NOT NULL OR other_place IS NOT NULL
        OR NOT has_whole_place THEN 'no place'
      WHEN NOT with_alleles OR ref_cell IS NULL OR alt_cell IS NULL THEN 'place only'
      WHEN alt_cell = '*' THEN 'star'
      WHEN regexp_matches(alt_cell, '[<>\[\]]') THEN 'symbolic'
      WHEN NOT regexp_matches(ref_cell, '^[ACGTN]*$') OR NOT regexp_matches(alt_cell, '^[ACGTN]*$') THEN 'ambiguous'
      WHEN ref_cell = alt_cell THEN 'no change'
      -- "1000-1010, insert TACCC, ref not given": a replacement whose old bases are unknown, not an insertion.
      WHEN ref_cell = '' AND stop_number - start_number > 1 THEN 'deleted bases not given'
      ELSE 'alleles'
    END AS kind
  FROM split
), settled AS (
  SELECT *,
    -- interbase start of the alleles as written
    CASE WHEN kind <> 'alleles' THEN NULL
      WHEN name_change.ref = ref_cell AND name_change.alt = alt_cell AND name_start - start_number IN (0, 1)
        THEN name_start - 1
      WHEN ref_cell = '' THEN start_number
      WHEN of_tumour AND ref_cell <> '' THEN start_number - 1
      WHEN length_tells(ref_cell, alt_cell) AND stop_number - start_number = length(ref_cell) THEN start_number
      WHEN length_tells(ref_cell, alt_cell) AND stop_number - start_number = length(ref_cell) - 1 THEN start_number - 1
      ELSE start_number - $allele_base END AS written0,
    CASE WHEN kind IN ('place only', 'ambiguous', 'deleted bases not given')
      THEN coalesce(CASE WHEN abs(name_start - start_number) <= 1 THEN name_start END,
                    start_number + (1 - $bare_base)) END AS bare_pos,
    common_end(ref_cell, alt_cell) AS cut_end
  FROM kinds
), cut AS (
  SELECT *, left(ref_cell, length(ref_cell) - cut_end) AS ref1, left(alt_cell, length(alt_cell) - cut_end) AS alt1
  FROM settled
), trimmed AS (
  SELECT *, common_head(ref1, alt1) AS cut_start FROM cut
), bare AS (
  SELECT *, written0 + cut_start AS start0, substring(ref1, cut_start + 1) AS del, substring(alt1, cut_start + 1) AS ins,
    CASE WHEN cut_start > 0 THEN substring(ref1, cut_start, 1) END AS base_before,
    list_filter(full_names, lambda t: name_kind(t) = 'g') AS g_names,
    list_filter(full_names, lambda t: name_kind(t) IN ('c', 'n')) AS c_names,
    list_filter(full_names, lambda t: name_kind(t) = 'p') AS p_names,
    list_filter(bare_names, lambda t: left(t, 1) IN ('c', 'n'))[1] AS bare_c,
    list_filter(bare_names, lambda t: left(t, 1) = 'p')[1] AS bare_p
  FROM trimmed
), shown AS (
  SELECT *,
    kind = 'alleles' AND ((del <> '' AND ins <> '') OR base_before IS NOT NULL) AS padded,
    -- The column for c. names may hold a g. name: then it says nothing of the coding sequence.
    coalesce(CASE WHEN is_name(c_cell) AND name_kind(plain_name(c_cell)) IN ('c', 'n') THEN plain_name(c_cell) END,
             CASE WHEN bare_c IS NOT NULL THEN coalesce(one_transcript, genes[1]) || ':' || bare_c END, c_names[1]) AS best_c,
    coalesce(bare_p, CASE WHEN is_name(p_cell) AND name_kind(plain_name(p_cell)) = 'p' THEN plain_name(p_cell) END,
             p_names[1]) AS best_p,
    -- GRCh38's chromosomes first, then older ones, then gene regions: the same choice whatever the order in the cell.
    list_sort(g_names, 'DESC')[1] AS last_g,
    list_sort(list_filter(g_names, lambda t: starts_with(t, 'NC_')), 'DESC')[1] AS best_nc
  FROM bare
), located AS (
  SELECT *,
    CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del <> '' AND ins <> '' THEN start0 + 1
         WHEN base_before IS NOT NULL THEN start0 ELSE start0 + 1 END AS vcf_pos
  FROM shown
), identified AS (
  SELECT *,
    CASE WHEN has_nul THEN 'the line holds a NUL character' WHEN bad_place IS NOT NULL THEN bad_place
         WHEN vcf_pos < 1 THEN 'position ' || start_number || ' lies before the chromosome' END AS refused,
    -- REF without ALT says "as the reference" or nothing; only a name of the change itself makes it a claim.
    kind = 'place only' AND coalesce(ref_cell, '') <> '' AND alt_cell IS NULL
      AND coalesce(best_nc, last_g, best_c, best_p, accessions[1]) IS NULL AS no_alt,
    CASE
      WHEN kind = 'alleles' THEN concat_ws('|', 'allele', assembly_read, chrom, start0, del, ins)
      WHEN coalesce(best_nc, last_g) IS NOT NULL THEN 'g|' || coalesce(best_nc, last_g)
      WHEN is_name(best_c) AND regexp_matches(best_c, '\.\d+:') THEN 'transcript|' || best_c
      WHEN bare_c IS NOT NULL AND genes[1] IS NOT NULL THEN 'gene c|' || upper(genes[1]) || '|' || bare_c
      WHEN best_c IS NOT NULL THEN 'c|' || best_c
      WHEN best_p IS NOT NULL AND bare_p IS NULL THEN 'p|' || best_p
      WHEN bare_p IS NOT NULL AND genes[1] IS NOT NULL THEN 'gene p|' || upper(genes[1]) || '|' || bare_p
      WHEN len(rsids) > 0 AND coalesce(alt_cell, '') <> '' THEN 'rs alt|' || rsids[1] || '|' || alt_cell
      WHEN len(rsids) > 0 THEN 'rs|' || rsids[1]
      WHEN len(accessions) > 0 THEN 'clinvar|' || list_sort(accessions)[1]
      WHEN len(genes) > 0 THEN 'line|' || $load || '|' || line || '|' || alt_index
    END AS identity
  FROM located
)
SELECT line, alt_index,
  CASE WHEN refused IS NOT NULL THEN 'reject'
       WHEN unknown_place IS NOT NULL OR kind IN ('star', 'symbolic', 'no change') OR no_alt OR identity IS NULL THEN 'skip'
       ELSE 'keep' END AS fate,
  CASE WHEN refused IS NOT NULL THEN refused WHEN unknown_place IS NOT NULL THEN unknown_place
       WHEN no_alt THEN 'no ALT allele'
       WHEN kind = 'star' THEN 'ALT * (spanning deletion) is no allele of its own'
       WHEN kind = 'symbolic' THEN 'symbolic allele ' || left(alt_cell, 60)
       WHEN kind = 'no change' THEN 'ALT equals REF'
       WHEN identity IS NULL THEN coalesce(other_place, 'names no variant and no gene') END AS reason,
  CASE WHEN kind = 'ambiguous' THEN 'alleles ' || left(ref_cell, 40) || ' > ' || left(alt_cell, 40) || ' are not plain bases; kept by name'
       WHEN other_place IS NOT NULL THEN other_place || '; kept by name'
       WHEN chrom_cell IS NOT NULL AND start_cell IS NULL THEN 'a chromosome without a position; kept by name'
       WHEN chrom_cell IS NULL AND start_cell IS NOT NULL THEN 'a position without a chromosome; kept by name'
       WHEN kind = 'deleted bases not given' THEN 'deleted bases not given; kept by name'
       WHEN kind = 'alleles' AND name_change.ref <> '' AND own_name IS NOT NULL AND length(del) = 1 AND length(ins) = 1
            AND start0 + 1 <> name_start THEN 'position and ' || left(own_name, 120) || ' disagree'
       END AS flag,
  digest(identity) AS key,
  CASE WHEN kind <> 'no place' THEN assembly_read END AS assembly,
  CASE WHEN kind <> 'no place' THEN chrom END AS chrom,
  CASE WHEN kind <> 'no place' THEN list_position($chromosomes, chrom) END AS chrom_rank,
  vcf_pos AS pos,
  CASE WHEN kind <> 'alleles' THEN NULL WHEN del <> '' AND ins <> '' THEN del
       WHEN base_before IS NOT NULL THEN base_before || del ELSE nullif(del, '') END AS ref,
  CASE WHEN kind <> 'alleles' THEN NULL WHEN del <> '' AND ins <> '' THEN ins
       WHEN base_before IS NOT NULL THEN base_before || ins ELSE nullif(ins, '') END AS alt,
  -- First and last base that the change touches (1-based): of an insertion, the bases on its two sides.
  CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del = '' THEN greatest(start0, 1) ELSE start0 + 1 END AS span_start,
  CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del = '' THEN start0 + 1 ELSE start0 + length(del) END AS span_end,
  padded AS padding, genes,
  coalesce(one_transcript, CASE WHEN is_name(best_c) THEN regexp_extract(best_c, '^([^:]+):', 1) END) AS transcript,
  best_c AS hgvs_c, best_p AS hgvs_p, coalesce(CASE WHEN kind <> 'no place' THEN own_name END, best_nc, last_g) AS hgvs_g,
  rsids[1] AS rsid, consequence, nullif(reported, '') AS reported, day(evaluated_cell) AS last_evaluated, comment, url,
  source,
  list_concat(list_transform(full_names, lambda t: name_kind(t) || '=' || t),
    list_filter([CASE WHEN bare_c IS NOT NULL AND genes[1] IS NOT NULL THEN left(bare_c, 1) || '=' || genes[1] || ':' || bare_c END,
     CASE WHEN bare_c IS NOT NULL AND one_transcript IS NOT NULL THEN left(bare_c, 1) || '=' || one_transcript || ':' || bare_c END,
     CASE WHEN bare_p IS NOT NULL AND genes[1] IS NOT NULL THEN 'p=' || genes[1] || ':' || bare_p END], lambda t: t IS NOT NULL),
    list_transform(rsids, lambda t: 'rsid=' || t), list_transform(accessions, lambda t: 'clinvar=' || t)) AS names
FROM identified ORDER BY line, alt_index;
"""


@dataclass(frozen=True)
class Bases:
    """Whether starts count from 0 or from 1: in rows with alleles, and in rows without. `sentence` says why."""

    alleles: int
    bare: int
    sentence: str


def _bases(alleles_0: int, alleles_1: int, bare_0: int, bare_1: int) -> Bases:
    """The majority of the rows that can tell decides for those that cannot; with none, VCF's 1-based."""
    alleles, bare = int(alleles_1 >= alleles_0), int(bare_1 >= bare_0)
    told = alleles_0 + alleles_1 + bare_0 + bare_1
    if not told:
        return Bases(1, 1, "Positions read as 1-based; no row says otherwise.")
    of_alleles = f"{max(alleles_0, alleles_1):,} of {alleles_0 + alleles_1:,} rows with alleles"
    of_bare = f"{max(bare_0, bare_1):,} of {bare_0 + bare_1:,} rows without"
    return Bases(
        alleles,
        bare,
        f"Positions read as {alleles}-based in rows with alleles, {bare}-based in rows without:"
        f" {of_alleles} and {of_bare} that can tell agree; each of the others is read as it tells itself.",
    )


def normalise(db: duckdb.DuckDBPyConnection, *, assembly: str | None, load: str) -> Bases:
    """Make the table `alleles` from the relation `cells` in `db`.

    `assembly` is for rows that name none. `load` is the load's fingerprint: part of the identity of rows that name
    a gene and nothing else.
    """
    db.execute(MACROS)
    accessions, assemblies, chroms = (list(column) for column in zip(*ACCESSIONS, strict=True))
    db.execute(
        "CREATE OR REPLACE TEMP TABLE accessions AS SELECT unnest($accessions::VARCHAR[]) AS accession,"
        " unnest($assemblies::VARCHAR[]) AS assembly, unnest($chroms::VARCHAR[]) AS chrom",
        {"accessions": accessions, "assemblies": assemblies, "chroms": chroms},
    )
    db.execute(READ, {"assembly": assembly})
    db.execute(JUDGE)
    counted = db.execute(EVIDENCE).fetchone()
    bases = _bases(*(counted or (0, 0, 0, 0)))
    db.execute(
        ALLELES,
        {
            "longest": LONGEST,
            "allele_base": bases.alleles,
            "bare_base": bases.bare,
            "load": load,
            "chromosomes": _CHROM_NAMES,
        },
    )
    return bases
