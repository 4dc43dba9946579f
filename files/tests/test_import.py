import csv
import hashlib
import io

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import DataFile
from files.tests.conftest import do_import
from project.core import jobs
from project.core.models import Job
from variants.models import Load, LoadIssue, Record, Variant

pytestmark = pytest.mark.django_db
# Two imports are two transactions: temporary tables of the first are gone only with its commit.
alone = pytest.mark.django_db(transaction=True)

HEADER = [
    "Gene", "Nucleotide Change", "Protein Change", "Other Mappings", "Alias", "Transcripts", "Region",
    "Reported Classification", "Inferred Classification", "Source", "Last Evaluated", "Last Updated", "URL",
    "Submitter Comment", "Assembly", "Chr", "Genomic Start", "Genomic Stop", "Ref", "Alt", "Accession", "Reported Ref",
    "Reported Alt",
]  # fmt: skip


def row(gene: str, c: str = "", g: str = "", said: str = "Pathogenic", rcv: str = "", *place: str) -> list[str]:
    """An invented row; `place`: chromosome, start, stop, ref, alt, accession."""
    url = f"https://example.org/{rcv}" if rcv else ""
    names = ",".join(name for name in (c, g) if name)
    start = [gene, c, "", names, "", "", "", said, said, "Invented", "2015-02-03", "2017-09-14", url]
    return [*start, f"about {gene}", "GRCh37", *place] if place else start


ROWS = [
    row("AAA1", "NM_900001.1:c.1A>G", "NC_000001.10:g.1001A>G", "Pathogenic", "", "1", "1000", "1001", "A", "G", "NC_000001.10"),
    row("AAA1", "NM_900001.1:c.2C>T", "NC_000001.10:g.1002C>T", "Benign", "", "1", "1001", "1002", "C", "T", "NC_000001.10"),
    row("AAA1", "NM_900001.1:c.1A>G", "NC_000001.10:g.1001A>G", "VUS", "", "1", "1000", "1001", "A", "G", "NC_000001.10"),
    row("BBB2", "NM_900002.1:c.5_6del", "NC_000002.11:g.2001_2002del", "Pathogenic", "", "2", "2000", "2002", "GT", "-", "NC_000002.11"),
    row("BBB2", "NM_900002.1:c.9_10insT", "", "Pathogenic", "", "2", "2010", "2011", "-", "T", "NC_000002.11"),
    row("CCC3", "NM_900003.1:c.1-5_7del", "NC_000003.11:g.3001_3012del12", "Pathogenic", "", "3", "3001", "3012", "-", "-", "NC_000003.11"),
    row("DDD4", "NM_900004.2:c.44G>A", "", "Likely pathogenic"),
    row("DDD4", "NM_900004.2:c.44G>A", "", "Benign"),
    row("EEE5", "", "", "Pathogenic", "RCV000900001"),
    row("EEE5", "", "", "Pathogenic", "RCV000900002"),
    row("FFF6"),
    ["", "", "", "", "", "", "", "Pathogenic"],
    row("GGG7", "", "", "Pathogenic", "", "7", "x12", "13", "A", "G", "NC_000007.13"),
]  # fmt: skip


def tsv(rows: list[list[str]] = ROWS, header: list[str] = HEADER) -> str:
    return "".join("\t".join(cells) + "\n" for cells in [header, *rows])


def sent(api, user, content: str | bytes, **fields) -> dict:
    data = content.encode() if isinstance(content, str) else content
    answer = api(user).post("/api/v1/files/", {"file": SimpleUploadedFile("made-up.tsv", data), **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def run_all() -> None:
    """What a worker would do: every queued job, until none is left."""
    while job := Job.objects.filter(state="queued").order_by("pk").first():
        jobs.run_now(job)


def imported(api, user, file_id: int, body: dict | None = None) -> dict:
    """Import by the API and do the job; the job as the API shows it."""
    answer = api(user).post(f"/api/v1/files/{file_id}/import/", body or {}, format="json")
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/jobs/{answer.json()['id']}/"
    run_all()
    return api(user).get(answer["Location"]).json()


@pytest.fixture
def loaded(api, owner) -> tuple[dict, dict]:
    """The invented table, uploaded, read and imported by the API: the file and the job."""
    file = sent(api, owner, tsv())
    run_all()
    job = imported(api, owner, file["id"])
    return api(owner).get(f"/api/v1/files/{file['id']}/").json(), job


def test_every_line_read_is_imported_merged_rejected_or_skipped(loaded):
    file, job = loaded
    counts = job["counts"]
    assert (job["state"], job["error"]) == ("succeeded", None)
    assert counts["lines_read"] == file["row_count"] + file["rejected_count"] == len(ROWS)
    assert counts["lines_read"] == sum(counts[fate] for fate in ("imported", "merged", "rejected", "skipped"))


def test_what_became_of_each_line(loaded):
    counts = loaded[1]["counts"]
    assert {fate: counts[fate] for fate in ("imported", "merged", "rejected", "skipped")} == {
        "imported": 9,
        "merged": 2,  # the third and the eighth line name what a line before them names
        "rejected": 1,  # position x12
        "skipped": 1,  # names no variant and no gene
    }


def test_a_line_that_made_no_claim_is_kept_with_its_reason(loaded):
    found = LoadIssue.objects.exclude(kind="flagged").values_list("line", "kind", "reason")
    assert list(found) == [
        (13, "skipped", "names no variant and no gene"),
        (14, "rejected", "position 'x12' is not a whole number"),
    ]


def test_zero_based_starts_become_vcf_positions(loaded):
    found = Variant.objects.filter(chrom__isnull=False).order_by("chrom_rank", "pos")
    assert [(v.chrom, v.pos, v.ref, v.alt) for v in found] == [
        ("1", 1001, "A", "G"),
        ("1", 1002, "C", "T"),
        ("2", 2001, "GT", None),
        ("2", 2011, None, "T"),
        ("3", 3001, None, None),
    ]


def test_rows_that_differ_only_in_their_accession_are_two_variants(loaded):
    names = Variant.objects.filter(names__kind="clinvar").values_list("names__text", flat=True)
    assert sorted(names) == ["RCV000900001", "RCV000900002"]


def test_a_claim_is_found_with_its_file_line_and_row_as_written(loaded, api, owner):
    file, _ = loaded
    claims = api(owner).get(f"/api/v1/records/?file={file['id']}").json()
    third = next(claim for claim in claims["results"] if claim["line"] == 4)
    assert claims["count"] == 11
    assert (third["file"], third["file_name"]) == (file["id"], "made-up.tsv")
    assert third["reported_classification"] == "VUS"
    assert third["raw"] == dict(zip(HEADER, (cell or None for cell in [*ROWS[2], "", ""]), strict=True))


def test_a_short_row_is_raw_with_nulls(loaded, api, owner):
    claims = api(owner).get(f"/api/v1/records/?file={loaded[0]['id']}").json()["results"]
    raw = next(claim["raw"] for claim in claims if claim["line"] == 8)
    assert (raw["Gene"], raw["Assembly"], raw["Reported Alt"]) == ("DDD4", None, None)


def test_a_stranger_sees_the_claim_and_neither_line_nor_row_nor_name(loaded, api, stranger):
    variant = Variant.objects.get(chrom="1", pos=1001)
    records = api(stranger).get(f"/api/v1/variants/{variant.pk}/").json()["records"]
    assert [record["classification"] for record in records] == ["pathogenic", "uncertain"]
    assert {(r["raw"], r["line"], r["file_name"], r["file"]) for r in records} == {(None, None, None, None)}


@alone
def test_importing_again_imports_nothing(loaded, api, owner):
    file, first = loaded
    counts = imported(api, owner, file["id"])["counts"]
    assert (counts["imported"], counts["merged"]) == (0, first["counts"]["imported"] + first["counts"]["merged"])
    assert (counts["lines_read"], Record.objects.count()) == (len(ROWS), 11)


@alone
def test_the_same_bytes_under_another_name_import_nothing(loaded, api, owner, stranger):
    twin = sent(api, stranger, tsv(), name="twin.tsv")
    run_all()
    assert imported(api, stranger, twin["id"])["counts"]["imported"] == 0
    assert (Load.objects.count(), Record.objects.count()) == (1, 11)


def test_rejects_of_the_reader_are_counted_by_the_import(api, owner):
    file = sent(api, owner, "Gene,cDNA change\nAAA1,NM_900001.1:c.1A>G\nBBB2,NM_900002.1:c.2A>G,too,many\n")
    run_all()
    counts = imported(api, owner, file["id"])["counts"]
    assert (counts["lines_read"], counts["imported"], counts["rejected"]) == (2, 1, 1)


def test_upload_with_import_does_both(api, owner):
    file = sent(api, owner, tsv(), **{"import": "true"})
    run_all()
    found = api(owner).get(f"/api/v1/jobs/?file={file['id']}").json()["results"]
    assert [(job["kind"], job["state"]) for job in found] == [("import", "succeeded"), ("read", "succeeded")]


# --- what an import asks


PLACED = "chrom,pos,ref,alt\n17,43057062,T,C\n13,32316461,A,G\n"


def test_an_import_that_cannot_know_the_assembly_asks(read, api, owner):
    file = read(PLACED)
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", {}, format="json")
    assert answer.status_code == 400
    assert "GRCh37 or GRCh38" in answer.json()["errors"]["assembly"][0]
    assert not Job.objects.filter(kind="import").exists()


@pytest.mark.parametrize("nothing", ["", "NULL", ".", "NA", "N/A", "-", "none"])
def test_an_assembly_column_that_says_nothing_does_not_count(read, api, owner, nothing):
    file = read(f"chrom,pos,ref,alt,assembly\n17,43057062,T,C,{nothing}\n")
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", {}, format="json")
    assert (answer.status_code, list(answer.json().get("errors", {}))) == (400, ["assembly"])


def test_the_answer_to_the_question_is_taken(read, api, owner):
    file = read(PLACED)
    job = imported(api, owner, file.pk, {"assembly": "GRCh37"})
    assert job["counts"]["imported"] == 2
    assert set(Variant.objects.values_list("assembly", flat=True)) == {"GRCh37"}


def test_the_assembly_said_at_the_upload_is_taken(read, api, owner):
    file = read(PLACED, assembly="GRCh38")
    imported(api, owner, file.pk)
    assert set(Variant.objects.values_list("assembly", flat=True)) == {"GRCh38"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"assembly": "hg17"}, "assembly"),
        ({"assembly": 38}, "assembly"),
        ({"source": ["x"]}, "source"),
        ({"mapping": "gene"}, "mapping"),
        ({"mapping": ["gene"]}, "mapping"),
        ({"mapping": {"gene": 1}}, "mapping"),
        ({"mapping": {"nothing": "Gene"}}, "mapping.nothing"),
        ({"mapping": {"gene": "No such column"}}, "mapping.gene"),
        ({"mapping": {"gene": "gene"}}, "mapping.gene"),
        ({"mapping": {}}, "mapping"),
        ({"mapping": {"comment": "Gene"}}, "mapping"),
        ({"mapping": {"gene'; DROP TABLE x; --": "Gene"}}, "mapping.gene'; DROP TABLE x; --"),
        ({"source": "a\x00b"}, "source"),
    ],
    ids=str,
)
def test_a_bad_import_is_400_and_names_the_field(read, api, owner, body, field):
    file = read(tsv())
    answer = api(owner).post(f"/api/v1/files/{file.pk}/import/", body, format="json")
    assert (answer.status_code, list(answer.json().get("errors", {}))) == (400, [field])
    assert not Job.objects.filter(kind="import").exists()


def test_a_mapping_of_ones_own_is_taken(read, api, owner):
    file = read("weird 'name\",other\nNM_900001.1:c.1A>G,x\n")
    job = imported(api, owner, file.pk, {"mapping": {"hgvs_c": "weird 'name\""}, "source": "Us"})
    assert job["counts"]["imported"] == 1
    assert Record.objects.get().source == "Us"


def test_a_file_that_is_not_ready_cannot_be_imported(upload, api, owner):
    answer = api(owner).post(f"/api/v1/files/{upload(tsv()).pk}/import/", {}, format="json")
    assert answer.status_code == 409


def test_a_file_deleted_before_its_import_is_said(read, owner):
    from files.importing import start_import

    file = read(tsv())
    job = start_import(file, by=owner)
    DataFile.objects.all().delete()
    jobs.run_now(job)
    assert (job.state, job.error) == ("failed", "The file is gone or is not read yet; nothing was imported.")


def test_a_cancelled_import_leaves_nothing_behind(read, owner):
    from files.importing import start_import

    job = start_import(read(tsv()), by=owner)
    Job.objects.filter(pk=job.pk).update(cancel_asked=True)
    jobs.run_now(job)
    assert (job.state, Load.objects.count(), Record.objects.count()) == ("cancelled", 0, 0)


def test_an_import_done_twice_by_two_workers_counts_once(read):
    job = do_import(read(tsv()))
    before = job.counts
    Job.objects.filter(pk=job.pk).update(state="queued")
    jobs.run_now(job)
    assert (job.state, job.counts, Record.objects.count()) == ("succeeded", before, 11)


# --- deleting what was imported


def test_deleting_a_file_with_live_claims_is_409_and_names_them(loaded, api, owner):
    file, _ = loaded
    answer = api(owner).delete(f"/api/v1/files/{file['id']}/")
    assert answer.status_code == 409
    assert "made-up.tsv" in answer.json()["detail"]
    assert DataFile.objects.filter(pk=file["id"]).exists()


def test_deleting_with_withdraw_takes_the_claims_out_too(loaded, api, owner):
    answer = api(owner).delete(f"/api/v1/files/{loaded[0]['id']}/?withdraw=1")
    assert answer.status_code == 204
    assert not DataFile.objects.exists()
    assert not Variant.objects.current().exists()
    assert api(owner).get("/api/v1/records/").json()["count"] == 0


@alone
def test_deleting_the_last_file_behind_live_claims_is_409(loaded, api, owner):
    """The claims were withdrawn with one file and came back with another: now that one is their address."""
    api(owner).delete(f"/api/v1/files/{loaded[0]['id']}/?withdraw=1")
    again = sent(api, owner, tsv())
    run_all()
    imported(api, owner, again["id"])
    assert Record.objects.current().count() == 11
    assert api(owner).delete(f"/api/v1/files/{again['id']}/").status_code == 409


@alone
def test_claims_that_were_withdrawn_come_back_with_a_new_import(loaded, api, owner):
    before = Variant.objects.current().count()
    api(owner).delete(f"/api/v1/files/{loaded[0]['id']}/?withdraw=1")
    again = sent(api, owner, tsv())
    run_all()
    imported(api, owner, again["id"])
    assert Variant.objects.current().count() == before


# --- the real table


REAL = django_settings.BASE_DIR.parent / "shared" / "data" / "clinvitae" / "variants_3037.tsv"


@alone
@pytest.mark.skipif(not REAL.exists(), reason=f"the sample table is not here: {REAL.name}")
def test_the_real_table_of_3037_lines_is_imported_without_losing_one(read):
    content = REAL.read_bytes()
    file = read(content, name=REAL.name)
    assert (file.row_count, file.rejected_count, file.sha256) == (3037, 0, hashlib.sha256(content).hexdigest())
    counts = do_import(file).counts
    assert (counts["lines_read"], counts["rejected"], counts["skipped"]) == (3037, 0, 0)
    assert counts["imported"] + counts["merged"] == 3037
    assert Record.objects.values("line").distinct().count() == 3037
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter="\t")
    genes = dict((reader.line_num, cells[0]) for cells in reader)  # noqa: C402
    for claim in Record.objects.all():
        assert claim.named_genes == [name.upper() for name in [genes[claim.line]] if name]
    again = do_import(file).counts
    assert (again["imported"], again["merged"]) == (0, 3037)


@alone
def test_the_name_of_a_file_stays_with_its_readers_though_a_twin_has_the_same_claims(
    api, client, read, owner, stranger
):
    do_import(read(tsv(), name="smith-family.tsv"))
    twin = read(tsv(), name="mine.tsv", by=stranger)
    do_import(twin)
    tried = do_import(twin, dry_run=True)
    load = Load.objects.get()
    paths = [f"/api/v1/loads/{load.pk}/", "/api/v1/loads/", "/api/v1/records/", f"/api/v1/jobs/{tried.pk}/"]
    seen = [api(stranger).get(path).content.decode() for path in paths]
    client.force_login(stranger)
    pages = [f"/files/{twin.pk}/", f"/files/{twin.pk}/imports/{tried.pk}/", f"/loads/{load.pk}/", "/loads/", "/"]
    seen += [client.get(path).content.decode() for path in pages]
    assert [path for path, text in zip([*paths, *pages], seen, strict=True) if "smith" in text] == []
    assert api(stranger).get(paths[0]).json()["label"] == "mine.tsv"
    assert api(owner).get(paths[0]).json()["label"] == "smith-family.tsv"


@alone
def test_nobody_replaces_a_load_that_is_not_theirs_to_take_back(read, make_user, stranger):
    do_import(read(tsv(), name="smith-family.tsv"))
    twin = read(tsv(), name="mine.tsv", by=stranger)
    for dry_run in (True, False):
        job = do_import(twin, source="Invented", dry_run=dry_run)
        assert (job.state, job.error[:38]) == ("failed", "Somebody else imported this file befor")
    assert Load.objects.get().state == "live"
    curators = read(tsv(), name="theirs.tsv", by=make_user("curie", role="curator"))
    assert do_import(curators, source="Invented").state == "succeeded"
    assert list(Load.objects.order_by("pk").values_list("state", flat=True)) == ["replaced", "live"]


@alone
def test_who_brings_a_withdrawn_load_back_may_withdraw_it(api, read, owner, stranger):
    do_import(read(tsv(), name="smith-family.tsv"))
    load = Load.objects.get()
    api(owner).post(f"/api/v1/loads/{load.pk}/withdraw/")
    do_import(read(tsv(), name="mine.tsv", by=stranger))
    load.refresh_from_db()
    assert (load.state, load.label, load.created_by) == ("live", "mine.tsv", stranger)
    assert api(stranger).post(f"/api/v1/loads/{load.pk}/withdraw/").status_code == 200
