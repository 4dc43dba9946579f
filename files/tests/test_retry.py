"""A job that failed or was cancelled is done again by the task that does it for the first time."""

import pytest

from files.import_asked import Asked
from files.importing import start_import
from files.models import DataFile
from files.tests.conftest import do_import, read_job
from project.common.problems import Conflict
from project.core import jobs
from project.core.models import AuditEntry, Job

pytestmark = pytest.mark.django_db
VARIANTS = "gene\tchrom\tpos\tref\talt\nBRCA1\t17\t43094000\tA\tT\n"


@pytest.fixture
def unreadable(upload):
    """A file whose bytes were away when it was read, and are back now."""
    file = upload("a,b\n1,2\n")
    away = file.original_path.rename(file.original_path.with_suffix(".away"))
    jobs.run_now(read_job(file))
    away.rename(file.original_path)
    file.refresh_from_db()
    assert (file.state, "No such file" in file.error) == ("failed", True)
    return file


def test_a_failed_read_is_done_again(unreadable, owner):
    again = jobs.retry(read_job(unreadable), by=owner)
    unreadable.refresh_from_db()
    assert (unreadable.state, unreadable.error) == ("queued", "")
    jobs.run_now(again)
    unreadable.refresh_from_db()
    assert (again.state, unreadable.state, unreadable.row_count) == ("succeeded", "ready", 1)


def test_a_cancelled_read_is_done_again_with_the_import_that_was_asked_for(upload, owner):
    file = upload(VARIANTS, name="v.tsv", then_import={"assembly": "GRCh38"})
    read_job(file).ask_to_cancel()
    jobs.run_now(jobs.retry(read_job(file), by=owner))
    file.refresh_from_db()
    assert file.state == "ready"
    assert jobs.run_now(Job.objects.get(kind="import")).state == "succeeded"


def test_a_cancelled_import_is_done_again(read, owner):
    job = start_import(read(VARIANTS, name="v.tsv"), Asked(assembly="GRCh38"), by=owner)
    job.ask_to_cancel()
    again = jobs.run_now(jobs.retry(job, by=owner))
    assert (again.state, again.params, again.counts["imported"]) == ("succeeded", job.params, 1)


def test_the_old_job_stays_as_it_ended(unreadable, owner):
    old = read_job(unreadable)
    again = jobs.retry(old, by=owner)
    assert [getattr(again, name) for name in ("task", "kind", "title", "params", "file_id", "owner_id")] == [
        getattr(old, name) for name in ("task", "kind", "title", "params", "file_id", "owner_id")
    ]
    assert (again.retry_of, again.attempt, again.error) == (old, 0, "")
    old.refresh_from_db()
    assert old.state == "failed"
    assert "No such file" in old.error


def test_the_audit_trail_names_both_jobs(unreadable, staff):
    old = read_job(unreadable)
    again = jobs.retry(old, by=staff)
    row = AuditEntry.objects.on(old).get(action="job retried")
    assert (row.actor, row.after, again.owner) == (staff, {"job": again.pk}, old.owner)


def test_the_retry_of_a_retry_counts_for_the_first(unreadable, owner):
    first = read_job(unreadable)
    second = jobs.retry(first, by=owner)
    second.ask_to_cancel()
    third = jobs.retry(second, by=owner)
    with pytest.raises(Conflict, match=f"see job {third.pk}, which is queued"):
        jobs.retry(first, by=owner)


def test_what_was_retried_with_success_is_not_retried(unreadable, owner):
    again = jobs.run_now(jobs.retry(read_job(unreadable), by=owner))
    with pytest.raises(Conflict, match=f"see job {again.pk}, which is succeeded"):
        jobs.retry(again.retry_of, by=owner)


def test_the_file_of_a_retry_that_fails_says_so(read, owner):
    file = read("")
    said = file.error
    assert (file.state, bool(said)) == ("failed", True)
    jobs.run_now(jobs.retry(read_job(file), by=owner))
    file.refresh_from_db()
    assert (file.state, file.error) == ("failed", said)


def test_nothing_is_done_again_for_a_deleted_file(unreadable, owner):
    job = read_job(unreadable)
    unreadable.delete()
    with pytest.raises(Conflict, match="was deleted"):
        jobs.retry(job, by=owner)


def test_an_import_is_not_retried_while_its_file_is_not_ready(read, owner):
    job = do_import(read(VARIANTS, name="v.tsv"), assembly="GRCh38")
    Job.objects.filter(pk=job.pk).update(state="failed")
    job.refresh_from_db()
    DataFile.objects.update(state="failed")
    with pytest.raises(Conflict, match="The file is failed"):
        jobs.retry(job, by=owner)
