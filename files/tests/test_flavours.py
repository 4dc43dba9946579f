"""MAF, ClinVar's table and lists: told by their columns, every line kept, imported with the places that they mean."""

from pathlib import Path

import pytest

from files import mapping
from files.as_read import facts
from files.readers.flavours import is_clinvar_summary, is_maf
from files.tests.conftest import do_import
from files.tests.test_ingest import rows_of
from project.common.problems import BadQuery
from variants.models import Variant

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

OLD = ["Hugo_Symbol", "Chromosome", "Start_position", "End_position", "Reference_Allele", "Tumor_Seq_Allele1"]


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        (OLD, True),
        ([name.upper() for name in OLD], True),
        (["chromosome", "start_position", "reference_allele", "tumor_seq_allele2"], True),
        (["Hugo_Symbol", "Tumor_Sample_Barcode", "HGVSp_Short", "Chromosome", "Start_Position"], True),
        (["Hugo_Symbol", "Tumor_Sample_Barcode", "HGVSp_Short"], False),
        (["Hugo_Symbol", "Chromosome", "Start_Position"], False),
        (["Gene", "Chromosome", "Start", "Reference_Allele", "Alternate_Allele"], False),
    ],
)
def test_a_maf_is_told_by_its_columns(names, is_one):
    assert is_maf(names) is is_one


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("before", "version"),
    [("#version 2.4\n", "MAF 2.4"), ("#version gdc-1.0.0\n#filedate 20240101\n", "MAF gdc-1.0.0"), ("", "MAF")],
)
def test_the_version_is_among_the_facts(read, before, version):
    file = read(before + "\t".join(OLD) + "\nKRAS\t12\t5\t5\tC\tC\nTP53\t17\t6\t6\t-\t-\n", name="x.txt")
    assert file.format == "maf"
    assert ("Version", version) in [(fact["label"], fact["value"]) for fact in facts(file)]
    assert [cells[-2:] for _, cells in rows_of(file)] == [["C", "C"], ["-", "-"]]  # an empty allele is no empty cell


def test_the_columns_of_a_maf_come_before_those_of_the_tool_that_made_it():
    found = mapping.detect([*OLD, "Tumor_Seq_Allele2", "start", "stop", "reference", "pos", "HGVSp_Short"])
    assert (found["start"], found["stop"], found["ref"]) == ("Start_position", "End_position", "Reference_Allele")
    assert (found["alt"], found["alt_first"]) == ("Tumor_Seq_Allele2", "Tumor_Seq_Allele1")
    assert found["hgvs_p"] == "HGVSp_Short"


def places(**wanted):
    found = Variant.objects.filter(**wanted).order_by("chrom_rank", "pos", "alt")
    return [(v.assembly, v.chrom, v.pos, v.ref or "", v.alt or "") for v in found]


def test_a_maf_is_imported_where_its_lines_say(read):
    file = read((EXAMPLES / "variants.maf").read_bytes(), name="variants.maf")
    counts = do_import(file).counts
    assert (counts["lines_read"], counts["imported"]) == (5, 5)
    assert places() == [
        ("GRCh37", "5", 170837548, "", "TCTG"),  # Start is the base before an insertion; without one POS is behind it
        ("GRCh37", "7", 55242465, "GGAATTAAGAGAAGC", ""),
        ("GRCh37", "7", 140453136, "A", "T"),
        ("GRCh37", "12", 25398285, "C", "A"),
        ("GRCh37", "X", 76937963, "G", "C"),
    ]
    assert list(Variant.objects.filter(chrom="12").values_list("rsid", flat=True)) == ["rs121913530"]


def test_clinvars_table_is_imported_by_its_vcf_columns_on_both_assemblies(read):
    file = read((EXAMPLES / "clinvar-variant-summary.txt").read_bytes(), name="variant_summary.txt")
    names = [column["name"] for column in file.columns]
    assert is_clinvar_summary(names)
    found = mapping.detect(names)
    assert (found["start"], found["ref"], found["alt"]) == ("PositionVCF", "ReferenceAlleleVCF", "AlternateAlleleVCF")
    assert (found["stop"], found["variant"]) == (None, "Name")
    counts = do_import(file).counts
    assert (counts["lines_read"], counts["imported"], counts["rejected"]) == (5, 5, 0)
    assert places(pos__isnull=False) == [
        # The name says one base further right, as names do in a repeat: the place is that of PositionVCF.
        ("GRCh38", "7", 117559590, "ATCT", "A"),
        ("GRCh38", "12", 25245351, "C", "A"),
        ("GRCh37", "12", 25398285, "C", "A"),
    ]


def test_a_list_of_places_asks_for_the_assembly_and_is_imported(read):
    file = read((EXAMPLES / "places.txt").read_bytes(), name="places.txt")
    with pytest.raises(BadQuery, match="4 rows"):
        do_import(file)
    assert do_import(file, assembly="GRCh38").counts["imported"] == 4
    assert ("GRCh38", "17", 7674220, "C", "T") in places()


def test_a_mixed_list_is_imported_by_what_each_line_names(read):
    file = read((EXAMPLES / "mixed-list.txt").read_bytes(), name="list.txt")
    counts = do_import(file, assembly="GRCh38").counts
    assert (counts["lines_read"], counts["imported"], counts["skipped"]) == (5, 4, 1)
    assert list(Variant.objects.exclude(rsid=None).values_list("rsid", flat=True)) == ["rs80357906"]
