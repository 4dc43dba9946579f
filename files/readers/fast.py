"""The records of a block of bytes without a Python loop over lines: spans that DuckDB reads as they are, and the rest.

Only what is beyond doubt is called clean. Everything else goes to the record scanner, which knows every dialect.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from files.readers.scan import EVIDENCE, PROSE_EVIDENCE, ROWS_SHARE

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

LF, CR = 0x0A, 0x0D
WINDOW = 1 << 20  # bytes judged at once: they fit the processor's cache, and bound the memory of positions
FIRST_WINDOW = 1 << 14  # of a quoted block, growing: a block whose quotes break every few lines is not read in squares
MOST_MARKS = 2_000_000  # quotes, delimiters and line ends whose positions are held at once


@dataclass(frozen=True)
class Run:
    """Bytes `begin` to `end` of the block: whole records that are all clean, or all not."""

    begin: int
    end: int
    clean: bool
    records: int
    lines: int  # physical; more than `records` where a quoted cell holds line ends
    longest: int  # bytes of the longest record, its line end included
    crlf: bool = False  # some record ends with \r\n
    ends: Positions | None = field(default=None, compare=False, repr=False)  # of each record of a clean run with
    # more lines than records, in the block


@dataclass
class _Records:
    """Records of a window: `ends` (behind the line end, from the window's begin), cells and physical lines of each."""

    ends: Positions
    cells: Positions
    lines: Positions | None = None  # None: one each
    marks: Positions | None = None  # delimiters of each, those within quotes too; where `lines` is not None
    quotes: Positions | None = None  # where the quote characters are; None: nowhere
    broken: bool = False  # what follows the last record breaks the rules of quoting


def clean_runs(
    data: bytes, *, delimiter: bytes, quote: bytes | None, comment: bytes | None, width: int, begin: int = 0
) -> list[Run]:
    """Consecutive spans of `data` from `begin` on, where a record begins. `data` is UTF-8 and ends with a line end.

    A clean span holds one or more records of exactly `width` cells that `TableWriter.add_run` takes as they are. A
    record is not clean where it has another width, is blank, has only empty cells, begins with `comment`, holds a
    NUL or a `\\r` without a `\\n` behind it, or where it may be several rows that a stray quote holds together.
    `delimiter` and `quote` are single bytes; the quote is doubled inside a quoted cell.

    Without `quote` the spans cover all of `data`. With it, the list ends early, before the record with a quote that
    neither encloses a cell nor is doubled inside one, before a comment with a quote, or before a quoted cell that is
    still open at the end of `data`: where the records behind it begin is for the record scanner to say, and whoever
    asked asks again from there on (`begin`). An empty list says that the first record is of that kind.
    """
    if begin < len(data) and not data.endswith(b"\n"):
        raise ValueError("a block of records ends with a line end")
    runs: list[Run] = []
    size = WINDOW if quote is None else FIRST_WINDOW
    while begin < len(data):
        end = _window_end(data, begin, size)
        window = np.frombuffer(data, np.uint8, end - begin, begin)
        if quote is None or data.find(quote, begin, end) < 0:
            records = _unquoted(window, delimiter[0])
        else:
            records = _quoted(window, delimiter[0], quote[0])
        stop = _cut_at_comment(window, records, comment) or records.broken
        if len(records.ends):
            _append(runs, begin, _judge(window, records, delimiter, comment, width))
            begin += int(records.ends[-1])
        if stop or (not len(records.ends) and end == len(data)):
            break
        if quote is not None:
            size = min(size * 4, WINDOW) if len(records.ends) else max(size, end - begin) * 2
    return runs


def _window_end(data: bytes, begin: int, size: int) -> int:
    """Behind a line end about `size` bytes away."""
    if begin + size >= len(data):
        return len(data)
    return (data.rfind(b"\n", begin, begin + size) + 1) or data.index(b"\n", begin + size) + 1


def _unquoted(window: NDArray[np.uint8], delimiter: int) -> _Records:
    line_end = window == LF
    is_mark = line_end | (window == delimiter)
    marks = np.count_nonzero(is_mark)
    if marks > MOST_MARKS:  # more than a window of one byte a mark: a single line
        return _Records(np.array([len(window)]), np.array([marks]))
    separators = np.flatnonzero(is_mark)
    last = np.flatnonzero(line_end[separators])
    return _Records(separators[last] + 1, np.diff(last, prepend=-1))


def _quoted(window: NDArray[np.uint8], delimiter: int, quote: int) -> _Records:
    """Records up to the first breach of the quoting; a record whose quote is still open is left out."""
    is_mark = (window == quote) | (window == LF) | (window == delimiter)
    if np.count_nonzero(is_mark) > MOST_MARKS:  # a window that had to grow: one cell holds most of them
        return _Records(np.array([], np.int64), np.array([], np.int64), broken=True)
    marks = np.flatnonzero(is_mark)
    kinds = window[marks]
    is_quote = kinds == quote
    inside = np.bitwise_and(
        np.cumsum(is_quote, dtype=np.uint8), 1, dtype=np.uint8
    )  # behind the mark; a sum that wraps keeps its parity
    breach = _first_breach(window, marks, is_quote, inside)
    if breach is not None:
        marks, kinds, inside, is_quote = marks[:breach], kinds[:breach], inside[:breach], is_quote[:breach]
    outer = np.flatnonzero((inside == 0) & ~is_quote)
    last = np.flatnonzero(kinds[outer] == LF)
    ends = marks[outer[last]] + 1
    line_ends = np.flatnonzero(kinds == LF)
    behind = np.searchsorted(line_ends, outer[last], side="right")
    lines = np.diff(behind, prepend=0) if len(ends) and behind[-1] > len(ends) else None
    held = None
    if lines is not None:
        held = np.diff(np.searchsorted(marks[kinds == delimiter], ends), prepend=0)
    return _Records(ends, np.diff(last, prepend=-1), lines, held, marks[is_quote], breach is not None)


def _first_breach(
    window: NDArray[np.uint8], marks: Positions, is_quote: Flags, inside: NDArray[np.uint8]
) -> int | None:
    """Place in `marks` of the first quote out of place: an opening one behind text, a closing one before text.

    A doubled quote is a closing one next to an opening one, and a delimiter, a line end or the begin of the window
    beside a quote is a mark too: so each opening quote touches the mark before it, each closing one that behind it.
    """
    touches = np.empty(len(marks) + 1, np.bool_)  # touches[i]: mark i and the one before it are neighbours
    touches[0], touches[-1] = marks[0] == 0, False
    np.equal(np.diff(marks), 1, out=touches[1:-1])
    opening = inside == 1
    suspects = np.flatnonzero(is_quote & ~np.where(opening, touches[:-1], touches[1:]))
    if len(suspects) and (window[marks[suspects] + 1] == CR).any():  # the window's last byte is a line end
        before_crlf = (window[marks[suspects] + 1] == CR) & ~opening[suspects]
        before_crlf &= window[np.minimum(marks[suspects] + 2, len(window) - 1)] == LF
        suspects = suspects[~before_crlf]
    return int(suspects[0]) if len(suspects) else None


def _comments(window: NDArray[np.uint8], ends: Positions, comment: bytes) -> Positions:
    """Which records begin with `comment`."""
    starts = np.concatenate(([0], ends[:-1]))
    found = np.flatnonzero(window[starts] == comment[0])
    for place, byte in enumerate(comment[1:], start=1):
        found = found[window[np.minimum(starts[found] + place, len(window) - 1)] == byte]
    return found


def _cut_at_comment(window: NDArray[np.uint8], records: _Records, comment: bytes | None) -> bool:
    """Takes out what follows the first comment with a quote: in a comment a quote encloses nothing."""
    if not comment or records.quotes is None or not len(records.ends):
        return False
    found = _comments(window, records.ends, comment)
    starts = np.where(found > 0, records.ends[found - 1], 0)
    counts = np.searchsorted(records.quotes, records.ends[found]) - np.searchsorted(records.quotes, starts)
    found = found[counts > 0]
    if not len(found):
        return False
    first = int(found[0])
    records.ends, records.cells = records.ends[:first], records.cells[:first]
    records.lines = None if records.lines is None else records.lines[:first]
    records.marks = None if records.marks is None else records.marks[:first]
    return True


def _judge(
    window: NDArray[np.uint8], records: _Records, delimiter: bytes, comment: bytes | None, width: int
) -> list[Run]:
    ends = records.ends
    lengths = np.diff(ends, prepend=0)
    texts = lengths - 1
    bad, crlf = _carriage_returns(window, records)
    if crlf is not None:
        texts -= crlf
    clean = (records.cells == width) & (texts >= width)  # fewer bytes: nothing but delimiters
    if width == 1:  # a line of blanks is for the scanner to judge
        first = window[np.concatenate(([0], ends[:-1]))]
        clean &= (first != 0x20) & (first != 0x09)
    if comment:
        clean[_comments(window, ends, comment)] = False
    clean[bad] = False
    if records.lines is not None and records.marks is not None:
        # As scan.says_rows() has it, but for the share: any record that the scanner may see as several rows is its own.
        evidence = (records.lines - 1) * (width - 1) ** 2
        says_rows = evidence >= (EVIDENCE if delimiter in b"\t|" else PROSE_EVIDENCE)
        clean &= ~says_rows | (records.marks < ROWS_SHARE * (width - 1) * records.lines) | (records.lines == 1)
    if not window.all():
        nuls = np.searchsorted(ends, np.flatnonzero(window == 0), side="right")
        clean[nuls[nuls < len(ends)]] = False
    return _runs(clean, lengths, records, crlf)


def _carriage_returns(window: NDArray[np.uint8], records: _Records) -> tuple[Positions, Flags | None]:
    """Which records hold a lone CR, which ends a physical line, and which end with \\r\\n (None: no record does)."""
    found = np.flatnonzero(window == CR)
    ends = records.ends
    found = found[found < ends[-1]]
    if not len(found):
        return found, None
    in_pair = window[found + 1] == LF
    lone, pairs = found[~in_pair], found[in_pair]
    if records.quotes is not None:
        pairs = pairs[np.searchsorted(records.quotes, pairs) & 1 == 0]
    crlf = None
    if len(pairs):
        crlf = np.zeros(len(ends), np.bool_)
        crlf[np.searchsorted(ends, pairs, side="right")] = True
    return np.searchsorted(ends, lone, side="right"), crlf


def _runs(clean: Flags, lengths: Positions, records: _Records, crlf: Flags | None) -> list[Run]:
    firsts = np.concatenate(([0], np.flatnonzero(clean[1:] != clean[:-1]) + 1))
    longest = np.maximum.reduceat(lengths, firsts).tolist()
    has_crlf = [False] * len(firsts) if crlf is None else np.logical_or.reduceat(crlf, firsts).tolist()
    counts = np.diff(firsts, append=len(clean)).tolist()
    lines = counts if records.lines is None else np.add.reduceat(records.lines, firsts).tolist()
    begins = np.concatenate(([0], records.ends[firsts[1:] - 1])).tolist()
    stops = [*begins[1:], int(records.ends[-1])]
    made = []
    for n, first in enumerate(firsts.tolist()):
        kind = bool(clean[first])
        ends = records.ends[first : first + counts[n]] if kind and lines[n] > counts[n] else None
        made.append(Run(begins[n], stops[n], kind, counts[n], lines[n], longest[n], has_crlf[n], ends))
    return made


def _append(runs: list[Run], begin: int, found: list[Run]) -> None:
    """Runs of a window that begins at `begin`, joined to those before."""
    for run in found:
        ends = None if run.ends is None else run.ends + begin
        run = replace(run, begin=run.begin + begin, end=run.end + begin, ends=ends)
        last = runs[-1] if runs else None
        if last and last.clean == run.clean and last.ends is None and ends is None:
            runs[-1] = Run(
                last.begin,
                run.end,
                run.clean,
                last.records + run.records,
                last.lines + run.lines,
                max(last.longest, run.longest),
                last.crlf or run.crlf,
            )
        else:
            runs.append(run)
