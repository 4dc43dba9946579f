"""Step 3: one row an allele; its place settled or the row refused, then trimmed. Nothing is moved here."""

MOST_ALTS = 1_000  # of a line; one with more becomes one symbolic allele, skipped with that reason

SPLIT_ALLELES = r"""
CREATE OR REPLACE TEMP TABLE trimmed AS
WITH fated AS (
  SELECT *,
    chrom_cell IS NOT NULL AND start_cell IS NOT NULL AS has_whole_place,
    coalesce(ref_cell, '') <> '' OR coalesce(alt_cell, '') <> '' OR coalesce(first_cell, '') <> '' AS with_alleles,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN start_number IS NULL THEN 'position ''' || left(start_cell, 40) || ''' is not a whole number'
      WHEN start_number > chrom_length THEN beyond_end(start_number, assembly_read, chrom, chrom_length, other_length)
      -- The row is refused or kept by name all the same; a position that no chromosome has is said first.
      WHEN chrom IS NOT NULL AND start_number > 249250621 THEN 'position ' || start_number || ' lies beyond every chromosome'
    END AS bad_place,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN chrom_cell_of IS NOT NULL
        THEN left(chrom_cell, 40) || ' is a sequence of ' || chrom_cell_of || ', and the row says ' || assembly_read
      WHEN assembly_read IS NULL AND assembly_cell IS NOT NULL
        THEN 'assembly ''' || left(assembly_cell, 40) || ''' is neither GRCh37 nor GRCh38'
      WHEN accession_chrom IS NOT NULL AND accession_chrom <> chrom
        OR accession_assembly <> assembly_read
        OR accession_chrom IS NULL AND regexp_matches(accession, '^[A-Z]{2}_?\d') AND accession <> own_accession
        THEN 'positions are on ' || left(accession, 40) || ', which is not chromosome ' || chrom || ' of ' || assembly_read
    END AS other_place,
    CASE
      WHEN NOT has_whole_place THEN NULL
      WHEN chrom IS NULL THEN coalesce(left(chrom_cell, 60) || ' ' || contig_says,
        '''' || left(chrom_cell, 60) || ''' is not a chromosome (1-22, X, Y, MT)')
      WHEN chrom = 'MT' AND is_other_mt
        THEN left(chrom_cell, 60) || ' is chrM of UCSC hg19 (NC_001807, 16,571 bases) here, another sequence than MT (rCRS)'
      WHEN chrom = 'MT' AND lower(assembly_cell) = 'hg19' THEN 'chrM of hg19 is another sequence than MT (rCRS)'
      WHEN assembly_read IS NULL AND assembly_cell IS NULL THEN 'no assembly'
    END AS unknown_place,
    CASE WHEN alt_number IS NOT NULL THEN [alt_cell]
      WHEN len(string_split(alt_text, ',')) > $most_alleles THEN ['<' || len(string_split(alt_text, ',')) || ' ALT ALLELES>']
      WHEN alt_text LIKE '%,%' THEN list_transform(string_split(alt_text, ','), lambda t: allele(t))
      -- Of a tumour's two alleles those that are not the reference; where both are, the second says so.
      WHEN first_cell <> ref_cell THEN each_once(list_filter([alt_cell, first_cell], lambda t: t <> ref_cell))
      ELSE [alt_cell] END AS alts
  FROM judged
), listed AS (
  -- Each allele once, at the place where the cell has it first; an empty end of a list is none.
  SELECT *, list_transform(alts, lambda x, i: {'alt_one': x, 'alt_index': coalesce(alt_number, i)}) AS listed,
    list_filter(listed, lambda u: alt_number IS NOT NULL OR u.alt_one IS NOT NULL AND list_position(alts, u.alt_one) = u.alt_index) AS kept
  FROM fated
), split AS (
  SELECT * EXCLUDE (listed, kept, u) REPLACE (u.alt_one AS alt_cell), u.alt_index,
    -- Both alleles of a tumour may differ from REF; the row's names, consequence and classes are those of the second one.
    coalesce(alt_number IS NULL AND alt_text NOT LIKE '%,%' AND first_cell <> ref_cell AND u.alt_index = 2, false) AS is_unnamed
  FROM (SELECT *, unnest(CASE WHEN len(kept) = 0 THEN listed[:1] ELSE kept END) AS u FROM listed)
), siblings AS (
  -- The alleles of a line that came as one row for each; of the few lines that have more than one.
  SELECT line AS sibling_line, list(alt_cell) AS siblings FROM judged
  WHERE line IN (SELECT line FROM judged WHERE alt_number = 2) GROUP BY line
), told_apart AS (
  -- A list of genomic names and SPDIs may be about each allele of the line: one that states another allele is not this one's.
  SELECT * EXCLUDE (others, sibling_line, siblings) REPLACE (
    list_filter(full_names, lambda t: NOT is_of_another(t, ref_cell, others)) AS full_names,
    list_filter(spellings, lambda s: NOT is_of_another(s.name, ref_cell, others)) AS spellings,
    list_filter(of_chromosomes, lambda t: NOT is_of_another(t, ref_cell, others)) AS of_chromosomes,
    list_filter(spdis, lambda t: NOT is_of_another(t, ref_cell, others)) AS spdis)
  FROM (
    SELECT *, list_filter(coalesce(siblings, alts), lambda t: t <> alt_cell) AS others
    FROM split LEFT JOIN siblings ON alt_number IS NOT NULL AND sibling_line = line
  )
), named AS (
  SELECT * REPLACE (
    CASE WHEN NOT is_unnamed THEN c_cell END AS c_cell, CASE WHEN NOT is_unnamed THEN p_cell END AS p_cell,
    CASE WHEN NOT is_unnamed THEN consequence END AS consequence, CASE WHEN NOT is_unnamed THEN reported END AS reported,
    CASE WHEN NOT is_unnamed THEN review_status END AS review_status,
    CASE WHEN NOT is_unnamed THEN oncogenicity END AS oncogenicity, CASE WHEN NOT is_unnamed THEN somatic_impact END AS somatic_impact,
    CASE WHEN is_unnamed THEN full_names[:0] ELSE full_names END AS full_names,
    CASE WHEN is_unnamed THEN bare_names[:0] ELSE bare_names END AS bare_names,
    CASE WHEN is_unnamed THEN spellings[:0] ELSE spellings END AS spellings,
    CASE WHEN is_unnamed THEN of_chromosomes[:0] ELSE of_chromosomes END AS of_chromosomes,
    CASE WHEN is_unnamed THEN spdis[:0] ELSE spdis END AS spdis, CASE WHEN is_unnamed THEN rsids[:0] ELSE rsids END AS rsids,
    CASE WHEN is_unnamed THEN accessions[:0] ELSE accessions END AS accessions)
  FROM told_apart
), owned AS (
  SELECT * REPLACE (list_filter(full_names, lambda t: starts_with(t, coalesce(own_accession, accession, '?') || ':g.'))[1] AS own_name)
  FROM named
), located AS (
  SELECT * REPLACE (start_of_name(own_name) AS name_start, change_of_name(own_name) AS name_change) FROM owned
), kinds AS (
  SELECT *,
    CASE
      WHEN bad_place IS NOT NULL OR unknown_place IS NOT NULL OR other_place IS NOT NULL
        OR NOT has_whole_place THEN 'no place'
      WHEN NOT with_alleles OR ref_cell IS NULL OR alt_cell IS NULL THEN 'place only'
      WHEN alt_cell = '*' THEN 'star'
      WHEN alt_cell IN ('<*>', '<NON_REF>') THEN 'any other'
      WHEN regexp_matches(alt_cell, '[\[\]]|^\.[ACGTN]|[ACGTN]\.$') THEN 'breakend'
      WHEN regexp_matches(alt_cell, '[<>\[\]]') THEN 'symbolic'
      WHEN NOT regexp_matches(ref_cell, '^[ACGTN]*$') OR NOT regexp_matches(alt_cell, '^[ACGTN]*$') THEN 'ambiguous'
      WHEN alt_number IS NOT NULL AND (ref_cell = '' OR alt_cell = '') THEN 'dash'  -- a VCF writes the base before it
      WHEN ref_cell = alt_cell THEN 'no change'
      -- "1000-1010, insert TACCC, ref not given": a replacement whose old bases are unknown, not an insertion.
      WHEN ref_cell = '' AND stop_number - start_number > 1 THEN 'deleted bases not given'
      ELSE 'alleles'
    END AS kind
  FROM located
), settled AS (
  SELECT *,
    -- interbase start of the alleles as written
    CASE WHEN kind <> 'alleles' THEN NULL
      WHEN exact_start0 IS NOT NULL THEN exact_start0  -- said by a name: no column counts there
      -- Ensembl and VEP write an insertion as start = end + 1, the bases on its two sides in reverse.
      WHEN ref_cell = '' AND stop_number = start_number - 1 THEN stop_number
      WHEN ref_cell = '' THEN start_number
      WHEN $forced THEN start_number - $allele_base
      WHEN name_change.ref = ref_cell AND name_change.alt = alt_cell AND name_start - start_number IN (0, 1)
        THEN name_start - 1
      WHEN of_tumour AND ref_cell <> '' THEN start_number - 1
      WHEN length_tells(ref_cell, alt_cell) AND stop_number - start_number = length(ref_cell) THEN start_number
      WHEN length_tells(ref_cell, alt_cell) AND stop_number - start_number = length(ref_cell) - 1 THEN start_number - 1
      ELSE start_number - $allele_base END AS written0,
    CASE WHEN kind IN ('place only', 'ambiguous', 'deleted bases not given')
      THEN coalesce(CASE WHEN NOT $forced AND abs(name_start - start_number) <= 1 THEN name_start END,
                    start_number + 1 - CASE WHEN with_alleles THEN $allele_base ELSE $bare_base END) END AS bare_pos,
    common_end(ref_cell, alt_cell) AS cut_end
  FROM kinds
), cut AS (
  SELECT *, left(ref_cell, length(ref_cell) - cut_end) AS ref1, left(alt_cell, length(alt_cell) - cut_end) AS alt1
  FROM settled
), trimmed AS (
  SELECT *, common_head(ref1, alt1) AS cut_start FROM cut
)
SELECT *, written0 + cut_start AS start0, substring(ref1, cut_start + 1) AS del, substring(alt1, cut_start + 1) AS ins,
  CASE WHEN cut_start > 0 THEN substring(ref1, cut_start, 1) END AS base_before
FROM trimmed;
"""
