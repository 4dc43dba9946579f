"""DuckDB macros and tables for places: assemblies, chromosomes and their accessions, places in one cell."""

# Versions of the NC_ accessions: GRCh38's is one higher than GRCh37's for every nuclear chromosome (NCBI assembly
# reports GCF_000001405.13 and .26). NC_012920.1 is rCRS, the MT of both.
_GRCH37_VERSIONS = [10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9]
CHROM_NAMES = [*(str(n) for n in range(1, 23)), "X", "Y", "MT"]


def genomic_accession(assembly: str, chrom: str) -> str:
    """RefSeq accession with version: ("GRCh37", "19") -> "NC_000019.9"."""
    if chrom == "MT":
        return "NC_012920.1"
    index = CHROM_NAMES.index(chrom)
    return f"NC_{index + 1:06d}.{_GRCH37_VERSIONS[index] + (assembly == 'GRCh38')}"


ACCESSIONS = [
    [genomic_accession(assembly, chrom), assembly, chrom] for assembly in ("GRCh37", "GRCh38") for chrom in CHROM_NAMES
]

LONGEST = 249_250_621  # bases of GRCh37's chromosome 1, the longest of both assemblies

PLACE_MACROS = r"""
-- Whether stop less start shows the base: not for an insertion after REF, whose start and stop may be its two flanks.
CREATE OR REPLACE MACRO length_tells(ref, alt) AS coalesce(ref <> '' AND NOT (length(alt) > length(ref) AND starts_with(alt, ref)), false);
CREATE OR REPLACE MACRO assembly_of(t) AS CASE
    WHEN regexp_matches(lower(t), '^(grch38|hg38|b38|38)([.]p\d+|[.]d1[.]vd1)?$') THEN 'GRCh38'
    WHEN regexp_matches(lower(t), '^(grch37|hg19|b37|37)([.]p\d+|-lite)?$') THEN 'GRCh37' END;
-- A whole place in one cell: 17-43057062-T-TG, chr17:43,057,062 T>TG. Of SPDI, whose positions count from 0, none.
CREATE OR REPLACE MACRO place_of(t) AS regexp_extract(upper(trim(t)),
    '^(?:CHR(?:OMOSOME)?)?([0-9]{1,2}|X|Y|MT?)[-:_/|\s]+([0-9,]+)[-:_/|\s]*([ACGTN]+)[-:_/|>\s]([ACGTN]+|[*])$',
    ['chrom', 'pos', 'ref', 'alt']);
"""
