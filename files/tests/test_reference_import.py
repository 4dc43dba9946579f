"""A table imported where a reference sequence is configured: by the API, the page and the search, from end to end."""

import pytest

from files.tests.test_import import imported, run_all, sent
from variants.models import Load, Record, Variant, VariantName
from variants.tests.fastas import write_fasta

pytestmark = pytest.mark.django_db(transaction=True)

#        1234567890123456789012345678
TINY = "GATTTTACACACGGRNCCTAGTAGTAGC"
HEADER = "Chromosome\tPosition\tRef\tAlt\tGene\trsID\n"
TABLE = HEADER + "chr7\t6\tTA\tA\tCFTR\t\nchr7\t7\tA\tC\tCFTR\t\nchr7\t9\tG\tC\tCFTR\t\nchr7\t9\tG\tC\tCFTR\trs99\n"


@pytest.fixture(autouse=True)
def _readable_by_all(settings) -> None:
    settings.PUBLIC_READ = True


@pytest.fixture
def tiny(settings, tmp_path):
    settings.REFERENCE_FASTA_GRCH38 = str(write_fasta(tmp_path / "tiny.fa", chr7=TINY))


def load_of(api, user, text: str = TABLE, **asked) -> dict:
    file = sent(api, user, text)
    run_all()
    return imported(api, user, file["id"], {"assembly": "GRCh38", "source": "Lab"} | asked)


def found(api, q: str) -> list[tuple]:
    answer = api().get("/api/v1/variants/", {"q": q}).json()
    return [(row["pos"], row["ref"], row["alt"]) for row in answer["results"]]


def test_an_indel_is_aligned_and_found_as_anybody_writes_it(api, owner, tiny, settings):
    job = load_of(api, owner)
    assert job["state"] == "succeeded", job
    assert [job["counts"][fate] for fate in ("lines_read", "imported", "merged", "rejected", "skipped")] == [
        4,
        3,
        0,
        1,
        0,
    ]
    load = Load.objects.get()
    assert list(load.options["reference"]) == ["GRCh38"]
    assert load.notes[1].startswith("REF checked against tiny.fa (GRCh38)")
    assert [(issue.kind, issue.reason) for issue in load.issues.all()] == [
        ("rejected", "REF is G, the reference GRCh38 has A at 7:9"),
        ("flagged", "REF is G, the reference GRCh38 has A at 7:9; kept by name"),
    ]
    for q in ("7-2-AT-A", "7-6-TA-A", "chr7 4 TT T", "7:3:TTTT:TTT"):
        assert found(api, q) == [(2, "AT", "A")], q
    settings.REFERENCE_FASTA_GRCH38 = ""  # the FASTA is gone: its place, and the way it was written, are known
    assert found(api, "7-2-AT-A") == found(api, "7-6-TA-A") == [(2, "AT", "A")]
    assert found(api, "7-3-TT-T") == [(2, "AT", "A")]  # trims to the same
    assert found(api, "7-7-A-C") == [(7, "A", "C")]


def test_the_page_says_that_it_was_aligned_and_what_was_written(api, client, owner, tiny):
    load_of(api, owner)
    moved, kept = Variant.objects.get(pos=2), Variant.objects.get(pos=7)
    page = client.get(f"/variants/{moved.pk}/").content.decode()
    assert "Left-aligned on GRCh38" in page
    assert "chr7:6 TA&gt;A" in page
    assert "NC_000007.14:5:T:" in page
    assert "eft-aligned" not in client.get(f"/variants/{kept.pk}/").content.decode()
    (claim,) = api().get(f"/api/v1/variants/{moved.pk}/").json()["records"]
    assert (claim["written"], claim["raw"], claim["file_name"]) == ("chr7:6 TA>A", None, None)


def test_without_a_reference_the_page_says_so(api, client, owner):
    load_of(api, owner)
    page = client.get(f"/variants/{Variant.objects.get(pos=6).pk}/").content.decode()
    assert "It was not left-aligned: no reference sequence of GRCh38" in page


def test_importing_again_with_a_reference_replaces_the_load_without(api, owner, settings, tmp_path):
    file = sent(api, owner, TABLE)
    run_all()
    asked = {"assembly": "GRCh38"}
    imported(api, owner, file["id"], asked)
    settings.REFERENCE_FASTA_GRCH38 = str(write_fasta(tmp_path / "tiny.fa", chr7=TINY))
    job = imported(api, owner, file["id"], asked)
    assert job["state"] == "succeeded"
    before, after = Load.objects.order_by("pk")
    assert (before.state != "live", after.state) == (True, "live")
    assert Record.objects.current().count() == 3
    assert found(api, "7-6-TA-A") == [(2, "AT", "A")]
    again = imported(api, owner, file["id"], asked)
    assert (again["counts"]["imported"], Load.objects.count()) == (0, 2)


def test_a_bad_reference_stops_the_import_with_a_sentence(api, owner, settings, tmp_path):
    settings.REFERENCE_FASTA_GRCH38 = str(tmp_path / "gone.fa")
    job = load_of(api, owner)
    assert job["state"] == "failed"
    assert job["error"].startswith("REFERENCE_FASTA_GRCH38 names gone.fa, which is not there")
    assert Load.objects.count() == Variant.objects.count() == VariantName.objects.count() == 0


def test_a_file_on_the_other_assembly_is_not_imported(api, owner, tiny):
    wrong = "".join(f"7\t{n}\t{'ACGT'[('ACGT'.index(TINY[n - 1]) + 1) % 4]}\tN\tCFTR\t\n" for n in range(2, 15))
    job = load_of(api, owner, HEADER + wrong + "".join(f"7\t{n}\tA\tAC\tCFTR\t\n" for n in range(17, 29)))
    assert job["state"] == "failed"
    assert "the file is probably on GRCh37" in job["error"]
    assert Load.objects.count() == 0


def test_a_search_goes_on_without_a_reference_that_is_gone(api, owner, tiny, settings):
    load_of(api, owner)
    settings.REFERENCE_FASTA_GRCH38 = "/nowhere/gone.fa"
    assert found(api, "7-6-TA-A") == [(2, "AT", "A")]


def test_a_search_says_what_the_reference_says(api, owner, tiny):
    load_of(api, owner)

    def said(q: str) -> str:
        return api().get("/api/v1/variants/", {"q": q}).json()["interpretation"]["sentence"]

    assert said("7-6-TA-A").endswith("GRCh38. Left-aligned, it begins 3 bases further left.")
    assert said("7-6-GA-G").endswith("REF is GA, the reference GRCh38 has TA at 7:6.")
