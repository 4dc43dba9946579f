"""Step 1: one row a line; text cleaned, names collected, the place as written."""

READ = r"""
CREATE OR REPLACE TEMP TABLE read AS
WITH said AS (
  SELECT * REPLACE (given(variant) AS variant, given(gene) AS gene, given(hgvs_c) AS hgvs_c, given(hgvs_p) AS hgvs_p, given(hgvs_g) AS hgvs_g),
    variant AS variant_as_written, place_of(variant) AS place
  FROM {relation}
), bare AS (
  SELECT * REPLACE (without_protein(variant) AS variant, without_protein(hgvs_c) AS hgvs_c),
    protein_behind(variant) AS variant_behind, protein_behind(hgvs_c) AS c_behind,
    given(chrom) IS NULL AND given(start) IS NULL AND coalesce(place.chrom, '') <> '' AS place_wanted
  FROM said
), parted AS (
  SELECT *, gene_and_change(variant) AS named_change, gene_and_protein(variant, gene) AS named_protein,
    gene_and_change(hgvs_c) AS named_c, gene_and_change(hgvs_p) AS named_p, coalesce(gene_beside(hgvs_c), gene_beside(variant), gene_beside(hgvs_g)) AS gene_there
  FROM bare
), cleaned AS (
  SELECT line, coalesce(gene, nullif(named_change.gene, ''), named_protein.gene, nullif(named_c.gene, ''), nullif(named_p.gene, ''), gene_there) AS gene,
    hgvs_c AS c_cell, nullif(named_c.change, '') AS c_change, nullif(named_p.change, '') AS p_change,
    protein_name(hgvs_p) AS p_cell, protein_name(given(hgvs_p_short)) AS p_short_cell, hgvs_g AS g_cell, variant,
    coalesce(nullif(named_change.change, ''), named_protein.change) AS change_cell,
    coalesce(variant_behind, c_behind) AS behind_cell, place_wanted,
    given(other_names) AS other_names, given(transcript) AS transcript, given(rsid) AS rsid_cell,
    given(clinvar) AS clinvar_cell, vcv_of(given(variation_id)) AS vcv, given(assembly) AS assembly_cell,
    CASE WHEN place_wanted THEN place.chrom ELSE given(chrom) END AS chrom_cell,
    -- ClinVar writes -1 for "none".
    replace(CASE WHEN place_wanted THEN place.pos ELSE nullif(first_of(given(start)), '-1') END, ',', '') AS start_cell,
    replace(coalesce(first_of(given(stop)), last_of(given(start))), ',', '') AS stop_cell,
    CASE WHEN place_wanted THEN place.ref ELSE allele(ref) END AS ref_cell,
    CASE WHEN place_wanted THEN place.alt ELSE allele(alt) END AS alt_cell, alt AS alt_text,
    CASE WHEN regexp_matches(allele(alt_first), '^[ACGT]*$') THEN allele(alt_first) END AS first_cell,
    -- Only a MAF gives a tumour's first allele, and a MAF counts from 1, whatever its End says.
    given(alt_first) IS NOT NULL OR coalesce(trim(alt_first) = '-', false) AS of_tumour, given(accession) AS accession,
    given(consequence) AS consequence, trim(classification) AS reported, given(last_evaluated) AS evaluated_cell,
    given(comment) AS comment, given(url) AS url, given(source) AS source,
    given(review_status) AS review_status, given(oncogenicity) AS oncogenicity, given(somatic_impact) AS somatic_impact,
    alt_number,
    -- PostgreSQL keeps no text with a NUL in it.
    contains(concat_ws(' ', gene, hgvs_c, hgvs_p, hgvs_p_short, hgvs_g, other_names, transcript, rsid, clinvar, variation_id, assembly, chrom, start,
      stop, ref, alt, alt_first, variant_as_written, accession, consequence, classification, last_evaluated, comment, url, source,
      review_status, oncogenicity, somatic_impact), chr(0)) AS has_nul
  FROM parted
), named AS (
  SELECT *,
    coalesce(each_once(list_filter(list_transform(string_split_regex(coalesce(gene, ''), '[;,|]'),
        lambda t: trim(t)), lambda t: t <> '')), []) AS genes,
    each_once(list_filter(list_transform(flatten(list_transform(list_concat([c_cell, p_cell, p_short_cell, g_cell, variant],
        string_split(coalesce(other_names, ''), ',')), lambda t: names_in(trim(t)))), lambda t: plain_name(t)),
        lambda t: is_name(t))) AS full_names,
    list_filter(each_once(list_transform([c_cell, p_cell, g_cell, c_change, p_change, change_cell, behind_cell, p_short_cell], lambda t: squeezed(t))),
        lambda t: is_bare_name(t)) AS bare_names,
    CASE WHEN regexp_matches(transcript, '^(N[MR]_|X[MR]_|ENST|LRG_)[A-Za-z0-9_.]+$') THEN transcript END AS one_transcript,
    -- Numbers alone are rsIDs where a cell has nothing else: not those of a place, of COSM123, or ClinVar's -1.
    each_once(list_transform(CASE WHEN regexp_matches(rsid_cell, '(?i)^(?:rs(?:id)?[:# ]+)?\d{1,15}([,;|&/ ]+\d{1,15})*$')
        THEN regexp_extract_all(rsid_cell, '\d+')
        ELSE regexp_extract_all(lower(concat_ws(' ', rsid_cell, CASE WHEN regexp_matches(lower(variant), '^rs\d+$') THEN variant END)),
          '(?:^|[^a-z0-9-])rs(\d{1,15})\b', 1) END,
        lambda t: 'rs' || t)) AS rsids,
    each_once(list_transform(regexp_extract_all(upper(concat_ws(' ', vcv, clinvar_cell, variant, url)), '\b([VRS]CV\d{6,12})\b', 1),
        lambda t: left(t, 3) || repeat('0', greatest(0, 12 - length(t))) || substring(t, 4))) AS accessions
  FROM cleaned
), placed AS (
  SELECT named.*,
    -- A row's own words outweigh what is said of the file: its assembly, else the version of an accession.
    CASE WHEN assembly_cell IS NULL THEN coalesce(of_chrom.contig_assembly, of_accession.contig_assembly, $assembly)
         ELSE assembly_of(assembly_cell) END AS assembly_read,
    CASE WHEN of_chrom.contig_assembly <> assembly_of(assembly_cell) THEN of_chrom.contig_assembly END AS chrom_cell_of,
    of_accession.contig_assembly AS accession_assembly, of_accession.contig_chrom AS accession_chrom,
    upper(chrom_cell) AS chrom_upper,
    coalesce(of_chrom.contig_says, contig_kind(chrom_cell)) AS contig_says,
    CASE WHEN of_chrom.contig IS NOT NULL THEN of_chrom.contig_chrom ELSE chrom_named(chrom_cell) END AS chrom
  FROM named LEFT JOIN contigs of_chrom ON of_chrom.contig = upper(chrom_cell)
    LEFT JOIN contigs of_accession
      ON of_accession.contig = upper(accession) AND of_accession.contig_chrom IS NOT NULL
)
SELECT *, list_contains($not_rcrs::VARCHAR[], chrom_upper) AS is_other_mt,
  CASE WHEN regexp_matches(start_cell, '^\d{1,10}$') THEN CAST(start_cell AS BIGINT) END AS start_number,
  CASE WHEN regexp_matches(stop_cell, '^\d{1,10}$') THEN CAST(stop_cell AS BIGINT) END AS stop_number
FROM placed;
"""
