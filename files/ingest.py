"""From an uploaded file to its Parquet table: the work of a `read` job. May run twice; each run starts from scratch.

A job with `choices` among its params reads a file again, in their way. The reading from before answers until the new
one is whole, and stays where there comes none.
"""

import logging
import shutil
from pathlib import Path, PurePath
from typing import Any

from django.db import transaction

from files.columns import described
from files.import_asked import Asked
from files.importing import hold_reading, start_import
from files.models import READING_FIELDS, DataFile
from files.permissions import get_own_file
from files.readers.errors import NotATable
from files.readers.workbook.container import WORKBOOKS
from files.reading_process import ReaderDied, read_in_child, task_of
from files.readings import drop_unneeded, put_aside, sweep
from project.common.problems import BadQuery, Conflict
from project.core.jobs import JobError, Run
from project.core.models import Job

READ_TASK = "files.read"
TEXT_SUFFIXES = {".csv", ".tsv", ".tab", ".txt"}

log = logging.getLogger("vardesk.files")


def read_file(run: Run) -> None:
    """The work of a `read` job: text Parquet with line numbers, rejects, types, warnings; then an import if asked."""
    file = _begin(run)
    if file.state == DataFile.State.READY:  # killed between the last write and the job's end
        _import_if_asked(file, run)
        return
    # A name of its own: the reader of an attempt that was given up may write for another second.
    scratch = file.folder / f"scratch-{run.job.attempt:d}"
    scratch.mkdir(mode=0o700)
    try:
        _read(file, run, scratch)
    except NotATable as error:
        raise JobError(str(error)) from error
    except ReaderDied as error:
        log.error("File %s: the reader died: %s", file.pk, str(error).split(":")[0])
        raise JobError(
            "The reader ended without a result, so nothing was kept. Try again; if it happens again, the file breaks"
            " the reader, and we would like to know."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not DataFile.objects.filter(pk=file.pk).exists():  # deleted meanwhile: the reader may have written since
            shutil.rmtree(file.folder, ignore_errors=True)
    _import_if_asked(file, run)


def _begin(run: Run) -> DataFile:
    """The file of the job, which says from now on that it is read unless that is done. What killed attempts left goes.

    Held: an attempt that slept while another did its work would take the new table for such a rest.
    """
    with transaction.atomic():
        run.hold()
        file = DataFile.objects.select_for_update().filter(pk=run.job.file_id or 0).first()
        if file is None:
            raise JobError("The file was deleted before it was read.")
        if file.state != DataFile.State.READY:
            file.state, file.progress, file.error = DataFile.State.PROCESSING, 0.0, ""
            file.save(update_fields=["state", "progress", "error"])
            for left in file.folder.glob("scratch-*"):
                shutil.rmtree(left, ignore_errors=True)
            sweep(file)
    return file


def job_ended(job: Job) -> None:
    """A read job failed or was cancelled, here or before any worker had it: the file says so too."""
    with transaction.atomic():
        file = DataFile.objects.select_for_update().filter(pk=job.file_id or 0).first()
        if file is None or file.state == DataFile.State.READY or reads_in_work(file.pk).exclude(pk=job.pk).exists():
            return
        was_cancelled = job.state == Job.State.CANCELLED
        if file.has_table:
            said = "Reading again was cancelled." if was_cancelled else f"Reading again failed: {job.error}"
            file.state, file.progress, file.error = DataFile.State.READY, 1.0, f"{said} The reading from before stays."
        elif was_cancelled:
            file.state, file.error = DataFile.State.CANCELLED, "Reading was cancelled."
        else:
            file.state, file.error = DataFile.State.FAILED, job.error
        file.save(update_fields=["state", "progress", "error"])


def reads_in_work(file_id: int) -> Any:
    return Job.objects.in_work().filter(kind="read", file_id=file_id)


def refuse_while_in_work(file: DataFile) -> None:
    """Raises Conflict while the file is read or imported: an import takes one reading, from its beginning to its end.

    Call in the transaction that queues a reading, file locked.
    """
    if file.state == DataFile.State.UPLOADING or reads_in_work(file.pk).exists():
        raise Conflict("The file is being read already.")
    if Job.objects.in_work().filter(kind="import", file_id=file.pk).exists():
        raise Conflict("The file is being imported; it can be read again when that is over.")


def before_retry(job: Job, by: Any) -> None:
    """A read job is done again: its file waits as it did after the upload. Raises Conflict where it is gone."""
    file = DataFile.objects.select_for_update().get(pk=_file_of(job, by).pk)
    refuse_while_in_work(file)
    # What failed after the reading, such as the import that was asked for with the upload, needs no reading once more.
    if file.state != DataFile.State.READY or "choices" in job.params:
        queue_reading(file)


def queue_reading(file: DataFile) -> None:
    """The file waits for a worker, in the transaction that queues the job."""
    file.state, file.progress, file.error = DataFile.State.QUEUED, 0.0, ""
    file.save(update_fields=["state", "progress", "error"])


def before_import_retry(job: Job, by: Any) -> None:
    """Raises Conflict where the file is gone, is not read, or was read again, so that the mapping may be of no use."""
    hold_reading(_file_of(job, by).pk, job.params.get("reading", 0))


def _file_of(job: Job, by: Any) -> DataFile:
    if not DataFile.objects.filter(pk=job.file_id or 0).exists():
        raise Conflict("The file was deleted; there is nothing to do again.")
    return get_own_file(by, job.file_id or 0)


def _read(file: DataFile, run: Run, scratch: Path) -> None:
    def report(fraction: float, sentence: str, rows: int) -> None:
        # The state of the file follows the job's, which is written at most twice a second.
        if run.report(fraction, sentence, rows_done=rows):
            DataFile.objects.filter(pk=file.pk).update(progress=min(max(fraction, 0.0), 1.0))

    choices = run.job.params.get("choices", file.choices)
    outcome = read_in_child(task_of(file.original_path, scratch, choices), report)
    with transaction.atomic():
        run.hold()
        current = DataFile.objects.select_for_update().filter(pk=file.pk).first()
        if current is None:
            raise JobError("The file was deleted while it was read.")
        if current.has_table:
            put_aside(current)
            current.reading_number += 1
        for name, place in (("table", current.table_path), ("rejects", current.rejects_path)):
            shutil.rmtree(place, ignore_errors=True)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            (scratch / name).rename(place)
        _tell(current, choices, outcome)
        drop_unneeded(current)


def _tell(file: DataFile, choices: dict[str, Any], outcome: dict[str, Any]) -> None:
    file.state, file.progress, file.error, file.choices = DataFile.State.READY, 1.0, "", choices
    file.format, file.padded, file.row_count = outcome["format"], outcome["padded"], outcome["rows"]
    file.rejected_count, file.skipped_count = outcome["rejected"], outcome["skipped"]
    file.columns = described(outcome["columns"], outcome["header"])
    file.warnings = misnamed(file.name, outcome["format"]) + outcome["warnings"]
    for name in ("reading", "reasons", "header"):
        setattr(file, name, outcome[name])
    file.save(update_fields=["reading_number", "state", "progress", "error", *READING_FIELDS])


def misnamed(name: str, form: str) -> list[dict[str, Any]]:
    """A warning where a workbook is called like a text table. The bytes decide; whoever sent it may not know."""
    suffix = PurePath(name).suffix.lower()
    if form not in WORKBOOKS or suffix not in TEXT_SUFFIXES:
        return []
    message = f"The file is called {suffix} but is a workbook ({form}): a sheet of it was read."
    return [{"kind": "misnamed", "message": message, "count": 1, "first_line": None}]


def _import_if_asked(file: DataFile, run: Run) -> None:
    asked = run.job.params.get("import")
    if asked is None or (run.job.result or {}).get("import_job"):
        return
    file.refresh_from_db()
    try:
        with transaction.atomic():
            job = start_import(file, Asked(**asked), by=run.job.owner)
            run.hold()  # an attempt that slept while another did this would start a second import
            run.save(result={"import_job": job.pk})
    except BadQuery as error:
        said = " ".join(sentence for said in error.errors.values() for sentence in said)
        raise JobError(f"The file is read; its import was not started. {said}") from error
