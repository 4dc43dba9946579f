"""FASTA files that settings name: which are used, which are refused and how that is said."""

import gzip
import os
import random

import pysam
import pytest
from django.core.checks import run_checks

from variants.assemblies import length_of
from variants.reference_sequence import BadReference, open_reference, references
from variants.tests.fastas import reference_of, write_fasta


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


def test_bases_are_upper_case_and_end_with_the_chromosome(tmp_path):
    reference = reference_of(tmp_path, chr7="acgtacgtacgtNNRa")
    assert reference.bases("7", 2, 14) == "GTACGTACGTNN"
    assert (reference.bases("7", -3, 2), reference.bases("7", 14, 99), reference.bases("7", 99, 100)) == (
        "AC",
        "RA",
        "",
    )


@pytest.mark.parametrize(
    ("contig", "chrom"),
    [
        ("7", "7"), ("chr7", "7"), ("CHR7", "7"), ("chrX", "X"), ("NC_000007.14", "7"), ("CM000669.2", "7"),
        ("NC_000024.10", "Y"), ("CM000686.2", "Y"), ("chrM", "MT"), ("MT", "MT"), ("NC_012920.1", "MT"),
    ],
)  # fmt: skip
def test_contigs_by_any_of_their_names(tmp_path, contig, chrom):
    reference = reference_of(tmp_path, **{contig: "ACGT", "chr7_KI270803v1_alt": "TTTT", "HLA-A": "GG"})
    assert reference.lengths == {chrom: 4}


def test_nothing_is_written_beside_a_fasta(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    reference = reference_of(folder, chr1="ACGT" * 9)
    assert reference.bases("1", 4, 8) == "ACGT"
    assert os.listdir(folder) == ["GRCh38.fa"]


def test_the_index_beside_it_is_used_and_an_older_one_is_not(tmp_path, own_folders):
    path = write_fasta(tmp_path / "a.fa", chr1="ACGT" * 9)
    pysam.FastaFile(str(path)).close()
    open_reference("GRCh38", path, may_index=False).close()
    assert not (own_folders / "reference").exists()
    write_fasta(path, chr1="TT" + "ACGT" * 9)
    os.utime(f"{path}.fai", (1, 1))
    assert open_reference("GRCh38", path, may_index=False) is None  # a page does not wait for an index
    assert open_reference("GRCh38", path).lengths == {"1": 38}
    assert open_reference("GRCh38", path, may_index=False).lengths == {"1": 38}  # it is there now
    assert len(list((own_folders / "reference").iterdir())) == 1


@pytest.mark.parametrize("with_index", [True, False])
def test_a_fasta_packed_with_bgzip(tmp_path, with_index):
    plain = write_fasta(tmp_path / "a.fa", chr1="ACGT" * 50_000, chr2="GATTACA")
    packed = tmp_path / "a.fa.gz"
    pysam.tabix_compress(str(plain), str(packed))
    if with_index:
        pysam.FastaFile(str(packed)).close()
    reference = open_reference("GRCh38", packed)
    assert (reference.bases("1", 199_996, 200_000), reference.bases("2", 0, 7)) == ("ACGT", "GATTACA")
    assert reference.identity() == open_reference("GRCh38", plain).identity()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no FASTA"),
        (b"#CHROM\tPOS\n", "is no FASTA"),
        (gzip.compress(b">1\nACGT\n", mtime=0), "packed with gzip"),
        (b">1\nAC\nACGT\nA\n", "lines of unequal length"),
        (b">scaffold_1\nACGT\n", "no sequence is named like a chromosome"),
        (b">NC_000007.13\nACGT\n", "is a sequence of GRCh37"),
        (b">CM000669.1\nACGT\n", "is a sequence of GRCh37"),
        (b">" + random.Random(6).randbytes(500), "lines of unequal length"),
    ],
    ids=["empty", "VCF", "gzip", "ragged", "scaffold", "NCBI's GRCh37", "GenBank's GRCh37", "bytes"],
)
def test_what_cannot_be_used_is_said(tmp_path, content, said):
    path = tmp_path / "genome.fa"
    path.write_bytes(content)
    with pytest.raises(BadReference, match=said) as raised:
        open_reference("GRCh38", path)
    assert "genome.fa" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_a_fasta_that_is_not_there(tmp_path, settings):
    settings.REFERENCE_FASTA_GRCH37 = str(tmp_path / "gone.fa")
    with pytest.raises(BadReference, match="REFERENCE_FASTA_GRCH37 names gone.fa, which is not there"), references():
        pass


def with_length(folder, assembly, chrom, length):
    """A FASTA index of one chromosome of that length; no bases are read for it."""
    path = folder / f"{assembly}.fa"
    path.write_text(f">chr{chrom}\nACGT\n")
    (folder / f"{assembly}.fa.fai").write_text(f"chr{chrom}\t{length}\t6\t{length}\t{length + 1}\n")
    return open_reference(assembly, path)


@pytest.mark.parametrize("chrom", ["1", "22", "Y"])
@pytest.mark.parametrize(("assembly", "other"), [("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")])
def test_the_fasta_of_the_other_assembly_is_refused(tmp_path, assembly, other, chrom):
    assert with_length(tmp_path, assembly, chrom, length_of(assembly, chrom)).note == ""
    with pytest.raises(BadReference, match=f"{length_of(other, chrom):,} bases, as in {other}"):
        with_length(tmp_path, assembly, chrom, length_of(other, chrom))


def test_lengths_that_are_nobodys_are_said(tmp_path):
    assert "neither GRCh38 nor GRCh37 by the length of 7" in reference_of(tmp_path, chr7="ACGT").note


def test_chr_m_of_hg19_is_not_mt(tmp_path):
    bases = "".join(random.Random(1).choices("ACGT", k=16571))
    assert reference_of(tmp_path, chr1="ACGT", chrM=bases).lengths == {"1": 4}
    assert reference_of(tmp_path, chr1="ACGT", chrM=bases[2:]).lengths == {"1": 4, "MT": 16569}


def test_an_index_of_another_fasta_is_said_where_bases_are_missing(tmp_path):
    reference = with_length(tmp_path, "GRCh38", "1", length_of("GRCh38", "1"))
    with pytest.raises(BadReference, match=r"cannot be read at 1:1,001: it is cut off"):
        reference.bases("1", 1000, 1010)


def test_another_sequence_is_another_identity(tmp_path):
    bases = "".join(random.Random(2).choices("ACGT", k=5000))
    one = reference_of(tmp_path, chr7=bases).identity()
    assert one["chromosomes"] == ["7"]
    assert reference_of(tmp_path, **{"7": bases.lower()}).identity() == one
    assert reference_of(tmp_path, chr7=bases[:2500] + "N" + bases[2501:]).identity() != one


def test_the_check_says_what_is_wrong_with_a_setting(tmp_path, settings):
    settings.REFERENCE_FASTA_GRCH38 = str(write_fasta(tmp_path / "good.fa", chr7="ACGT"))
    assert [message for message in run_checks() if message.id.startswith("variants.")] == []
    settings.REFERENCE_FASTA_GRCH38 = str(tmp_path / "gone.fa")
    assert [message.msg.partition(",")[0] for message in run_checks() if message.id.startswith("variants.")] == [
        "REFERENCE_FASTA_GRCH38 names gone.fa"
    ]
