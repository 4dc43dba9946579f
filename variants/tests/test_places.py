"""Contigs and positions: what is a chromosome, what is skipped and why, and where a chromosome ends."""

import duckdb
import pytest

from variants.assemblies import CHROM_NAMES, chrom_of, genomes_by_length, length_of, sequences
from variants.normalising import MACROS, Rules, normalise
from variants.normalising.places import make_place_tables
from variants.tests.cells import alleles_of, cells_of

SNV = {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}


def fates(*rows: dict, assembly: str | None = "GRCh37", **rules) -> list[tuple]:
    with cells_of([SNV | row for row in rows]) as db:
        normalise(db, Rules(load="this load", assembly=assembly, **rules))
        return db.execute("SELECT fate, assembly, chrom, reason FROM alleles ORDER BY line").fetchall()


CHROMOSOMES_WRITTEN = [
        ("Chr1", "GRCh37", "1"), ("01", "GRCh37", "1"), ("chr01", "GRCh37", "1"), ("chromosome 1", "GRCh37", "1"),
        ("Chromosome_22", "GRCh37", "22"), ("NC_000001.11", "GRCh38", "1"), ("nc_000001.10", "GRCh37", "1"),
        ("CM000663.1", "GRCh37", "1"), ("CM000686.2", "GRCh38", "Y"), ("NC_000023", "GRCh37", "X"), ("24", "GRCh37", "Y"),
        ("J01415.2", "GRCh37", "MT"), ("NC_012920.1", "GRCh37", "MT"), ("26", "GRCh37", "MT"),
]  # fmt: skip


def test_a_chromosome_has_many_names_and_its_accession_says_which_assembly():
    found = fates(*({"chrom": name} for name, _, _ in CHROMOSOMES_WRITTEN))
    assert found == [("keep", assembly, chrom, None) for _, assembly, chrom in CHROMOSOMES_WRITTEN]


NO_CHROMOSOMES = [
    ("chr6_apd_hap1", "is an alternate locus of GRCh37; only chromosomes are loaded"),
    ("HSCHR6_MHC_APD_CTG1", "is an alternate locus of GRCh37 and GRCh38; only chromosomes are loaded"),
    ("chr1_KI270762v1_alt", "is an alternate locus of GRCh38; only chromosomes are loaded"),
    ("chr1_gl000191_random", "is an unlocalised scaffold of GRCh37; only chromosomes are loaded"),
    ("chrUn_gl000211", "is an unplaced scaffold of GRCh37; only chromosomes are loaded"),
    ("GL000220.1", "is an unplaced scaffold of GRCh37 and GRCh38; only chromosomes are loaded"),
    ("HG1007_PATCH", "is a patch of GRCh37; only chromosomes are loaded"),
    ("chr1_KN196472v1_fix", "is a patch of GRCh38; only chromosomes are loaded"),
    ("chr11_jh159136_fix", "is a patch; only chromosomes are loaded"),
    ("hs37d5", "is a decoy; only chromosomes are loaded"),
    ("chrUn_KN707606v1_decoy", "is a decoy; only chromosomes are loaded"),
    ("HLA-A*01:01:01:01", "is an HLA sequence; only chromosomes are loaded"),
    ("chrEBV", "is a virus; only chromosomes are loaded"),
    ("NC_007605", "is a virus; only chromosomes are loaded"),
    ("HPV16", "is a virus; only chromosomes are loaded"),
    ("25", "is the pseudo-autosomal region of X and Y"),
    ("NC_001807.4", "is chrM of UCSC hg19 (16,571 bases), another sequence than MT (rCRS)"),
    ("NC_000001.9", "is chromosome 1 of NCBI36 (hg18), which Vardesk does not take"),
    ("NC_000001.8", "is a version of a chromosome that neither GRCh37 nor GRCh38 has"),
    ("NC_060925.1", "is a chromosome of T2T-CHM13, which Vardesk does not take"),
]


def test_what_is_no_chromosome_is_skipped_and_called_what_it_is():
    found = fates(*({"chrom": name, "gene": "BRAF"} for name, _ in NO_CHROMOSOMES))
    for (name, said), (fate, assembly, chrom, reason) in zip(NO_CHROMOSOMES, found, strict=True):
        assert (fate, assembly, chrom) == ("skip", None, None), name
        assert reason.startswith(f"{name} {said}")


def test_other_names_are_no_chromosome():
    names = ["chr23a", "007", "chr0", "27", "-1", "1.0", "NC_000025", "chr", "²", "1'; DROP TABLE x", "chr1_x" * 40]
    for name, (fate, _, chrom, reason) in zip(names, fates(*({"chrom": name} for name in names)), strict=True):
        assert (fate, chrom) == ("skip", None), name
        assert reason == f"'{name[:60]}' is not a chromosome (1-22, X, Y, MT)"


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
def test_the_last_base_of_each_chromosome_is_kept_and_the_one_behind_it_is_not(assembly):
    ends = {chrom: length_of(assembly, chrom) for chrom in CHROM_NAMES}
    kept = fates(*({"chrom": chrom, "start": str(end)} for chrom, end in ends.items()), assembly=assembly)
    assert kept == [("keep", assembly, chrom, None) for chrom in CHROM_NAMES]
    behind = fates(*({"chrom": chrom, "start": str(end + 1)} for chrom, end in ends.items()), assembly=assembly)
    for (chrom, end), (fate, _, placed, reason) in zip(ends.items(), behind, strict=True):
        said = f"position {end + 1} lies beyond the end of chromosome {chrom}, which has {end:,} bases on {assembly}"
        assert (fate, placed, reason.startswith(said)) == ("reject", None, True)


def test_a_position_that_only_the_other_assembly_has_says_so():
    # Chromosome 7: 159,138,663 bases on GRCh37 and 159,345,973 on GRCh38.
    ((fate, _, _, reason),) = fates({"start": "159200000"})
    assert (fate, reason) == (
        "reject",
        "position 159200000 lies beyond the end of chromosome 7, which has 159,138,663 bases on GRCh37;"
        " it would fit on GRCh38",
    )


def test_a_deletion_that_runs_over_the_end_is_rejected():
    end = length_of("GRCh38", "7")
    fitting, over = fates(
        {"start": str(end - 1), "ref": "AC", "alt": "A"},
        {"start": str(end), "ref": "AC", "alt": "A"},
        assembly="GRCh38",
    )
    assert fitting[0] == "keep"
    assert (over[0], over[3].split(",")[0]) == ("reject", f"position {end + 1} lies beyond the end of chromosome 7")


def test_a_zero_based_start_at_the_last_base_is_kept_and_one_behind_it_is_rejected():
    end = length_of("GRCh38", "7")
    kept, over = fates({"start": str(end - 1)}, {"start": str(end)}, assembly="GRCh38", base=0)
    assert (kept[0], over[0]) == ("keep", "reject")


def test_position_0_is_the_telomere_and_is_rejected_with_that_reason():
    assert fates({"start": "0"})[0][3] == "position 0 lies before chromosome 7 (the telomere), whose first base is 1"


def test_a_chromosome_accession_of_another_assembly_than_the_row_says_is_a_mismatch():
    ((fate, assembly, _, reason),) = fates({"chrom": "NC_000007.13", "assembly": "GRCh38"})
    assert (fate, assembly) == ("skip", None)
    assert reason == "NC_000007.13 is a sequence of GRCh37, and the row says GRCh38"


def test_the_version_in_the_accession_column_says_the_assembly_where_no_other_cell_does():
    assert fates({"accession": "NC_000007.14"}, {"accession": "CM000669.2"}, {"accession": "NC_000007.13"}) == [
        ("keep", "GRCh38", "7", None), ("keep", "GRCh38", "7", None), ("keep", "GRCh37", "7", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("names", "fate"), [((), "keep"), (("CHRM", "M"), "skip"), (("MT",), "keep")])
def test_a_mitochondrion_that_is_not_rcrs_is_skipped_with_that_reason(names, fate):
    found = fates({"chrom": "chrM"}, {"chrom": "NC_012920.1"}, not_rcrs=names)
    assert [row[0] for row in found] == [fate, "keep"]
    assert fate == "keep" or "16,571 bases) here, another sequence than MT (rCRS)" in found[0][3]


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("NC_000017.10-43057062-T-G", ("GRCh37", "17", 43057062)), ("NC_000017.11-43057062-T-G", ("GRCh38", "17", 43057062)),
        ("CM000679.2-43057062-T-G", ("GRCh38", "17", 43057062)), ("chromosome 17 43057062 T>G", ("GRCh37", "17", 43057062)),
    ],
)  # fmt: skip
def test_a_place_in_one_cell_may_name_the_sequence(cell, place):
    (allele,) = alleles_of({"variant": cell}, assembly="GRCh37")
    assert (allele["assembly"], allele["chrom"], allele["pos"]) == place


def test_spdi_is_no_place_that_counts_from_1():
    (allele,) = alleles_of({"variant": "NC_000017.11:43057061:T:G", "gene": "BRCA1"})
    assert allele["pos"] in (None, 43057062)


# --- the tables ---------------------------------------------------------------------------------------


def test_the_tables_hold_each_other():
    """Facts about both assemblies that are known from elsewhere, and what must be so in any such table."""
    assert len(sequences()) == 297 + 709 + 24
    assert [length_of(a, c) for a, c in [("GRCh37", "1"), ("GRCh38", "1"), ("GRCh38", "7"), ("GRCh38", "MT")]] == [
        249_250_621, 248_956_422, 159_345_973, 16_569,
    ]  # fmt: skip
    accessions = [one.refseq for one in sequences() if one.chrom and one.chrom != "MT"]
    assert len(accessions) == len(set(accessions)) == 3 * 24
    for one in sequences():
        if one.chrom and one.chrom != "MT":
            number = CHROM_NAMES.index(one.chrom) + 1
            assert one.refseq.startswith(f"NC_{number:06d}.")
            if one.assembly != "NCBI36":
                assert one.genbank == f"CM{662 + number:06d}.{1 if one.assembly == 'GRCh37' else 2}"


def test_no_two_genomes_have_a_chromosome_of_one_length():
    expected = 3 * 24 + 24 + 3 * 21  # GRCh37, GRCh38, NCBI36; T2T-CHM13; three mice
    assert len(genomes_by_length()) == expected


def test_python_and_sql_read_names_of_chromosomes_alike():
    names = [
        "1",
        "01",
        "chr1",
        "Chromosome 9",
        "X",
        "chrY",
        "23",
        "24",
        "25",
        "26",
        "M",
        "chrMT",
        "0",
        "00",
        "27",
        "chr",
        "1a",
        "7.0",
    ]
    with duckdb.connect() as db:
        db.execute(MACROS)
        make_place_tables(db)
        found = db.execute("SELECT coalesce(chrom_named(n), '') FROM (SELECT unnest($n::VARCHAR[]) AS n)", {"n": names})
        assert [row[0] for row in found.fetchall()] == [chrom_of(name) for name in names]
