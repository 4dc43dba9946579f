"""What an import reads from a VCF's lines: alleles, and INFO values of each. (Annotations: test_vcf_annotations.)"""

import pytest
from django.conf import settings as django_settings

from files import importing
from files.mapping_proposal import proposal
from files.tests.conftest import do_import
from files.tests.vcf_imports import claim, counted, info, names, vcf
from variants.models import LoadIssue, Record, Variant, VariantName

pytestmark = pytest.mark.django_db

# --- alleles, and what becomes of a line


def test_each_allele_is_a_variant_and_what_is_none_is_counted_with_its_reason(load):
    job = load(vcf("chr7 117559590 rs113993960 ATCT A,ATCTT,<DEL>,* . PASS ."))
    places = Variant.objects.order_by("pos").values_list("chrom", "pos", "ref", "alt")
    assert list(places) == [("7", 117559590, "ATCT", "A"), ("7", 117559592, "C", "CT")]
    assert counted(job) == {"lines_read": 1, "imported": 1, "alleles_imported": 2, "alleles_skipped": 2}
    assert job.result["reasons"] == {
        "symbolic allele <DEL>": 1, "ALT * (spanning deletion) is no allele of its own": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 100 . A <DEL> . . .", "symbolic allele <DEL>"),
        ("1 100 . A <DUP:TANDEM> . . END=900", "symbolic allele <DUP:TANDEM>"),
        ("1 100 . A <NON_REF> . . END=900", "symbolic allele <NON_REF> (any other allele, of a gVCF)"),
        ("1 100 . A <*> . . .", "symbolic allele <*> (any other allele, of a gVCF)"),
        ("1 100 . A * . . .", "ALT * (spanning deletion) is no allele of its own"),
        ("1 100 . A A]2:321] . . .", "breakend"),
        ("1 100 . A ]2:321]A . . .", "breakend"),
        ("1 100 . A .A . . .", "breakend"),
        ("1 100 . A A. . . .", "breakend"),
        ("1 100 rs5 A . . . .", "no ALT allele"),
        ("1 100 rs5 . A . . .", None),
        ("1 100 rs5 A R . . .", "alleles A > R are not plain bases"),
        ("1 100 rs5 M C . . .", "alleles M > C are not plain bases"),
        ("1 100 rs5 A - . . .", "- is no allele of a VCF"),
        ("1 100 . - A . . .", "- is no allele of a VCF"),
        ("1 100 . a A . . .", "ALT equals REF"),
        ("GL000008.2 100 . A C . . .", None),
    ],
)
def test_a_line_without_an_allele_is_skipped_with_its_reason(load, line, reason):
    job = load(vcf(line))
    rejected = job.counts["rejected"]
    assert (job.counts["lines_read"], job.counts["skipped"] + rejected) == (1, 1)
    if reason:
        assert job.result["reasons"] == {reason: 1}
    assert rejected or list(LoadIssue.objects.values_list("line", "kind")) == [(3, "skipped")]
    assert not Variant.objects.exists()


def test_position_0_is_rejected(load):
    job = load(vcf("1 0 . A C . . ."))
    assert job.result["reasons"] == {"position 0 lies before chromosome 1 (the telomere), whose first base is 1": 1}
    assert job.counts["rejected"] == 1


def test_a_line_with_thousands_of_alleles_is_skipped_whole(load):
    alts = ",".join("A" + "C" * n for n in range(1, 1_002))
    job = load(vcf(f"1 100 . A {alts} . . ."))
    assert job.result["reasons"] == {"symbolic allele <1001 ALT ALLELES>": 1}


def test_lower_case_is_the_same_allele_and_the_filter_hides_nothing(load):
    load(vcf("1 100 . a c . q10 .", "1 100 . A C . PASS ."))
    assert list(Variant.objects.values_list("ref", "alt", "record_count")) == [("A", "C", 2)]


def test_lines_that_the_reader_rejects_are_counted(load):
    job = load(vcf("1 100 . A C . . .", "1 x . A C . . ."))
    assert (job.counts["lines_read"], job.counts["imported"], job.counts["rejected"]) == (2, 1, 1)


def test_positions_count_from_1_whatever_a_name_says(load, read, api, owner):
    meta = info("CLNHGVS")
    load(vcf("1 100 . A C . . CLNHGVS=NC_000001.11:g.101A>C", meta=meta))
    assert Variant.objects.get().pos == 100
    file = read(vcf("1 100 . A C . . ."), name="t.vcf")
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", {"assembly": "GRCh38", "base": 0}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["base"])


def test_again_imports_nothing(load):
    text = vcf("1 100 rs1 A C,G . . .")
    assert counted(load(text))["alleles_imported"] == 2
    assert counted(load(text)) == {"lines_read": 1, "merged": 1, "alleles_merged": 2}
    assert Record.objects.count() == 2


# --- INFO


def test_values_of_each_allele_and_of_ref_are_taken_by_index(load):
    meta = info("CLNSIG", "A") + info("CLNREVSTAT", "R") + info("CLNDN", ".")
    load(vcf("1 100 . A C,G . . CLNSIG=Benign,Pathogenic;CLNREVSTAT=r,one,two;CLNDN=x,y", meta=meta))
    told = [(claim(n).reported_classification, claim(n).review_status, claim(n).submitter_comment) for n in (1, 2)]
    assert told == [("Benign", "one", "x,y"), ("Pathogenic", "two", "x,y")]


def test_a_list_with_another_number_of_values_is_nobodys(load):
    job = load(vcf("1 100 . A C,G . . CLNSIG=Benign,Pathogenic,Benign", meta=info("CLNSIG", "A")))
    assert {claim(n).reported_classification for n in (1, 2)} == {None}
    assert any(note.startswith("INFO.CLNSIG of 1 lines (the first: 4)") for note in job.result["notes"])


CLINVAR = "##source=ClinVar\n" + "".join(
    info(key) for key in ("CLNSIG", "CLNREVSTAT", "CLNHGVS", "CLNDN", "GENEINFO", "MC", "RS", "ONC", "SCI", "ALLELEID")
)


def test_a_line_of_clinvar_with_everything(load):
    load(
        vcf(
            "7 55249071 16613 C T . . ALLELEID=31652;CLNHGVS=NC_000007.13:g.55249071C>T;GENEINFO=EGFR:1956|EGFR-AS1:100507500;"
            "MC=SO:0001583|missense_variant,SO:0001619|non-coding_transcript_variant;RS=121434569;SCI=Tier_I_-_Strong;"
            "ONC=Oncogenic;CLNSIG=drug_response;CLNREVSTAT=reviewed_by_expert_panel;CLNDN=Lung_cancer",
            meta=CLINVAR,
        ),
        assembly="GRCh37",
    )
    found = claim()
    assert found.variant.gene.symbol == "EGFR"
    assert found.named_genes == ["EGFR", "EGFR-AS1"]
    assert names(found) == {"NC_000007.13:g.55249071C>T", "rs121434569", "VCV000016613"}
    assert found.variant.consequence == "missense_variant,non-coding_transcript_variant"
    assert (found.get_classification_display(), found.review_status) == ("Drug response", "reviewed_by_expert_panel")
    assert (found.oncogenicity, found.somatic_impact, found.submitter_comment) == (
        "Oncogenic",
        "Tier_I_-_Strong",
        "Lung_cancer",
    )


def test_a_number_in_id_is_no_rsid_and_no_accession_where_the_file_is_not_clinvars(load):
    load(vcf("1 100 16613 A C . . CLNSIG=Benign", "1 200 rs7;COSV5;rs8 A C . . .", meta=info("CLNSIG")))
    assert set(VariantName.objects.values_list("text", flat=True)) == {"rs7", "rs8"}


OLD = (
    info("CLNALLE", ".", "Variant alleles from REF or ALT columns. 0 is REF, 1 is the first ALT allele", "Integer")
    + info("CLNSIG", ".", "Variant Clinical Significance, 0 - Uncertain significance, 1 - not provided, 2 - Benign,"
           " 3 - Likely benign, 4 - Likely pathogenic, 5 - Pathogenic, 6 - drug response, 255 - other")
    + info("CLNACC")
)  # fmt: skip


def test_old_clinvar_codes_are_read_as_the_header_explains_them_for_the_alleles_they_are_about(load):
    load(
        vcf(
            "1 100 . A C,G,T . . CLNALLE=3,1;CLNSIG=5|5,2;CLNACC=RCV000000001.1|RCV000000002.1,RCV000000003.2", meta=OLD
        )
    )
    assert [claim(n).reported_classification for n in (1, 2, 3)] == ["Benign", None, "Pathogenic"]
    assert [names(claim(n)) for n in (1, 2, 3)] == [{"RCV000000003"}, set(), {"RCV000000001", "RCV000000002"}]


def test_codes_that_the_header_does_not_explain_stay_codes(load):
    load(vcf("1 100 . A C . . CLNSIG=2", meta=info("CLNSIG")))
    assert claim().reported_classification == "2"


# --- the mapping


def test_the_proposal_is_shown_and_can_be_changed(read, api, owner):
    file = read(
        vcf("1 100 16613 A C . . GENEINFO=AAA1:5;CLNSIG=Benign;LAB=Pathogenic", meta=CLINVAR + info("LAB")),
        name="t.vcf",
    )
    proposed = api(owner).get(f"/api/v1/files/{file.pk}/mapping/").json()["mapping"]
    assert {field: name for field, name in proposed.items() if name} == {
        "chrom": "CHROM", "start": "POS", "ref": "REF", "alt": "ALT", "rsid": "ID", "clinvar": "ID", "gene": "INFO.GENEINFO",
        "classification": "INFO.CLNSIG",
    }  # fmt: skip
    job = do_import(file, assembly="GRCh38", mapping={"classification": "INFO.LAB"})
    assert job.state == "succeeded"
    assert (claim().reported_classification, claim().named_genes, names(claim())) == ("Pathogenic", [], set())


@pytest.mark.parametrize(
    ("mapping", "field"),
    [({"start": "INFO.DP"}, "mapping.start"), ({"stop": "POS"}, "mapping.stop"), ({"gene": "INFO.NO"}, "mapping.gene")],
)
def test_what_the_format_fixes_cannot_be_mapped_otherwise(read, api, owner, mapping, field):
    file = read(vcf("1 100 . A C . . DP=3", meta=info("DP", "1", kind="Integer")), name="t.vcf")
    body = {"assembly": "GRCh38", "mapping": mapping}
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


# --- real files


DATA = django_settings.BASE_DIR.parent / "shared" / "data"
REAL = [
    "clinvar/clinvar_alleles_single_b37.vcf", "clinvar/clinvar_ncbi_sample.vcf", "clinvar/clinvar_scout_fixture.vcf",
    "vcf_real/vcfanno/4fe6_exac.vcf.gz", "vcf_real/variantgrid/e146_test_columns_version4_grch37.vep_annotated.vcf",
    "vcf_real/scout/0656_vep104_annotated.vcf", "vcf_real/annonars/06e4_gnomad-genomes.1.vcf",
    "vcf_real/scikit-allel/aa47_ann.vcf",
]  # fmt: skip


def is_of_allele(name: str, ref: str, alt: str) -> bool:
    """Whether a name of a substitution has these bases, on either strand."""
    other = str.maketrans("ACGT", "TGCA")
    return name[-3:] in (f"{ref}>{alt}", f"{ref}>{alt}".translate(other))


@pytest.mark.parametrize("name", REAL)
def test_each_line_of_a_real_file_is_accounted_for_and_names_are_of_their_allele(read, name):
    if not (DATA / name).exists():
        pytest.skip(f"the sample file is not here: {name}")
    file = read((DATA / name).read_bytes(), name=(DATA / name).name)
    said = importing.assembly_seen(file, proposal(file).mapping).decide().assembly
    job = do_import(file, assembly=said or "GRCh37", insist=True)
    assert (job.state, job.error) == ("succeeded", "")
    assert job.counts["lines_read"] == file.row_count + file.rejected_count
    assert job.counts["lines_read"] == sum(job.counts[fate] for fate in ("imported", "merged", "rejected", "skipped"))
    assert sum(job.result["reasons"].values()) == job.counts["alleles_skipped"]
    placed = Variant.objects.filter(ref__regex="^[ACGT]$", alt__regex="^[ACGT]$")
    told = VariantName.objects.filter(variant__in=placed, kind__in=("c", "n"), text__regex="[ACGT]>[ACGT]$")
    assert not [
        n.text for n in told.select_related("variant") if not is_of_allele(n.text, n.variant.ref, n.variant.alt)
    ]


def test_samples_of_a_vcf_are_not_chosen(api, owner, read):
    file = read(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t9\t.\tA\tG\t.\t.\t.\n", name="a.vcf"
    )
    body = {"assembly": "GRCh38", "samples": {"sample": "ID"}}
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["samples"])


def test_positions_of_a_vcf_count_from_1_whatever_columns_were_chosen_before(api, owner, read):
    info = '##INFO=<ID=HGVSG,Number=1,Type=String,Description="g. name">\n'
    lines = "".join(f"1\t{n}\t.\tA\tG\t.\t.\tHGVSG=NC_000001.11:g.{n + 1}A>G\n" for n in (100, 200, 300))
    head = "##fileformat=VCFv4.2\n" + info + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    file = read(head + lines, name="a.vcf")
    client = api(owner)
    mapping = client.get(f"/api/v1/files/{file.pk}/mapping/").json()["mapping"]
    body = {"assembly": "GRCh38", "mapping": mapping | {"rsid": None}}
    assert client.post(f"/api/v1/files/{file.pk}/import/", body, format="json").status_code == 202
    again = client.get(f"/api/v1/files/{file.pk}/mapping/").json()
    assert (again["mapping_from"], again["base"]["value"]) == ("remembered", 1)
    assert again["base"]["sentence"] == "Positions of a VCF count from 1."
