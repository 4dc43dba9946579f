"""The unpacked bytes of a file as blocks of whole lines."""

from collections.abc import Iterator

from files.readers.errors import Damaged, NotATable
from files.readers.source import Source

BLOCK = 8 * 1024**2
BOM = b"\xef\xbb\xbf"


class LineBlocks:
    """Iterating gives (offset in the unpacked file, bytes that end with a line end), in order."""

    def __init__(self, source: Source, longest: int, size: int = BLOCK):
        self._source, self._longest, self._size = source, longest, size
        self.damage: Damaged | None = None  # where the file broke off: then `rest` is what the last line began with
        self.rest = b""
        self.rest_offset = 0
        self.has_bom = self.has_lone_returns = self.lacks_last_end = False

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        offset, rest = 0, b""
        try:
            for number, block in enumerate(self._blocks()):
                if number == 0:
                    block, offset = self._begin(block)
                if self.has_lone_returns:
                    block = block.replace(b"\r", b"\n")
                end = block.rfind(b"\n") + 1
                if not end:
                    rest += block
                    self._refuse_endless(offset, rest)
                    continue
                data = rest + block[:end] if rest else block[:end]
                rest = block[end:]
                yield offset, data
                offset += len(data)
        except Damaged as error:
            self.damage, self.rest, self.rest_offset = error, rest, offset
            return
        if rest:
            self.lacks_last_end = True
            yield offset, rest + b"\n"

    def _blocks(self) -> Iterator[bytes]:
        """The blocks of the source, the first so long that it tells a byte-order mark and the kind of line end: those
        of tiny gzip members are smaller."""
        blocks, first = self._source.blocks(self._size), b""
        try:
            for block in blocks:
                first += block
                if b"\n" in first[3:] or b"\r" in first[3:-1] or len(first) > self._longest:
                    break
        except Damaged:
            yield first
            raise
        yield first
        yield from blocks

    def _begin(self, block: bytes) -> tuple[bytes, int]:
        if block.startswith((b"\xff\xfe", b"\xfe\xff", b"#\0", b"\0#")):
            raise NotATable("The VCF is UTF-16 text. VCF files are UTF-8: save it as UTF-8 text and upload that.")
        self.has_lone_returns = b"\n" not in block and b"\r" in block
        self.has_bom = block.startswith(BOM)
        return (block[3:], 3) if self.has_bom else (block, 0)

    def _refuse_endless(self, offset: int, rest: bytes) -> None:
        if len(rest) > self._longest:
            raise NotATable(
                f"The line that begins at byte {offset:,} is longer than {self._longest:,} bytes. Lines of a VCF are"
                " shorter: the file is damaged or is no VCF."
            )
