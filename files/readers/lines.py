"""Blocks of bytes cut at line ends, and their text: the bytes that are no text of the encoding stay tellable."""

import codecs
import re
from collections.abc import Iterator

from files.readers.encoding import decode
from files.readers.errors import Damaged, NotATable

MARKED = "vardesk_marked"
_MARKS = re.compile("[\udc00-\udcff]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Each byte that is no text becomes a lone surrogate U+DC00 + byte, which no text holds."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARKED, _mark)


def decoded(data: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether every byte of it is text. Those that are none are marked: see _mark()."""
    try:
        return decode(data, encoding), True
    except UnicodeDecodeError:
        return data.decode(encoding, MARKED), False


def encoded_length(text: str, encoding: str) -> int:
    """How many bytes of the file a piece of decoded text is; a marked byte is one."""
    if encoding == "cp1252" or (text.isascii() and encoding[:6] not in ("utf-16", "utf-32")):
        return len(text)
    try:
        return len(text.encode(encoding))
    except UnicodeEncodeError:
        bare = _MARKS.sub("", text)
        return len(bare.encode(encoding)) + len(text) - len(bare)


def readable(text: str) -> str:
    """Text for people: what could not be decoded, and NUL, is shown as U+FFFD."""
    return _MARKS.sub("\ufffd", text).replace("\0", "\ufffd")


def whole_lines(blocks: Iterator[bytes], encoding: str, longest: int) -> Iterator[bytes]:
    """The bytes of `blocks` in pieces that end with a line end; the last may not. A \\r\\n is never cut.

    Raises NotATable where a line is longer than `longest` bytes, and Damaged as `blocks` does, behind the last piece.
    """
    parts: list[bytes] = []
    size = 0
    try:
        for block in blocks:
            if parts and encoding.startswith(("utf-16", "utf-32")):
                block = b"".join([*parts, block])
                parts, size = [], 0
            cut = last_line_end(block, encoding)
            if cut:
                yield b"".join([*parts, block[:cut]])
                parts, size, block = [], 0, block[cut:]
            if block:
                parts.append(block)
                size += len(block)
            if size > longest:
                said = f"A line of the file is longer than {longest:,} bytes: it is no table that can be read."
                raise NotATable(said)
    except Damaged:
        if parts:
            yield b"".join(parts)
        raise
    if parts:
        yield b"".join(parts)


def last_line_end(block: bytes, encoding: str) -> int:
    """Behind the last line end; 0: none. A \\r at the very end may be half of a \\r\\n, and is none yet."""
    unit = {"utf-16": 2, "utf-32": 4}.get(encoding[:6], 1)
    ends = [char.encode(encoding) for char in "\n\r"] if unit > 1 else [b"\n", b"\r"]
    for end, last in ((ends[0], len(block)), (ends[1], len(block) - unit)):
        at = block.rfind(end, 0, max(last, 0))
        while at >= 0 and at % unit:
            at = block.rfind(end, 0, at + unit - 1)
        if at >= 0:
            return at + unit
    return 0
