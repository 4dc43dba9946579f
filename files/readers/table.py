"""Text tables: told, scanned, written, counted."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from files.readers.choices import Choices
from files.readers.choosing import dialect_of, from_line
from files.readers.encoding import Encoding, find_encoding, is_utf8, legacy_encoding, looks_like_text, mostly_utf8
from files.readers.errors import Damaged, NotATable
from files.readers.fast import Run, clean_runs
from files.readers.findings import Findings, Outcome
from files.readers.flavours import is_maf, maf_version
from files.readers.layout import Layout, find_layout
from files.readers.lines import decoded, encoded_length, last_line_end, readable, whole_lines
from files.readers.lists import ListTaker, find_list
from files.readers.names import column_names
from files.readers.parts import TableWriter
from files.readers.remarks import describe, warn_of_layout
from files.readers.scan import Dialect, Record, Scanner, line_ends
from files.readers.source import BLOCK, Source
from files.readers.taking import Taker

Report = Callable[[float, str, int], None]

REFERENCE_BYTES = 1 << 20  # read at once by the reference scanner, which makes objects of them
AROUND = 1 << 14  # bytes given to it for one record that is not clean, with what follows
SHORT_RUN = 16  # records; where runs are shorter on average, the scanner reads them all
CUT_OFF = "the file ends within this record"

_CUT_OFF = "The packed file is cut off or damaged here, so the record may be incomplete."
_LINE_END = re.compile(r"\r\n|\n|\r")


def read_table(source: Source, folder: Path, choices: Choices, report: Report) -> Outcome:
    """Reads a delimited text into `folder`/table and its rejects into `folder`/rejects.

    Raises NotATable where it is none. A packed file that breaks off keeps what came before (warning `truncated`).
    """
    head = source.head(source.limits.head_bytes + 1)
    complete = len(head) <= source.limits.head_bytes
    if not head:
        next(source.blocks(), b"")  # raises Damaged where that is why
        raise NotATable(f"The file is empty: the {source.compression} file holds 0 bytes.")
    head = head[: source.limits.head_bytes]
    if not choices.encoding and not looks_like_text(head):
        raise NotATable(
            "The file is binary: it holds bytes that stand in no text. Export the table as text, such as CSV."
        )
    encoding = find_encoding(head, choices.encoding)
    text, ends = _sample(head, encoding, complete)
    if not text.strip("\r\n\t \ufeff\0"):
        raise NotATable("The file is empty: it holds nothing but blanks.")
    layout = find_list(text, choices) or _table_layout(text, choices, complete)
    if layout.width > source.limits.columns:
        raise NotATable(f"The table has {layout.width:,} columns; the limit is {source.limits.columns:,}.")
    reading = _Reading(source, folder, encoding, layout, ends, report)
    reading.head = text
    reading.more_than_ascii = (
        not head.isascii()
    )  # then the encoding is told: what comes later is no reason to change it
    reading.header_said = choices.header
    reading.told_quote = choices.quote if choices.quote is not None else reading.quote
    return reading.run()


def _table_layout(text: str, choices: Choices, complete: bool) -> Layout:
    table = from_line(text, choices.header_line, complete)
    dialect = dialect_of(text, table, choices, complete)
    if complete and not text.strip(dialect.delimiter + dialect.quote + "\r\n\t \ufeff"):
        raise NotATable("The file holds delimiters and no values.")
    return find_layout(
        table,
        dialect,
        complete=complete,
        header=choices.header,
        header_line=choices.header_line,
        comment=choices.comment,
    )


def _sample(head: bytes, encoding: Encoding, complete: bool) -> tuple[str, str]:
    data = head[encoding.mark :]
    text, _ = decoded(
        data[: len(data) // 4 * 4] if not complete and encoding.name.startswith("utf-") else data, encoding.name
    )
    if not complete:
        text = text[: max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1] or text
    pairs = text.count("\r\n")
    found = {"crlf": pairs, "lf": text.count("\n") - pairs, "cr": text.count("\r") - pairs}
    kinds = [name for name, count in found.items() if count]
    return text, kinds[0] if len(kinds) == 1 else "mixed" if kinds else "lf"


class _Reading:
    """One pass over the file, block by block: clean stretches as bytes, the others record by record."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        encoding: Encoding,
        layout: Layout,
        ends: str,
        report: Report,
        fast: bool = True,
    ):
        self.source, self.folder, self.encoding, self.layout = source, folder, encoding, layout
        self.ends, self.report = ends, report
        self.findings = Findings(folder / "rejects")
        self.quote = self.told_quote = self._needs_quote(layout.dialect)
        dialect = replace(layout.dialect, quote=self.quote)
        self.fast = fast and self._can_be_fast(dialect)
        self.writer = TableWriter(
            folder / "table",
            layout.width,
            delimiter=dialect.delimiter if self.fast else "\t",
            quoted=bool(self.quote) or not self.fast,
            quote=self.quote if self.fast and self.quote else '"',
        )
        self.taker = (ListTaker if layout.list_of else Taker)(self.findings, self.writer, layout)
        self.scanner = Scanner(dialect, layout.width, source.limits.cell_bytes)
        self.names, self.unnamed, self.repeated = column_names(list(map(readable, layout.names or [""] * layout.width)))
        self.line, self.offset = 1, 0  # of the next byte
        self.headers = 0
        self.header_said: bool | None = None  # by a person
        self.more_than_ascii = False
        self.header = ""  # as written
        self.head = ""  # the text that the layout was told from

    def _needs_quote(self, dialect: Dialect) -> str:
        """No quote where the whole of a plain file has none: each line is a record then."""
        if not dialect.quote or self.source.compression or not self.encoding.ascii_compatible:
            return dialect.quote
        mark = dialect.quote.encode()
        return dialect.quote if any(mark in block for block in self.source.blocks()) else ""

    def _can_be_fast(self, dialect: Dialect) -> bool:
        return (
            self.encoding.ascii_compatible
            and len(dialect.delimiter) == 1
            and dialect.delimiter.isascii()
            and not dialect.escape
            and not dialect.runs
            and self.layout.end_line is None
        )

    def run(self) -> Outcome:
        warn_of_layout(
            self.findings, self.layout, self.encoding, self.ends, self.unnamed, self.repeated, self.names, self.header_said
        )  # fmt: skip
        rest = self._read_blocks()
        if rest is not None:
            self._cut_off(rest)
        self.taker.release(at_end=not self.source.stopped)
        return self._outcome()

    def _read_blocks(self) -> bytes | None:
        """Reads to the end. Returns what is left of a file that breaks off, else None."""
        rest, before, size = b"", b"", 0
        waiting: list[bytes] = []  # behind `rest`
        blocks = self.source.blocks(8 * REFERENCE_BYTES if self.fast else REFERENCE_BYTES)
        pieces = whole_lines(
            _without_mark(blocks, self.encoding.mark), self.encoding.name, self.source.limits.record_bytes
        )
        self.offset = self.encoding.mark
        try:
            for piece in pieces:  # one is kept back: only the last may end without a line end
                waiting.append(before)
                size += len(before)
                # A cell that goes on is read again with all behind it: not with each of the small blocks of a packed file.
                if before and size >= min(len(rest), BLOCK):
                    rest = self._block(b"".join([rest, *waiting]), final=False)
                    waiting, size = [], 0
                before = piece
        except Damaged as error:
            self.findings.warn("truncated", str(error) + " The rows before it were read.", None)
            last = last_line_end(before, self.encoding.name)
            return self._block(b"".join([rest, *waiting, before[:last]]), final=False) + before[last:]
        # What a bounded reading has begun at its bound, and not ended, is no record of it.
        self._block(b"".join([rest, *waiting, before]), final=not self.source.stopped)
        return None

    def _block(self, data: bytes, *, final: bool) -> bytes:
        """Reads the records of `data`; returns the bytes of a quoted cell that goes on."""
        if shutil.disk_usage(self.folder).free < self.source.limits.free_disk_bytes:
            raise NotATable("Reading stopped: the disk is almost full. Ask the administrator to make room.")
        self.report(self.source.fraction, f"Reading rows: {self.writer.count:,} so far", self.writer.count)
        begin = 0
        if self.line < self.layout.first_line and not self.headers:
            begin = self._begin(data, final)
            if self.line < self.layout.first_line and not self.headers:
                return data[begin:]
        self._watch_encoding(data)
        if self.fast and (done := self._fast(data, begin, final)) is not None:
            return data[done:]
        while begin < len(data):
            done = self._reference(data, begin, len(data), final=final)
            if done == begin:
                break
            begin = done
        return data[begin:]

    def _begin(self, data: bytes, final: bool) -> int:
        """Counts what stands before the table, by line, and takes the header. Returns how far it came."""
        text, _ = decoded(data, self.encoding.name)
        top = self.layout.header_line or self.layout.first_line
        at = 0
        while self.line < top and at < len(text):
            stop = _end_of_line(text, at)
            if text[at:stop].strip():
                self.taker.seen += 1
                self.findings.skipped += 1
            self.line += 1
            at = stop
        if self.line == self.layout.header_line and at < len(text):
            begin = at
            for record in self.scanner.records(text[begin:], self.line, final=final):
                if self.headers and not (self.layout.two_lines and record.line < self.layout.first_line):
                    break
                if self.headers:  # its second line
                    self.findings.skipped += 1
                else:
                    self.header = text[begin + record.start : begin + record.end] if any(record.cells) else ""
                stop = _end_of_line(text, begin + record.end)
                self.line += line_ends(text[at:stop])
                at = stop
                self.taker.seen += 1
                self.headers = 1
        done = encoded_length(text[:at], self.encoding.name)
        self.offset += done
        return done

    def _watch_encoding(self, data: bytes) -> None:
        """Changes a guess that the bytes contradict. All before was ASCII, so that nothing has been misread."""
        if self.encoding.name != "utf-8" or self.encoding.why != "decodes" or data.isascii():
            return
        if not self.more_than_ascii and not is_utf8(data) and not mostly_utf8(data):
            self.encoding = replace(legacy_encoding(data), mark=self.encoding.mark)
            self.fast = self.fast and self.encoding.ascii_compatible
            self.findings.warn(
                "encoding", f"The file is read as {self.encoding.name} from here on: it is not UTF-8.", self.line
            )
        self.more_than_ascii = True

    def _fast(self, data: bytes, begin: int, final: bool) -> int | None:
        """Reads clean runs as they are. Returns how far, or None where the block is for the reference scanner."""
        if not data.endswith(b"\n"):
            return None
        if self.header and self.layout.width > 2:
            header = self.header.encode(self.encoding.name, "replace")
            if data.startswith(header, begin) or data.find(b"\n" + header, begin) >= 0:
                return None  # the header comes again: it is no row
        if data.isascii():
            return self._runs(data, begin, final)
        text, is_text = decoded(data, self.encoding.name)
        if not is_text:
            return None
        if self.encoding.name == "utf-8":
            return self._runs(data, begin, final)
        utf8 = text.encode()  # of an encoding with one byte a character: places are numbers of characters
        return len(utf8[: self._runs(utf8, len(text[:begin].encode()), final)].decode())

    def _runs(self, data: bytes, begin: int, final: bool) -> int:
        """Reads UTF-8 that ends with a line end, from `begin` on; returns how far."""
        dialect = self.layout.dialect
        mark, comment, quote = dialect.delimiter.encode(), dialect.comment.encode() or None, self.quote.encode() or None
        around = AROUND
        while begin < len(data):
            runs = clean_runs(data, delimiter=mark, quote=quote, comment=comment, width=self.layout.width, begin=begin)
            if len(runs) * SHORT_RUN > sum(run.records for run in runs):
                begin = self._reference(data, begin, runs[-1].end if runs else begin, final=False, utf8=True)
            else:
                begin = self._clean_and_other(data, runs, begin)
            if begin == len(data):
                break
            # What broke the runs, with some lines behind it.
            stop = data.find(b"\n", min(begin + around, len(data) - 1)) + 1
            done = self._reference(data, begin, stop, final=final and stop == len(data), utf8=True)
            if done == begin and stop == len(data):
                break
            begin, around = done, around * 4 if done == begin else AROUND
        return begin

    def _clean_and_other(self, data: bytes, runs: list[Run], begin: int) -> int:
        """Takes clean runs as bytes, the others by the scanner; returns how far."""
        single = self.encoding.name != "utf-8"
        for run in runs:
            if not run.clean or run.longest > self.source.limits.cell_bytes:
                begin = self._reference(data, run.begin, run.end, final=False, utf8=True)
                if begin < run.end:
                    return begin
                continue
            self.taker.release()
            self.writer.add_run(self.line, data, run)
            self.taker.seen += run.records
            self.line += run.lines
            self.offset += len(data[run.begin : run.end].decode()) if single else run.end - run.begin
            begin, self.taker.last_line = run.end, self.line - 1
        return begin

    def _reference(self, data: bytes, begin: int, end: int, *, final: bool, utf8: bool = False) -> int:
        """Reads data[begin:end] record by record; returns how far. With `utf8` the bytes are no longer the file's."""
        piece = data[begin:end] if begin or end < len(data) else data
        stored = "utf-8" if utf8 else self.encoding.name
        text, _ = decoded(piece, stored)
        place = _Place(text, self.offset, self.encoding.name, self.header)
        for record in self.scanner.records(text, self.line, final=final):
            self.taker.take(record, place)
        self.line += self.scanner.lines
        done = text[: self.scanner.consumed]
        self.offset += encoded_length(done, self.encoding.name)
        return begin + encoded_length(done, stored)

    def _cut_off(self, rest: bytes) -> None:
        if rest:
            self.taker.release()
            self.taker.seen += 1
            text = readable(decoded(rest, self.encoding.name)[0]).rstrip("\r\n")
            self.findings.reject(self.line, self.offset, CUT_OFF, _CUT_OFF, text)

    def _outcome(self) -> Outcome:
        for kind, message in self.source.notes:  # some are found at the file's end
            self.findings.warn(kind, message)
        rows = self.writer.close()
        if not rows and not self.findings.rejected:
            self.findings.warn("no_rows", "The file names columns and holds no rows.", self.layout.header_line)
        self.findings.close()
        counted = rows + self.findings.rejected + self.findings.skipped + self.headers
        if counted != self.taker.seen:
            raise RuntimeError(f"{self.taker.seen} records were seen, but {counted} are accounted for")
        name = self._format()
        version = {"version": maf_version(self.head)} if name == "maf" else {}
        return Outcome(
            format=name,
            rows=rows,
            rejected=self.findings.rejected,
            skipped=self.findings.skipped,
            padded=self.taker.padded,
            columns=[{"name": name, "type": "text"} for name in self.names],
            reading=describe(self.source, self.encoding, self.layout, self.told_quote, self.ends) | version,
            warnings=self.findings.warnings,
            reasons=self.findings.reasons,
            complete=not self.source.stopped,
        )

    def _format(self) -> str:
        if self.layout.list_of:
            return "list"
        if self.layout.header_line and is_maf(self.names):
            return "maf"
        return "tsv" if self.layout.dialect.delimiter == "\t" else "csv"


class _Place:
    """Where the records of one piece of text stand in the file."""

    def __init__(self, text: str, offset: int, encoding: str, header: str):
        self._text, self._offset, self._encoding, self._header = text, offset, encoding, header

    def text(self, record: Record) -> str:
        return readable(self._text[record.start : record.end])

    def offset(self, record: Record) -> int:
        return self._offset + encoded_length(self._text[: record.start], self._encoding)

    def last_line(self, record: Record) -> int:
        return record.line + line_ends(self._text[record.start : record.end])

    def is_header(self, record: Record) -> bool:
        return self._text[record.start : record.end] == self._header


def _end_of_line(text: str, at: int) -> int:
    """Behind the line end that comes next, or the text's end."""
    found = _LINE_END.search(text, at)
    return found.end() if found else len(text)


def _without_mark(blocks: Iterator[bytes], mark: int) -> Iterator[bytes]:
    for block in blocks:
        yield block[mark:]
        mark = max(0, mark - len(block))
