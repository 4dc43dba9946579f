"""A VCF from its first byte to Parquet and rejects. Every line is counted; a sum that does not add up raises."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from files.readers.errors import Damaged, NotATable
from files.readers.findings import Findings, Outcome
from files.readers.parts import TableWriter
from files.readers.source import Source
from files.readers.vcf.afterwards import check_written
from files.readers.vcf.blocks import LineBlocks
from files.readers.vcf.encoding import Decoder
from files.readers.vcf.header import NAMES_LINE, HeaderReader
from files.readers.vcf.layout import SAMPLE_COLUMNS, first_lines, lay_out, meet
from files.readers.vcf.lines import LineReader
from files.readers.vcf.patterns import WORTH, Patterns
from files.readers.vcf.taking import DataLines

HEADER_BYTES = 64 * 1024**2

Report = Callable[[float, str, int], None]


class Chosen(Protocol):
    @property
    def encoding(self) -> str | None: ...


def read_vcf(
    source: Source,
    folder: Path,
    choices: Chosen,
    report: Report,
    *,
    sample_columns: int = SAMPLE_COLUMNS,
    worth: int = WORTH,
) -> Outcome:
    """Reads `source` into `folder`/table and `folder`/rejects, by the column names `CHROM` ... `FILTER`, `INFO.KEY`,
    `FORMAT`, and `SAMPLE.KEY` or, where these were more than `sample_columns`, `SAMPLE`.

    Cells are the text as written, `.` too; INFO flags are "true"; null is what is not there. POS is 1-based, as in
    the file. `worth`: how many lines of a kind go the careful way before a pattern is made for them.
    Raises NotATable where no line can be read; ValueError, our fault, where the lines do not add up.
    """
    return _Reading(source, folder, choices, report, sample_columns, worth).run()


class _Reading:
    def __init__(self, source: Source, folder: Path, choices: Chosen, report: Report, sample_columns: int, worth: int):
        self._source, self._folder, self._report = source, folder, report
        self._sample_columns, self._worth = sample_columns, worth
        self._findings = Findings(folder / "rejects")
        self._decoder = Decoder(self._findings, choices.encoding)
        self._header_reader = HeaderReader(self._findings.warn)
        self._header_lines = 0  # physical lines down to the first data line
        self._header_taken = 0  # of these: header or blank
        self._header_bytes = self._crlf = 0
        self._blocks = LineBlocks(source, source.limits.record_bytes)
        self._data: DataLines | None = None

    def run(self) -> Outcome:
        whole = 0
        for offset, data in self._blocks:
            self._count_line_ends(whole, data)
            whole += data.count(b"\n")
            begin = 0 if self._data else self._take_header(offset, data)
            if begin < len(data):
                self._data = self._data or self._begin_data(data, begin)
                self._data.take(offset, data, begin)
            self._report(self._source.fraction, "Reading the VCF", self._table.count if self._data else 0)
        self._data = self._data or self._begin_data(b"", 0)
        if self._blocks.damage:
            whole += self._take_damage(self._blocks.damage)
        self._table.close()
        self._balance(whole)
        return self._outcome()

    def _take_header(self, offset: int, data: bytes) -> int:
        """Takes lines up to the first data line; returns where that begins in `data`."""
        at = 0
        names_at = data.rfind(b"\n#CHROM")
        while at < len(data):
            end = data.index(b"\n", at)
            raw = data[at:end].rstrip(b"\r")
            is_names = NAMES_LINE.match(raw[:64].decode("latin-1")) is not None
            if not raw.strip() or raw.startswith(b"#") or is_names:
                self._take_header_line(raw)
            elif names_at >= end and not self._header_reader.header.has_names and not looks_like_data(raw):
                self._reject_header_line(offset + at, raw)
            else:
                return at
            at = end + 1
        return at

    def _take_header_line(self, raw: bytes) -> None:
        self._header_lines += 1
        self._header_taken += 1
        self._header_bytes += len(raw)
        if self._header_bytes > HEADER_BYTES:
            raise NotATable(f"The header of the VCF is larger than {HEADER_BYTES:,} bytes, the limit of this version.")
        if raw.strip():
            self._header_reader.take(self._header_lines, self._decoder.decode(self._header_lines, raw))
        else:
            self._findings.warn("blank line", "Blank lines were passed over; they are no records.", self._header_lines)

    def _reject_header_line(self, offset: int, raw: bytes) -> None:
        """What stands above the column names and is neither header nor data: a header line broken in two, as a rule."""
        self._header_lines += 1
        text = self._decoder.decode(self._header_lines, raw)
        reason = "The line stands above the column names but does not begin with ##."
        self._findings.reject(self._header_lines, offset, "no header line", reason, text)

    def _begin_data(self, data: bytes, begin: int) -> DataLines:
        """Decides on the columns by the header and the first data lines."""
        met = meet(first_lines(data, begin))
        self._header = self._header_reader.finish(self._header_lines + 1, met.behind_info)
        self._layout = lay_out(self._header, met, self._sample_columns)
        if self._layout.width > (limit := self._source.limits.columns):
            raise NotATable(
                f"The VCF would become {self._layout.width:,} columns; the limit is {limit:,}. Take some of its samples,"
                " as with: bcftools view -s"
            )
        self._reader = LineReader(self._header, self._layout, self._findings, self._decoder)
        patterns = Patterns(self._header, self._layout, met, self._reader.clean_formats, self._worth)
        self._table = TableWriter(self._folder / "table", self._layout.width)
        return DataLines(self._header, self._reader, patterns, self._table, self._findings, self._header_lines)

    def _take_damage(self, damage: Damaged) -> int:
        """Keeps what came before the file broke off; a line that is not whole is a reject. Returns how many."""
        assert self._data
        if not self._header_reader.header.has_names and not self._table.count:
            raise NotATable(f"{damage} Not even its header is whole.")
        self._findings.warn("truncated", f"{damage} The lines before that were kept.", self._data.line)
        if not self._blocks.rest:
            return 0
        self._data.cut_off(self._blocks.rest_offset, self._blocks.rest)
        return 1

    def _balance(self, whole: int) -> None:
        assert self._data
        data, rows, rejected = self._data, self._table.count, self._findings.rejected
        accounted = self._header_taken + data.blank + data.skipped + rows + rejected
        if not whole == data.line == accounted:
            raise ValueError(f"the file has {whole} lines, {data.line} were taken, {accounted} are accounted for")

    def _outcome(self) -> Outcome:
        assert self._data
        findings = self._findings
        findings.skipped = self._data.skipped
        self._warn_of_the_file(self._data.line)
        empty = check_written(self._folder / "table", self._header, self._layout, findings.warn)
        columns = [column for column in self._layout.columns if column["at"] not in empty]
        if renamed := [column["name"] for column in columns if column["name"] in self._layout.renamed]:
            sentence = f"Columns would be called alike; they were numbered, as {renamed[0][:60]!r}."
            findings.warn("column names alike", sentence, None, len(renamed))
        findings.close()
        return Outcome(
            format="vcf",
            rows=self._table.count,
            rejected=findings.rejected,
            skipped=findings.skipped,
            padded=self._reader.padded,
            columns=columns,
            reading=self._how_read(self._data.line),
            warnings=findings.warnings,
            reasons=findings.reasons,
            header=self._header.as_dict(),
            complete=not self._source.stopped,
            types_told=True,
        )

    def _count_line_ends(self, lines_before: int, data: bytes) -> None:
        if found := data.count(b"\r\n"):
            if not self._crlf:
                first = lines_before + data.count(b"\n", 0, data.index(b"\r\n")) + 1
                self._findings.warn("line ends", "Lines end as in Windows (CR LF).", first, 0)
            self._crlf += found
            self._findings.warn("line ends", "", None, found)

    def _warn_of_the_file(self, lines: int) -> None:
        warn, blocks = self._findings.warn, self._blocks
        for kind, sentence in self._source.notes:
            warn(kind, sentence)
        if blocks.has_bom:
            warn("byte-order mark", "The file begins with a byte-order mark, which a VCF must not.", 1)
        if blocks.has_lone_returns:
            warn("line ends", "Lines end with CR alone, as on old Macs.", 1)
        if blocks.lacks_last_end:
            warn("no last line end", "The last line has no line end: the file may have been cut off there.", lines)

    def _how_read(self, lines: int) -> dict[str, Any]:
        whole = lines - bool(self._blocks.rest or self._blocks.lacks_last_end)
        ends = "LF" if not self._crlf else "CRLF" if self._crlf >= whole else "mixed"
        return {
            "compression": self._source.compression,
            "member": self._source.member,
            "encoding": self._decoder.used,
            "delimiter": "\t",
            "quote": "",
            "line_end": "CR" if self._blocks.has_lone_returns else ends,
            "header_lines": self._header_taken,
            "version": self._header.fileformat,
        }


def looks_like_data(raw: bytes) -> bool:
    cells = raw.split(b"\t", 8)
    return len(cells) >= 8 and cells[1].isdigit()
