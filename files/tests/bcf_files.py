"""BCF files for tests, made of VCF text."""

import gzip
from pathlib import Path

import pysam.bcftools


def bcf_of(text: str | bytes, folder: Path) -> bytes:
    """As bcftools writes it, in bgzip."""
    vcf, bcf = folder / "to-be.vcf", folder / "made.bcf"
    vcf.write_bytes(text.encode() if isinstance(text, str) else text)
    pysam.bcftools.view("--no-version", "-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    return bcf.read_bytes()


def plain_bcf_of(text: str | bytes, folder: Path) -> bytes:
    return gzip.decompress(bcf_of(text, folder))


def text_of(bcf: Path) -> bytes:
    """What `bcftools view` prints."""
    pysam.bcftools.view("--no-version", "-Ov", "-o", str(bcf.with_suffix(".text")), str(bcf), catch_stdout=False)
    return bcf.with_suffix(".text").read_bytes()
