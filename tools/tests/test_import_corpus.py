"""A corpus is imported as the web imports, and every line of it is accounted for."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings

from files import actions, import_work
from tools.import_corpus import Outcome, alike, files_below, imported, lines_of, totals
from variants.models import LoadIssue, Record

pytestmark = pytest.mark.django_db(transaction=True)
SHARED = django_settings.BASE_DIR.parent / "shared" / "data"
FOLDERS = ("clinvar", "clinvitae", "maf", "variant_tables", "variant_norm")
LEFT_OUT = (".fa", ".out", ".jsonl")  # sequences, what other programs made of the files, and cases

TABLE = """gene,chrom,pos,ref,alt,classification
BRCA1,17,43057062,T,TG,Pathogenic
BRCA1,17,43057062,T,TG,Benign
BRCA1,17,x,T,TG,Benign
BRCA1,chrEBV,5,T,TG,Benign
BRCA1,17,5,T,TG,Benign,9
"""


@pytest.fixture
def owner(own_folders, make_user):
    return make_user("olga")


@pytest.fixture
def file(tmp_path):
    def file(name: str, content: str | bytes) -> Path:
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file


def test_a_file_is_imported_and_each_line_accounted_for(file, owner):
    found = imported(file("a.csv", TABLE), "a.csv", owner)
    assert (found.state, found.answered, found.wrong) == ("imported", "GRCh38", [])
    assert (found.counts["lines_read"], found.counts["imported"], found.counts["merged"]) == (5, 1, 1)
    assert (found.counts["skipped"], found.counts["rejected"]) == (1, 2)
    assert sum(found.reasons.values()) == 2
    assert ("rejected", "position … is not a whole number") in found.reasons
    assert "a.csv" in "\n".join(lines_of(found))


@pytest.mark.parametrize(("name", "assembly"), [("x_hg19.csv", "GRCh37"), ("x.csv", "GRCh38")])
def test_the_assembly_is_asked_once_and_answered_by_the_name(file, owner, name, assembly):
    found = imported(file(name, TABLE), name, owner)
    assert found.answered == assembly


def test_a_file_that_says_its_assembly_is_not_asked_about(file, owner):
    text = "gene,assembly,chrom,pos,ref,alt\nBRCA1,GRCh37,17,41209079,T,TG\n"
    assert imported(file("x.csv", text), "x.csv", owner).answered == ""


def test_what_is_no_table_of_variants_is_refused_with_a_sentence(file, owner):
    found = imported(file("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256))), "a.png", owner)
    assert (found.state, "PNG" in found.said, found.is_bad) == ("refused", True, False)
    found = imported(file("b.csv", "colour,shape\nred,round\n"), "b.csv", owner)
    assert (found.state, "which variant" in found.said) == ("refused", True)


def test_a_lost_line_is_told(file, owner, monkeypatch):
    import_file = import_work.import_file

    def lossy(run):
        import_file(run)
        Record.objects.filter(line=2).delete()
        LoadIssue.objects.filter(line=4).delete()

    monkeypatch.setattr(import_work, "import_file", lossy)
    found = imported(file("a.csv", TABLE), "a.csv", owner)
    assert found.is_bad
    assert [sentence.split(":")[0] for sentence in found.wrong] == [
        "lines with a claim", "lines with a reason and no claim",
    ]  # fmt: skip


def test_an_error_of_ours_is_broken_and_no_refusal(file, owner, monkeypatch):
    monkeypatch.setattr(actions, "upload", lambda **more: 1 / 0)
    found = imported(file("a.csv", TABLE), "a.csv", owner)
    assert (found.state, found.is_bad, "ZeroDivisionError" in found.said) == ("broken", True, True)


def test_reasons_are_alike_whatever_the_cell_holds():
    assert alike("position 'x12' is not a whole number") == alike("position 'y' is not a whole number")
    assert alike("position 300,000,000 lies beyond") == alike("position 9 lies beyond")


def test_the_totals_count_every_file_once():
    text = "\n".join(totals([Outcome("a", counts={"lines_read": 3, "imported": 3}), Outcome("b", state="refused")]))
    assert "1 imported, 1 refused" in text


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_sample_data_are_imported_with_every_line_accounted_for(folder, owner):
    if not (SHARED / folder).is_dir():
        pytest.skip("the shared sample data are not here")
    found = [imported(path, path.name, owner) for path in files_below(SHARED / folder) if path.suffix not in LEFT_OUT]
    assert [(outcome.name, outcome.state, outcome.said, outcome.wrong) for outcome in found if outcome.is_bad] == []
    assert [
        outcome.name for outcome in found if outcome.state == "refused" and not outcome.said.endswith((".", "?"))
    ] == []
