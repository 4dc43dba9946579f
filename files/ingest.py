"""From an uploaded file to its Parquet table: the work of a `read` job. May run twice; each run starts from scratch."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from files import store
from files.importing import start_import
from files.models import DataFile
from files.permissions import get_own_file
from files.readers.dialect import NAMES, Dialect, sniff
from files.readers.errors import BadQuotes, NotATable
from files.readers.records import Row, column_names, is_quoted, scan
from files.readers.text import find_encoding, is_gzip, sample
from project.common.problems import BadQuery, Conflict
from project.core.jobs import JobError, Run
from project.core.models import Job

READ_TASK = "files.read"
MAX_COLUMNS = 4096
REPORT_EVERY = 20_000  # records


class _Reading:
    """What one pass over the records collects: rows, rejects, and what was padded or repaired."""

    def __init__(self, folder: Path, width: int):
        self.width = width
        self.rows = store.CleanWriter(folder / "rows.csv", width)
        self.rejects = store.CleanWriter(folder / "rejects.csv", 2)
        self.padded = 0
        self.first_padded: int | None = None
        self.has_values = False

    def take(self, row: Row) -> None:
        cells = row.cells
        self.has_values = self.has_values or any(cells)
        if len(cells) > self.width:
            if any(cell.strip() for cell in cells[self.width :]):
                reason = f"{len(cells)} cells where the header has {self.width}"
                self.rejects.write(row.line, [reason, row.text])
                return
            cells = cells[: self.width]  # only empty cells too many
        elif len(cells) < self.width:
            self.padded += 1
            self.first_padded = self.first_padded or row.line
            cells = cells + [""] * (self.width - len(cells))
        self.rows.write(row.line, cells)


def read_file(run: Run) -> None:
    """The work of a `read` job: text Parquet with line numbers, rejects, types, warnings; then an import if asked."""
    file = DataFile.objects.filter(pk=run.job.file_id or 0).first()
    if file is None:
        raise JobError("The file was deleted before it was read.")
    if file.state == DataFile.State.READY:  # killed between the last write and the job's end
        _import_if_asked(file, run)
        return
    DataFile.objects.filter(pk=file.pk).update(state=DataFile.State.PROCESSING, progress=0.0, error="")
    scratch = file.folder / "scratch"  # one name: what a killed attempt left is removed by the next
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        _read(file, run, scratch)
    except NotATable as error:
        raise JobError(str(error)) from error
    except UnicodeDecodeError as error:
        raise JobError(
            f"The file begins as {error.encoding} and holds bytes that are none; it may be damaged."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
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
    head = sample(file.original_path)
    encoding = find_encoding(file.original_path, head)
    dialect = sniff(head.decode(encoding, errors="ignore"))
    if not dialect.quoted:
        dialect = replace(dialect, quoted=is_quoted(file.original_path, encoding, dialect.delimiter))
    try:
        _read_as(file, run, scratch, encoding, dialect)
    except BadQuotes:
        if dialect.delimiter != "\t":
            raise
        # Tables with tabs seldom quote: a stray double quote is then a character like any other.
        _read_as(file, run, scratch, encoding, replace(dialect, quoted=False))


def _read_as(file: DataFile, run: Run, scratch: Path, encoding: str, dialect: Dialect) -> None:
    records = scan(file.original_path, encoding, dialect)
    first = next(records, None)
    if first is None:
        raise NotATable("The file holds no records.")
    if len(first.cells) > MAX_COLUMNS:
        raise NotATable(f"The first record has {len(first.cells):,} cells; {MAX_COLUMNS:,} columns are the limit.")
    names, renamed = column_names(first.cells if dialect.header else [""] * len(first.cells))
    reading = _Reading(scratch, len(names))
    if not dialect.header:
        reading.take(first)
    for number, row in enumerate(records, start=1):
        reading.take(row)
        if number % REPORT_EVERY == 0:
            _report(file, run, reading, row.line)
    if not (reading.has_values or any(first.cells)):
        raise NotATable("The file holds delimiters and no values.")
    run.report(0.8, "Writing the table", rows_done=reading.rows.count)
    store.write_table(reading.rows, file.table_path)
    store.write_table(reading.rejects, file.rejects_path)
    run.report(0.9, "Looking at the columns", rows_done=reading.rows.count)
    kinds = store.infer_types(file.table_path, len(names))
    DataFile.objects.filter(pk=file.pk).update(
        state=DataFile.State.READY,
        progress=1.0,
        format="tsv" if dialect.delimiter == "\t" else "csv",
        row_count=reading.rows.count,
        rejected_count=reading.rejects.count,
        padded=reading.padded,
        columns=[{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)],
        reading=_as_read(file, encoding, dialect),
        warnings=_warnings(reading, encoding, dialect, renamed if dialect.header else []),
    )


def _report(file: DataFile, run: Run, reading: _Reading, line: int) -> None:
    # How long the file is in lines is not known before its end: bytes written stand in for it.
    share = min(reading.rows.path.stat().st_size / max(file.size * (6 if is_gzip(file.original_path) else 1.3), 1), 1)
    run.report(0.8 * share, f"Reading, line {line:,}", rows_done=reading.rows.count)
    DataFile.objects.filter(pk=file.pk).update(progress=0.8 * share)


def _as_read(file: DataFile, encoding: str, dialect: Dialect) -> dict:
    return {
        "compression": "gzip" if is_gzip(file.original_path) else None,
        "encoding": encoding,
        "delimiter": NAMES[dialect.delimiter],
        "quote": '"' if dialect.quoted else None,
        "header": dialect.header,
    }


def _warnings(reading: _Reading, encoding: str, dialect: Dialect, renamed: list[int]) -> list[dict]:
    """What was guessed or repaired, in the contract's shape."""
    found: list[tuple[str, str, int, int | None]] = []
    if encoding in ("cp1252", "latin-1"):
        found.append(
            ("encoding", f"The file is not UTF-8; it was read as {encoding}. Check accented letters.", 1, None)
        )
    if not dialect.header:
        found.append(("no_header", "The first line looks like data, so the columns were given numbers.", 1, 1))
    if renamed:
        places = ", ".join(str(place) for place in renamed[:5])
        found.append(
            ("column_names", f"Empty or repeated column names were changed (columns {places}).", len(renamed), 1)
        )
    if reading.padded:
        said = f"Rows with fewer cells than the {reading.width} of the header were kept; the missing cells are empty."
        found.append(("padded", said, reading.padded, reading.first_padded))
    if reading.rejects.count:
        said = "Rows with more cells than the header were not read; see the list of rejected lines."
        found.append(("rejected", said, reading.rejects.count, None))
    return [dict(zip(("kind", "message", "count", "first_line"), row, strict=True)) for row in found]


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
