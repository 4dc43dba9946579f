"""From an uploaded file to its Parquet table: the work of a `read` job. May run twice; each run starts from scratch."""

import logging
import tempfile
from pathlib import Path

from django.db import DatabaseError

from files import store
from files.importing import start_import
from files.models import DataFile
from files.readers.dialect import NAMES, Dialect, sniff
from files.readers.errors import NotATable
from files.readers.records import Row, column_names, scan
from files.readers.text import find_encoding, is_gzip, sample
from project.core.jobs import Cancelled, JobError, Run

log = logging.getLogger(__name__)

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

    def take(self, row: Row, delimiter: str) -> None:
        cells = row.cells
        if len(cells) > self.width:
            if any(cell.strip() for cell in cells[self.width :]):
                reason = f"{len(cells)} cells where the header has {self.width}"
                self.rejects.write(row.line, [reason, delimiter.join(cells)])
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
    try:
        with tempfile.TemporaryDirectory(dir=file.folder) as scratch:
            _read(file, run, Path(scratch))
    except NotATable as error:
        _fail(file, str(error))
        raise JobError(str(error)) from error
    except Cancelled:
        DataFile.objects.filter(pk=file.pk).update(state=DataFile.State.CANCELLED, error="Reading was cancelled.")
        raise
    except DatabaseError:
        raise  # the row cannot be written now; the job is taken up again
    except (OSError, ValueError, MemoryError) as error:
        log.exception("File %s could not be read", file.pk)
        _fail(file, f"Reading stopped: {type(error).__name__}. The log of the worker has the details.")
        raise
    _import_if_asked(file, run)


def _fail(file: DataFile, said: str) -> None:
    DataFile.objects.filter(pk=file.pk).update(state=DataFile.State.FAILED, error=said)


def _read(file: DataFile, run: Run, scratch: Path) -> None:
    head = sample(file.original_path)
    encoding = find_encoding(file.original_path, head)
    dialect = sniff(head.decode(encoding, errors="ignore"))
    records = scan(file.original_path, encoding, dialect)
    first = next(records, None)
    if first is None:
        raise NotATable("The file holds no records.")
    if len(first.cells) > MAX_COLUMNS:
        raise NotATable(f"The first record has {len(first.cells):,} cells; {MAX_COLUMNS:,} columns are the limit.")
    names, renamed = column_names(first.cells if dialect.header else [""] * len(first.cells))
    reading = _Reading(scratch, len(names))
    if not dialect.header:
        reading.take(first, dialect.delimiter)
    for number, row in enumerate(records, start=1):
        reading.take(row, dialect.delimiter)
        if number % REPORT_EVERY == 0:
            _report(file, run, reading, row.line)
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
    job = start_import(file, by=run.job.owner, **asked)
    run.save(result={"import_job": job.pk})
