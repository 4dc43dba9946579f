"""The samples of claims, on the page of a variant and in the API: read from the file, for its readers only."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from files import store
from files.models import DataFile
from files.tests.conftest import do_import
from variants.models import CHROMOSOMES, Load, Record, Variant

pytestmark = pytest.mark.django_db
alone = pytest.mark.django_db(transaction=True)

HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
TRIO = f"""{HEAD}\tFORMAT\tNA12878\tNA12891\tNA12892
1\t100\t.\tA\tT\t50\tPASS\t.\tGT:AD:DP:GQ\t0/1:17,15:32:99\t0/0:30,0:30:90\t1/1:0,28:28:84
1\t200\t.\tA\tG,C\t50\tPASS\t.\tGT\t1/2\t0/0\t./.
X\t300\t.\tC\tT\t50\tPASS\t.\tGT\t0\t0\t./.
X\t400\t.\tC\tT\t50\tPASS\t.\tGT\t1\t0\t./.
"""


@pytest.fixture(autouse=True)
def _readable_by_all(settings):
    settings.PUBLIC_READ = True


def claimed(file: DataFile, *places: tuple) -> list[Variant]:
    """A live load of this VCF with a claim for each (line, alt_index, chrom, pos, ref, alt)."""
    load = Load.objects.create(
        label=file.name, checksum=file.sha256, fingerprint=file.sha256, state="live", file_id=file.pk,
        options={"reading": {}, "mapping": {}},
    )  # fmt: skip
    found = []
    for line, alt_index, chrom, pos, ref, alt in places:
        variant = Variant.objects.create(
            key=f"{file.pk:016d}{line:08d}{alt_index:08d}", assembly="GRCh38", chrom=chrom, pos=pos, ref=ref, alt=alt,
            chrom_rank=CHROMOSOMES.index(chrom) + 1, padding=True, record_count=1,
        )  # fmt: skip
        Record.objects.create(load=load, line=line, alt_index=alt_index, variant=variant)
        found.append(variant)
    return found


def record_of(client: Any, variant: Variant) -> dict[str, Any]:
    [record] = client.get(f"/api/v1/variants/{variant.pk}/").json()["records"]
    return record


def page_text(user: Any, variant: Variant) -> str:
    client = Client()
    if user:
        client.force_login(user)
    html = client.get(f"/variants/{variant.pk}/").content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


PLACES = [
    (3, 1, "1", 100, "A", "T"), (4, 2, "1", 200, "A", "C"), (5, 1, "X", 300, "C", "T"), (6, 1, "X", 400, "C", "T"),
]  # fmt: skip


def test_the_samples_of_a_claim_are_shown_to_the_reader_of_its_file(read, api, owner):
    first, second, third, fourth = claimed(read(TRIO, name="trio.vcf"), *PLACES)
    record = record_of(api(owner), first)
    assert [(s["sample"], s["zygosity"], s["depth"], s["genotype_quality"]) for s in record["samples"]] == [
        ("NA12878", "heterozygous", 32, 99), ("NA12892", "homozygous", 28, 84),
    ]  # fmt: skip
    assert record["sample_counts"] == {
        "samples": 3, "with_allele": 2, "without_allele": 1, "not_called": 0, "not_given": 0, "shown": 2,
    }  # fmt: skip
    said = page_text(owner, first)
    assert "2 of 3 samples have this allele" in said
    assert "NA12878 heterozygous, depth 32 (15 of 32 reads), GQ 99" in said
    assert [s["zygosity"] for s in record_of(api(owner), second)["samples"]] == ["heterozygous with another ALT"]
    assert "None of its 3 samples has this allele. 2 called without it, 1 not called" in page_text(owner, third)
    assert record_of(api(owner), third)["samples"] == []
    assert "1 of 3 samples has this allele: NA12878 hemizygous" in page_text(owner, fourth)


def test_a_line_of_the_guide_is_what_the_guide_says(read, api, owner):
    """The example of docs/import.md, "Samples"."""
    guide = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    section = guide.split("\n## Samples\n", 1)[1].split("\n## ", 1)[0]
    vcf, said = re.findall(r"```\n(.*?)```", section, re.DOTALL)[:2]
    file = read("##fileformat=VCFv4.3\n" + re.sub(r" {2,}", "\t", vcf), name="trio.vcf")
    [variant] = claimed(file, (3, 1, "17", 43057062, "T", "TG"))
    shown = page_text(owner, variant)
    for line in said.splitlines():
        assert line.strip() in shown


@pytest.mark.parametrize("visibility", ["private", "shared", "public"])
def test_nobody_else_learns_of_samples(read, api, stranger, visibility):
    variant = claimed(read(TRIO, name="trio.vcf", visibility=visibility), *PLACES)[0]
    readers = {"private": [], "shared": [stranger], "public": [None, stranger]}[visibility]
    for user in (None, stranger):
        record = record_of(api(user), variant)
        if user in readers:
            assert len(record["samples"]) == 2
        else:
            assert (record["samples"], record["sample_counts"]) == (None, None)
        said = page_text(user, variant)
        assert ("NA12878" in said) == ("samples" in said) == (user in readers)


def test_a_file_without_samples_has_none_and_its_page_says_nothing(read, api, owner):
    text = f"{HEAD}\n1\t100\t.\tA\tT\t.\t.\t.\n"
    [variant] = claimed(read(text, name="sites.vcf"), (3, 1, "1", 100, "A", "T"))
    record = record_of(api(owner), variant)
    assert (record["samples"], record["sample_counts"]["samples"]) == ([], 0)
    assert "allele" not in page_text(owner, variant)


def test_the_list_of_samples_is_bounded_and_so_is_the_row_on_the_page(read, api, owner, settings):
    settings.SAMPLES_SHOWN = 5
    names = [f"S{n}" for n in range(1200)]
    text = (
        "\t".join([HEAD + "\tFORMAT", *names])
        + "\n"
        + "\t".join(["1", "100", ".", "A", "T", ".", ".", ".", "GT", *["0/1"] * 1200])
    )
    [variant] = claimed(read(text + "\n", name="cohort.vcf"), (3, 1, "1", 100, "A", "T"))
    record = record_of(api(owner), variant)
    assert (len(record["samples"]), record["sample_counts"]["with_allele"], record["sample_counts"]["shown"]) == (
        5,
        1200,
        5,
    )
    assert len(record["raw"]) == 1208
    said = page_text(owner, variant)
    assert "1,200 of 1,200 samples have this allele" in said
    assert "1,195 more in the file" in said
    assert "1,108 more columns in the file" in said
    assert "S1199" not in said


MAF = """Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tReference_Allele\tTumor_Seq_Allele1\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tMatched_Norm_Sample_Barcode\tt_depth\tt_ref_count\tt_alt_count\tn_depth\tn_alt_count\tAge
TP53\tGRCh38\t17\t7675088\t7675088\tC\tC\tT\tPAT-1-T\tPAT-1-N\t32\t17\t15\t28\t0\t61
TP53\tGRCh38\t17\t7675088\t7675088\tC\tC\tT\tPAT-2-T\tPAT-2-N\t40\t40\t0\t\t\t58
"""


@alone
def test_a_maf_tells_of_the_tumour_and_its_normal(read, api, owner, stranger):
    file = read(MAF, name="cohort.maf")
    assert do_import(file).state == "succeeded"
    variant = Variant.objects.get()
    records = api(owner).get(f"/api/v1/records/?variant={variant.pk}").json()["results"]
    assert [[s["sample"] for s in record["samples"]] for record in records] == [["PAT-1-T"], ["PAT-2-T"]]
    assert records[0]["samples"][0]["allele_fraction"] == 0.4688
    assert Load.objects.get().options["samples"]["sample"] == "Tumor_Sample_Barcode"
    said = page_text(owner, variant)
    assert "PAT-1-T depth 32 (15 of 32 reads), matched normal PAT-1-N: depth 28 (0 of 28 reads)" in said
    assert "PAT-" not in page_text(stranger, variant)


@alone
def test_the_sample_columns_can_be_chosen_by_api_and_form(read, api, owner):
    file = read(MAF, name="cohort.maf")
    url = f"/api/v1/files/{file.pk}/"
    assert api(owner).get(f"{url}mapping/").json()["samples"]["depth"] == "t_depth"
    wrong = api(owner).post(f"{url}import/", {"samples": {"sample": "nope"}}, format="json")
    assert (wrong.status_code, "samples.sample" in str(wrong.content)) == (400, True)
    assert api(owner).post(f"{url}import/", {"samples": ["a"]}, format="json").status_code == 400
    do_import(file, samples={"sample": "Age"})
    assert Load.objects.get().options["samples"] == {"sample": "Age"}

    client = Client()
    client.force_login(owner)
    page = client.get(f"/files/{file.pk}/").content.decode()
    assert "Samples: stay in the file" in page
    form = {"map_gene": "Hugo_Symbol", "sample_sample": "nope"}
    refused = client.post(f"/files/{file.pk}/import/", form)
    assert (refused.status_code, b"no column &#x27;nope&#x27;" in refused.content) == (400, True)


@alone
def test_a_table_without_samples_is_imported_as_before(read):
    file = read("gene,chrom,pos,ref,alt,DP\nBRCA1,17,43057062,T,TG,30\n")
    do_import(file, assembly="GRCh38")
    assert "samples" not in Load.objects.get().options


def test_fifty_claims_of_1000_samples_are_one_question_to_the_file(read, api, owner, monkeypatch):
    names = [f"S{n}" for n in range(1000)]
    lines = [
        "\t".join(
            [
                "1",
                str(100 + n),
                ".",
                "A",
                "T",
                ".",
                ".",
                ".",
                "GT:AD:DP:GQ",
                *[f"0/{(n + k) % 2}:17,15:32:99" for k in range(1000)],
            ]
        )
        for n in range(50)
    ]
    file = read("\n".join(["\t".join([HEAD + "\tFORMAT", *names]), *lines]) + "\n", name="cohort.vcf")
    claimed(file, *[(3 + n, 1, "1", 100 + n, "A", "T") for n in range(50)])
    asked = []
    lines_of = store.Table.lines
    monkeypatch.setattr(store.Table, "lines", lambda self, lines: asked.append(set(lines)) or lines_of(self, lines))
    begin = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        found = api(owner).get(f"/api/v1/records/?file={file.pk}&page_size=50").json()["results"]
    took = time.monotonic() - begin
    assert [record["sample_counts"]["with_allele"] for record in found] == [500] * 50
    assert [len(lines) for lines in asked] == [50]
    assert len(queries) < 15
    assert took < 10, took
    print(f"50 claims of 1,000 samples: {took:.2f} s")
