"""DuckDB macros and tables for places: assemblies, chromosomes and their accessions, places in one cell."""

import duckdb

from variants.assemblies import CHROM_NAMES, TAKEN, contigs, genomic_accession, length_of

__all__ = ["ACCESSIONS", "CHROM_NAMES", "PLACE_MACROS", "genomic_accession", "make_place_tables"]

ACCESSIONS = [[genomic_accession(assembly, chrom), assembly, chrom] for assembly in TAKEN for chrom in CHROM_NAMES]

PLACE_MACROS = r"""
-- Whether stop less start shows the base: not for an insertion after REF, whose start and stop may be its two flanks.
CREATE OR REPLACE MACRO length_tells(ref, alt) AS coalesce(ref <> '' AND NOT (length(alt) > length(ref) AND starts_with(alt, ref)), false);
CREATE OR REPLACE MACRO assembly_of(t) AS CASE
    WHEN regexp_matches(lower(t), '^(grch38|hg38|b38|38)([.]p\d+|[.]d1[.]vd1)?$') THEN 'GRCh38'
    WHEN regexp_matches(lower(t), '^(grch37|hg19|b37|37)([.]p\d+|-lite)?$') THEN 'GRCh37' END;
-- A stretch in one cell, as ClinVar's pages write it: 43045682 - 43045690. Of anything else the whole, and no end.
CREATE OR REPLACE MACRO first_of(t) AS coalesce(nullif(regexp_extract(t, '^([0-9,]+)\s*-\s*[0-9,]+$', 1), ''), t);
CREATE OR REPLACE MACRO last_of(t) AS nullif(regexp_extract(t, '^[0-9,]+\s*-\s*([0-9,]+)$', 1), '');
-- A whole place in one cell: 17-43057062-T-TG, chr17:43,057,062 T>TG, NC_000017.11-43057062-T-TG. Of SPDI
-- (NC_000017.11:43057061::G), whose positions count from 0, none.
CREATE OR REPLACE MACRO place_of(t) AS regexp_extract(
    CASE WHEN regexp_matches(upper(trim(t)), '^(NC_|CM)[0-9.]+\s*:') THEN '' ELSE upper(trim(t)) END,
    '^(?:CHR(?:OMOSOME)?[ _]?)?([0-9]{1,2}|X|Y|MT?|NC_[0-9]{6}(?:[.][0-9]{1,2})?|CM[0-9]{6}[.][0-9])[-:_/|\s]+([0-9,]+)[-:_/|\s]*([ACGTN]+)(?:[-:_/|\s]|\s*>\s*)([ACGTN]+|[*])$',
    ['chrom', 'pos', 'ref', 'alt']);
-- An accession with its version says which assembly it is of; NC_000017 alone says only which chromosome.
CREATE OR REPLACE MACRO tells_assembly(t) AS regexp_matches(upper(trim(t)), '^(NC_|CM)[0-9]{6}[.][0-9]{1,2}$');
-- The chromosome in a name without a place in NCBI's tables: chr1, Chromosome 01, NC_000001, 23 (X), 26 (MT).
CREATE OR REPLACE MACRO chrom_number(t) AS regexp_replace(regexp_replace(upper(trim(t)), '^CHR(OMOSOME)?[ _.]*', ''),
    '^NC_0000([01][0-9]|2[0-4])$', '\1');
CREATE OR REPLACE MACRO chrom_named(t) AS CASE
    WHEN chrom_number(t) IN ('M', 'MT', '26', 'NC_012920') THEN 'MT'
    WHEN chrom_number(t) IN ('X', '23') THEN 'X' WHEN chrom_number(t) IN ('Y', '24') THEN 'Y'
    WHEN regexp_matches(chrom_number(t), '^0?[1-9]$|^1[0-9]$|^2[0-2]$') THEN ltrim(chrom_number(t), '0') END;
CREATE OR REPLACE MACRO beyond_end(position, assembly, chrom, size, other_size) AS
    'position ' || position || ' lies beyond the end of chromosome ' || chrom || ', which has ' || format('{:,}', size)
    || ' bases on ' || assembly || CASE WHEN position <= other_size THEN
       '; it would fit on ' || CASE assembly WHEN 'GRCh37' THEN 'GRCh38' ELSE 'GRCh37' END ELSE '' END;
-- What a contig is that is neither a chromosome nor in NCBI's tables.
CREATE OR REPLACE MACRO contig_kind(t) AS CASE
    WHEN chrom_number(t) IN ('25', 'XY', 'PAR', 'PAR1', 'PAR2')
      THEN 'is the pseudo-autosomal region of X and Y (25 or XY of PLINK), which is on two chromosomes; it is not loaded'
    WHEN starts_with(upper(t), 'NC_001807') THEN 'is chrM of UCSC hg19 (16,571 bases), another sequence than MT (rCRS)'
    WHEN regexp_matches(upper(t), '^NC_0000([01][0-9]|2[0-4])[.]|^CM0006(6[3-9]|7[0-9]|8[0-6])[.]')
      THEN 'is a version of a chromosome that neither GRCh37 nor GRCh38 has'
    WHEN regexp_matches(upper(t), '^NC_0609(2[5-9]|3[0-9]|4[0-8])|^CP06827[0-9]') THEN 'is a chromosome of T2T-CHM13, which Vardesk does not take'
    WHEN regexp_matches(upper(t), 'DECOY|^HS3[78]D') THEN 'is a decoy; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '^HLA[-_*]') THEN 'is an HLA sequence; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '^(CHR)?(EBV|CMV|HBV|KSHV|MCV|SV40|HCV-[12]|HIV-[12]|HTLV-1|HPV[0-9-].*|NC_007605.*)$')
      THEN 'is a virus; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '_RANDOM$') THEN 'is an unlocalised scaffold; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '^(CHR)?UN([_.].*)?$') THEN 'is an unplaced scaffold; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '_HAP[0-9]+$|_ALT$') THEN 'is an alternate locus; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '_FIX$|_PATCH$') THEN 'is a patch; only chromosomes are loaded'
    WHEN regexp_matches(upper(t), '^(N[TW]_[0-9]+|GL[0-9]{6}|K[IBNQVZ][0-9]{6}|J[HT][0-9]{6})([.]?V?[0-9]+)?$')
      THEN 'is a scaffold; only chromosomes are loaded' END;
"""

_TABLES = """
CREATE OR REPLACE TEMP TABLE accessions AS SELECT unnest($accessions::VARCHAR[]) AS accession,
  unnest($assemblies::VARCHAR[]) AS assembly, unnest($chroms::VARCHAR[]) AS chrom, unnest($lengths::BIGINT[]) AS length,
  unnest($other_lengths::BIGINT[]) AS other_length;
"""
_CONTIGS = """
CREATE OR REPLACE TEMP TABLE contigs AS SELECT unnest($names::VARCHAR[]) AS contig, unnest($assemblies::VARCHAR[]) AS contig_assembly,
  unnest($chroms::VARCHAR[]) AS contig_chrom, unnest($says::VARCHAR[]) AS contig_says;
"""


def make_place_tables(db: duckdb.DuckDBPyConnection) -> None:
    """Make `accessions` (each chromosome of both assemblies, how long it is there and on the other one) and `contigs`
    (every name that NCBI's tables have for anything else, and the accessions of chromosomes)."""
    accessions, assemblies, chroms = (list(column) for column in zip(*ACCESSIONS, strict=True))
    lengths = [length_of(assembly, chrom) for _, assembly, chrom in ACCESSIONS]
    others = [length_of("GRCh38" if assembly == "GRCh37" else "GRCh37", chrom) for _, assembly, chrom in ACCESSIONS]
    db.execute(
        _TABLES,
        {
            "accessions": accessions, "assemblies": assemblies, "chroms": chroms, "lengths": lengths,
            "other_lengths": others,
        },
    )  # fmt: skip
    names, whose, which, says = (list(column) for column in zip(*contigs(), strict=True))
    db.execute(_CONTIGS, {"names": names, "assemblies": whose, "chroms": which, "says": says})
