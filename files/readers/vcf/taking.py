"""Data lines, block after block: clean ones by a pattern, the others carefully, each counted once."""

import re
from collections.abc import Callable, Iterator

from files.readers.findings import Findings
from files.readers.parts import TableWriter
from files.readers.vcf.header import NAMES_LINE, Header
from files.readers.vcf.lines import LineReader
from files.readers.vcf.patterns import Patterns

WINDOW = 8 * 1024  # bytes that are tried as UTF-8 at once
Match = Callable[[bytes, int], re.Match[bytes] | None]


class DataLines:
    """Takes blocks of whole lines. `line` is the physical line taken last, from 1."""

    def __init__(
        self, header: Header, reader: LineReader, patterns: Patterns, table: TableWriter, findings: Findings, line: int
    ):
        self._header, self._reader, self._patterns = header, reader, patterns
        self._table, self._findings = table, findings
        self.line = line
        self.blank = self.skipped = 0
        self._blank_since: list[int] = []  # blank lines that no line has followed yet
        self._foreign = 0  # line of column names, other than the header's, under which the lines stand
        self._usual: list[Match] = []  # of one or two patterns, the one that fits more lines first
        self._has_rest = patterns.rest_tabs >= 0
        self._run: list[bytes] = []  # records of consecutive lines, the last of which is self.line

    def take(self, offset: int, data: bytes, begin: int) -> None:
        """The lines of `data` from `begin` on; `offset` is where `data` begins in the unpacked file."""
        for first, end, is_utf8 in spans(data, begin):
            if is_utf8:
                self._take_span(offset, data, first, end)
            else:
                self._take_carefully(offset + first, data[first : end - 1])
        self._end_run()

    def cut_off(self, offset: int, rest: bytes) -> None:
        """The last line, of which only `rest` is left."""
        self._next_line()
        reason = "The file breaks off in this line."
        self._findings.reject(self.line, offset, "cut off", reason, self._reader.decode(self.line, rest))

    def _take_span(self, offset: int, data: bytes, at: int, end: int) -> None:
        """Whole lines of UTF-8: by the two patterns that fitted last, or by another, or carefully."""
        while at < end:
            if self._usual and not self._foreign:
                at = self._take_clean(data, at, end)
                if at >= end:
                    return
            stop = data.index(b"\n", at)
            line = data[at:stop]
            fitting = None if self._foreign else self._find_pattern(line, data, at)
            if fitting:
                self._usual = [*self._usual[:1], fitting]
            else:
                self._take_carefully(offset + at, line)
                at = stop + 1

    def _find_pattern(self, line: bytes, data: bytes, at: int) -> Match | None:
        for pattern in self._patterns.candidates(line):
            found = pattern.match(data, at)
            if found and not (self._has_rest and not self._patterns.is_clean_rest(found[pattern.groups])):
                return pattern.match
        return None

    def _take_clean(self, data: bytes, at: int, end: int) -> int:
        """Takes lines as long as the usual patterns match; returns where the first other one begins. The inner loop."""
        first, second = self._usual[0], self._usual[-1]
        flags, tail, has_rest = self._patterns.flags, self._patterns.tail, self._has_rest
        is_clean_rest = self._patterns.is_clean_rest
        records: list[bytes] = []
        take, join = records.append, b"\t".join
        by_second = 0
        while at < end:
            if not (found := first(data, at)):
                if not (found := second(data, at)):
                    break
                by_second += 1
            cells = list(found.groups(b""))
            if has_rest and not is_clean_rest(cells[-1]):
                break
            for flag in flags:
                if cells[flag]:
                    cells[flag] = b"true"
            take(join(cells) + tail)
            at = found.end()
        if records:
            self._settle_blank()
            self.line += len(records)
            self._run += records
        if by_second * 2 > len(records):
            self._usual.reverse()
        return at

    def _take_carefully(self, offset: int, raw: bytes) -> None:
        raw = raw.rstrip(b"\r")  # `\r\r\n` is what a text mode makes of `\r\n`
        if not raw.strip():
            self._end_run()
            self.line += 1
            self.blank += 1
            self._blank_since.append(self.line)
        elif raw.startswith(b"#"):
            self._next_line()
            self._skip(raw)
        elif self._foreign:
            self._next_line()
            reason = f"Line {self._foreign} names other columns than the header: another VCF begins there."
            text = self._reader.decode(self.line, raw)
            self._findings.reject(self.line, offset, "under other column names", f"{reason} Upload it by itself.", text)
        elif record := self._reader.read(self.line + 1, offset, raw):
            self._settle_blank()
            self.line += 1
            self._run.append(record)
        else:
            self._next_line()

    def _next_line(self) -> None:
        """Of a line that is no row."""
        self._end_run()
        self._settle_blank()
        self.line += 1

    def _settle_blank(self) -> None:
        """Blank lines at the very end are no finding; those before a line are."""
        if self._blank_since:
            count, first = len(self._blank_since), self._blank_since[0]
            self._findings.warn("blank line", "Blank lines were passed over; they are no records.", first, count)
            self._blank_since = []

    def _skip(self, raw: bytes) -> None:
        """A line of # among the data. Under another list of columns, what follows would be misread."""
        text = self._reader.decode(self.line, raw)
        self.skipped += 1
        if NAMES_LINE.match(text):
            self._foreign = self.line if self._names_others(text) else 0
        sentence = "Lines that begin with # stand among the data; they were skipped."
        self._findings.warn("# among the data", sentence, self.line)

    def _names_others(self, text: str) -> bool:
        if self._header.has_names:
            return text.split() != self._header.names_line.split()
        return len(text.split()) != 8 + len(self._header.behind_info)

    def _end_run(self) -> None:
        if self._run:
            first = self.line - len(self._run) + 1
            self._table.add_lines(first, b"".join(self._run), len(self._run), max(map(len, self._run)))
            self._run = []


def spans(data: bytes, begin: int) -> Iterator[tuple[int, int, bool]]:
    """Whole lines from `begin` on: spans of UTF-8 (True), and each line that is not, alone (False)."""
    if data.isascii():
        yield begin, len(data), True
        return
    view, at = memoryview(data), begin
    while at < len(data):
        # In windows: Python makes room for the whole text before it meets the first wrong byte.
        end = data.rfind(b"\n", at, at + WINDOW) + 1 or data.index(b"\n", at) + 1
        try:
            str(view[at:end], "utf-8")
            at = end
        except UnicodeDecodeError as error:
            wrong = at + error.start
            first = max(data.rfind(b"\n", at, wrong) + 1, at)
            if first > begin:
                yield begin, first, True
            begin = at = data.index(b"\n", wrong) + 1
            yield first, begin, False
    if begin < len(data):
        yield begin, len(data), True
