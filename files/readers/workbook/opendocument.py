"""What calamine reads otherwise than spreadsheet programs do in an ODS, written so that it does not: tabs, line ends and
texts without a type, which it leaves out, and blanks between elements, which it takes for text."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from files.readers.workbook.packages import pieces

CONTENT = "content.xml"
KEPT = ("mimetype", "META-INF/manifest.xml")
_BREAK = re.compile(rb"<text:(tab|line-break)\b[^<>]*?(?:/>|></text:(?:tab|line-break)>)")
# Cells with a paragraph, whose attributes do not tell a type: texts to other programs.
_UNTYPED = re.compile(rb'(<table:table-cell(?:\s+(?!office:value-type=)[\w:-]+="[^"]*")*)\s*>(?=\s*<text:p\b)')
_BLANKS = re.compile(rb">\s+(?=<(?:text:p\b|/table:table-cell>))")
_BREAKS = {b"tab": b"\t", b"line-break": b"\n"}


def write_whole(path: Path, to: Path) -> bool:
    """The workbook at `path` as a new one of the same cells, where calamine would read it otherwise; memory holds a few
    rows. False where there is nothing to do, and for one that is damaged: calamine says of that."""
    try:
        with zipfile.ZipFile(path) as archive:
            if not any(one.search(piece) for piece in _content(archive) for one in (_BREAK, _UNTYPED, _BLANKS)):
                return False
            _write(archive, to)
            return True
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, EOFError, ValueError):
        to.unlink(missing_ok=True)
        return False


def _write(archive: zipfile.ZipFile, to: Path) -> None:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as written:
        for name in KEPT:
            if name in archive.namelist():
                written.writestr(name, archive.read(name))
        with written.open(CONTENT, "w", force_zip64=True) as stream:
            for piece in _content(archive):
                typed = _UNTYPED.sub(rb'\1 office:value-type="string">', _BLANKS.sub(b">", piece))
                stream.write(_BREAK.sub(lambda found: _BREAKS[found[1]], typed))


def _content(archive: zipfile.ZipFile) -> Iterator[bytes]:
    with archive.open(CONTENT) as stream:
        yield from pieces(stream)
