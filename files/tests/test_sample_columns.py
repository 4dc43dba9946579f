"""Tables of which each row is one sample's: found by header names, and told as the row writes it."""

import pytest

from files.sample_columns import checked, detect, samples_of
from project.common.problems import BadQuery

MAF = [
    "Hugo_Symbol", "Tumor_Sample_Barcode", "Matched_Norm_Sample_Barcode", "t_depth", "t_ref_count", "t_alt_count",
    "n_depth", "n_alt_count",
]  # fmt: skip
PLAIN = {name: name for name in ("sample", "genotype", "zygosity", "depth", "allele_depth", "genotype_quality")}


def told(alt_index=1, chrom="1", **row):
    return samples_of(PLAIN, row, alt_index, chrom)


def test_the_columns_of_a_maf_are_found():
    found = {field: column for field, column in detect(MAF).items() if column}
    assert found == {
        "sample": "Tumor_Sample_Barcode", "matched_normal": "Matched_Norm_Sample_Barcode", "depth": "t_depth",
        "reference_depth": "t_ref_count", "allele_depth": "t_alt_count", "normal_depth": "n_depth",
        "normal_allele_depth": "n_alt_count",
    }  # fmt: skip


def test_depths_alone_are_no_sample():
    assert not any(detect(["chrom", "pos", "ref", "alt", "DP", "AD"]).values())
    assert detect(["Sample", "Zygosity", "GT", "DP", "AD", "GQ"])["depth"] == "DP"


def test_a_row_of_a_maf():
    row = dict(zip(MAF, ["TP53", "TCGA-T", "TCGA-N", "32", "17", "15", "28", "0"], strict=True))
    found = samples_of(detect(MAF), row, 1, "17")
    [call] = found.calls
    assert (found.counts.samples, found.counts.with_allele) == (1, 1)
    assert (call.sample, call.zygosity, call.depth, call.allele_depth, call.allele_fraction) == (
        "TCGA-T", None, 32, 15, 0.4688,
    )  # fmt: skip
    assert (call.matched_normal, call.normal_depth, call.normal_allele_depth) == ("TCGA-N", 28, 0)


def test_the_reads_of_a_row_are_of_its_first_allele():
    [call] = told(alt_index=2, sample="s", depth="32", allele_depth="15").calls
    assert (call.depth, call.allele_depth) == (32, None)
    [call] = told(alt_index=2, sample="s", depth="32", allele_depth="10,15,7").calls
    assert (call.allele_depth, call.reference_depth) == (7, 10)


@pytest.mark.parametrize(
    ("row", "zygosity"),
    [
        ({"zygosity": "het"}, "heterozygous"),
        ({"zygosity": "HOM"}, "homozygous"),
        ({"zygosity": "Hemizygote"}, "hemizygous"),
        ({"zygosity": "mosaic"}, "mosaic"),  # a word of theirs, as written
        ({"genotype": "0/1"}, "heterozygous"),
        ({"genotype": "1/1", "zygosity": "het"}, "homozygous"),  # the genotype before its name
        ({"genotype": "het"}, "heterozygous"),
        ({"genotype": "A/G"}, None),  # shown as written
        ({"genotype": "."}, None),
        ({}, None),
    ],
)
def test_zygosity_of_a_row(row, zygosity):
    [call] = told(sample="s", **row).calls
    assert call.zygosity == zygosity


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"genotype": "0/0"}, "without_allele"),
        ({"genotype": "./."}, "not_called"),
        ({"zygosity": "hom ref"}, "without_allele"),
    ],
)
def test_a_row_may_say_that_its_sample_lacks_the_allele(row, count):
    found = told(sample="s", **row)
    assert not found.calls
    assert (found.counts.samples, getattr(found.counts, count)) == (1, 1)


@pytest.mark.parametrize("row", [{}, {"sample": ""}, {"sample": "."}, {"sample": None, "depth": "30"}])
def test_a_row_that_names_no_sample_tells_of_none(row):
    assert told(**row).counts.samples == 0


def test_a_wrong_choice_is_refused_by_name():
    with pytest.raises(BadQuery) as found:
        checked({"sample": "nope", "colour": "a"}, ["a"])
    assert set(found.value.errors) == {"samples.sample", "samples.colour"}
    assert checked({"sample": "a"}, ["a"])["sample"] == "a"
