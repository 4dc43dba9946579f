"""Which sequences GRCh37 and GRCh38 are made of: their accessions, their names and how long they are. No Django.

From NCBI's tables of GRCh37.p13 and GRCh38.p14 (docs/reference-data.md). NCBI36's chromosomes, T2T-CHM13 and mice are
here to be recognised and refused. Chromosomes are named 1-22, X, Y, MT; lengths are in bases.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHROM_NAMES = [*(str(n) for n in range(1, 23)), "X", "Y", "MT"]
TAKEN = ("GRCh37", "GRCh38")
REFERENCE = Path(__file__).resolve().parent / "reference"
CALLED = {"NCBI36": "NCBI36 (hg18)"}  # as a sentence names it
RCRS_LENGTH, HG19_MT_LENGTH = 16_569, 16_571
ROLES = {
    "unlocalised": "an unlocalised scaffold", "unplaced": "an unplaced scaffold", "alternate locus": "an alternate locus",
    "patch": "a patch",
}  # fmt: skip


@dataclass(frozen=True)
class Sequence:
    """One sequence of an assembly. `chrom` is empty but for chromosomes; `names` are NCBI's and UCSC's, as written."""

    assembly: str
    chrom: str
    role: str
    refseq: str
    genbank: str
    length: int
    names: tuple[str, ...]

    @property
    def every_name(self) -> tuple[str, ...]:
        return tuple(name for name in (self.refseq, self.genbank, *self.names) if name)


@cache
def sequences() -> tuple[Sequence, ...]:
    """Every sequence of GRCh37.p13 and GRCh38.p14, and the chromosomes of NCBI36."""
    with gzip.open(REFERENCE / "sequences.tsv.gz", "rt", encoding="utf-8", newline="") as stream:
        return tuple(
            Sequence(assembly, chrom, role, refseq, genbank, int(length), tuple(names.split("|")))
            for number, (assembly, chrom, role, refseq, genbank, length, names) in enumerate(
                csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            )
            if number
        )


@cache
def chromosomes() -> dict[tuple[str, str], Sequence]:
    """(assembly, chromosome) -> its sequence."""
    return {(one.assembly, one.chrom): one for one in sequences() if one.chrom}


@cache
def genomes_by_length() -> dict[tuple[str, int], str]:
    """(chromosome, length) -> the genome whose chromosome is that long. No two share one, but for the mitochondrion."""
    found = {(chrom, one.length): assembly for (assembly, chrom), one in chromosomes().items() if chrom != "MT"}
    with (REFERENCE / "other_genomes.tsv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        found |= {(row["chrom"], int(row["length"])): row["genome"] for row in rows}
    return found


def length_of(assembly: str, chrom: str) -> int:
    return chromosomes()[assembly, chrom].length


def genomic_accession(assembly: str, chrom: str) -> str:
    """RefSeq accession with version: ("GRCh37", "19") -> "NC_000019.9"."""
    return chromosomes()[assembly, chrom].refseq


@cache
def by_name() -> dict[str, tuple[Sequence, ...]]:
    """Upper-case accession or name of a sequence -> the sequences called so; NCBI36's by their accessions only."""
    found: dict[str, tuple[Sequence, ...]] = {}
    for one in sequences():
        for name in {name.upper() for name in one.every_name if one.assembly in TAKEN or name == one.refseq}:
            found[name] = (*found.get(name, ()), one)
    return found


def assembly_of_name(name: str) -> str:
    """The one genome that has a sequence of this accession or name: "chr6_apd_hap1" -> "GRCh37"; "" where none or two."""
    genomes = {one.assembly for one in by_name().get(name.strip().upper(), ())}
    return genomes.pop() if len(genomes) == 1 else ""


def chrom_of(name: str) -> str:
    """The chromosome that a contig is called by, "" where it is none: "chr1", "Chromosome_01", "NC_000001.11" -> "1"."""
    text = name.strip().upper()
    if known := by_name().get(text):
        return known[0].chrom
    text = text.removeprefix("CHROMOSOME").removeprefix("CHR").lstrip(" _.")
    if text in ("M", "MT", "26"):
        return "MT"
    if text in ("X", "Y"):
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= 24):
        return ""
    return CHROM_NAMES[int(text) - 1]


def contigs() -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Upper-case name, assembly, chromosome and what is to be said of a sequence that is not loaded.

    Accessions of chromosomes, and all names of what is no chromosome. `assembly` is None where both have it.
    """
    for name, called in by_name().items():
        first, assembly = called[0], assembly_of_name(name) or None
        if first.assembly not in TAKEN:
            yield (
                name,
                None,
                None,
                f"is chromosome {first.chrom} of {CALLED[first.assembly]}, which Vardesk does not take",
            )
        elif first.chrom and name in (first.refseq, first.genbank):
            yield name, assembly, first.chrom, None
        elif not first.chrom:
            whose = assembly or " and ".join(one.assembly for one in called)
            yield name, assembly, None, f"is {ROLES[first.role]} of {whose}; only chromosomes are loaded"
