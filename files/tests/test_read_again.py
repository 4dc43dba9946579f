"""A file is read again with other options: its old reading answers until the new one is whole, and for its loads after it."""

import importlib
import shutil

import pytest
from django.apps import apps
from django.http import Http404

from files import actions, reading_api
from files.claim_sources import DataFiles
from files.import_asked import Asked
from files.importing import hold_reading, start_import
from files.ingest import read_file
from files.models import DataFile, PastReading
from files.read_options import read_again
from files.tests.conftest import do_import, do_read, read_job
from project.common.problems import BadQuery, Conflict
from project.core import jobs
from project.core.models import AuditEntry, Job
from variants.load_access import withdraw_load
from variants.models import Load, Record
from variants.sources import ClaimPlace

pytestmark = pytest.mark.django_db
# Two imports are two transactions, and folders go with a commit.
alone = pytest.mark.django_db(transaction=True)

TABLE = "title of May\nx;y\n1;2\n3;4\n"
# With `|` for the delimiter line 1 has the names; with `;` they are in it too, and all else is in one column.
VARIANTS = "gene;chrom;pos;ref;alt;note|more\n" + "BRCA1;17;43094000;A;T;n|m\n" * 3


def again(file: DataFile, **sent) -> Job:
    job = jobs.run_now(read_again(file, sent, by=file.owner))
    file.refresh_from_db()
    return job


def names(file) -> list[str]:
    return [column["name"] for column in file.columns]


def rows(client, file: DataFile, **params) -> list:
    answer = client.get(f"/api/v1/files/{file.pk}/rows/", params)
    assert answer.status_code == 200, answer.content
    return answer.json()["rows"]


def test_a_file_is_read_again_as_chosen(read, owner, api):
    file = read(TABLE)
    assert names(file) == ["x", "y"]
    job = again(file, header=False, delimiter=";", encoding="latin-1")
    assert (job.state, job.kind, job.file_id) == ("succeeded", "read", file.pk)
    assert (file.state, file.reading_number, names(file)) == ("ready", 1, ["column_1", "column_2"])
    assert file.choices == {"header": False, "delimiter": ";", "encoding": "cp1252"}
    assert file.reading["chosen"] == ["encoding", "delimiter", "header"]
    assert rows(api(owner), file)[0] == ["x", "y"]


def test_the_old_reading_answers_until_the_new_one_is_there(read, owner, api):
    file, client = read(TABLE), api(owner)
    before = rows(client, file)
    job = read_again(file, {"delimiter": ""}, by=owner)
    file.refresh_from_db()
    assert (file.state, file.progress, file.choices) == ("queued", 0.0, {})
    assert rows(client, file) == before
    assert client.get(f"/api/v1/files/{file.pk}/rejects/").status_code == 200
    assert client.get(f"/api/v1/files/{file.pk}/mapping/").status_code == 200
    DataFile.objects.filter(pk=file.pk).update(state="processing")
    assert rows(client, file) == before
    DataFile.objects.filter(pk=file.pk).update(state="queued")
    jobs.run_now(job)
    assert rows(client, file)[0] == ["x;y"]


@alone
def test_rows_asked_for_in_the_moment_of_the_change_are_those_of_the_new_reading(read, owner, api, monkeypatch):
    file = read(TABLE)
    seen = [DataFile.objects.get(pk=file.pk)]
    again(file, delimiter="")
    monkeypatch.setattr(reading_api, "get_file_for", lambda *_: seen.pop() if seen else file)
    assert rows(api(owner), file)[0] == ["x;y"]


def test_null_has_an_option_guessed_again_and_the_others_stay(read):
    file = read(TABLE)
    again(file, delimiter="", encoding="cp1252")
    again(file, delimiter=None)
    assert (file.choices, names(file), file.reading_number) == ({"encoding": "cp1252"}, ["x", "y"], 2)


def test_types_are_taken_and_misfits_told(read, owner, api):
    file = read("id,score\n007,1.5\n008,high\n")
    assert [column["type"] for column in file.columns] == ["text", "text"]
    again(file, types={"id": "integer", "score": "decimal", "gone": "date"})
    assert [column["type"] for column in file.columns] == ["integer", "decimal"]
    said = sorted(warning["message"] for warning in file.warnings if warning["kind"] == "types")
    assert said == [
        "1 cell of score is no decimal; it is null in the typed view and sorts last.",
        "There is no column 'gone', so that its type was not set.",
    ]
    assert rows(api(owner), file, typed="1") == [[7, 1.5], [8, None]]
    assert rows(api(owner), file, sort="-score") == [["007", "1.5"], ["008", "high"]]


def test_no_change_is_no_reading(read, owner):
    file = read(TABLE)
    with pytest.raises(Conflict, match="Nothing changed"):
        read_again(file, {"delimiter": None}, by=owner)
    again(file, delimiter=";")
    with pytest.raises(Conflict, match="Nothing changed"):
        read_again(file, {"delimiter": "semicolon"}, by=owner)


def test_who_read_it_again_and_how_is_in_the_trail(read, owner):
    file = read(TABLE)
    job = again(file, delimiter=";")
    row = AuditEntry.objects.on(file).get(action="file read again")
    assert (row.actor, row.before, row.after) == (owner, {"choices": {}}, {"choices": {"delimiter": ";"}})
    assert row.detail["job"] == job.pk


def test_a_reading_again_that_fails_leaves_the_old_one_whole(read, owner, api):
    file = read(TABLE)
    before = rows(api(owner), file)
    job = again(file, delimiter="|")
    assert (job.state, file.state, file.progress, file.choices) == ("failed", "ready", 1.0, {})
    assert file.error.startswith("Reading again failed: The delimiter '|' does not occur in the file.")
    assert file.error.endswith("The reading from before stays.")
    assert rows(api(owner), file) == before
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "rejects", "table"]
    again(file, delimiter=";")
    assert (file.error, file.reading_number) == ("", 1)


def test_a_cancelled_reading_again_leaves_the_old_one(read, owner):
    file = read(TABLE)
    job = read_again(file, {"delimiter": ""}, by=owner)
    job.ask_to_cancel()
    file.refresh_from_db()
    assert (file.state, file.choices, file.reading_number) == ("ready", {}, 0)
    assert file.error == "Reading again was cancelled. The reading from before stays."


def test_a_running_reading_again_is_cancelled(read, owner):
    file = read(TABLE)
    job = read_again(file, {"delimiter": ""}, by=owner)
    Job.objects.filter(pk=job.pk).update(cancel_asked=True)  # between its claim and its first check
    assert jobs.run_now(job).state == "cancelled"
    file.refresh_from_db()
    assert (file.state, names(file), file.error[:28]) == ("ready", ["x", "y"], "Reading again was cancelled.")


def test_a_failed_reading_again_is_retried_with_its_options(read, owner):
    file = read(TABLE)
    away = file.original_path.rename(file.original_path.with_suffix(".away"))
    job = again(file, delimiter="")
    away.rename(file.original_path)
    assert (job.state, names(file)) == ("failed", ["x", "y"])
    retried = jobs.retry(job, by=owner)
    file.refresh_from_db()
    assert (file.state, file.error) == ("queued", "")
    assert jobs.run_now(retried).state == "succeeded"
    file.refresh_from_db()
    assert (names(file), file.choices) == (["title of May"], {"delimiter": ""})


def test_what_comes_late_from_a_job_that_ended_does_not_stop_its_retry(read, owner):
    from project.core import endings

    file = read(TABLE)
    job = again(file, delimiter="|")
    retried = jobs.retry(job, by=owner)
    endings.tell(job)
    file.refresh_from_db()
    assert file.state == "queued"
    retried.ask_to_cancel()


def test_a_file_that_failed_is_read_for_the_first_time_with_options(read, owner):
    file = read("", name="empty.csv")
    shutil.rmtree(file.folder)
    file.folder.mkdir()
    file.original_path.write_bytes("a;b\n1;2\n".encode("utf-16-be"))
    assert file.state == "failed"
    job = read_again(file, {"encoding": "utf-16-be"}, by=owner)
    file.refresh_from_db()
    assert (file.state, file.choices) == ("queued", {"encoding": "utf-16-be"})
    jobs.run_now(job)
    file.refresh_from_db()
    assert (file.state, file.reading_number, names(file)) == ("ready", 0, ["a", "b"])
    assert file.table_path == file.folder / "table"


def test_options_of_a_failed_file_keep_the_import_that_was_asked_for(upload):
    file = upload(VARIANTS, options={"delimiter": "@"}, then_import={"assembly": "GRCh38"})
    do_read(file)
    assert (file.state, file.choices) == ("failed", {"delimiter": "@"})
    again(file, delimiter=None)
    assert (file.state, file.choices) == ("ready", {})
    assert jobs.run_now(Job.objects.get(kind="import")).state == "succeeded"


def test_nobody_reads_again_what_is_being_read(read, upload, owner):
    waiting = upload(TABLE)
    with pytest.raises(Conflict, match="being read"):
        read_again(waiting, {"delimiter": ";"}, by=owner)
    file = read(TABLE)
    read_again(file, {"delimiter": ";"}, by=owner)
    with pytest.raises(Conflict, match="being read"):
        read_again(file, {"delimiter": ","}, by=owner)


def test_an_import_and_a_reading_wait_for_each_other(read, owner):
    file = read(VARIANTS)
    job = start_import(file, Asked(assembly="GRCh38"), by=owner)
    with pytest.raises(Conflict, match="being imported"):
        read_again(file, {"delimiter": "|"}, by=owner)
    job.ask_to_cancel()
    read_again(file, {"delimiter": "|"}, by=owner)
    with pytest.raises(Conflict, match="The file is queued"):
        start_import(DataFile.objects.get(pk=file.pk), Asked(assembly="GRCh38"), by=owner)
    with pytest.raises(Conflict, match="The file is queued"):
        start_import(file, Asked(assembly="GRCh38"), by=owner)  # as it was when the page was made
    with pytest.raises(Conflict, match="The file is queued"):
        jobs.retry(job, by=owner)


def test_an_import_of_the_reading_from_before_is_not_done_with_the_new_one(read, owner):
    file = read(VARIANTS)
    job = start_import(file, Asked(assembly="GRCh38"), by=owner)
    job.ask_to_cancel()
    stale = DataFile.objects.get(pk=file.pk)
    again(file, comment="#")
    with pytest.raises(Conflict, match="was read again in the meantime"):
        start_import(stale, Asked(assembly="GRCh38"), by=owner)
    with pytest.raises(Conflict, match="was read again in the meantime"):
        jobs.retry(job, by=owner)
    Job.objects.filter(pk=job.pk).update(
        state="queued", cancel_asked=False
    )  # one that slipped through would not be done
    assert "was read again since" in jobs.run_now(Job.objects.get(pk=job.pk)).error


def claims(client) -> list[dict]:
    return client.get("/api/v1/records/").json()["results"]


@alone
def test_claims_keep_the_rows_of_the_reading_that_they_came_from(read, owner, api):
    file, client = read(VARIANTS), api(owner)
    do_import(file, assembly="GRCh38")
    load = Load.objects.get()
    assert (load.file_id, load.reading) == (file.pk, 0)
    before = claims(client)
    assert len(before) == 3
    again(file, delimiter="|")
    assert names(file) == ["gene;chrom;pos;ref;alt;note", "more"]
    after = claims(client)
    assert [claim["raw"] for claim in after] == [claim["raw"] for claim in before]
    assert after[0]["raw"]["gene"] == "BRCA1"
    assert after[0]["file_url"].startswith(f"/files/{file.pk}/?reading=0&line=")
    assert rows(client, file, reading=0)[0][0] == "BRCA1"
    assert rows(client, file, reading=1)[0][1] == "m"
    assert client.get(f"/api/v1/files/{file.pk}/rejects/?reading=0").json()["count"] == 0
    assert client.get(f"/api/v1/files/{file.pk}/rows/?reading=7").status_code == 404
    assert client.get(f"/api/v1/files/{file.pk}/rows/?reading=x").status_code == 400


@alone
def test_a_claims_row_is_of_its_reading_where_the_file_is_read_again_between_two_questions(read, owner):
    file = read(VARIANTS)
    do_import(file, assembly="GRCh38")
    load = Load.objects.get()
    ref = DataFiles().readable(owner, [load])[load.pk]
    again(file, delimiter="|")
    place = ClaimPlace(2, 1, "17")
    assert DataFiles().evidence(ref, load, [place])[place].raw["gene"] == "BRCA1"


@alone
def test_a_reading_that_no_load_needs_is_gone_from_the_disk(read, owner):
    file = read(VARIANTS)
    again(file, delimiter="|")
    assert not PastReading.objects.exists()
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-1"]
    again(file, delimiter=None)
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-2"]
    do_import(file, assembly="GRCh38")
    again(file, delimiter="|")
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-2", "reading-3"]
    withdraw_load(Load.objects.get(), by=owner)
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-3"]
    assert not PastReading.objects.exists()


@alone
def test_an_import_of_the_new_reading_takes_the_place_of_the_old_one(read, owner, api):
    file = read(VARIANTS.replace("n|m", "o|p", 1))
    do_import(file, assembly="GRCh38")
    again(file, header_line=2, delimiter=";")
    mapping = dict(zip(["gene", "chrom", "start", "ref", "alt"], names(file), strict=False))
    do_import(file, assembly="GRCh38", mapping=mapping)
    first, second = Load.objects.order_by("pk")
    assert (first.state, first.followed_by, second.state, second.reading) == ("replaced", second, "live", 1)
    assert sorted(place.name for place in file.folder.iterdir()) == ["original", "reading-1"]
    assert {claim["line"] for claim in claims(api(owner))} == {3, 4}


@alone
def test_a_twin_serves_only_where_it_is_read_alike(read, owner, api, stranger):
    file = read(VARIANTS)
    do_import(file, assembly="GRCh38")
    twin = read(VARIANTS, by=stranger)
    assert claims(api(stranger))[0]["raw"]["gene"] == "BRCA1"
    again(twin, delimiter="|")
    assert claims(api(stranger))[0]["file"] is None
    assert actions.live_loads(twin) == []
    assert [load.pk for load in actions.live_loads(file)] == [Load.objects.get().pk]
    again(twin, delimiter=";")  # as it was guessed for the other
    assert claims(api(stranger))[0]["raw"]["gene"] == "BRCA1"
    assert claims(api(stranger))[0]["file"] == twin.pk


@alone
def test_the_last_file_that_has_a_claims_rows_is_not_deleted_for_a_twin_read_otherwise(read, owner):
    file = read(VARIANTS)
    do_import(file, assembly="GRCh38")
    twin = read(VARIANTS)
    Load.objects.update(file_id=None)
    assert actions.live_loads(file) == []
    again(twin, delimiter="|")
    assert len(actions.live_loads(file)) == 1


@alone
def test_a_deleted_file_leaves_no_reading(read, owner):
    file = read(VARIANTS)
    do_import(file, assembly="GRCh38")
    again(file, delimiter="|")
    with pytest.raises(Conflict, match="point back to this file"):
        actions.delete(file, by=owner)
    folder = file.folder
    actions.delete(file, by=owner, withdraw_loads=True)
    assert not folder.exists()
    assert not PastReading.objects.exists()
    assert not Record.objects.filter(load__state="live").exists()


@alone
def test_a_file_deleted_while_it_waits_to_be_read_again_is_gone(read, owner):
    file = read(TABLE)
    job, folder = read_again(file, {"delimiter": ""}, by=owner), file.folder
    actions.delete(file, by=owner)
    job.refresh_from_db()
    assert (job.state, folder.exists()) == ("cancelled", False)


@alone
def test_a_file_deleted_while_it_is_read_again_is_gone(read, owner, monkeypatch):
    from files import ingest

    file = read(TABLE)
    job = read_again(file, {"delimiter": ""}, by=owner)
    real = ingest.read_in_child

    def deleted_meanwhile(*args):
        outcome = real(*args)
        actions.delete(DataFile.objects.get(pk=file.pk), by=owner)
        return outcome

    monkeypatch.setattr(ingest, "read_in_child", deleted_meanwhile)
    assert jobs.run_now(job).state == "cancelled"
    assert not file.folder.exists()


def test_what_a_killed_reading_left_is_swept_by_the_next(read):
    file = read(TABLE)
    (file.folder / "reading-1" / "table").mkdir(parents=True)
    (file.folder / "reading-9" / "table").mkdir(parents=True)
    again(file, delimiter="")
    assert not (file.folder / "reading-9").exists()
    assert file.reading_number == 1


def test_an_attempt_that_slept_takes_nothing_from_the_one_that_reads(read, owner):
    file = read(TABLE)
    job = read_again(file, {"delimiter": ""}, by=owner)
    assert job.claim()
    Job.objects.filter(pk=job.pk).update(attempt=2)  # another worker took it over
    (file.folder / "scratch-2").mkdir()
    DataFile.objects.filter(pk=file.pk).update(progress=0.5)
    with pytest.raises(jobs.TakenOver):
        read_file(jobs.Run(job))
    file.refresh_from_db()
    assert ((file.folder / "scratch-2").exists(), file.progress) == (True, 0.5)


def test_a_file_that_was_deleted_in_the_meantime_is_a_404(read, owner):
    file = read(VARIANTS)
    actions.delete(DataFile.objects.get(pk=file.pk), by=owner)
    with pytest.raises(Http404):
        read_again(file, {"delimiter": ""}, by=owner)
    with pytest.raises(Http404):
        hold_reading(file.pk, 0)


def test_an_option_of_another_format_is_refused(read):
    vcf = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t1\t.\tA\tT\t.\t.\t.\n"
    file = read(vcf, name="a.vcf")
    with pytest.raises(BadQuery, match="does not apply to a file read as vcf; what does: encoding"):
        read_again(file, {"delimiter": ";"}, by=file.owner)
    again(file, encoding="cp1250")
    assert (file.state, file.choices) == ("ready", {"encoding": "cp1250"})


def test_the_first_reading_of_a_file_is_made_once(read):
    file = read(TABLE)
    jobs.run_now(read_job(file))
    file.refresh_from_db()
    assert file.reading_number == 0


def test_an_upgrade_forgets_tables_of_files_that_wait_for_their_reading(read, upload):
    """Files that were queued by an earlier upgrade: their tables lie on the disk in a form that is no more."""
    ready, waiting = read(TABLE), upload(TABLE)
    DataFile.objects.filter(pk=waiting.pk).update(row_count=5)
    importlib.import_module("files.migrations.0004_a_reading_again").forget_old_tables(apps, None)
    waiting.refresh_from_db()
    ready.refresh_from_db()
    assert (waiting.has_table, ready.has_table) == (False, True)
