"""The work of an `import` job, and of each of its parts: from the file's table into the variant database."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from files import store, vcf_cells
from files.import_parts import Stretch, stretches
from files.importing import VCF_BASE, cells_sql, needed_places
from files.models import DataFile
from project.core import parts
from project.core.jobs import JobError, Run, TakenOver
from project.core.models import Job
from project.core.parts import PartRun
from variants import staging
from variants.forecast import forecast_claims
from variants.load_spec import LoadSpec
from variants.loading import load_claims
from variants.merging import StagingLost
from variants.normalising import Bases, Told, bases_of, may_tell
from variants.part_loading import REFERENCE_CHANGED, bases_told, bring, gathered, opened_for, rules_for
from variants.reference_sequence import ReferenceSequence

IMPORT_PART_TASK = "files.import_part"
IN_PARTS = (0.02, 0.6)  # of the job's progress


def import_file(run: Run) -> None:
    """The work of an `import` job. `params`: what was asked (`Asked`), and `reading`. Goes on where a killed one was."""
    if (run.job.result or {}).keys() & {"load", "dry_run"}:  # killed between the last write and the end of the job
        forget_staging(run.job)
        return
    if run.job.plan is None:  # else the parts say how far it is
        run.report(IN_PARTS[0], "Opening the table")
    file = _file_of(run.job)
    with opened_for(_spec(file, run.job)) as (spec, _):
        bases = _planned(run, file, spec)
    with PartImporter(run.job) as importer:
        while True:
            parts.work(run, importer)
            if _merged(run, file, spec, bases):
                return
            _stage_again(run)


def import_part(job_id: int) -> None:
    """What a helper does of somebody's import, until no part is left to take."""
    if (job := Job.objects.filter(pk=job_id).first()) is not None:
        with PartImporter(job) as importer:
            parts.help(job_id, importer)


def forget_staging(job: Job) -> None:
    """An import that is over leaves nothing behind. Waits half a second at most."""
    with connection.cursor() as cursor:
        staging.drop_unless_copied_to(cursor, staging.name(job.pk))
    staging.forget_files(staging.name(job.pk))


class PartImporter:
    """Does one part after another of one job with one DuckDB, which is opened with the first."""

    def __init__(self, job: Job):
        self.job, self._open = job, ExitStack()

    def __enter__(self) -> "PartImporter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: Any) -> None:
        self._open.close()
        if kind in (None, TakenOver) and Job.objects.filter(pk=self.job.pk, finished__isnull=False).exists():
            forget_staging(self.job)  # who ended the job did not wait for our copy

    def __call__(self, part: PartRun) -> None:
        file, spec, opened, db = self._opened
        if part.params["reference"] != spec.options.get("reference"):
            raise JobError(REFERENCE_CHANGED)
        connection.ensure_connection()
        with _said_plainly(), part.stoppable(db.interrupt), part.stoppable(connection.connection.cancel):
            notes = _fill(db, file, self.job.params["mapping"], part.params["lines"])
            bring(db, part, rules_for(spec, opened, Bases(**part.params["bases"])), notes)

    @cached_property
    def _opened(self) -> tuple[DataFile, LoadSpec, Mapping[str, ReferenceSequence], duckdb.DuckDBPyConnection]:
        file = _file_of(self.job)
        spec, opened = self._open.enter_context(opened_for(_spec(file, self.job)))
        return file, spec, opened, self._open.enter_context(_duckdb())


def _duckdb() -> duckdb.DuckDBPyConnection:
    scratch = Path(settings.VAR_DIR) / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return store.connect(scratch, memory_limit=settings.IMPORT_MEMORY)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What DuckDB could not do for want of room, in words for the person who imports. For a full disk it has no error of its own."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise JobError(
            f"The import needed more memory than it may take (IMPORT_MEMORY, {settings.IMPORT_MEMORY}), and nothing was kept."
            " Ask the administrator to raise that, or to lower IMPORT_PART_ROWS or IMPORT_PART_BYTES; then try again."
        ) from error
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def _file_of(job: Job) -> DataFile:
    """The file of an import job, as it was read when the job was asked for. Raises JobError."""
    file = DataFile.objects.filter(pk=job.file_id or 0).first()
    if file is None or not file.has_table:
        raise JobError("The file is gone or is not read yet; nothing was imported.")
    if job.params.get("reading", 0) != file.reading_number:
        raise JobError("The file was read again since; nothing was imported. Start the import anew.")
    return file


def _spec(file: DataFile, job: Job) -> LoadSpec:
    params: dict[str, Any] = job.params
    return LoadSpec(
        label=params.get("label") or file.name,
        checksum=file.sha256,
        source=params.get("source") or "",
        assembly=params.get("assembly") or "",
        base=VCF_BASE if file.is_vcf else params.get("base"),
        not_rcrs=tuple(params.get("not_rcrs") or ()),
        options={
            "reading": _facts(file), "mapping": {field: name for field, name in params["mapping"].items() if name},
            **_samples_option(params.get("samples")),
        },
        file_id=file.pk,
        reading=file.reading_number,
        rejected_by_reader=file.rejected_count or 0,
        notes=tuple(params.get("notes") or ()),
        supersedes=tuple(params.get("supersedes") or ()),
    )  # fmt: skip


def _facts(file: DataFile) -> dict[str, Any]:
    """How it was read, without who said so."""
    return {name: value for name, value in file.reading.items() if name != "chosen"}


def _samples_option(chosen: dict[str, str | None] | None) -> dict[str, Any]:
    """Where a claim's page finds the sample of its row; nothing of it is read here."""
    named = {field: name for field, name in (chosen or {}).items() if name}
    return {"samples": named} if named else {}


def _planned(run: Run, file: DataFile, spec: LoadSpec) -> Bases:
    """Cut the file into parts, unless that was done; what positions of all of them count from."""
    if (first := run.job.parts.order_by("number").first()) is not None:
        parts.go_on(run)
        return Bases(**first.params["bases"])
    mapping = run.job.params["mapping"]
    with _said_plainly(), _duckdb() as db, run.stoppable(db.interrupt):
        try:
            cut = stretches(db, file.table_path, needed_places(file, mapping))
        except FileNotFoundError as error:
            raise _gone(error) from error
        if sum(one.rows for one in cut) != file.row_count:
            raise JobError(
                "The table does not hold every row of the file; nothing was imported. Please report this file."
            )
        bases = _bases(run, db, file, spec, cut)
    asked = {"bases": asdict(bases), "reference": spec.options.get("reference")}
    with connection.cursor() as cursor:
        staging.sweep(cursor)
        staging.make(cursor, staging.name(run.job.pk))
    parts.plan(
        run, [({"lines": [one.first, one.last], **asked}, one.rows) for one in cut], task=IMPORT_PART_TASK,
        progress=IN_PARTS, message="Normalising and copying",
    )  # fmt: skip
    return bases


def _bases(run: Run, db: duckdb.DuckDBPyConnection, file: DataFile, spec: LoadSpec, cut: Sequence[Stretch]) -> Bases:
    """Chosen, or as the rows of the whole file tell."""
    mapping = run.job.params["mapping"]
    if spec.base is not None or not may_tell({field for field, name in mapping.items() if name}):
        return bases_of(spec.base, Told())

    def each() -> Iterator[duckdb.DuckDBPyConnection]:
        for one in cut:
            run.report(IN_PARTS[0], "Looking what positions count from")
            run.check()
            _fill(db, file, mapping, [one.first, one.last])
            yield db

    return bases_told(spec, each())


def _fill(
    db: duckdb.DuckDBPyConnection, file: DataFile, mapping: dict[str, str | None], lines: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Make the table `cells` of these lines of a file; what could not be taken over, as `vcf_cells.make_cells` says it."""
    first, last = lines
    try:
        if file.is_vcf:
            return vcf_cells.make_cells(db, file, mapping, (first, last))
        db.execute(f"CREATE OR REPLACE TEMP TABLE cells AS {cells_sql(file, mapping, (first, last))}")
    except FileNotFoundError as error:
        raise _gone(error) from error
    return []


def _gone(error: FileNotFoundError) -> JobError:
    return JobError(f"{error} Upload the file again; nothing was imported.")


def _merged(run: Run, file: DataFile, spec: LoadSpec, bases: Bases) -> bool:
    """Merge, or say what a merge would do; False where PostgreSQL lost what was staged."""
    results = parts.results(run.job)
    notes = vcf_cells.left_out_notes(note for result in results for note in result["notes"])
    staged = gathered(run.job.pk, replace(spec, notes=(*spec.notes, *notes)), bases, results)
    try:
        if run.job.params.get("dry_run"):
            forecast_claims(run, staged, url=reverse("files:tried", args=[file.pk, run.job.pk]))
        else:
            load_claims(run, staged)
    except StagingLost:
        return False
    forget_staging(run.job)
    return True


def _stage_again(run: Run) -> None:
    """PostgreSQL crashed since the parts were copied, and an unlogged table is empty then."""
    table = staging.name(run.job.pk)
    with transaction.atomic(), connection.cursor() as cursor:
        run.hold()  # whoever has the job now may have staged everything anew
        staging.drop(cursor, table)
        staging.make(cursor, table)
        parts.redo(run)
