"""What the columns of MAFs, of ClinVar's tables and of lists mean: alleles of a tumour, whole places in a cell, `-1`."""

import pytest

from variants.normalising import Rules
from variants.tests.cells import alleles_of, cells_of, normalise

BASE = {"assembly": "GRCh37", "chrom": "12", "start": "100", "stop": "100"}


def places(**cells):
    return [(a["pos"], a["ref"] or "", a["alt"] or "") for a in alleles_of(BASE | cells) if a["fate"] == "keep"]


@pytest.mark.parametrize(
    ("ref", "first", "second", "wanted"),
    [
        ("C", "C", "A", [(100, "C", "A")]),
        ("C", "A", "A", [(100, "C", "A")]),
        ("C", "A", "C", [(100, "C", "A")]),  # the second is the reference
        ("C", "A", "", [(100, "C", "A")]),
        ("C", "A", "T", [(100, "C", "T"), (100, "C", "A")]),
        ("C", "", "A", [(100, "C", "A")]),
        ("C", "N", "A", [(100, "C", "A")]),
        ("C", "-", "-", [(100, "C", "")]),
        ("-", "-", "TT", [(101, "", "TT")]),  # Start is the base before
        ("-", "TT", "-", [(101, "", "TT")]),
        ("C", "C", "C", []),
    ],
)
def test_the_alternate_of_a_tumour_is_what_differs_from_the_reference(ref, first, second, wanted):
    stop = "101" if ref == "-" else "100"
    assert places(ref=ref, alt_first=first, alt=second, stop=stop) == wanted


def test_a_maf_counts_from_1_whatever_its_end_says():
    assert places(ref="G", alt="CA", alt_first="G", start="100", stop="101") == [(100, "G", "CA")]
    assert places(ref="G", alt="CA", start="100", stop="101") == [(101, "G", "CA")]  # other tables: by their length


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("17-43057062-T-TG", ("17", 43057062, "T", "TG")),
        ("17:43057062:T:TG", ("17", 43057062, "T", "TG")),
        ("chr17_43057062_t_tg", ("17", 43057062, "T", "TG")),
        ("17/43057062/T/TG", ("17", 43057062, "T", "TG")),
        ("chr17 43,057,062 T>TG", ("17", 43057062, "T", "TG")),
        ("chrM:3243A>G", ("MT", 3243, "A", "G")),
        ("NC_000017.11:43057061:T:TG", ("17", 43057062, "T", "TG")),  # SPDI counts from 0
        ("17:43044295-43125364", None),
        ("17-43057062--TG", None),
    ],
)
def test_a_whole_place_in_one_cell(text, place):
    (allele,) = alleles_of({"variant": text})
    found = (allele["chrom"], allele["pos"], allele["ref"], allele["alt"])
    assert (found if allele["fate"] == "keep" else None) == place


def test_columns_of_a_place_come_before_a_place_in_one_cell():
    (allele,) = alleles_of({"chrom": "7", "start": "5", "ref": "A", "alt": "C", "variant": "17-43057062-T-TG"})
    assert (allele["chrom"], allele["pos"]) == ("7", 5)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rs80357906", ["rsid=rs80357906"]),
        ("VCV000012345", ["clinvar=VCV000012345"]),
        ("NM_007294.4:c.5266dup", ["c=NM_007294.4:c.5266dup"]),
        ("NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", ["c=NM_004985.5:c.34G>T", "p=KRAS:p.Gly12Cys"]),
        ("BRCA1 c.68_69del", ["c=BRCA1:c.68_69del"]),
        ("KRAS:p.Gly12Cys", ["p=KRAS:p.Gly12Cys"]),
    ],
)
def test_any_name_of_a_variant_in_one_cell(text, names):
    (allele,) = alleles_of({"variant": text})
    assert (allele["fate"], allele["names"]) == ("keep", names)


def test_the_protein_behind_clinvars_name():
    (allele,) = alleles_of({"variant": "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)", "gene": "KRAS"})
    assert (allele["hgvs_c"], allele["hgvs_p"]) == ("NM_004985.5:c.34G>T", "p.Gly12Cys")


@pytest.mark.parametrize(
    ("text", "rsids"),
    [
        ("rs1,rs2", ["rs1", "rs2"]), ("rs5&COSM123", ["rs5"]), ("121913530", ["rs121913530"]), ("1;2", ["rs1", "rs2"]),
        ("novel", []), ("-1", []), ("17-43057062-T-TG", []), ("17:43057062:T:TG", []), ("COSM123", []),
    ],
)  # fmt: skip
def test_rsids_and_what_is_none(text, rsids):
    (allele,) = alleles_of({"rsid": text, "gene": "KRAS"})
    assert [name.removeprefix("rsid=") for name in allele["names"]] == rsids


def test_clinvars_minus_one_is_no_position():
    (allele,) = alleles_of(BASE | {"start": "-1", "ref": "na", "alt": "na", "clinvar": "RCV000000004"})
    assert (allele["fate"], allele["chrom"], allele["names"]) == ("keep", None, ["clinvar=RCV000000004"])


@pytest.mark.parametrize(
    ("build", "assembly"),
    [("37", "GRCh37"), ("GRCh37-lite", "GRCh37"), ("hg19", "GRCh37"), ("GRCh38.d1.vd1", "GRCh38"), ("NCBI36", None)],
)
def test_builds_as_mafs_write_them(build, assembly):
    (allele,) = alleles_of(BASE | {"assembly": build, "ref": "C", "alt": "A", "rsid": "rs5"})
    assert allele["assembly"] == assembly


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("G12C", "p.G12C"),
        ("Gly12Cys", "p.Gly12Cys"),
        ("W288Cfs*12", "p.W288Cfs*12"),
        ("p.G12C", "p.G12C"),
        ("MUTATED", None),
    ],
)
def test_a_protein_change_without_its_prefix(text, shown):
    (allele,) = alleles_of({"gene": "KRAS", "hgvs_p": text})
    assert allele["hgvs_p"] == shown


# --- names as places, names as one -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"hgvs_g": "NC_000019.10:g.5A>G"}, ("GRCh38", "19", 5, "A", "G")),
        ({"other_names": "NC_000019.9:g.4A>G,NC_000019.10:g.5A>G"}, ("GRCh38", "19", 5, "A", "G")),
        ({"other_names": "NC_000019.9:g.4A>G,NC_000019.10:g.5A>G", "assembly": "hg19"}, ("GRCh37", "19", 4, "A", "G")),
        ({"other_names": "NC_000019.9:g.4A>G,NC_000019.10:g.5A>G", "accession": "NC_000019.9"}, ("GRCh37", "19", 4, "A", "G")),
        ({"hgvs_g": "NC_000007.14:g.100_102delCTTinsGA"}, ("GRCh38", "7", 100, "CTT", "GA")),
        ({"variant": "chr17:g.43057062A>G", "assembly": "GRCh37"}, ("GRCh37", "17", 43057062, "A", "G")),
        ({"hgvs_g": "NC_000019.10:g.5A>G", "chrom": "chr19"}, ("GRCh38", "19", 5, "A", "G")),
        ({"hgvs_g": "NC_000019.10:g.5A>G", "ref": "A", "alt": "G"}, ("GRCh38", "19", 5, "A", "G")),
        ({"hgvs_g": "NC_012920.1:g.3243A>G"}, ("GRCh38", "MT", 3243, "A", "G")),
        ({"hgvs_g": "NC_000019.10:g.5A>G", "chrom": "7"}, None), ({"hgvs_g": "NC_000019.10:g.5A>G", "alt": "T"}, None),
        ({"other_names": "NC_000019.10:g.5A>G,NC_000019.10:g.6A>G"}, None), ({"hgvs_g": "NC_000019.10:g.5A>G", "assembly": "hg18"}, None),
        ({"hgvs_g": "NC_000007.14:g.100_102delCTT"}, None), ({"hgvs_g": "NC_000007.14:g.100_101insTTG"}, None),
        ({"hgvs_g": "NC_000007.14:g.999999999A>G"}, None), ({"hgvs_g": "NC_012920.1:m.3243A>G", "assembly": "hg19"}, None),
        ({"variant": "NC_000019.10:44908821:1:T"}, None),
    ],
)  # fmt: skip
def test_a_row_without_a_place_stands_where_its_name_says_exactly(cells, place):
    (allele,) = alleles_of(cells)
    assert allele["fate"] == "keep"
    found = tuple(allele[name] for name in ("assembly", "chrom", "pos", "ref", "alt"))
    assert (found if allele["ref"] else None) == place


def test_a_place_that_a_name_states_counts_from_1_in_a_0_based_file():
    rows = [{"chrom": "7", "ref": "A", "alt": "T", "start": str(n), "stop": str(n + 1)} for n in (10, 20)]
    alleles = alleles_of(*rows, {"hgvs_g": "NC_000007.14:g.500A>G"}, {"variant": "7-600-A-G"})
    assert [allele["pos"] for allele in alleles] == [11, 21, 500, 600]


@pytest.mark.parametrize(
    "spellings",
    [
        [{"variant": "BRAF V600E"}, {"gene": "BRAF", "hgvs_p": "p.Val600Glu"}, {"gene": "braf", "hgvs_p": "p.(V600E)"}, {"hgvs_p": "BRAF:p.V600E"}],
        [{"hgvs_c": "NM_007294.4:c.5266dupC"}, {"hgvs_c": "nm_007294.4(BRCA1):c.5266dup"}, {"hgvs_c": "c.5266dup", "transcript": "NM_007294.4"},
         {"hgvs_c": "BRCA1(NM_007294.4):c.5266dupC"}],
        [{"gene": "BRCA1", "hgvs_c": "c.5266dupC"}, {"variant": "BRCA1 c.5266dup"}, {"hgvs_c": "BRCA1:C.5266DUP"}],
        [{"hgvs_g": "NC_000017.11:g.43057062A>G"}, {"chrom": "17", "start": "43057062", "ref": "A", "alt": "G"}, {"hgvs_g": "17:g.43057062A>G"},
         {"variant": "NC_000017.11:43057061:A:G"}, {"variant": "17 : 43057062 A > G"}],
        [{"hgvs_g": "NC_000007.14:g.5_7delACG"}, {"hgvs_g": "NC_000007.14:g.5_7del"}, {"hgvs_g": "chr7:g.5_7del3"}],
    ],
)  # fmt: skip
def test_equal_spellings_are_one_variant(spellings):
    alleles = alleles_of(*spellings)
    assert len({allele["key"] for allele in alleles}) == 1, alleles


def test_names_stay_as_written_beside_their_one_spelling():
    (allele,) = alleles_of({"gene": "BRAF", "hgvs_p": "p.(V600E)", "hgvs_c": "NM_004333.6:c.1799_1800delTGinsAA"})
    assert (allele["hgvs_p"], allele["hgvs_c"]) == ("p.(V600E)", "NM_004333.6:c.1799_1800delTGinsAA")
    assert allele["names"] == [
        "c=NM_004333.6:c.1799_1800delTGinsAA", "c=NM_004333.6:c.1799_1800delinsAA", "p=BRAF:p.(V600E)", "p=BRAF:p.Val600Glu",
    ]  # fmt: skip


def test_several_transcripts_in_one_cell_are_as_many_names():
    (allele,) = alleles_of({"hgvs_c": "NM_007294.4:c.5266dup|NM_007297.4:c.5125dup"})
    assert (allele["hgvs_c"], allele["names"]) == (
        "NM_007294.4:c.5266dup", ["c=NM_007294.4:c.5266dup", "c=NM_007297.4:c.5125dup"],
    )  # fmt: skip


@pytest.mark.parametrize("text", ["MTHFR C677T", "CYP2D6 *2A", "BRCA1 exon 2"])
def test_what_may_be_a_change_of_dna_is_not_read_as_a_proteins(text):
    (allele,) = alleles_of({"variant": text, "gene": "X"})
    assert allele["names"] == []


def test_the_notes_say_how_many_rows_were_placed_by_a_name():
    with cells_of([{"hgvs_g": "NC_000019.10:g.5A>G"}, {"gene": "BRAF"}]) as db:
        sentence = normalise(db, Rules(load="this load", assembly="GRCh38")).sentence
    assert sentence.endswith("1 row without a position: placed by the HGVS or SPDI name that states it.")


def test_names_of_a_maf_are_those_of_its_second_allele_alone():
    row = {"chrom": "7", "start": "101", "ref": "AAGA", "alt": "CA", "alt_first": "-", "gene": "TP53", "rsid": "rs5",
           "hgvs_c": "NM_000546.6:c.3_5delinsC", "hgvs_p": "p.Lys2Thr", "consequence": "missense_variant"}  # fmt: skip
    second, first = alleles_of(row)
    assert (second["hgvs_c"], second["hgvs_p"], second["rsid"]) == ("NM_000546.6:c.3_5delinsC", "p.Lys2Thr", "rs5")
    assert (first["hgvs_c"], first["hgvs_p"], first["rsid"], first["consequence"], first["names"]) == (
        None, None, None, None, [],
    )  # fmt: skip
    assert (first["fate"], first["pos"], first["ref"], first["alt"], first["genes"]) == (
        "keep",
        101,
        "AAGA",
        None,
        ["TP53"],
    )


def test_an_insertion_whose_end_is_before_its_start_lies_between_the_two():
    [ensembl] = alleles_of({"chrom": "7", "start": "101", "stop": "100", "ref": "-", "alt": "C"})
    [vcf] = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": "AC"})
    assert (ensembl["key"], ensembl["pos"], ensembl["alt"]) == (vcf["key"], 101, "C")


def test_a_place_without_plain_bases_counts_as_the_rows_with_alleles_do():
    told = {"chrom": "7", "start": "99", "stop": "100", "ref": "A", "alt": "G"}
    plain, ambiguous, bare = alleles_of(
        told, told | {"ref": "R", "hgvs_c": "NM_1.1:c.5A>G"}, told | {"ref": "", "alt": "", "hgvs_c": "NM_1.1:c.7A>G"}
    )
    assert (plain["pos"], ambiguous["pos"], bare["pos"]) == (100, 100, 99)  # rows without alleles are judged apart


def test_the_class_of_a_maf_row_is_not_said_of_its_first_allele():
    row = {"chrom": "7", "start": "100", "ref": "A", "alt": "G", "alt_first": "T", "classification": "Pathogenic",
           "review_status": "reviewed", "oncogenicity": "Oncogenic", "somatic_impact": "Tier I"}  # fmt: skip
    words = ("reported", "review_status", "oncogenicity", "somatic_impact")
    second, first = alleles_of(row)
    assert [second[word] for word in words] == ["Pathogenic", "reviewed", "Oncogenic", "Tier I"]
    assert [first[word] for word in words] == [None] * 4


def test_a_list_of_alleles_has_each_once_and_no_empty_end():
    assert [
        (a["alt"], a["alt_index"]) for a in alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": "G,"})
    ] == [("G", 1)]
    found = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": "G,g,T,.", "hgvs_c": "NM_1.1:c.5A>G"})
    assert [(a["alt"], a["alt_index"]) for a in found] == [("G", 1), ("T", 3)]
    [none] = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": ","})
    assert (none["fate"], none["reason"]) == ("skip", "no ALT allele")


def test_a_cell_of_too_many_alleles_is_skipped_with_that_reason():
    [one] = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": ",".join(["C" * n for n in range(1, 1002)])})
    assert (one["fate"], one["reason"]) == ("skip", "symbolic allele <1001 ALT ALLELES>")


def test_genomic_names_of_several_alleles_go_to_the_one_that_they_state():
    names = "NC_000007.14:g.100A>G,NC_000007.14:g.100A>T"
    row = {"chrom": "7", "start": "100", "ref": "A", "hgvs_g": names, "other_names": "NC_000007.14:99:A:T"}
    listed = alleles_of(row | {"alt": "G,T"})
    lines = alleles_of(row | {"alt": "G", "alt_number": 1, "line": 5}, row | {"alt": "T", "alt_number": 2, "line": 5})
    for first, second in (listed, lines):
        assert (first["hgvs_g"], first["names"]) == ("NC_000007.14:g.100A>G", ["g=NC_000007.14:g.100A>G"])
        assert (second["hgvs_g"], second["names"]) == (
            "NC_000007.14:g.100A>T",
            ["g=NC_000007.14:g.100A>T", "spdi=NC_000007.14:99:A:T"],
        )


def test_a_name_of_another_allele_at_the_same_position_is_remarked():
    [one] = alleles_of({"chrom": "7", "start": "100", "ref": "A", "alt": "G", "hgvs_g": "NC_000007.14:g.100A>T"})
    assert (one["fate"], one["flag"]) == ("keep", "alleles and NC_000007.14:g.100A>T disagree")


def test_the_reason_for_letters_that_are_no_bases_says_so():
    [one] = alleles_of({"chrom": "7", "start": "100", "ref": "R", "alt": "G"})
    assert (one["fate"], one["reason"]) == ("skip", "alleles R > G are not plain bases")
