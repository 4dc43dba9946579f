"""Lines taken out of an original as they were written: bytes, with their own line ends, nothing decoded or repaired."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from itertools import chain

# Also `\r\r\n`, which some editors leave behind, is one end.
LINE_END = r"\r*\n|\r"
# A carriage return at the end of a block may be half of an end: that is seen with the next block.
_END = re.compile(rb"\r*\n|\r(?!\r*\Z)")


class _Forward:
    """A stream of blocks, read once from its front; memory holds one block and what is left of the one before."""

    def __init__(self, blocks: Iterable[bytes]):
        self._blocks = iter(blocks)
        self._data, self._at, self._begin = b"", 0, 0  # _begin: offset of _data[0] in the stream

    def _more(self) -> bool:
        block = next(self._blocks, b"")
        self._begin += self._at
        self._data, self._at = self._data[self._at :] + block, 0
        return bool(block)

    def skip_to(self, offset: int) -> bool:
        """Goes on to this byte; False where the stream ends before it."""
        while offset >= self._begin + len(self._data):
            self._at = len(self._data)
            if not self._more():
                return False
        self._at = max(self._at, offset - self._begin)
        return True

    def line(self) -> Iterator[bytes]:
        """The rest of this line with its end, in pieces: a line may be longer than memory should hold."""
        while True:
            found = _END.search(self._data, self._at)
            if found:
                yield self._data[self._at : found.end()]
                self._at = found.end()
                return
            if whole := self._data[self._at :].rstrip(b"\r"):
                yield whole
                self._at += len(whole)
            if not self._more():
                if self._at < len(self._data):
                    yield self._data[self._at :]
                    self._at = len(self._data)
                return


def lines_at(blocks: Iterable[bytes], wanted: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """The lines that begin at these offsets, in pieces: (byte offset from 0, how many lines) each, offsets rising."""
    stream = _Forward(blocks)
    for offset, lines in wanted:
        if not stream.skip_to(offset):
            return
        for _ in range(lines):
            yield from stream.line()


def leading_lines(blocks: Iterable[bytes], mark: bytes, last: tuple[bytes, ...]) -> Iterator[bytes]:
    """Every line that begins with `mark`, to the one with a beginning of `last`, or to the first of data if none has.

    Blank lines between them are left out.
    """
    stream = _Forward(blocks)
    while first := _beginning(pieces := stream.line(), len(BOM_UTF8) + max(map(len, last))):
        text = first.removeprefix(BOM_UTF8)
        if text.startswith((mark, *last)):
            yield from chain([first], pieces)
            if text.startswith(last):
                return
        elif text.strip():
            return


def _beginning(pieces: Iterator[bytes], size: int) -> bytes:
    """At least the first `size` bytes, where there are so many."""
    found = b""
    while len(found) < size and (piece := next(pieces, b"")):
        found += piece
    return found
