"""From an uploaded file to its Parquet table: the work of a `read` job. May run twice; each run starts from scratch."""

import logging
import shutil
from pathlib import Path
from typing import Any

from django.db import transaction

from files.columns import described
from files.importing import start_import
from files.models import DataFile
from files.permissions import get_own_file
from files.readers.errors import NotATable
from files.reading_process import ReaderDied, read_in_child, task_of
from project.common.problems import BadQuery, Conflict
from project.core.jobs import JobError, Run
from project.core.models import Job

READ_TASK = "files.read"

log = logging.getLogger("vardesk.files")


def read_file(run: Run) -> None:
    """The work of a `read` job: text Parquet with line numbers, rejects, types, warnings; then an import if asked."""
    file = DataFile.objects.filter(pk=run.job.file_id or 0).first()
    if file is None:
        raise JobError("The file was deleted before it was read.")
    if file.state == DataFile.State.READY:  # killed between the last write and the job's end
        _import_if_asked(file, run)
        return
    DataFile.objects.filter(pk=file.pk).update(state=DataFile.State.PROCESSING, progress=0.0, error="")
    for left in file.folder.glob("scratch-*"):  # by a killed attempt
        shutil.rmtree(left, ignore_errors=True)
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


def job_ended(job: Job) -> None:
    """A read job failed or was cancelled, here or before any worker had it: the file says so too."""
    file = DataFile.objects.filter(pk=job.file_id or 0).exclude(state=DataFile.State.READY)
    if job.state == Job.State.CANCELLED:
        file.update(state=DataFile.State.CANCELLED, error="Reading was cancelled.")
    else:
        file.update(state=DataFile.State.FAILED, error=job.error)


def before_retry(job: Job, by: Any) -> None:
    """A read job is done again: its file waits as it did after the upload. Raises Conflict where it is gone."""
    file = _file_of(job, by)
    if Job.objects.in_work().filter(kind=job.kind, file_id=file.pk).exists():
        raise Conflict("The file is being read already.")
    DataFile.objects.filter(pk=file.pk).exclude(state=DataFile.State.READY).update(
        state=DataFile.State.QUEUED, progress=0.0, error=""
    )


def before_import_retry(job: Job, by: Any) -> None:
    """Raises Conflict where the file is gone or is not read, as a new import would."""
    if (state := _file_of(job, by).state) != DataFile.State.READY:
        raise Conflict(f"The file is {state}; it can be imported when it is ready.")


def _file_of(job: Job, by: Any) -> DataFile:
    if not DataFile.objects.filter(pk=job.file_id or 0).exists():
        raise Conflict("The file was deleted; there is nothing to do again.")
    return get_own_file(by, job.file_id or 0)


def _read(file: DataFile, run: Run, scratch: Path) -> None:
    def report(fraction: float, sentence: str, rows: int) -> None:
        # The state of the file follows the job's, which is written at most twice a second.
        if run.report(fraction, sentence, rows_done=rows):
            DataFile.objects.filter(pk=file.pk).update(progress=min(max(fraction, 0.0), 1.0))

    outcome = read_in_child(task_of(file.original_path, scratch, file.choices), report)
    with transaction.atomic():
        run.hold()
        for name, place in (("table", file.table_path), ("rejects", file.rejects_path)):
            shutil.rmtree(place, ignore_errors=True)
            (scratch / name).rename(place)
        DataFile.objects.filter(pk=file.pk).update(
            state=DataFile.State.READY,
            progress=1.0,
            format=outcome["format"],
            row_count=outcome["rows"],
            rejected_count=outcome["rejected"],
            skipped_count=outcome["skipped"],
            padded=outcome["padded"],
            columns=described(outcome["columns"], outcome["header"]),
            **{name: outcome[name] for name in ("reading", "warnings", "reasons", "header")},
        )


def _import_if_asked(file: DataFile, run: Run) -> None:
    asked = run.job.params.get("import")
    if asked is None or (run.job.result or {}).get("import_job"):
        return
    file.refresh_from_db()
    try:
        job = start_import(file, by=run.job.owner, **asked)
    except BadQuery as error:
        said = " ".join(sentence for said in error.errors.values() for sentence in said)
        raise JobError(f"The file is read; its import was not started. {said}") from error
    run.save(result={"import_job": job.pk})
