"""What the columns of MAFs, of ClinVar's tables and of lists mean: alleles of a tumour, whole places in a cell, `-1`."""

import pytest

from variants.tests.cells import alleles_of

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
