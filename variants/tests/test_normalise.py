"""What one row of a file means: its place, its alleles, its names, its identity; or why it means nothing."""

import datetime
import random
import uuid

import pytest

from variants.identity import allele_key, trimmed
from variants.models import CHROMOSOMES
from variants.normalising import Rules, genomic_accession
from variants.tests.cells import alleles_of, cells_of, normalise

BOOK: list[dict] = []  # the rows of the tests below are normalised as one file: each says nothing about the others


def line(**cells: str | None) -> int:
    """Adds a row to the common file; returns its line."""
    BOOK.append(cells)
    return len(BOOK) + 1


def at(start: str | int, ref: str | None = None, alt: str | None = None, **cells: str | None) -> int:
    return line(**({"chrom": "7", "start": str(start), "ref": ref, "alt": alt} | cells))


@pytest.fixture(scope="module")
def read() -> dict[int, list[dict]]:
    """Line -> its alleles."""
    found: dict[int, list[dict]] = {}
    for allele in alleles_of(*BOOK):
        found.setdefault(allele["line"], []).append(allele)
    return found


def each(name: str, texts: list[tuple], **cells: str | None) -> list:
    """Parameters (line, expected) for a column's texts."""
    return [pytest.param(line(**cells | {name: text}), expected, id=repr(text)) for text, expected in texts]


def shown(allele: dict) -> tuple:
    return allele["pos"], allele["ref"], allele["alt"], allele["padding"]


LONG = "".join(random.Random(1).choices("ACGT", k=2000))
OTHER_LONG = LONG[:900] + "".join(random.Random(2).choices("ACGT", k=200)) + LONG[1100:]


# --- alleles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(at(100, "A", "T"), (100, "A", "T", True), id="substitution"),
        pytest.param(at(100, "a", "t"), (100, "A", "T", True), id="lower case"),
        pytest.param(at(99, "GAC", "GTC"), (100, "A", "T", True), id="substitution among equal bases"),
        pytest.param(at(100, "AC", "TG"), (100, "AC", "TG", True), id="MNV"),
        pytest.param(at(100, "ACG", "TCA"), (100, "ACG", "TCA", True), id="MNV with an equal middle is not split"),
        pytest.param(at(100, "AT", "GCC"), (100, "AT", "GCC", True), id="delins"),
        pytest.param(at(99, "GAC", "G"), (99, "GAC", "G", True), id="VCF deletion"),
        pytest.param(at(97, "TTGAC", "TTG"), (99, "GAC", "G", True), id="VCF deletion with more padding"),
        pytest.param(at(99, "GACTT", "GTT"), (99, "GAC", "G", True), id="VCF deletion padded on the right"),
        pytest.param(at(100, "ACT", "T"), (100, "AC", None, False), id="deletion padded on the right only"),
        pytest.param(at(100, "AC", "-", stop="101"), (100, "AC", None, False), id="MAF deletion"),
        pytest.param(at(100, "A", "AT"), (100, "A", "AT", True), id="VCF insertion"),
        pytest.param(at(100, "-", "T", stop="101"), (101, None, "T", False), id="MAF insertion: start is the base before"),
        pytest.param(at(100, "-", "T", stop="100"), (101, None, "T", False), id="0-based insertion"),
        pytest.param(at(100, "CTT", "CT"), (100, "CT", "C", True), id="deletion in a repeat"),
        pytest.param(at(100, "CAAA", "CAA"), (100, "CA", "C", True), id="deletion in a longer repeat: cut from the right"),
        pytest.param(at(100, "CA", "CAA"), (100, "C", "CA", True), id="insertion in a repeat"),
        pytest.param(at(100, "AAA", "AA"), (100, "A", None, False), id="repeat to its edge: no base is left to pad with"),
        pytest.param(at(100, "N", "A"), (100, "N", "A", True), id="N is a base"),
        pytest.param(at("1,000,000", "A", "T"), (1_000_000, "A", "T", True), id="thousands separators"),
        pytest.param(at(" 100 ", " A ", " T "), (100, "A", "T", True), id="blanks around cells"),
        pytest.param(at(159345973, "A", "T"), (159345973, "A", "T", True), id="last base of the chromosome"),
        pytest.param(at(100, "G" + LONG, "G"), (100, "G" + LONG, "G", True), id="deletion of 2,000 bases"),
        pytest.param(at(100, "G", "G" + LONG), (100, "G", "G" + LONG, True), id="insertion of 2,000 bases"),
        pytest.param(
            at(100, LONG, OTHER_LONG),
            (100 + trimmed(0, LONG, OTHER_LONG)[0], *trimmed(0, LONG, OTHER_LONG)[1:], True),
            id="2,000 bases that differ in the middle",
        ),
    ],
)  # fmt: skip
def test_alleles_are_trimmed_from_the_right_then_from_the_left(read, number, expected):
    assert [shown(allele) for allele in read[number]] == [expected]


@pytest.mark.parametrize("number", [at(100, "AT", "A,ATCTT")])
def test_a_line_with_two_alts_is_two_alleles(read, number):
    assert [(a["alt_index"], *shown(a)) for a in read[number]] == [
        (1, 100, "AT", "A", True),
        (2, 100, "A", "ATCT", True),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(at(100, "AC", "-"), at(99, "GAC", "G"), id="MAF and VCF deletion"),
        pytest.param(at(100, "-", "T"), at(100, "A", "AT"), id="MAF and VCF insertion"),
        pytest.param(at(100, "AC", "-", stop="101"), at(99, "AC", "-", stop="101"), id="1-based and 0-based deletion"),
        pytest.param(
            at(300, "A", "T", stop="300"), at(299, "A", "T", stop="300"), id="1-based and 0-based substitution"
        ),
        pytest.param(at(100, "A", "T", chrom="chr7"), at(100, "A", "T", chrom="07"), id="chromosome names"),
        pytest.param(
            at(100, "A", "T", assembly="hg38"), at(100, "A", "T", chrom="NC_000007.14"), id="assembly by accession"
        ),
    ],
)
def test_two_writings_of_one_allele_have_one_key(read, one, other):
    assert read[one][0]["key"] == read[other][0]["key"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(at(100, "A", "T"), at(100, "A", "G"), id="other bases"),
        pytest.param(at(100, "A", "T"), at(101, "A", "T"), id="other position"),
        pytest.param(at(100, "A", "T"), at(100, "A", "T", chrom="8"), id="other chromosome"),
        pytest.param(at(100, "A", "T"), at(100, "A", "T", assembly="GRCh37"), id="other assembly"),
        pytest.param(at(100, "-", "AC"), at(101, "AC", "-"), id="insertion and deletion"),
        pytest.param(at(100, None, None, rsid="rs71"), at(100, None, None, rsid="rs72"), id="two names at one place"),
    ],
)
def test_two_alleles_have_two_keys(read, one, other):
    assert read[one][0]["key"] != read[other][0]["key"]


@pytest.mark.parametrize("number", [at(100, "A", "T,")])
def test_an_empty_alt_in_a_list_is_not_a_deletion(read, number):
    assert [shown(a) for a in read[number] if a["fate"] == "keep"] == [(100, "A", "T", True)]


@pytest.mark.parametrize("number", [at(100, "A", "T,-")])
def test_a_dash_in_a_list_of_alts_is_a_deletion_like_a_dash_alone(read, number):
    assert [shown(a) for a in read[number] if a["fate"] == "keep"] == [(100, "A", "T", True), (100, "A", None, False)]


# --- places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "chrom"),
    each("chrom", [
        ("1", "1"), ("22", "22"), ("chr7", "7"), ("CHR7", "7"), ("chromosome 7", "7"), ("x", "X"), ("chrY", "Y"),
        ("23", "X"), ("24", "Y"), ("26", "MT"), ("chr23", "X"), ("chr26", "MT"), ("M", "MT"), ("chrM", "MT"), ("MT", "MT"),
        ("NC_012920.1", "MT"), ("NC_000023.11", "X"),
    ], start="5", ref="A", alt="T"),
)  # fmt: skip
def test_chromosome_names(read, number, chrom):
    assert [(a["fate"], a["chrom"], a["chrom_rank"]) for a in read[number]] == [
        ("keep", chrom, CHROMOSOMES.index(chrom) + 1)
    ]


@pytest.mark.parametrize(
    ("number", "assembly"),
    each("assembly", [
        ("GRCh37", "GRCh37"), ("hg19", "GRCh37"), ("37", "GRCh37"), ("GRCh37.p13", "GRCh37"), ("b37", "GRCh37"),
        ("GRCh38", "GRCh38"), ("grch38.p14", "GRCh38"), ("hg38", "GRCh38"), (None, "GRCh38"),
    ], chrom="7", start="5", ref="A", alt="T"),
)  # fmt: skip
def test_assembly_names(read, number, assembly):
    assert read[number][0]["assembly"] == assembly


def test_the_accession_of_a_chromosome_outweighs_the_assembly_chosen_for_the_file():
    (allele,) = alleles_of({"chrom": "NC_000007.14", "start": "100", "ref": "A", "alt": "T"}, assembly="GRCh37")
    assert (allele["assembly"], allele["chrom"]) == ("GRCh38", "7")


@pytest.mark.parametrize("number", [at(100, "A", "T", chrom="NC_000007.14", assembly="GRCh37", rsid="rs77")])
def test_a_chromosome_accession_of_the_other_assembly_is_not_placed(read, number):
    assert [a["assembly"] for a in read[number]] != ["GRCh37"]


@pytest.mark.parametrize(
    ("number", "fate", "said"),
    [
        pytest.param(at("12a", "A", "T"), "reject", "position '12a' is not a whole number", id="text"),
        pytest.param(at("-5", "A", "T"), "reject", "position '-5' is not a whole number", id="negative"),
        pytest.param(at("1.5", "A", "T"), "reject", "position '1.5' is not a whole number", id="decimal"),
        pytest.param(at("1e6", "A", "T"), "reject", "'1e6'", id="exponent"),
        pytest.param(at("9999999999", "A", "T"), "reject", "9999999999 lies beyond", id="ten digits"),
        pytest.param(at("4294967297", "A", "T"), "reject", "4294967297 lies beyond", id="wraps in 32 bits"),
        pytest.param(at("0", "A", "T"), "reject", "position 0", id="zero"),
        pytest.param(at(100, "A", "T", chrom="GL000192.1", gene="BRAF"), "skip", "GL000192.1 is an unlocalised scaffold of GRCh37; only chromosomes are loaded", id="contig"),
        pytest.param(at(100, "A", "T", chrom="chrUn_KI270302v1"), "skip", "chrUn_KI270302v1 is an unplaced scaffold of GRCh38", id="unplaced"),
        pytest.param(at(100, "A", "T", chrom="6_cox_hap2"), "skip", "6_cox_hap2 is an alternate locus", id="haplotype"),
        pytest.param(at(100, "A", "T", chrom="25"), "skip", "25 is the pseudo-autosomal region", id="25 (XY of PLINK)"),
        pytest.param(at(100, "A", "T", chrom="0"), "skip", "'0' is not a chromosome", id="0"),
        pytest.param(at(100, "A", "T", chrom="chrM", assembly="hg19"), "skip", "chrM of hg19", id="chrM of hg19"),
        pytest.param(at(100, "A", "*"), "skip", "spanning deletion", id="star"),
        pytest.param(at(100, "A", "<DEL>"), "skip", "symbolic allele <DEL>", id="symbolic"),
        pytest.param(at(100, "A", "<NON_REF>"), "skip", "symbolic allele <NON_REF>", id="gVCF block"),
        pytest.param(at(100, "G", "G]17:198982]"), "skip", "breakend", id="breakend"),
        pytest.param(at(100, "A", "A"), "skip", "ALT equals REF", id="no change"),
        pytest.param(at(100, "A", "."), "skip", "no ALT allele", id="no ALT"),
        pytest.param(at(100, "A", "T", assembly="hg18"), "skip", "assembly 'hg18' is neither", id="old assembly, no name"),
        pytest.param(line(comment="nothing else"), "skip", "names no variant and no gene", id="no name at all"),
        pytest.param(line(), "skip", "names no variant and no gene", id="empty row"),
    ],
)  # fmt: skip
def test_what_cannot_be_placed_says_why(read, number, fate, said):
    (allele,) = read[number]
    assert allele["fate"] == fate
    assert said in allele["reason"]


def test_without_an_assembly_a_place_is_skipped():
    (allele,) = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": "T", "rsid": "rs1"}, assembly=None)
    assert (allele["fate"], allele["reason"]) == ("skip", "no assembly")


@pytest.mark.parametrize("number", [at(100, "A", ".", rsid="rs5")])
def test_a_site_without_an_alt_allele_claims_no_variant(read, number):
    # A VCF line with ALT `.` says that the sample is as the reference.
    assert [a["fate"] for a in read[number]] == ["skip"]


@pytest.mark.parametrize("number", [at(100, "A", "T,<DEL>,*,G")])
def test_one_symbolic_alt_does_not_take_its_neighbours_along(read, number):
    assert [(a["alt_index"], a["fate"]) for a in read[number]] == [(1, "keep"), (2, "skip"), (3, "skip"), (4, "keep")]


@pytest.mark.parametrize("number", [
    pytest.param(at(100, "-", "-", rsid="rs81"), id="dashes"),
    pytest.param(at(100, None, None, rsid="rs82"), id="empty"),
    pytest.param(at(100, "NULL", "NULL", rsid="rs83"), id="NULL"),
    pytest.param(at(100, "na", "na", rsid="rs84"), id="na"),
])  # fmt: skip
def test_a_row_with_a_place_and_no_alleles_keeps_its_place(read, number):
    (allele,) = read[number]
    assert allele["fate"] == "keep"
    assert (allele["assembly"], allele["chrom"], *shown(allele)) == ("GRCh38", "7", 100, None, None, False)


@pytest.mark.parametrize(
    ("number", "flag", "place"),
    [
        pytest.param(at(100, "A", "R", rsid="rs91"), "alleles A > R are not plain bases; kept by name", ("7", 100), id="IUPAC"),
        pytest.param(at(100, "A", "5bp", rsid="rs92"), "not plain bases; kept by name", ("7", 100), id="words"),
        pytest.param(
            at(1000, "-", "TACCC", stop="1010", rsid="rs93"), "deleted bases not given; kept by name", ("7", 1000), id="delins"
        ),
        pytest.param(
            at(100, "A", "T", accession="NW_003315950.2", rsid="rs94"),
            "positions are on NW_003315950.2, which is not chromosome 7 of GRCh38; kept by name", (None, None), id="patch scaffold",
        ),
        pytest.param(
            at(100, "A", "T", accession="NC_000007.13", assembly="GRCh38", rsid="rs95"), "which is not chromosome 7 of GRCh38", (None, None),
            id="accession of the other assembly",
        ),
        pytest.param(at(100, "A", "T", assembly="hg18", rsid="rs96"), "'hg18' is neither", (None, None), id="old assembly"),
        pytest.param(at("", "A", "T", rsid="rs97"), "a chromosome without a position", (None, None), id="no position"),
        pytest.param(at(100, "A", "T", chrom="", rsid="rs98"), "a position without a chromosome", (None, None), id="no chromosome"),
    ],
)  # fmt: skip
def test_what_has_a_name_and_no_clear_alleles_is_kept_by_name_and_flagged(read, number, flag, place):
    (allele,) = read[number]
    assert allele["fate"] == "keep"
    assert flag in allele["flag"]
    assert (allele["chrom"], *shown(allele)) == (*place, None, None, False)


@pytest.mark.parametrize("number", [at(100, "A", "T", hgvs_g="NC_000007.14:g.250A>T")])
def test_a_substitution_whose_g_name_says_another_place_is_kept_and_flagged(read, number):
    (allele,) = read[number]
    assert (allele["fate"], allele["pos"]) == ("keep", 100)
    assert allele["flag"] == "position and NC_000007.14:g.250A>T disagree"


@pytest.mark.parametrize("number", [at(99, "GAC", "G", hgvs_g="NC_000007.14:g.101_102del")])
def test_the_g_name_of_an_indel_moves_no_coordinate(read, number):
    assert (shown(read[number][0]), read[number][0]["flag"]) == ((99, "GAC", "G", True), None)


# --- 0-based or 1-based ------------------------------------------------------------------------------

SNV = {"chrom": "7", "ref": "A", "alt": "T"}


def zero_based(count: int) -> list[dict]:
    """Substitutions whose g. name lies one base after their start."""
    return [SNV | {"start": str(n), "hgvs_g": f"NC_000007.14:g.{n + 1}A>T"} for n in range(1000, 1000 + count)]


def one_based(count: int) -> list[dict]:
    return [SNV | {"start": str(n), "hgvs_g": f"NC_000007.14:g.{n}A>T"} for n in range(2000, 2000 + count)]


def bare(start: int, name_start: int, rsid: str) -> dict:
    return {
        "chrom": "7",
        "start": str(start),
        "rsid": rsid,
        "hgvs_g": f"NC_000007.14:g.{name_start}_{name_start + 9}del",
    }


def test_rows_that_cannot_tell_follow_the_majority():
    silent = SNV | {"start": "500"}
    assert [a["pos"] for a in alleles_of(*zero_based(3), *one_based(1), silent)][-1] == 501
    assert [a["pos"] for a in alleles_of(*zero_based(1), *one_based(3), silent)][-1] == 500


def test_a_row_whose_own_g_name_says_otherwise_is_read_as_it_tells_itself():
    alleles = alleles_of(*zero_based(3), *one_based(1))
    assert [a["pos"] for a in alleles] == [1001, 1002, 1003, 2000]


def test_the_length_between_start_and_stop_tells_too():
    by_length = [SNV | {"start": str(n), "stop": str(n + 1)} for n in (10, 20)]
    deletion = {"chrom": "7", "start": "30", "stop": "32", "ref": "AC", "alt": "-"}
    alleles = alleles_of(*by_length, deletion, SNV | {"start": "500"})
    assert [a["pos"] for a in alleles] == [11, 21, 31, 501]


def test_rows_without_alleles_are_judged_apart():
    alleles = alleles_of(
        *zero_based(3), bare(5000, 5000, "rs1"), bare(6000, 6000, "rs2"), {"chrom": "7", "start": "7000", "rsid": "rs3"}
    )
    assert [a["pos"] for a in alleles] == [1001, 1002, 1003, 5000, 6000, 7000]


def test_an_insertion_between_its_flanks_stays_on_the_base_before_in_a_1_based_file():
    # As in ClinVar's own table: PositionVCF 100, ReferenceAlleleVCF A, and Stop is the base after the insertion.
    insertion = {"chrom": "7", "start": "100", "stop": "101", "ref": "A", "alt": "AT"}
    alleles = alleles_of(*one_based(3), insertion)
    assert shown(alleles[-1]) == (100, "A", "AT", True)


def test_position_0_is_rejected_even_where_rows_without_alleles_count_from_0():
    alleles = alleles_of(bare(10, 11, "rs1"), bare(20, 21, "rs2"), *one_based(1), SNV | {"start": "0"})
    assert alleles[-1]["fate"] == "reject"


def test_a_position_beyond_every_chromosome_is_rejected_and_not_left_to_the_database():
    (allele,) = alleles_of({"chrom": "7", "start": "2147483640", "ref": "A" * 50 + "C", "alt": "A" * 50 + "T"})
    assert allele["fate"] == "reject"


# --- names and identity ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        pytest.param(
            line(hgvs_g="NC_000007.14:g.140753336A>T"), line(hgvs_g="NC_000007.14:g.140753336A>T", gene="BRAF", rsid="rs2"),
            line(hgvs_g="NC_000007.13:g.140753336A>T"), id="genomic name",
        ),
        pytest.param(
            line(hgvs_c="NM_004333.6:c.1799T>A"), line(hgvs_c="c.1799T>A", transcript="NM_004333.6", gene="BRAF"),
            line(hgvs_c="NM_004333.5:c.1799T>A"), id="transcript with version",
        ),
        pytest.param(
            line(gene="BRAF", hgvs_c="c.1799T>A"), line(gene="braf", hgvs_c="c.1799T>A", hgvs_p="p.V600E"),
            line(gene="KRAS", hgvs_c="c.1799T>A"), id="gene and c.",
        ),
        pytest.param(line(gene="BRAF", hgvs_p="p.V600E"), line(gene="BRAF", hgvs_p="p.V600E", rsid="rs3"),
                     line(gene="BRAF", hgvs_p="p.V600K"), id="gene and p."),
        pytest.param(line(hgvs_p="NP_004324.2:p.Val600Glu"), line(hgvs_p="NP_004324.2(BRAF):p.Val600Glu"),
                     line(hgvs_p="NP_004324.2:p.Val600Lys"), id="protein name"),
        pytest.param(line(rsid="rs10", alt="T"), line(rsid="10", alt="t"), line(rsid="rs10", alt="G"), id="rsID and alt"),
        pytest.param(line(rsid="rs11"), line(rsid="RS11", gene="BRAF"), line(rsid="rs12"), id="rsID"),
        pytest.param(line(rsid="rs13"), line(rsid="rs13", clinvar="RCV000000001"), line(rsid="rs13", alt="T"), id="rsID alone"),
        pytest.param(line(clinvar="RCV000031234"), line(clinvar="RCV000031234.5"), line(clinvar="RCV000031235"), id="ClinVar"),
    ],
)  # fmt: skip
def test_a_row_without_coordinates_is_identified_by_its_strongest_name(read, one, same, other):
    assert read[one][0]["key"] == read[same][0]["key"] != read[other][0]["key"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            line(hgvs_g="NC_000007.14:g.5A>T", hgvs_c="NM_1.1:c.1A>T"),
            line(hgvs_g="NC_000007.14:g.5A>T", hgvs_c="NM_2.1:c.2A>T"),
        )
    ],
)
def test_a_genomic_name_outweighs_every_other(read, one, other):
    assert read[one][0]["key"] == read[other][0]["key"]


@pytest.mark.parametrize(("one", "other"), [(line(rsid="rs600"), line(clinvar="RCV000600"))])
def test_equal_texts_of_two_kinds_are_two_variants(read, one, other):
    assert read[one][0]["key"] != read[other][0]["key"]


@pytest.mark.parametrize(("one", "other"), [(line(gene="HBB"), line(gene="HBB"))])
def test_rows_with_a_gene_and_nothing_else_are_each_their_own(read, one, other):
    assert read[one][0]["fate"] == read[other][0]["fate"] == "keep"
    assert read[one][0]["key"] != read[other][0]["key"]


@pytest.mark.parametrize("numbers", [tuple(line(gene="HBB", clinvar=f"RCV{n:09d}") for n in range(101, 158))])
def test_rows_that_differ_only_in_their_accession_are_each_their_own(read, numbers):
    assert len({read[number][0]["key"] for number in numbers}) == 57


def nothing_but_a_gene(nothing: str | None) -> int:
    return line(
        **dict.fromkeys(("hgvs_c", "hgvs_p", "hgvs_g", "rsid", "clinvar", "alt", "ref"), nothing) | {"gene": "HBB"}
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(nothing_but_a_gene(text), nothing_but_a_gene(text), id=repr(text))
        for text in [None, "", "NULL", "-", ".", "NA", "n/a", "None", "NaN"]
    ],
)
def test_nothing_equals_nothing_never(read, one, other):
    assert read[one][0]["key"] != read[other][0]["key"]


@pytest.mark.parametrize(
    ("number", "expected"),
    each("rsid", [
        ("rs334", "rs334"), ("RS334", "rs334"), ("334", "rs334"), (" rs334 ", "rs334"), ("rsID: 334", "rs334"),
        ("novel", None), ("COSM476", None), ("-1", None), ("rs", None), ("NULL", None),
    ], gene="HBB"),
)  # fmt: skip
def test_rsids(read, number, expected):
    assert read[number][0]["rsid"] == expected


@pytest.mark.parametrize("number", [line(gene="HBB", rsid="rs9;rs8, rs10")])
def test_of_several_rsids_all_are_names_and_the_first_is_shown(read, number):
    assert read[number][0]["names"] == ["rsid=rs9", "rsid=rs8", "rsid=rs10"]
    assert read[number][0]["rsid"] == "rs9"


@pytest.mark.parametrize(
    ("one", "other"), [(line(gene="ZZZ;AAA", hgvs_c="c.1A>G"), line(gene="AAA;ZZZ", hgvs_c="c.1A>G"))]
)
def test_of_several_genes_the_first_carries_the_name(read, one, other):
    assert [read[one][0]["genes"], read[other][0]["genes"]] == [["ZZZ", "AAA"], ["AAA", "ZZZ"]]
    assert [read[one][0]["hgvs_c"], read[other][0]["hgvs_c"]] == ["ZZZ:c.1A>G", "AAA:c.1A>G"]


@pytest.mark.parametrize("number", [line(gene="BRAF", hgvs_c="c.1799T>A")])
def test_a_gene_is_no_transcript(read, number):
    assert read[number][0]["transcript"] is None


@pytest.mark.parametrize(
    ("number", "names"),
    [
        pytest.param(line(hgvs_c="NM_007294.4(BRCA1):c.5266dup"), ["c=NM_007294.4:c.5266dup"], id="gene in parentheses"),
        pytest.param(line(hgvs_c="NM_007294.4:c.5266 dup"), ["c=NM_007294.4:c.5266dup"], id="blank inside"),
        pytest.param(line(hgvs_c="NR_046018.2:n.10A>G"), ["n=NR_046018.2:n.10A>G"], id="non-coding"),
        pytest.param(line(hgvs_g="NC_012920.1:m.3243A>G"), ["g=NC_012920.1:m.3243A>G"], id="mitochondrial is genomic"),
        pytest.param(line(hgvs_p="NP_000483.3:p.Phe508="), ["p=NP_000483.3:p.Phe508="], id="equals sign"),
        pytest.param(line(hgvs_c="LRG_292t1:c.68_69del"), ["c=LRG_292t1:c.68_69del"], id="LRG"),
        pytest.param(line(hgvs_c="ENST00000357654.9:c.68_69del"), ["c=ENST00000357654.9:c.68_69del"], id="Ensembl"),
        pytest.param(
            line(gene="BRCA1", transcript="NM_007294.4", hgvs_c="c.68_69del"),
            ["c=BRCA1:c.68_69del", "c=NM_007294.4:c.68_69del"], id="bare name: with its gene and with its transcript",
        ),
        pytest.param(
            line(other_names="NM_000546.6:c.1A>G, NC_000017.11:g.5A>G,rubbish"),
            ["c=NM_000546.6:c.1A>G", "g=NC_000017.11:g.5A>G"], id="list of names",
        ),
        pytest.param(line(url="https://example.org/clinvar/RCV000012345.2/"), ["clinvar=RCV000012345"], id="accession in the URL"),
        pytest.param(line(clinvar="VCV000012345|SCV000098765"), ["clinvar=SCV000098765", "clinvar=VCV000012345"], id="accessions"),
    ],
)  # fmt: skip
def test_names(read, number, names):
    assert sorted(read[number][0]["names"]) == names


@pytest.mark.parametrize(
    ("number", "expected"),
    each("last_evaluated", [
        ("2024-12-15", datetime.date(2024, 12, 15)), ("Dec 15, 2024", datetime.date(2024, 12, 15)),
        ("2024/12/15", datetime.date(2024, 12, 15)), ("2024-12-15T10:00:00Z", datetime.date(2024, 12, 15)),
        ("2024-02-30", None), ("15.12.2024", None), ("soon", None), ("-", None), (None, None),
        ("24-12-15", None), ("infinity", None), ("epoch", None), ("99999-1-01", None), ("0044-03-15 (BC)", None),
    ], gene="HBB"),
)  # fmt: skip
def test_dates(read, number, expected):
    assert read[number][0]["last_evaluated"] == expected


def test_no_row_vanishes(read):
    assert list(read) == list(range(2, len(BOOK) + 2))


def test_every_allele_has_a_fate_a_key_if_kept_and_a_reason_if_not(read):
    for allele in (allele for alleles in read.values() for allele in alleles):
        assert (allele["fate"] == "keep") == (allele["reason"] is None), allele
        assert allele["fate"] != "keep" or allele["key"], allele


# --- one meaning in SQL and in Python ----------------------------------------------------------------


def test_2000_random_alleles_keep_key_and_haplotype_however_they_are_written():
    chance = random.Random(38)
    genome = "".join(chance.choices("ACGT", weights=[4, 1, 1, 4], k=3000))  # many repeats
    rows, keys = [], []
    for _ in range(2000):
        start0, width = chance.randrange(100, 2900), chance.choice([0, 0, 1, 1, 1, 2, 3, 8])
        deleted, inserted = (
            genome[start0 : start0 + width],
            "".join(chance.choices("ACGT", k=chance.choice([0, 1, 1, 2, 3, 8]))),
        )
        if deleted == inserted:
            continue
        before, after = chance.randrange(1, 20), chance.randrange(20)
        left, right = genome[start0 - before : start0], genome[start0 + width : start0 + width + after]
        padded = (start0 - before + 1, left + deleted + right, left + inserted + right)
        place, old, new = trimmed(padded[0] - 1, *padded[1:])
        assert (
            genome[:place] + new + genome[place + len(old) :] == genome[:start0] + inserted + genome[start0 + width :]
        )
        rows.append({"chrom": "7", "start": str(padded[0]), "ref": padded[1], "alt": padded[2]})
        keys.append(allele_key("GRCh38", "7", *padded))
    with cells_of(rows) as db:
        normalise(db, Rules(load="this load", assembly="GRCh38"))
        found = db.execute("SELECT key, pos, ref, alt, padding FROM alleles ORDER BY line").fetchall()
    assert len(found) == len(rows) > 1500
    assert [uuid.UUID(row[0]) for row in found] == keys
    for row, (_, pos, ref, alt, padding) in zip(rows, found, strict=True):
        start0 = int(row["start"]) - 1
        written = genome[:start0] + row["alt"] + genome[start0 + len(row["ref"]) :]
        assert genome[: pos - 1] + (alt or "") + genome[pos - 1 + len(ref or "") :] == written
        assert padding == bool(ref and alt), row


@pytest.mark.parametrize("before", [0, 1, 7])
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(("deleted", "inserted"), [("A", "T"), ("AC", "GTT")])
def test_padding_never_changes_the_key_of_a_replacement(before, after, deleted, inserted):
    left, right = "GATTACA"[7 - before :], "CGC"[:after]
    padded = allele_key("GRCh37", "X", 1000 - before, left + deleted + right, left + inserted + right)
    assert padded == allele_key("GRCh37", "X", 1000, deleted, inserted)


@pytest.mark.parametrize(
    ("assembly", "chrom", "accession"),
    [
        ("GRCh37", "1", "NC_000001.10"), ("GRCh38", "1", "NC_000001.11"), ("GRCh37", "19", "NC_000019.9"),
        ("GRCh38", "22", "NC_000022.11"), ("GRCh37", "X", "NC_000023.10"), ("GRCh38", "Y", "NC_000024.10"),
        ("GRCh37", "MT", "NC_012920.1"), ("GRCh38", "MT", "NC_012920.1"),
    ],
)  # fmt: skip
def test_accessions_of_chromosomes(assembly, chrom, accession):
    assert genomic_accession(assembly, chrom) == accession


def test_a_genomic_name_in_the_column_for_coding_names_is_no_coding_name():
    (allele,) = alleles_of({"hgvs_c": "NG_900001.1:g.1_371del", "other_names": "NM_900001.2:c.5A>G"})
    assert (allele["hgvs_c"], allele["hgvs_g"]) == ("NM_900001.2:c.5A>G", "NG_900001.1:g.1_371del")
