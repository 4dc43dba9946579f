"""Trying an import by the API, the page and the shell, and naming earlier releases."""

import pytest
from django.core.management import CommandError, call_command

from files import actions, importing
from files.import_asked import Asked
from files.models import DataFile
from files.tests.conftest import do_import
from project.common.problems import BadQuery, Conflict
from project.core import jobs
from project.core.models import AuditEntry, Job
from variants.models import Load, Record, Variant

# Two imports are two transactions: temporary tables of the first are gone only with its commit.
pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "gene,assembly,chrom,pos,ref,alt,classification\n"
JANUARY = HEADER + "AAA,GRCh38,1,100,A,G,Pathogenic\n"
FEBRUARY = HEADER + "AAA,GRCh38,1,100,A,G,Benign\nAAA,GRCh38,1,200,A,G,Benign\n"


@pytest.fixture
def january(read) -> Load:
    do_import(read(JANUARY, name="lab_2026-01.csv"), source="Lab")
    return Load.objects.get()


@pytest.fixture
def february(read, january) -> DataFile:
    return read(FEBRUARY, name="lab_2026-02.csv")


def tried(file: DataFile, **asked) -> Job:
    return do_import(file, dry_run=True, **asked)


def test_the_api_tries_without_importing(api, owner, february, january):
    answer = api(owner).post(f"/api/v1/files/{february.pk}/import/", {"dry_run": True}, format="json")
    job = jobs.run_now(Job.objects.get(pk=answer.json()["id"]))
    result = api(owner).get(f"/api/v1/jobs/{job.pk}/").json()["result"]
    assert (answer.status_code, Load.objects.count(), Record.objects.count()) == (202, 1, 1)
    assert result["url"] == f"/files/{february.pk}/imports/{job.pk}/"
    assert [row["line"] for row in result["disagreements"]["listed"]] == [2]
    assert [load["load"] for load in result["earlier_releases"]] == [january.pk]
    assert AuditEntry.objects.on(february).filter(action="import tried").count() == 1


@pytest.mark.parametrize(
    "body", [{"dry_run": "yes"}, {"dry_run": 2}, {"dry_run": []}, {"supersedes": 7}, {"supersedes": ["x"]}, {"supersedes": [True]}, {"supersedes": [-1]},
             {"supersedes": [10**30]}, {"supersedes": [999_999]}, {"supersedes": {"a": 1}}, {"supersedes": [1] * 101}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_queues_nothing(api, owner, february, body):
    answer = api(owner).post(f"/api/v1/files/{february.pk}/import/", body, format="json")
    assert answer.status_code == 400
    assert not Job.objects.in_work().exists()


def test_nobody_supersedes_what_is_not_theirs(february, january, make_user):
    Load.objects.filter(pk=january.pk).update(created_by=make_user("eve"))
    with pytest.raises(BadQuery, match="no load"):
        importing.start_import(february, Asked(supersedes=[january.pk]), by=february.owner)


def test_the_form_tries_with_what_was_ticked_and_its_page_imports_the_same(client, owner, february, january):
    client.force_login(owner)
    page = client.get(f"/files/{february.pk}/").content.decode()
    assert "This is a later release of" in page
    form = {
        "map_gene": "gene", "map_assembly": "assembly", "map_chrom": "chrom", "map_start": "pos", "map_ref": "ref",
        "map_alt": "alt", "map_classification": "classification", "source": "Lab", "supersedes": [january.pk],
    }  # fmt: skip
    here = client.post(f"/files/{february.pk}/import/", form | {"dry_run": "1"})["Location"]
    assert "every 2s" in client.get(here).content.decode()
    dry = jobs.run_now(Job.objects.get(kind="import", state="queued"))
    page = client.get(here).content.decode()
    assert "Supersedes" in page
    assert "1 classification would change" in page
    assert "has changed since" not in page
    done = jobs.run_now(Job.objects.get(pk=int(client.post(here)["Location"].rstrip("/").split("/")[-1])))
    assert {name: value for name, value in done.params.items() if name != "dry_run"} == {
        name: value for name, value in dry.params.items() if name != "dry_run"
    }
    january.refresh_from_db()
    assert (done.counts, january.state) == (dry.counts, "superseded")
    assert "has changed since" in client.get(here).content.decode()


def test_from_its_page_it_is_tried_again_as_a_later_release(client, owner, february, january):
    client.force_login(owner)
    first = tried(february, source="lab")
    assert "Is this a later release?" in client.get(first.result["url"]).content.decode()
    again = client.post(first.result["url"], {"again": "1", "supersedes": [str(january.pk)]})["Location"]
    second = jobs.run_now(Job.objects.latest("pk"))
    assert second.result["url"] == again
    assert [load["load"] for load in second.result["supersedes"]] == [january.pk]
    assert second.result["disagreements"]["count"] == 0
    assert client.post(first.result["url"], {"again": "1", "supersedes": ["x"]})["Location"] == first.result["url"]


def test_a_dry_run_of_another_reading_imports_nothing(client, owner, february):
    client.force_login(owner)
    job = tried(february)
    DataFile.objects.filter(pk=february.pk).update(reading_number=1)
    answer = client.post(job.result["url"], follow=True)
    assert "read again since" in answer.content.decode()
    assert not Job.objects.in_work().exists()


def test_its_page_is_nobody_elses_and_no_other_jobs(client, owner, stranger, february):
    job = tried(february)
    client.force_login(stranger)
    assert client.get(job.result["url"]).status_code == client.post(job.result["url"]).status_code == 404
    client.force_login(owner)
    real = Job.objects.filter(kind="read").first()
    assert client.get(f"/files/{february.pk}/imports/{real.pk}/").status_code == 404
    assert client.get(f"/files/{february.pk}/imports/{2**70}/").status_code == 404


def test_the_page_escapes_what_the_file_says(client, owner, read, january):
    client.force_login(owner)
    hostile = "<script>alert(1)</script>"
    job = tried(read(HEADER + f"{hostile},GRCh38,1,100,A,G,Benign {hostile}\n"))
    page = client.get(job.result["url"]).content.decode()
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_from_the_shell(tmp_path, capsys, january):
    path = tmp_path / "lab_2026-02.csv"
    path.write_text(FEBRUARY)
    call_command("load_file", path, dry_run=True)
    said = capsys.readouterr().out
    assert "1 variants are new, 1 are known" in said
    assert f"--supersedes {january.pk}" in said
    assert Load.objects.count() == 1
    call_command("load_file", path, "--import", f"--supersedes={january.pk}")
    january.refresh_from_db()
    assert january.state == "superseded"
    with pytest.raises(CommandError, match="no load"):
        call_command("load_file", path, "--import", "--supersedes=999999")


def test_a_file_goes_only_together_with_its_superseded_load(february, january, owner):
    do_import(february, supersedes=[january.pk])
    file = DataFile.objects.get(pk=january.file_id)
    with pytest.raises(Conflict, match="superseded"):
        actions.delete(file, by=owner)
    actions.delete(file, by=owner, withdraw_loads=True)
    january.refresh_from_db()
    assert january.state == "withdrawn"
    assert Variant.objects.current().count() == 2


def test_a_superseded_load_whose_file_is_gone_does_not_come_back(february, january, owner):
    from variants.load_access import withdraw_load

    do_import(february, supersedes=[january.pk])
    DataFile.objects.filter(pk=january.file_id).delete()
    withdraw_load(Load.objects.exclude(pk=january.pk).get(), by=owner)
    january.refresh_from_db()
    assert january.state == "superseded"
    assert not Variant.objects.current().exists()


def test_the_row_of_a_superseded_claim_can_still_be_read(client, owner, february, january):
    do_import(february, supersedes=[january.pk])
    client.force_login(owner)
    variant = Variant.objects.get(pos=100)
    page = client.get(f"/variants/{variant.pk}/").content.decode()
    assert "lab_2026-01.csv" in page
    earlier = client.get(f"/api/v1/variants/{variant.pk}/").json()["earlier_records"][0]
    assert earlier["raw"]["classification"] == "Pathogenic"


def test_a_release_that_was_replaced_meanwhile_is_said_and_not_passed_over_in_silence(owner, read, january, february):
    waiting = importing.start_import(february, Asked(source="Lab", supersedes=(january.pk,)), by=owner)
    trying = importing.start_import(february, Asked(source="Lab", supersedes=(january.pk,), dry_run=True), by=owner)
    do_import(DataFile.objects.get(name="lab_2026-01.csv"), source="Lab", base=1)
    again = Load.objects.get(state="live")
    said = (
        f"Load {january.pk} was to be superseded and is replaced by now: load {again.pk}, which replaced it, counts on."
    )
    assert said in jobs.run_now(trying).result["notes"]
    assert said in jobs.run_now(waiting).result["notes"]
    assert Variant.objects.get(pos=100).conflict
