"""Which assembly an import takes: what the file says, what a person says, and what happens where they disagree."""

import gzip
from pathlib import Path

import pytest
from django.conf import settings

from files.import_asked import Asked
from files.importing import start_import
from files.models import DataFile
from files.tests.test_import import imported, run_all, sent
from project.common.problems import BadQuery
from variants.models import Load, Variant

pytestmark = pytest.mark.django_db

HEADER = "chrom\tpos\tref\talt\n"
ROWS = "7\t1001\tA\tT\n7\t1002\tC\tG\n"


def read(api, user, text: str | bytes, **fields) -> dict:
    file = sent(api, user, text, **fields)
    run_all()
    return file


def mapping(api, user, file: dict) -> dict:
    return api(user).get(f"/api/v1/files/{file['id']}/mapping/").json()


def refused(api, user, file: dict, body: dict | None = None) -> str:
    answer = api(user).post(f"/api/v1/files/{file['id']}/import/", body or {}, format="json")
    assert answer.status_code == 400, answer.content
    assert not Load.objects.exists()
    return " ".join(answer.json()["errors"]["assembly"])


def assemblies() -> set[str | None]:
    return set(Variant.objects.values_list("assembly", flat=True))


def test_nothing_says_and_the_import_asks(api, owner):
    file = read(api, owner, HEADER + ROWS)
    found = mapping(api, owner, file)
    assert (found["assembly"], found["assembly_evidence"], found["rows_without_assembly"]) == (None, [], 2)
    assert "2 rows have a position and nothing says on which assembly" in refused(api, owner, file)


@pytest.mark.parametrize(
    ("text", "assembly", "said"),
    [
        ("#genome_build GRCh37\n" + HEADER + ROWS, "GRCh37", "“genome_build” above the table is “GRCh37”."),
        ("# made by a lab\n# hg38 positions\n" + HEADER + ROWS, "GRCh38", "A line above the table is “hg38 positions”, which is GRCh38."),
        ("chrom\tPosition_hg19\tref\talt\n" + ROWS, "GRCh37", "A column of positions is “Position_hg19”, which is GRCh37."),
        (HEADER + ROWS.replace("7\t", "NC_000007.14\t"), "GRCh38", "2 rows name NC_000007.14 or the like, of GRCh38."),
        ("chrom\tpos\tref\talt\thgvs_g\n7\t1001\tA\tT\tNC_000007.13:g.1001A>T\n", "GRCh37", "1 row has its own position in a g. name, of GRCh37."),
    ],
)  # fmt: skip
def test_what_the_file_says_decides_and_is_said(api, owner, text, assembly, said):
    file = read(api, owner, text)
    mapped = {"chrom": "chrom", "start": "Position_hg19", "ref": "ref", "alt": "alt"} if "Position_" in text else None
    if mapped:
        job = imported(api, owner, file["id"], {"mapping": mapped})
    else:
        found = mapping(api, owner, file)
        assert (found["assembly"], found["assembly_evidence"], found["assembly_problem"]) == (assembly, [said], None)
        job = imported(api, owner, file["id"])
    assert job["state"] == "succeeded"
    assert assemblies() == {assembly}


def test_a_packed_table_says_it_too(api, owner):
    file = read(api, owner, gzip.compress(("#assembly=hg19\n" + HEADER + ROWS).encode()))
    assert mapping(api, owner, file)["assembly"] == "GRCh37"


def test_what_the_uploader_said_counts(api, owner):
    file = read(api, owner, HEADER + ROWS, assembly="GRCh37")
    found = mapping(api, owner, file)
    assert (found["assembly"], found["assembly_evidence"]) == ("GRCh37", ["GRCh37 was said at the upload."])


def test_a_choice_against_words_is_refused_until_somebody_insists_and_then_noted(api, owner):
    file = read(api, owner, "#genome_build hg19\n" + HEADER + ROWS)
    said = refused(api, owner, file, {"assembly": "GRCh38"})
    assert said.startswith("GRCh38 was chosen, and the file says otherwise. “genome_build” above the table is “hg19”")
    job = imported(api, owner, file["id"], {"assembly": "GRCh38", "insist": True})
    note = "Read as GRCh38, as was chosen, although the file also names GRCh37."
    assert (job["state"], note in Load.objects.get().notes) == ("succeeded", True)
    assert assemblies() == {"GRCh38"}


def test_the_worked_example_of_the_guide(api, owner):
    file = read(api, owner, "#genome_build hg19\nchrom\tpos\tref\talt\n7\t1001\tA\tT\n")
    assert refused(api, owner, file, {"assembly": "GRCh38"}).startswith(
        "GRCh38 was chosen, and the file says otherwise. “genome_build” above the table is “hg19”, which is GRCh37."
    )
    imported(api, owner, file["id"])
    assert list(Variant.objects.values_list("assembly", "chrom", "pos", "ref", "alt")) == [
        ("GRCh37", "7", 1001, "A", "T")
    ]


def test_the_version_of_an_accession_is_never_overruled(api, owner):
    file = read(api, owner, HEADER + ROWS.replace("7\t", "NC_000007.14\t"))
    said = refused(api, owner, file, {"assembly": "GRCh37", "insist": True})
    assert said.startswith("GRCh37 was chosen, and the file is on GRCh38.")


def test_one_row_with_an_accession_speaks_for_itself_alone(api, owner):
    file = read(api, owner, HEADER + ROWS + "NC_000007.13\t1003\tA\tT\n")
    assert mapping(api, owner, file)["assembly"] is None
    imported(api, owner, file["id"], {"assembly": "GRCh38"})
    assert sorted(Variant.objects.values_list("pos", "assembly")) == [
        (1001, "GRCh38"), (1002, "GRCh38"), (1003, "GRCh37"),
    ]  # fmt: skip


def test_words_that_contradict_each_other_stop_until_one_is_chosen(api, owner):
    file = read(api, owner, "# lifted from hg19\n# to GRCh38\n" + HEADER + ROWS)
    assert "contradicts itself" in refused(api, owner, file)
    assert imported(api, owner, file["id"], {"assembly": "GRCh38"})["state"] == "succeeded"


def test_another_genome_is_refused(api, owner):
    file = read(api, owner, "#genome_build hg18\n" + HEADER + ROWS)
    said = refused(api, owner, file)
    assert said.startswith("This file is on NCBI36 (hg18); Vardesk takes GRCh37 and GRCh38 and does not lift over.")


def test_rows_that_name_their_assembly_keep_it_and_the_load_says_how_many(api, owner):
    rows = "7\t1001\tA\tT\tGRCh37\n7\t1001\tA\tT\thg38\n7\t1002\tC\tG\t38\n"
    file = read(api, owner, HEADER.strip() + "\tassembly\n" + rows)
    found = mapping(api, owner, file)
    assert (found["assembly"], found["rows_without_assembly"]) == (None, 0)
    assert found["assembly_evidence"] == [
        "Column assembly says it row by row: of the rows with a place 2 say GRCh38, 1 say GRCh37."
    ]
    assert imported(api, owner, file["id"])["state"] == "succeeded"
    assert "1 on GRCh37 and 2 on GRCh38." in " ".join(Load.objects.get().notes)


def test_names_alone_need_no_assembly_whatever_the_file_says(api, owner):
    file = read(api, owner, "#genome_build hg18\ngene\thgvs_c\nAAA1\tNM_900001.1:c.1A>G\n")
    assert imported(api, owner, file["id"])["state"] == "succeeded"


def test_an_import_asked_for_with_the_upload_stops_with_the_same_words(api, owner):
    file = read(api, owner, "#genome_build hg19\n" + HEADER + ROWS, assembly="GRCh38", **{"import": "true"})
    job = api(owner).get(f"/api/v1/jobs/?file={file['id']}").json()["results"][0]
    assert (job["state"], "GRCh38 was chosen, and the file says otherwise." in job["error"]) == ("failed", True)


def test_the_page_shows_the_assembly_with_why_and_a_conflict_with_the_box_to_insist(client, api, owner):
    file = read(api, owner, "#genome_build hg19\n" + HEADER + ROWS)
    client.force_login(owner)
    page = client.get(f"/files/{file['id']}/").content.decode()
    assert "GRCh37, as the file says" in page
    assert "“genome_build” above the table is “hg19”" in page
    sent_form = {"assembly": "GRCh38", "map_chrom": "chrom", "map_start": "pos", "map_ref": "ref", "map_alt": "alt"}
    answer = client.post(f"/files/{file['id']}/import/", sent_form)
    assert 'name="insist"' in answer.content.decode()
    assert client.post(f"/files/{file['id']}/import/", sent_form | {"insist": "1"}).status_code == 302


def test_insist_is_true_or_false(api, owner):
    file = read(api, owner, HEADER + ROWS)
    for value in ("yes", 3, [], {"a": 1}):
        body = {"assembly": "GRCh38", "insist": value}
        answer = api(owner).post(f"/api/v1/files/{file['id']}/import/", body, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["insist"])


VCF = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{}\t5\t.\tA\tT\t.\t.\t.\n"


def vcf(api, user, header: str, chrom: str = "chr7") -> DataFile:
    return DataFile.objects.get(pk=read(api, user, VCF.format(header, chrom))["id"])


def test_a_vcf_whose_header_gives_lengths_needs_no_question(api, owner):
    file = vcf(api, owner, "##reference=GRCh38\n##contig=<ID=chr7,length=159345973>\n")
    found = mapping(api, owner, {"id": file.pk})
    assert (file.assembly, found["assembly"]) == ("", "GRCh38")
    assert found["assembly_evidence"] == [
        "##reference is “GRCh38”.", "Contig chr7 has length 159,345,973, which is GRCh38's.",
    ]  # fmt: skip


def test_a_vcf_whose_lengths_and_words_disagree_stops(api, owner):
    file = vcf(api, owner, "##reference=hg19\n##contig=<ID=chr7,length=159345973>\n")
    found = mapping(api, owner, {"id": file.pk})
    assert found["assembly"] is None
    assert "contradicts itself" in found["assembly_problem"]
    with pytest.raises(BadQuery):
        start_import(file, Asked(assembly="GRCh37", insist=True), by=owner)


SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"


@pytest.mark.parametrize(
    ("path", "column"),
    [("clinvitae/variants_3037.tsv", "Assembly"), ("clinvar/variant_summary_sample.txt", "Assembly")],
)
def test_real_tables_say_it_row_by_row(api, owner, path, column):
    if not (SHARED / path).is_file():
        pytest.skip("the shared files are not here")
    file = read(api, owner, (SHARED / path).read_bytes())
    found = mapping(api, owner, file)
    assert (found["assembly"], found["rows_without_assembly"], found["assembly_problem"]) == (None, 0, None)
    assert found["assembly_evidence"][-1].startswith(f"Column {column} says it row by row")


def test_a_stranger_learns_nothing_of_the_evidence(api, owner, stranger):
    file = read(api, owner, "#genome_build hg19 of the secret family\n" + HEADER + ROWS)
    assert api(stranger).get(f"/api/v1/files/{file['id']}/mapping/").status_code == 404
    answer = api(stranger).post(f"/api/v1/files/{file['id']}/import/", {"assembly": "GRCh38"}, format="json")
    assert (answer.status_code, "secret" in answer.content.decode()) == (404, False)
