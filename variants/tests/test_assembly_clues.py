"""What says which assembly a file is on, and what follows."""

import gzip
from pathlib import Path

import pytest
from django.conf import settings

from files.readers.vcf.header import HeaderReader
from variants.assembly_clues import (
    UNKNOWN,
    Clue,
    column_clues,
    comment_clues,
    decide,
    genomes_in,
    header_clues,
    other_mitochondria,
)

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"


def header(*lines: str) -> dict:
    """The header of a VCF as a file keeps it."""
    reader = HeaderReader(lambda *warning: None)
    for number, line in enumerate(lines, start=1):
        reader.take(number, line)
    return reader.header.as_dict()


def found(*lines: str) -> list[tuple[str, bool]]:
    return [(clue.genome, clue.is_proof) for clue in header_clues(header(*lines))]


@pytest.mark.parametrize(
    ("text", "genomes"),
    [
        ("file:///lustre/ref/human_g1k_v37.fasta", ["GRCh37"]), ("hs37d5.fa", ["GRCh37"]), ("ucsc.hg19.fasta", ["GRCh37"]),
        ("Homo_sapiens_assembly19.fasta", ["GRCh37"]), ("GCF_000001405.25", ["GRCh37"]), ("GCF_000001405.13", ["GRCh37"]),
        ("GCA_000001405.14", ["GRCh37"]), ("GCA_000001405.15_GRCh38_no_alt", ["GRCh38"]), ("GCF_000001405.40", ["GRCh38"]),
        ("Homo_sapiens_assembly38.fasta", ["GRCh38"]), ("gnomAD_GRCh38", ["GRCh38"]), ("GRCh38.d1.vd1.fa", ["GRCh38"]),
        ("GCF_000001405.12", ["NCBI36"]), ("1000GenomesPilot-NCBI36.fasta", ["NCBI36"]), ("human_b36_both.fasta", ["NCBI36"]),
        ("T2T-CHM13v2.0", ["T2T-CHM13"]), ("GCF_000001635.22", ["mouse"]), ("mm10.fa", ["mouse"]), ("rn6.fa", ["rat"]),
        ("hg19ToHg38.over.chain", ["GRCh38", "GRCh37"]), ("hg19 to hg38", ["GRCh38", "GRCh37"]), ("ref.fa", []), ("hg380", []),
        ("sample37", []), ("", []), ("b" * 5000, []),
    ],
)  # fmt: skip
def test_genomes_that_a_text_names(text, genomes):
    assert genomes_in(text) == genomes


def test_lengths_of_contigs_are_proof_and_said_once_for_all():
    (clue,) = header_clues(header("##contig=<ID=1,length=249250621>", "##contig=<ID=chr2,length=243199373>"))
    assert clue == Clue(
        "GRCh37", "Contig 1 has length 249,250,621, which is GRCh37's (1 more contig says the same).", is_proof=True
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["##reference=GRCh38", "##contig=<ID=chr7,length=159345973>"], [("GRCh38", False), ("GRCh38", True)]),
        (["##contig=<ID=1,assembly=b37>"], [("GRCh37", False)]),
        (["##contig=<ID=NC_000001.10>"], [("GRCh37", True)]),
        (["##contig=<ID=chr6_apd_hap1>"], [("GRCh37", False)]),
        (["##contig=<ID=1,length=2147483647>"], []),  # what a tool writes that does not know
        (["##contig=<ID=1,length=1000000>"], [(UNKNOWN, False)]),
        (["##contig=<ID=2,length=249250621>"], [(UNKNOWN, False)]),  # the length of another chromosome
        (["##contig=<ID=20,length=62435964,assembly=B36>"], [("NCBI36", True), ("NCBI36", False)]),
        (["##contig=<ID=1,length=248387328>"], [("T2T-CHM13", True)]),
        (["##contig=<ID=1,length=195471971>"], [("mouse (mm10, GRCm38)", True)]),
        (["##contig=<ID=chrM,length=16571>", "##contig=<ID=MT,length=16569>"], []),
        (["##assembly=GRCh37"], [("GRCh37", False)]),
        (["##source=hg19caller", "##INFO=<ID=hg38,Number=0,Type=Flag,Description=\"hg38\">"], []),
    ],
)  # fmt: skip
def test_what_a_header_says(lines, expected):
    assert found(*lines) == expected


@pytest.mark.parametrize(
    ("lines", "genomes"),
    [
        (["#genome_build GRCh37"], ["GRCh37"]), (["# genome-build: 38"], ["GRCh38"]), (["## Build=36"], ["NCBI36"]),
        (["#version 2.4"], []), (["# exported 2019-03-37"], []), (["Positions on hg19", "Positions on hg19"], ["GRCh37"]),
        (["# hg19 lifted to hg38"], []), (["# from hg19", "# to hg38"], ["GRCh37", "GRCh38"]),
    ],
)  # fmt: skip
def test_what_stands_above_a_table_says(lines, genomes):
    assert [clue.genome for clue in comment_clues(lines)] == genomes


@pytest.mark.parametrize(
    ("name", "genomes"),
    [
        ("Position_hg19", ["GRCh37"]), ("pos(GRCh38)", ["GRCh38"]), ("GRCh37Chromosome", ["GRCh37"]), ("hg38pos", ["GRCh38"]),
        ("hg18_chr(1-based)", ["NCBI36"]), ("pos", []), ("Start38", []), ("hg19_hg38", []),
    ],
)  # fmt: skip
def test_what_the_name_of_a_column_says(name, genomes):
    assert [clue.genome for clue in column_clues([name])] == genomes


# --- what follows ---------------------------------------------------------------------------------------


def word(genome: str) -> Clue:
    return Clue(genome, f"Somebody wrote {genome}.")


def proof(genome: str) -> Clue:
    return Clue(genome, f"A length is {genome}'s.", is_proof=True)


@pytest.mark.parametrize(
    ("clues", "chosen", "insists", "assembly"),
    [
        ([], "", False, ""), ([], "GRCh37", False, "GRCh37"), ([word("GRCh37")], "", False, "GRCh37"),
        ([proof("GRCh38"), word("GRCh38")], "", False, "GRCh38"), ([proof("GRCh38")], "GRCh38", False, "GRCh38"),
        ([word("GRCh37")], "GRCh38", False, None), ([word("GRCh37")], "GRCh38", True, "GRCh38"),
        ([word("GRCh37"), word("GRCh38")], "", False, None), ([word("GRCh37"), word("GRCh38")], "GRCh38", False, "GRCh38"),
        ([proof("GRCh37"), word("GRCh38")], "", False, None), ([proof("GRCh37"), word("GRCh38")], "GRCh37", False, "GRCh37"),
        ([proof("GRCh37"), word("GRCh38")], "GRCh38", True, None), ([proof("GRCh37")], "GRCh38", True, None),
        ([proof("GRCh37"), proof("GRCh38")], "GRCh37", True, None),
        ([word("NCBI36")], "", False, None), ([word("NCBI36")], "GRCh37", False, None), ([word("NCBI36")], "GRCh37", True, "GRCh37"),
        ([proof("NCBI36")], "GRCh37", True, None), ([word(UNKNOWN)], "", False, None), ([word(UNKNOWN)], "GRCh37", True, "GRCh37"),
        ([proof("T2T-CHM13")], "", True, None),
    ],
)  # fmt: skip
def test_what_is_decided(clues, chosen, insists, assembly):
    """`assembly` None: the import stops, and says both what was seen and, where somebody chose, what was chosen."""
    decision = decide(clues, chosen, insists=insists)
    assert (None if decision.problem else decision.assembly) == assembly
    if decision.problem:
        assert clues[0].sentence in decision.problem
        assert (
            chosen in decision.problem
            or len({clue.genome for clue in clues if clue.is_proof}) > 1
            or proof("NCBI36") in clues
        )


def test_what_was_overruled_is_noted_without_the_words_of_the_file():
    assert decide([word("GRCh37")], "GRCh38", insists=True).notes == (
        "Read as GRCh38, as was chosen, although the file also names GRCh37.",
    )
    assert decide([word("GRCh37")], "GRCh37", insists=True).notes == ()


def test_ncbi36_is_refused_in_so_many_words():
    said = decide([proof("NCBI36")]).problem
    assert said.startswith("This file is on NCBI36 (hg18); Vardesk takes GRCh37 and GRCh38 and does not lift over.")


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["##contig=<ID=chrM,length=16571>"], ("CHRM",)), (["##contig=<ID=chrM,length=16569>", "##reference=hg19"], ()),
        (["##contig=<ID=MT,length=16571>"], ("MT",)), (["##reference=hg19"], ("CHRM", "M")), (["##reference=GRCh37"], ()),
        (["##reference=hg19", "##contig=<ID=chrM>"], ("CHRM", "M")), (["##reference=hg19_NC_012920.fa"], ()),
        (["##reference=hg38", "##contig=<ID=chrM>"], ()), ([], ()),
    ],
)  # fmt: skip
def test_which_mitochondria_are_not_rcrs(lines, names):
    lines_read = header(*lines)
    assert other_mitochondria(lines_read, header_clues(lines_read)) == names


# --- real headers, each looked at by hand -----------------------------------------------------------------

REAL = [
    ("vcf_real/annonars/06e4_gnomad-genomes.1.vcf", "GRCh38", ()),
    ("vcf_real/annonars/0721_gnomad-genomes.X.vcf", "GRCh37", ()),
    ("vcf_real/eva-submission/5aa6_test1.vcf", None, ()),  # the example of the VCF specification: NCBI36
    ("vcf_real/hap.py/0a36_PG_performance.vcf.gz", "GRCh37", ("CHRM", "M")),  # hg19, no length of chrM
    ("vcf_real/hap.py/2cc8_integrationtest_empty.vcf.gz", None, ()),  # says hg38, chr1 is as long as GRCh37's
    ("vcf_real/hap.py/37d3_hc.varsonly.vcf.gz", "GRCh37", ("CHRM",)),  # chrM of 16,571
    ("vcf_real/variantgrid/bef0_hg19_contigs.vcf", "GRCh37", ("MT",)),  # MT of 16,571
    ("vcf_real/variantgrid/63a2_t2t_brca2.vcf", None, ()),
    ("vcf_real/varcode/77ab_mouse_vcf_dbsnp_chr1_partial.vcf", None, ()),
    ("vcf_real/bcftools/3901_idx.vcf", None, ()),  # says NCBI36, its lengths are GRCh37's
    ("clinvar/clinvar_alleles_single_b37.vcf", "GRCh37", ()),
    ("clinvar/clinvar_ncbi_sample.vcf", "GRCh37", ()),
]


@pytest.mark.parametrize(("path", "assembly", "mitochondria"), REAL)
def test_real_headers(path, assembly, mitochondria):
    if not (SHARED / path).is_file():
        pytest.skip("the shared files are not here")
    data = (SHARED / path).read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    lines = header(*[line for line in text.splitlines() if line.startswith("#")])
    decision = decide(header_clues(lines))
    assert (None if decision.problem else decision.assembly) == assembly
    assert other_mitochondria(lines, header_clues(lines)) == mitochondria
