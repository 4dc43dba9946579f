"""Step 5: names sorted out, the allele in the form that is shown, its identity, and what becomes of it."""

# A SELECT of the columns of OUTPUT, by their names.
IDENTIFY = r"""
WITH bare AS (
  SELECT *,
    list_filter(spellings, lambda s: name_kind(s.name) = 'g') AS g_names,
    list_filter(full_names, lambda t: name_kind(t) IN ('c', 'n')) AS c_names,
    list_filter(full_names, lambda t: name_kind(t) = 'p') AS p_names,
    list_filter(bare_names, lambda t: lower(left(t, 1)) IN ('c', 'n'))[1] AS bare_c,
    list_filter(bare_names, lambda t: lower(left(t, 1)) = 'p') AS bare_ps, bare_ps[1] AS bare_p,
    -- A VCV is the variant's; an RCV or SCV only somebody's claim about it.
    coalesce(list_sort(list_filter(accessions, lambda t: starts_with(t, 'VCV')))[1], list_sort(accessions)[1]) AS own_clinvar
  FROM aligned
), shown AS (
  SELECT *,
    kind = 'alleles' AND ((del <> '' AND ins <> '') OR base_before IS NOT NULL) AS padded,
    -- The column for c. names may hold a g. name: then it says nothing of the coding sequence.
    coalesce(CASE WHEN is_name(c_cell) AND name_kind(plain_name(c_cell)) IN ('c', 'n') THEN plain_name(c_cell) END,
             CASE WHEN bare_c IS NOT NULL THEN coalesce(one_transcript, genes[1]) || ':' || bare_c END, c_names[1]) AS best_c,
    coalesce(bare_p, CASE WHEN is_name(p_cell) AND name_kind(plain_name(p_cell)) = 'p' THEN plain_name(p_cell) END,
             p_names[1]) AS best_p,
    -- GRCh38's chromosomes first, then older ones, then gene regions: the same choice whatever the order in the cell.
    list_sort(list_transform(g_names, lambda s: {'rank': rank_of_accession(split_part(s.name, ':', 1)), 'is_nc': starts_with(s.name, 'NC_'),
      'name': s.name, 'text': s.text}), 'DESC')[1] AS best_g, canonical_name(bare_c) AS bare_c_name, canonical_name(bare_p) AS bare_p_name
  FROM bare
), located AS (
  SELECT *,
    CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del <> '' AND ins <> '' THEN start0 + 1
         WHEN base_before IS NOT NULL THEN start0 ELSE start0 + 1 END AS vcf_pos,
    CASE WHEN kind <> 'alleles' THEN NULL WHEN del <> '' AND ins <> '' THEN del
         WHEN base_before IS NOT NULL THEN base_before || del ELSE nullif(del, '') END AS vcf_ref,
    CASE WHEN kind <> 'alleles' THEN NULL WHEN del <> '' AND ins <> '' THEN ins
         WHEN base_before IS NOT NULL THEN base_before || ins ELSE nullif(ins, '') END AS vcf_alt
  FROM shown
), identified AS (
  SELECT *,
    CASE WHEN has_nul THEN 'the line holds a NUL character' WHEN bad_place IS NOT NULL THEN bad_place
         WHEN vcf_pos < 1 AND start_number = 0
           THEN 'position 0 lies before chromosome ' || chrom || ' (the telomere), whose first base is 1'
         WHEN vcf_pos < 1 THEN 'position ' || start_number || ' lies before the chromosome'
         WHEN kind = 'alleles' AND start0 + length(del) > chrom_length
           THEN beyond_end(start0 + length(del), assembly_read, chrom, chrom_length, other_length)
         WHEN bare_pos > chrom_length THEN beyond_end(bare_pos, assembly_read, chrom, chrom_length, other_length)
         END AS refused,
    -- REF without ALT says "as the reference" or nothing; only a name of the change itself makes it a claim.
    -- A VCF's alleles are whole, or say nothing: its gene or rsID alone does not tell which change is meant.
    (kind = 'place only' AND coalesce(ref_cell, '') <> '' AND alt_cell IS NULL
      OR alt_number IS NOT NULL AND kind IN ('place only', 'ambiguous'))
      AND coalesce(best_g.text, spdis[1], best_c, best_p, accessions[1]) IS NULL AS no_alt,
    CASE
      WHEN kind = 'alleles' THEN concat_ws('|', 'allele', assembly_read, chrom, start0, del, ins)
      WHEN best_g IS NOT NULL THEN 'g|' || best_g.name
      WHEN len(spdis) > 0 THEN 'spdi|' || upper(list_sort(spdis)[1])
      WHEN is_name(best_c) AND regexp_matches(best_c, '\.\d+:') THEN 'transcript|' || canonical_name(best_c)
      WHEN bare_c IS NOT NULL AND genes[1] IS NOT NULL THEN 'gene c|' || upper(genes[1]) || '|' || bare_c_name
      WHEN best_c IS NOT NULL THEN 'c|' || canonical_name(best_c)
      WHEN best_p IS NOT NULL AND bare_p IS NULL THEN 'p|' || canonical_name(best_p)
      WHEN bare_p IS NOT NULL AND genes[1] IS NOT NULL THEN 'gene p|' || upper(genes[1]) || '|' || bare_p_name
      WHEN len(rsids) > 0 AND coalesce(alt_cell, '') <> '' THEN 'rs alt|' || rsids[1] || '|' || alt_cell
      WHEN len(rsids) > 0 THEN 'rs|' || rsids[1]
      WHEN len(accessions) > 0 THEN 'clinvar|' || own_clinvar
      WHEN len(genes) > 0 AND ref_disagrees IS NULL THEN 'line|' || $load || '|' || line || '|' || alt_index
    END AS identity
  FROM located
)
SELECT line, alt_index,
  CASE WHEN refused IS NOT NULL OR (identity IS NULL AND ref_disagrees IS NOT NULL) THEN 'reject'
       WHEN unknown_place IS NOT NULL OR no_alt OR identity IS NULL
         OR kind IN ('star', 'any other', 'breakend', 'symbolic', 'dash', 'no change') THEN 'skip'
       ELSE 'keep' END AS fate,
  CASE WHEN refused IS NOT NULL THEN refused WHEN unknown_place IS NOT NULL THEN unknown_place
       WHEN kind = 'ambiguous' AND (no_alt OR identity IS NULL) THEN 'alleles ' || left(ref_cell, 40) || ' > ' || left(alt_cell, 40) || ' are not plain bases'
       WHEN no_alt AND alt_cell IS NOT NULL THEN 'no REF allele'
       WHEN no_alt THEN 'no ALT allele'
       WHEN kind = 'any other' THEN 'symbolic allele ' || alt_cell || ' (any other allele, of a gVCF)'
       WHEN kind = 'breakend' THEN 'breakend'
       WHEN kind = 'dash' THEN '- is no allele of a VCF'
       WHEN kind = 'star' THEN 'ALT * (spanning deletion) is no allele of its own'
       WHEN kind = 'symbolic' THEN 'symbolic allele ' || left(alt_cell, 60)
       WHEN kind = 'no change' THEN 'ALT equals REF'
       WHEN identity IS NULL THEN coalesce(ref_disagrees, other_place, 'names no variant and no gene') END AS reason,
  CASE WHEN kind = 'ambiguous' THEN 'alleles ' || left(ref_cell, 40) || ' > ' || left(alt_cell, 40) || ' are not plain bases; kept by name'
       WHEN ref_disagrees IS NOT NULL AND identity IS NOT NULL THEN ref_disagrees || '; kept by name'
       WHEN ref_disagrees IS NOT NULL THEN NULL
       WHEN other_place IS NOT NULL THEN other_place || '; kept by name'
       WHEN chrom_cell IS NOT NULL AND start_cell IS NULL THEN 'a chromosome without a position; kept by name'
       WHEN chrom_cell IS NULL AND start_cell IS NOT NULL THEN 'a position without a chromosome; kept by name'
       WHEN kind = 'deleted bases not given' THEN 'deleted bases not given; kept by name'
       WHEN kind = 'alleles' AND name_change.ref <> '' AND own_name IS NOT NULL AND length(del) = 1 AND length(ins) = 1
            AND start0 + 1 <> name_start THEN 'position and ' || left(own_name, 120) || ' disagree'
       WHEN kind = 'alleles' AND length(name_change.ref) = 1 AND length(name_change.alt) = 1 AND length(del) = 1 AND length(ins) = 1
            AND (del <> name_change.ref OR ins <> name_change.alt) THEN 'alleles and ' || left(own_name, 120) || ' disagree'
       END AS flag,
  digest(identity) AS key,
  CASE WHEN kind <> 'no place' THEN assembly_read END AS assembly,
  CASE WHEN kind <> 'no place' THEN chrom END AS chrom,
  CASE WHEN kind <> 'no place' THEN list_position($chromosomes, chrom) END AS chrom_rank,
  vcf_pos AS pos,
  vcf_ref AS ref, vcf_alt AS alt,
  -- First and last base that the change touches (1-based): of an insertion, the bases on its two sides.
  CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del = '' THEN greatest(start0, 1) ELSE start0 + 1 END AS span_start,
  CASE WHEN kind <> 'alleles' THEN bare_pos WHEN del = '' THEN start0 + 1 ELSE start0 + length(del) END AS span_end,
  padded AS padding, genes,
  coalesce(one_transcript, CASE WHEN is_name(best_c) THEN regexp_extract(best_c, '^([^:]+):', 1) END) AS transcript,
  best_c AS hgvs_c, best_p AS hgvs_p, coalesce(CASE WHEN kind <> 'no place' THEN own_name END, best_g.text) AS hgvs_g,
  rsids[1] AS rsid, consequence, nullif(reported, '') AS reported, day(evaluated_cell) AS last_evaluated, comment, url,
  source, review_status, oncogenicity, somatic_impact,
  -- Place and alleles as written, unless they are stored just so; the way a chromosome is spelled does not count. All who
  -- read variants see it, so it holds chromosomes, numbers and IUPAC letters, and no other text of a cell.
  CASE WHEN has_whole_place AND chrom IS NOT NULL AND NOT is_placed_by_name AND (kind = 'no place' OR vcf_pos IS DISTINCT FROM start_number
      OR coalesce(vcf_ref, '') <> coalesce(ref_cell, '') OR coalesce(vcf_alt, '') <> coalesce(alt_cell, ''))
    THEN chrom_cell || ':' || start_cell || CASE WHEN ref_cell IS NULL AND alt_cell IS NULL
      OR NOT regexp_matches(concat(ref_cell, alt_cell), '^[ACGTNRYSWKMBDHV]*$') THEN '' ELSE
      ' ' || coalesce(CASE ref_cell WHEN '' THEN '-' ELSE ref_cell END, '.') || '>'
      || coalesce(CASE alt_cell WHEN '' THEN '-' ELSE alt_cell END, '.') END END AS written,
  -- Each name as written, and its one spelling where that is another.
  list_concat(
    list_transform(spellings, lambda s: name_kind(s.name) || '=' || s.text),
    list_transform(list_filter(spellings, lambda s: NOT list_contains(full_names, s.name)), lambda s: name_kind(s.name) || '=' || s.name),
    list_transform(of_chromosomes, lambda t: 'g=' || t), list_transform(spdis, lambda t: 'spdi=' || t),
    CASE WHEN genes[1] IS NOT NULL THEN list_transform(bare_ps, lambda t: 'p=' || genes[1] || ':' || t) END,
    list_filter([
      lower(left(bare_c, 1)) || '=' || genes[1] || ':' || bare_c, lower(left(bare_c, 1)) || '=' || one_transcript || ':' || bare_c,
      CASE WHEN bare_c_name <> bare_c THEN left(bare_c_name, 1) || '=' || genes[1] || ':' || bare_c_name END,
      CASE WHEN bare_c_name <> bare_c THEN left(bare_c_name, 1) || '=' || one_transcript || ':' || bare_c_name END,
      CASE WHEN bare_p_name <> bare_p THEN 'p=' || genes[1] || ':' || bare_p_name END], lambda t: t IS NOT NULL),
    CASE WHEN moved THEN ['spdi=' || concat_ws(':', own_accession, trimmed0, trimmed_del, trimmed_ins)] ELSE [] END,
    list_transform(rsids, lambda t: 'rsid=' || t), list_transform(accessions, lambda t: 'clinvar=' || t)) AS names
FROM identified
"""
