"""A file is deleted while an import of it is being committed."""

import threading
import time

import pytest
from django.db import connection, transaction

from files import actions
from files.models import DataFile
from project.common.problems import Conflict
from project.core.models import Job
from variants.merging import take_merge_lock
from variants.models import Load

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"


def test_the_claims_of_an_import_that_is_just_committed_keep_their_file(read, owner):
    file = read("gene,cdna\nBRCA1,c.1A>G\n")
    job = Job.objects.create(kind="import", task="files.import", file_id=file.pk, state=Job.State.RUNNING, owner=owner)
    held = threading.Event()

    def commit_once_somebody_waits() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                Job.objects.select_for_update().get(pk=job.pk)
                Load.objects.create(
                    fingerprint="f", checksum=file.sha256, state=Load.State.LIVE, file_id=file.pk, label="just now"
                )
                held.set()
                waiting = 0
                while not waiting:
                    time.sleep(0.02)
                    cursor.execute(WAITING)
                    [waiting] = cursor.fetchone()
        finally:
            connection.close()

    importing = threading.Thread(target=commit_once_somebody_waits)
    importing.start()
    held.wait()
    try:
        with pytest.raises(Conflict, match="just now"):
            actions.delete(file, by=owner)
    finally:
        importing.join()
    assert DataFile.objects.filter(pk=file.pk).exists()
    job.refresh_from_db()
    assert not job.cancel_asked


def test_a_merge_of_the_file_and_its_delete_do_not_wait_for_each_other(read, owner):
    file = read("gene,cdna\nBRCA1,c.1A>G\n")
    job = Job.objects.create(kind="import", task="files.import", file_id=file.pk, state=Job.State.RUNNING, owner=owner)
    load = Load.objects.create(
        fingerprint="f", checksum=file.sha256, state=Load.State.LIVE, file_id=file.pk, created_by=owner
    )
    merging = threading.Event()
    ended = []

    def end_once_somebody_waits() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                take_merge_lock()
                merging.set()
                waiting = 0
                while not waiting:
                    time.sleep(0.02)
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
                    [waiting] = cursor.fetchone()
                Job.objects.select_for_update(no_key=True).get(pk=job.pk)
                ended.append(True)
        finally:
            connection.close()

    merge = threading.Thread(target=end_once_somebody_waits)
    merge.start()
    merging.wait()
    try:
        actions.delete(file, by=owner, withdraw_loads=True)
    finally:
        merge.join()
    assert ended
    load.refresh_from_db()
    assert load.state == Load.State.WITHDRAWN
    job.refresh_from_db()
    assert job.cancel_asked
