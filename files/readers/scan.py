"""The reference record scanner: where each record of a text begins and what its cells are, for any dialect.

It is strict first and lenient where strict reading fails, and never lets one quote swallow what follows: see _Quoted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_LINE_END = re.compile(r"(\r\n|\n|\r)")
_UNREADABLE = re.compile("[\0\udc00-\udcff]")

STRAY = "stray quote"
NEVER_CLOSED = "quote never closed"
COMMENT = "comment"
NUL = "NUL byte"
ENCODING = "not in the file's encoding"
TOO_LONG = "cell too long"


# A quoted cell over lines that look like rows themselves was most likely opened by a stray quote. How much the lines say:
ROWS_SHARE = 0.8  # of the lines that are rows by themselves; all of them where there are few
FEW_LINES = 10
MOST_CELLS = 16  # beyond twice the width, or over lines where the width is not known: a record with more is none
PROSE_EVIDENCE, EVIDENCE = 20, 4


def says_rows(lines: int, width: int, delimiter: str) -> bool:
    """Whether it is no accident that `lines` lines of one record have each the delimiters of a whole row.

    Commas and the like stand in written text, tabs and bars hardly ever do.
    """
    return (lines - 1) * (width - 1) ** 2 >= (EVIDENCE if delimiter in "\t|" else PROSE_EVIDENCE)


@dataclass(frozen=True)
class Dialect:
    delimiter: str  # one or more characters; "" where the table has one column
    quote: str = '"'  # one character; "" where quotes are ordinary characters
    escape: str = ""  # a backslash where it stands before a quote inside quotes; a doubled quote is one anyhow
    runs: bool = False  # several delimiters in a row are one (columns aligned with blanks)
    comment: str = ""  # lines that begin so and have not the table's width are comments
    comment_always: bool = False  # they are, whatever their width: a person said so
    quote_always: bool = False  # what quotes enclose is one cell, whatever its lines look like: a person said so


# How far a cell may go that is not quoted by the strict rule, tried in this order until the width is right:
NEAR = 0  # to a quote before a delimiter, with no delimiter between it and the first quote that was not doubled
ACROSS = 1  # over such delimiters too
FIRST = 2  # to the first quote before a delimiter, doubled or not: quotes inside were never escaped


class Record(NamedTuple):
    """`start` and `end` are places in the text given to the scanner, without the line end."""

    line: int  # physical, from 1
    start: int
    end: int
    cells: list[str | None]  # nothing is None, `""` an empty text
    remark: str  # "" or what is odd: STRAY is still a row; the others are none


class Scanner:
    """Feeds on pieces of text that end with a line end, but for the last.

    After a round through records(), `consumed` characters and `lines` line ends are done; the rest of the piece
    belongs to a quoted cell that goes on: give it again, with more behind it.
    """

    def __init__(self, dialect: Dialect, width: int | None = None, longest_cell: int = 1 << 24):
        self.dialect, self.width, self.longest_cell = dialect, width, longest_cell
        self.consumed = self.lines = 0
        self._quoted = _Quoted(dialect, width) if dialect.quote else None
        runs = f"(?:{re.escape(dialect.delimiter)})+" if dialect.runs else ""
        self._runs = re.compile(runs) if runs else None

    def records(self, text: str, line: int, *, final: bool) -> Iterator[Record]:
        """The records of `text`, whose first line is `line`. Empty lines are none; delimiters alone are nulls."""
        pieces, widths = _lines(text)
        unreadable = _UNREADABLE.search(text) is not None
        quote, comment = self.dialect.quote, self.dialect.comment
        index, start, first = 0, 0, line
        count = len(pieces) if pieces[-1] else len(pieces) - 1
        while index < count:
            piece = pieces[index]
            taken, end, remark = 1, start + len(piece), ""
            cells: list[str | None] | None = None
            if comment and piece.startswith(comment) and self._is_comment(piece):
                cells, remark = [piece], COMMENT
            elif quote and quote in piece:
                assert self._quoted is not None
                found = self._quoted.read(text, start, end, final=final, longest=self.longest_cell)
                if found is None:
                    break
                cells, end, taken, remark = found
            elif piece and (piece.strip(" \t") or self._has_delimiter(piece)):
                cells = self.split(piece)
            if cells is not None:
                if unreadable and (bad := _UNREADABLE.search(text, start, end)):
                    remark = NUL if bad[0] == "\0" else ENCODING
                elif end - start > self.longest_cell and max(len(cell or "") for cell in cells) > self.longest_cell:
                    remark = TOO_LONG
                yield Record(line, start, end, cells, remark)
            start = end + (widths if isinstance(widths, int) else widths[index + taken - 1])
            index += taken
            line += taken
        self.consumed, self.lines = min(start, len(text)), line - first

    def split(self, piece: str) -> list[str | None]:
        """The cells of a line without quotes."""
        if self._runs:
            return [cell or None for cell in self._runs.split(piece.strip(self.dialect.delimiter))]
        if not self.dialect.delimiter:
            return [piece or None]
        return [cell or None for cell in piece.split(self.dialect.delimiter)]

    def _has_delimiter(self, piece: str) -> bool:
        """Whether a line of blanks is a row of nulls of a table that is delimited with blanks."""
        return not self.dialect.runs and bool(self.dialect.delimiter) and self.dialect.delimiter in piece

    def _is_comment(self, piece: str) -> bool:
        always = self.width is None or self.dialect.comment_always or not self.dialect.delimiter
        return always or len(self.split(piece)) != self.width


def _lines(text: str) -> tuple[list[str], int | list[int]]:
    """The lines without their ends, and how long those are: one number where all are alike."""
    if "\r" not in text:
        return text.split("\n"), 1
    pairs = text.count("\r\n")
    if pairs == text.count("\r") == text.count("\n"):
        return text.split("\r\n"), 2
    parts = _LINE_END.split(text)
    return parts[::2], [len(end) for end in parts[1::2]] + [0]


class _Quoted:
    """Reads a record with quotes in it.

    Strict: a quoted cell opens after a delimiter (and blanks) and closes before the next one (and blanks) or the line's end.
    Where that fails, what a person would do:
    - a quote that looks like the opening one of a later cell makes the first an ordinary character (`,"6,"a, b",`);
    - quotes inside a quoted cell that nobody doubled stay (`"the "best" one",`);
    - a cell that opens and goes on over lines must close as the strict rule says and give the table's width, and its
      lines must not be rows themselves (an inch sign far below closes what a stray quote opened);
      else its line is read alone, with the quote as a character, and is no row where that has another width.
    """

    def __init__(self, dialect: Dialect, width: int | None):
        self.delimiter, self.quote, self.escape, self.width = dialect.delimiter, dialect.quote, dialect.escape, width
        self.runs, self.believed = dialect.runs, dialect.quote_always
        quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
        end = rf"(?={delimiter}|[\r\n]|\Z)" if dialect.delimiter else r"(?=[\r\n]|\Z)"
        blanks = "[" + "".join(b for b in " \t" if b not in dialect.delimiter) + "]*+"
        plain = rf"[^{quote}\\]*+" if dialect.escape else rf"[^{quote}]*+"
        pair = rf"(?:{quote}{quote}|\\.)" if dialect.escape else quote * 2
        self._cell = re.compile(rf"{blanks}{quote}({plain}(?:{pair}{plain})*){quote}{blanks}{end}", re.DOTALL)
        self._opened = re.compile(rf"{blanks}{quote}({plain}(?:{pair}{plain})*)", re.DOTALL)
        self._closing = re.compile(rf"{quote}{blanks}{end}")
        self._escaped = re.compile(rf"\\(.)|{quote}{quote}", re.DOTALL)

    def read(
        self, text: str, start: int, end: int, *, final: bool, longest: int
    ) -> tuple[list[str | None], int, int, str] | None:
        """Cells, end, lines and remark of the record whose first line is text[start:end]. None: more text is needed."""
        found = self._parse(text, start, end, over_lines=True)
        if found is None:  # a cell goes on to the end of the text
            if not final and len(text) - start <= longest:
                return None
        elif self._fits(text, found, start):
            return found
        alone = self._parse(text, start, end, over_lines=False)
        assert alone is not None
        # A whole record of another width is no row; nor are its halves, unless each line of it is one.
        whole = found and found[2] > 1 and not found[3] and not self._swallows(text, found, start)
        if found and whole and self._has_half_rows(text, start, found[1]):
            return found
        if self.width is None or len(alone[0]) == self.width:
            return alone
        if found is None or found[2] > 1:
            lenient = self._parse(text, start, end, over_lines=False, leniency=FIRST)
            if lenient and len(lenient[0]) == self.width:
                return lenient
            if found is not None and not self._swallows(text, found, start) and len(found[0]) <= self.width:
                return found
            return [text[start:end]], end, 1, NEVER_CLOSED
        for leniency in (ACROSS, FIRST):
            lenient = self._parse(text, start, end, over_lines=False, leniency=leniency)
            if lenient and len(lenient[0]) == self.width:
                return lenient
        return found

    def _fits(self, text: str, found: tuple[list[str | None], int, int, str], start: int) -> bool:
        cells, end, lines, remark = found
        if lines == 1:
            return self.width is None or len(cells) == self.width or not remark
        if self.width is None:
            return not remark
        return len(cells) == self.width and not remark and not self._joins_rows(text, start, end)

    def _joins_rows(self, text: str, start: int, end: int) -> bool:
        """Whether the lines of text[start:end] are too plainly rows of the table to be parts of one."""
        if self.believed or not self.delimiter or not self.width or self.width < 2:
            return False
        counts = [line.count(self.delimiter) + 1 for line in _lines(text[start:end])[0]]
        if not says_rows(len(counts), self.width, self.delimiter) or min(counts[0], counts[-1]) < self.width:
            return False
        return _are_rows(counts[1:-1], self.width)

    def _has_half_rows(self, text: str, start: int, end: int) -> bool:
        """Whether a line of text[start:end] is not of the table's width by itself."""
        if not self.delimiter or self.width is None:
            return True
        return any(line.count(self.delimiter) != self.width - 1 for line in _lines(text[start:end])[0])

    def _swallows(self, text: str, found: tuple[list[str | None], int, int, str], start: int) -> bool:
        """Whether whole records stand inside the lines of a cell: then its opening quote was a stray one."""
        if self.believed or not self.delimiter or not self.width or self.width < 2:
            return False
        inner = _lines(text[start : found[1]])[0][1:-1]
        least = 1 if self.width > 2 else 3
        return len(inner) >= least and _are_rows([line.count(self.delimiter) + 1 for line in inner], self.width)

    def _parse(
        self, text: str, start: int, end: int, *, over_lines: bool, leniency: int = NEAR
    ) -> tuple[list[str | None], int, int, str] | None:
        cells: list[str | None] = []
        at, lines, remark, step, over = start, 1, "", len(self.delimiter), 0
        while True:
            stop = end
            if found := self._cell.match(text, at, len(text) if over_lines else end):
                cells.append(self._plain(found[1]))
                at = found.end()
                if at > end:
                    over += 1
                    lines += line_ends(text[found.start() : at])
                    end = stop = _line_end(text, at)
            else:
                opened = self._opened.match(text, at, len(text) if over_lines else end)
                if opened and opened.end() == len(text) and over_lines:
                    return None
                cell, at, odd = self._odd_cell(text, at, end, leniency)
                cells.append(cell or None)
                remark = STRAY if odd else remark
            if at >= stop:
                return cells, end, lines, remark
            if over and (len(cells) > 2 * self.width + MOST_CELLS if self.width else over > MOST_CELLS):
                return cells, end, lines, STRAY  # quotes that open and close in turn to the end of the text
            at += step
            while self.runs and text.startswith(self.delimiter, at, end):
                at += step

    def _plain(self, cell: str) -> str:
        if self.escape:
            return (
                self._escaped.sub(lambda found: found[1] or self.quote, cell)
                if self.quote in cell or "\\" in cell
                else cell
            )
        return cell.replace(self.quote * 2, self.quote) if self.quote in cell else cell

    def _odd_cell(self, text: str, at: int, end: int, leniency: int) -> tuple[str, int, bool]:
        """A cell that is not quoted by the strict rule: its text, its end, and whether a quote is in it."""
        stop = text.find(self.delimiter, at, end) if self.delimiter else end
        stop = end if stop < 0 else stop
        opened = self._opened.match(text, at, end)
        if opened and leniency == FIRST and (closing := self._closing.search(text, opened.start(1), end)):
            return text[opened.start(1) : closing.start()], closing.end(), True
        if opened and (stray := opened.end()) < end:
            before = text[at:stray].rstrip(" ")
            closing = self._closing.search(text, stray + 1, end)
            opens_another = bool(self.delimiter) and before.endswith(self.delimiter)
            between = text[stray : closing.start()] if closing else ""
            if (
                closing
                and not opens_another
                and (leniency == ACROSS or not self.delimiter or self.delimiter not in between)
            ):
                return text[opened.start(1) : closing.start()].replace(self.quote * 2, self.quote), closing.end(), True
        cell = text[at:stop]
        return cell, stop, self.quote in cell


def _are_rows(counts: list[int], width: int) -> bool:
    """Whether lines with so many cells are rows, but for a few where they are many."""
    rows = counts.count(width)
    return rows == len(counts) or len(counts) > FEW_LINES and rows >= ROWS_SHARE * len(counts)


def line_ends(text: str) -> int:
    """How many physical lines end in it: with \\n, \\r\\n or a lone \\r, wherever they stand."""
    returns = text.count("\r")
    return text.count("\n") + (returns - text.count("\r\n") if returns else 0)


def _line_end(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.start() if found else len(text)
