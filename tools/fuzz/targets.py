"""What is fuzzed: each target takes any bytes and raises where a promise is broken. Needs nothing but the readers.

A new one is a function here and a line in TARGETS; its seeds are in seeds.py.
"""

from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from files.readers import unpack
from files.readers.choices import Choices
from files.readers.encoding import find_encoding, looks_like_text
from files.readers.errors import Damaged, NotATable
from files.readers.fast import clean_runs
from files.readers.findings import Outcome
from files.readers.layout import find_layout
from files.readers.lines import decoded
from files.readers.original import lines_at
from files.readers.reading import read_any
from files.readers.scan import Dialect, Record, Scanner
from files.readers.sniff import sniff
from files.readers.source import open_source
from files.readers.vcf import read_vcf
from files.readers.vcf.header import HeaderReader
from files.tests.promises import LIMITS, check, line_starts, read_bytes
from tools.fuzz.kept import read_in_memory

DELIMITERS, QUOTES = [",", "\t", ";", "|"], ['"', "'", ""]
LONGEST = 1 << 16  # bytes of an input: what is slow at this size is slow by its nature


def scanner(data: bytes) -> None:
    """Clean runs are the records that the reference finds, on its lines; pieces change nothing that has no quotes."""
    options, data = data[:3].ljust(3, b"\0"), data[3:] + b"\n"
    delimiter, quote, width = DELIMITERS[options[0] % 4], QUOTES[options[1] % 3], 1 + options[2] % 6
    comment = "#" if options[1] & 8 else ""
    text, is_text = decoded(data, "utf-8")
    reader = Scanner(Dialect(delimiter, quote, comment=comment), width)
    records = list(reader.records(text, 1, final=True))
    assert (reader.consumed, reader.lines) == (len(text), len(line_starts(data, "utf-8")) - 1)
    _check_order(records, text)
    if not is_text:
        return
    starts = {len(text[: record.start].encode()): record for record in records}
    marks = {"delimiter": delimiter.encode(), "quote": quote.encode() or None, "comment": comment.encode() or None}
    lines = line_starts(data, "utf-8")
    for run in clean_runs(data, width=width, **marks):  # type: ignore[arg-type]
        if run.clean:
            inside = [record for at, record in starts.items() if run.begin <= at < run.end]
            first = bisect_left(lines, run.begin)
            assert len(inside) == run.records
            assert inside[0].line == first + 1
            assert run.lines == bisect_left(lines, run.end) - first
            assert all(len(record.cells) == width and not record.remark for record in inside)


def _check_order(records: list[Record], text: str) -> None:
    at = line = 0
    for record in records:
        assert at <= record.start < record.end <= len(text)
        assert record.line > line
        at, line = record.end, record.line


def sniffers(data: bytes) -> None:
    """Encoding, dialect and layout of any bytes, whole and cut off."""
    looks_like_text(data)
    with suppress(NotATable):
        text, _ = decoded(data, find_encoding(data).name)
        dialect = sniff(text)
        for complete in (True, False):
            layout = find_layout(text, dialect, complete=complete)
            assert layout.width >= 1
            assert layout.header_line is None or layout.first_line > layout.header_line
            assert layout.header_line is None or len(layout.names) == layout.width


def table(data: bytes) -> None:
    """A whole reading with a dialect chosen or not, and the same by the reference alone."""
    option, data = data[:1], data[1:]
    chosen = (
        Choices() if option < b"\x80" else Choices(delimiter=DELIMITERS[option[0] % 4], quote=QUOTES[option[0] % 3])
    )
    with suppress(NotATable):

        def read(path: Path, folder: Path) -> Outcome:
            return read_any(path, folder, chosen, LIMITS, lambda *said: None)

        found = read_in_memory(data, read)
        check(data, found)
        with patch("files.readers.table.clean_runs", lambda *args, **more: []):
            slowly = read_in_memory(data, read)
        assert found.outcome.as_dict() == slowly.outcome.as_dict()
        assert found.rejects == slowly.rejects
        assert _without_empty(found.rows) == _without_empty(slowly.rows)


def _without_empty(rows: list[tuple]) -> list[list]:
    """Python's csv module, by which runs are read here, tells `""` from nothing no better."""
    return [[cell or None for cell in row] for row in rows]


def vcf_header(data: bytes) -> None:
    reader = HeaderReader(lambda kind, sentence, line: None)
    for number, line in enumerate(data.decode(errors="replace").split("\n"), start=1):
        reader.take(number, line)
    header = reader.finish(number + 1, 9)
    assert len(header.lines) == number
    assert len(set(header.behind_info)) == len(header.behind_info) >= 9


def vcf(data: bytes) -> None:
    """A whole VCF: each line of data is a row or a reject, by quick patterns as by careful reading."""
    data = b"##fileformat=VCFv4.2\n" + data
    readings = []
    for worth in (1, 1 << 60):
        with suppress(NotATable):
            readings.append(read_in_memory(data, partial(_read_vcf, worth)))
    assert len(readings) != 1, "refused in one way and read in the other"
    for reading in readings:
        check(data, reading)
    if readings:
        quick, careful = readings
        assert (quick.rows, quick.rejects) == (careful.rows, careful.rejects)
        assert quick.outcome.as_dict() == careful.outcome.as_dict()


def _read_vcf(worth: int, path: Path, folder: Path) -> Outcome:
    return read_vcf(open_source(path, limits=LIMITS), folder, Choices(), lambda *said: None, worth=worth)


def packed(data: bytes) -> None:
    """Bytes as a packed file: unpacked to the end, or Damaged; never more than was asked for at once."""
    with TemporaryDirectory(prefix="vardesk-fuzz-") as name, suppress(NotATable):
        path = Path(name) / "upload"
        path.write_bytes(data)
        source = open_source(path, limits=LIMITS)
        head, found = source.head(1000), b""
        try:
            for block in source.blocks(4096):
                assert len(block) <= max(4096, unpack.PACKED)
                found += block
                if len(found) > 1 << 20:
                    return
        except Damaged:  # where some bytes were unpacked before their checksum was seen to be wrong
            return
        assert found[:1000] == head


def original(data: bytes) -> None:
    """Lines handed over are bytes of the file, in whatever blocks it comes."""
    options, data = data[:2].ljust(2, b"\1"), data[2:]
    size, step = 1 + options[0] % 16, 1 + options[1] % 5
    starts = line_starts(data, "ascii")[:-1:step]
    whole = b"".join(lines_at(iter([data]), [(at, 1) for at in starts]))
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    assert b"".join(lines_at(blocks, [(at, 1) for at in starts])) == whole
    if step == 1 and b"\r\r" not in data:
        assert whole == data


def reading(data: bytes) -> None:
    """The one door, with its Parquet: what an upload of these bytes becomes."""
    with TemporaryDirectory(prefix="vardesk-fuzz-") as name, suppress(NotATable):
        found = read_bytes(data, Path(name))
        if not found.outcome.reading["compression"]:
            check(data, found)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "scanner": scanner,
    "sniffers": sniffers,
    "table": table,
    "vcf_header": vcf_header,
    "vcf": vcf,
    "packed": packed,
    "original": original,
    "reading": reading,
}
