"""Marks of the sheets of XLSX, XLSB and ODS, from the XML or the records in the zip; memory holds a piece of a sheet."""

import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from files.readers.errors import NotATable
from files.readers.workbook.marks import ERRORS, Marks

PIECE = 4 * 1024**2
LONGEST_ROW = 64 * 1024**2  # of XML; a longer one is looked at in pieces
TALLEST = 1_048_576  # rows that a sheet can have
SMALL = 16 * 1024**2  # bytes of the list of sheets
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row(?:\s[^>]*?\br=[\"'](\d{1,7})[\"']|[\s/>])")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]{1,40})<")
_HIDDEN = re.compile(rb"<(?:\w+:)?(row|col)\s[^>]*\bhidden=[\"'](?:1|true)[\"']")
_NO_VALUE = re.compile(rb"</(?:\w+:)?f>(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>")
LONGEST_FORMULA = 40_000  # bytes: 8,192 characters, escaped


def marks_of(path: Path, kind: str, index: int, name: str) -> Marks:
    """Of the sheet at this place of the workbook; not whole where the package is put together in a way unknown here."""
    marks = Marks()
    try:
        with zipfile.ZipFile(path) as archive:
            if kind == "ods":
                _of_ods(archive, name, marks)
            elif part := _part(archive, kind, index):
                with archive.open(part) as stream:
                    (_of_records if kind == "xlsb" else _of_xml)(stream, marks)
            else:
                marks.is_whole = False
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, EOFError, ValueError):
        marks.is_whole = False  # calamine says what is damaged
    except (ElementTree.ParseError, expat.ExpatError):
        marks.is_whole = False
    return marks


def _part(archive: zipfile.ZipFile, kind: str, index: int) -> str | None:
    """The name in the zip of the sheet at this place."""
    base = "xl/workbook.bin" if kind == "xlsb" else "xl/workbook.xml"
    names = {info.filename.lower(): info.filename for info in archive.infolist()}
    relations = ElementTree.fromstring(_small(archive, names[f"xl/_rels/{base[3:]}.rels"]))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    listed = _small(archive, names[base])
    ids = _ids_of_records(listed) if kind == "xlsb" else _ids_of_xml(listed)
    target = targets.get(ids[index]) if index < len(ids) else None
    if not target:
        return None
    return names.get((target[1:] if target.startswith("/") else f"xl/{target}").lower())


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(SMALL + 1)
    if len(data) > SMALL:
        raise ValueError("the list of sheets is too long")
    return data


def _ids_of_xml(data: bytes) -> list[str]:
    sheets = (one for one in ElementTree.fromstring(data).iter() if one.tag.endswith("}sheet"))
    return [
        next((value for name, value in one.items() if name == _RELATION or name.endswith("}id")), "") for one in sheets
    ]


def _ids_of_records(data: bytes) -> list[str]:
    """Of BrtBundleSh (156): state and number, four bytes each, then the relation's id."""
    found = []
    for kind, body in _records([data]):
        if kind == 156:
            length = int.from_bytes(body[8:12], "little")
            found.append(body[12 : 12 + 2 * length].decode("utf-16-le", "replace"))
    return found


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The XML, cut behind rows."""
    left = b""
    while block := stream.read(PIECE):
        left += block
        cut = left.rfind(b"row>") + 4
        if cut > 3 or len(left) > LONGEST_ROW:
            cut = cut if cut > 3 else len(left)
            yield left[:cut]
            left = left[cut:]
    yield left


def _refuse_rows_twice(data: bytes, row: int, seen: bytearray) -> int:
    """The number of the last row. Of two rows with one number calamine gives the last one only. Raises NotATable."""
    for found in _ROW.finditer(data):
        row = int(found[1]) if found[1] else row + 1
        if row < len(seen):
            if seen[row]:
                raise NotATable(
                    f"The workbook is damaged: row {row:,} stands in the sheet twice. Open it in a spreadsheet program"
                    " and save it anew."
                )
            seen[row] = 1
    return row


def _of_xml(stream: IO[bytes], marks: Marks) -> None:
    row, seen = 0, bytearray(TALLEST + 1)
    for data in pieces(stream):
        row = _refuse_rows_twice(data, row, seen)
        for found in _ERROR.finditer(data):
            start, end = data.rfind(b"<", 0, found.start()), data.find(b">", found.end())
            cell = _CELL.match(data, start)
            value = _value_behind(data, end + 1)
            if cell and value:
                marks.error(int(cell[2]), _column(cell[1]), sys.intern(value))
        for found in _HIDDEN.finditer(data):
            if found[1] == b"row":
                marks.hidden_rows += 1
            else:
                marks.hidden_columns += _columns_of(found[0] + data[found.end() : data.find(b">", found.end())])
        for found in _NO_VALUE.finditer(data):
            before = data[max(0, found.start() - LONGEST_FORMULA) : found.start()]
            at = max(before.rfind(b"<c "), before.rfind(b":c "))
            head = before[at : before.find(b">", at)]
            if at >= 0 and b't="str"' not in head:  # else its value is an empty text
                place = _CELL.match(b"<" + head.removeprefix(b"<").removeprefix(b":") + b">")
                marks.formula_without_value(int(place[2]) if place else 0)


def _value_behind(data: bytes, at: int) -> str | None:
    """The text of the cell's value, behind its formula if it has one."""
    end = data.find(b"c>", at)
    found = _VALUE.search(data, at, end)
    return found[1].decode("utf-8", "replace") if found else None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _columns_of(tag: bytes) -> int:
    least, most = (re.search(rb"\b%s=[\"'](\d+)[\"']" % name, tag) for name in (b"min", b"max"))
    return int(most[1]) - int(least[1]) + 1 if least and most else 1


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(PIECE), b"")


def _records(blocks: Any) -> Iterator[tuple[int, bytes]]:
    """Number and body of each record of an XLSB part (MS-XLSB 2.1.4)."""
    data, at = b"", 0
    for block in blocks:
        data, at = data[at:] + block, 0
        while len(data) - at >= 6:
            place, kind, size = at + 1, data[at], 0
            if kind & 0x80:
                kind, place = kind & 0x7F | (data[place] & 0x7F) << 7, place + 1
            for shift in (0, 7, 14, 21):
                size |= (data[place] & 0x7F) << shift
                place += 1
                if not data[place - 1] & 0x80 or place >= len(data):
                    break
            if place + size > len(data):
                break
            yield kind, data[place : place + size]
            at = place + size


def _of_records(stream: IO[bytes], marks: Marks) -> None:
    """BrtRowHdr 0, BrtCellError 3, BrtFmlaError 11, BrtColInfo 60."""
    row = 0
    for kind, body in _records(_blocks(stream)):
        if kind == 0:
            row = int.from_bytes(body[:4], "little") + 1
            marks.hidden_rows += len(body) > 11 and bool(body[11] & 0x10)
        elif kind in (3, 11) and len(body) > 8:
            marks.error(row, int.from_bytes(body[:4], "little"), ERRORS.get(body[8], "#ERROR!"))
        elif kind == 60 and len(body) > 16 and body[16] & 1:
            first, last = (int.from_bytes(body[at : at + 4], "little") for at in (0, 4))
            marks.hidden_columns += last - first + 1


class _Table:
    """Follows the events of an ODS to the cells of one sheet."""

    def __init__(self, name: str, marks: Marks):
        self._name, self._marks = name, marks
        self._inside = self._error = False
        self._row = self._column = self._rows = self._columns = 0
        self._text: list[str] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table:table":
            self._inside = given.get("table:name") == self._name
        if not self._inside:
            return
        hidden = given.get("table:visibility") in ("collapse", "filter")
        if tag == "table:table-row":
            self._row, self._column = self._row + self._rows, 0
            self._rows = int(given.get("table:number-rows-repeated", 1))
            self._marks.hidden_rows += self._rows if hidden else 0
            self._columns = 0
        elif tag == "table:table-column":
            self._marks.hidden_columns += int(given.get("table:number-columns-repeated", 1)) if hidden else 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._column += self._columns
            self._columns = int(given.get("table:number-columns-repeated", 1))
            self._error, self._text = given.get("calcext:value-type") == "error", []

    def text(self, text: str) -> None:
        if self._error:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if tag == "table:table":
            self._inside = False
        elif tag in ("table:table-cell", "table:covered-table-cell") and self._error and self._inside:
            self._error = False
            said = "".join(self._text).strip()[:40] or "#ERROR!"
            for column in range(self._column, min(self._column + self._columns, 1024)):
                for row in range(self._row, min(self._row + self._rows, self._row + 1_000)):
                    self._marks.error(row + 1, column, sys.intern(said))


def _of_ods(archive: zipfile.ZipFile, name: str, marks: Marks) -> None:
    """Only where the text has such marks at all: following every cell takes long."""
    with archive.open("content.xml") as stream:
        last, found = b"", False
        for block in _blocks(stream):
            piece = last + block
            found = b'value-type="error"' in piece or b'visibility="' in piece
            last = block[-40:]
            if found:
                break
    if not found:
        return
    table, parser = _Table(name, marks), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = table.start, table.end
    parser.CharacterDataHandler = table.text
    with archive.open("content.xml") as stream:
        parser.ParseFile(stream)
