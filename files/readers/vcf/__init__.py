"""VCF 4.0 to 4.5: header, lines, columns. Every data line becomes a row or a reject."""

from files.readers.vcf.reading import read_vcf

__all__ = ["read_vcf"]
