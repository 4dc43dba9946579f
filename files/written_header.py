"""A file's header and its rejected lines as the original has them: bytes that can be mended and uploaded again."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePath

from django.conf import settings

from files.models import AnyReading
from files.readers.choices import Limits
from files.readers.errors import NotATable
from files.readers.original import leading_lines, lines_at
from files.readers.scan import Dialect, Scanner
from files.readers.source import Source, open_source
from files.readers.workbook.container import WORKBOOKS
from files.rejects import Rejects
from files.store import csv_lines
from project.common.problems import Conflict

UNPACKED_BYTES = 4 * 1024**3  # at most for one answer: 15 s of gzip, 80 s of bz2
HEAD_BYTES = 16 * 1024**2  # within which the line of column names of a text table is looked for
PACKED = {".gz", ".bgz", ".bgzf", ".bz2", ".zst", ".zip"}
TABLES = {".csv", ".tsv", ".tab", ".txt", ".vcf", ".jsonl", ".ndjson", ".json"}
# In these a line end is more than one byte, so lines are taken from the decoded text.
WIDE = ("utf-16", "utf-32")
NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}


def name_of(file: AnyReading, what: str) -> str:
    """`cohort.csv.gz` as `cohort.rejected.csv`, unpacked as it is; `cohort.xlsx` as that too, of a BCF its VCF text."""
    name = PurePath(file.name)
    if file.format in WORKBOOKS:
        return f"{name.stem if name.suffix.lower()[1:] in WORKBOOKS | {'xlsm'} else name.name}.{what}.csv"
    if file.format == "bcf":
        return f"{name.stem if name.suffix.lower() == '.bcf' else name.name}.{what}.vcf"
    if name.suffix.lower() in PACKED:
        name = name.with_suffix("")
    ending = name.suffix if name.suffix.lower() in TABLES else f".{file.format or 'txt'}"
    return f"{name.stem if name.suffix.lower() in TABLES else name.name}.{what}{ending}"


def written_header(file: AnyReading) -> Iterator[bytes]:
    """What stands above the data: of a VCF all lines to #CHROM, of a text table the line of names and no preamble, of
    a sheet its names as CSV.

    Nothing where the columns have no names. Raises NotATable where the original cannot be unpacked any more.
    """
    if file.format in WORKBOOKS:
        if file.reading.get("header"):
            yield from (line.encode() for line in csv_lines([column["name"] for column in file.columns], []))
        return
    if not file.has_lines:
        return
    source = source_of(file)
    if file.is_vcf:
        with suppress(NotATable):  # cut off: what could be unpacked was read, and is handed over here too
            yield from leading_lines(source.blocks(), b"#", (b"#CHROM", b"CHROM\t"))
    elif file.reading.get("header"):
        yield _line_of_names(file, source.head(HEAD_BYTES))


def written_rejects(file: AnyReading, rejects: Rejects, kind: str = "") -> Iterator[bytes]:
    """The header and then each rejected record, as bytes of the unpacked original; memory holds a block of it.

    Of a sheet, whose rows are no bytes, as CSV.
    """
    yield from written_header(file)
    if file.format in WORKBOOKS:  # there are no bytes of a line to take
        yield from (f"{reject.text}\r\n".encode() for reject in rejects.every(kind))
        return
    if str(file.reading.get("encoding", "")).startswith(WIDE):
        yield from _encoded(file, (reject.text for reject in rejects.every(kind)))
        return
    with suppress(NotATable):
        yield from lines_at(source_of(file).blocks(), rejects.places(kind))


def refuse_far_rejects(file: AnyReading, rejects: Rejects, kind: str = "") -> None:
    """Raises Conflict where the original has no lines, or so much must be unpacked that a request would take minutes."""
    if not file.has_lines:
        raise Conflict("The original is not made of lines of text. The list as CSV has what is known of each row.")
    end = rejects.end(kind)
    if file.is_packed and end > UNPACKED_BYTES:
        raise Conflict(
            f"The last of these lines stands {end:,} bytes into the packed file, too far to be taken out of it here"
            f" (limit: {UNPACKED_BYTES:,}). The list as CSV has the text of every line; a file that is uploaded"
            " unpacked has no such limit."
        )


def source_of(file: AnyReading) -> Source:
    """The original as it was read, within the same limits."""
    member = file.reading.get("member") or file.choices.get("member")
    return open_source(file.original_path, member=member, limits=Limits(**settings.READ_LIMITS))


def _encoded(file: AnyReading, texts: Iterable[str]) -> Iterator[bytes]:
    end = {"CRLF": "\r\n", "CR": "\r"}.get(str(file.reading.get("line_ends", "LF")).upper(), "\n")
    for text in texts:
        yield (text + end).encode(file.reading["encoding"], "surrogateescape")


def _line_of_names(file: AnyReading, head: bytes) -> bytes:
    """The record of column names, which may take several lines, with its byte-order mark where the file has one."""
    reading = file.reading
    text = head.decode(reading["encoding"], "surrogateescape")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    first = int(reading.get("header_line") or 1)
    start = _start_of_line(text, first)
    delimiter = reading.get("delimiter") or ""
    escape = "\\" if reading.get("escape") == "\\" else ""  # a doubled quote is one anyhow
    dialect = Dialect(NAMED.get(delimiter, delimiter), reading.get("quote") or "", escape)
    for record in Scanner(dialect, len(file.columns)).records(text[start:], first, final=True):
        end = re.compile(r"\r\n|\n|\r|\Z").match(text, start + record.end)
        written = text[start + record.start : end.end() if end else start + record.end].removeprefix("\ufeff")
        return (mark + written).encode(reading["encoding"], "surrogateescape")
    return b""


def _start_of_line(text: str, line: int) -> int:
    """Where this physical line begins, from 1."""
    ends = re.finditer(r"\r\n|\n|\r", text)
    return next((end.end() for number, end in enumerate(ends, start=2) if number == line), 0)
