"""Small workbooks for tests, put together from their parts (ECMA-376, MS-XLSB): what programs write, and what none would."""

import io
import struct
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# Formats of cells that a test may name, by their place among the styles.
STYLES = {"": 0, "yyyy-mm-dd": 1, "yyyy-mm-dd hh:mm": 2, "[h]:mm:ss": 3, "h:mm": 4, "d-mmm": 5, "0%": 6}
OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CONTENT_TYPES = {
    "xml": (f"{OFFICE}.sheet.main+xml", f"{OFFICE}.worksheet+xml"),
    "bin": ("application/vnd.ms-excel.sheet.binary.macroEnabled.main", "application/vnd.ms-excel.worksheet"),
}


class Raw(str):
    """The XML of a cell behind its place: ` t="e"><v>#N/A</v>`."""


def styled(value: float, form: str) -> Raw:
    return Raw(f' s="{STYLES[form]}"><v>{value!r}</v>')


def error(text: str) -> Raw:
    return Raw(f' t="e"><v>{text}</v>')


def formula(text: str, value: str | None = None) -> Raw:
    """One whose value is a text, or was never computed."""
    return Raw(f"><f>{text}</f>" if value is None else f' t="str"><f>{text}</f><v>{value}</v>')


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _cell(value: object, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Raw):
        return f'<c r="{place}"{value}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def sheet_xml(rows: list[list[object]], *, first_row: int = 1, hidden: tuple[int, ...] = (), merged: str = "") -> str:
    lines = []
    for number, row in enumerate(rows, start=first_row):
        cells = "".join(_cell(value, f"{_letters(at)}{number}") for at, value in enumerate(row))
        lines.append(
            f'<row r="{number}"{" hidden=" + chr(34) + "1" + chr(34) if number in hidden else ""}>{cells}</row>'
        )
    merges = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'


def xlsx(*sheets: list[list[object]] | tuple[str, str, str], dates: int = 1900) -> bytes:
    """A workbook of these sheets: rows (called Sheet1, Sheet2, ...), or (name, state, XML)."""
    given = [
        sheet if isinstance(sheet, tuple) else (f"Sheet{number}", "visible", sheet_xml(sheet))
        for number, sheet in enumerate(sheets, start=1)
    ]
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" state="{state}" r:id="rId{at}"/>'
        for at, (name, state, _) in enumerate(given, start=1)
    )
    book = f'<workbookPr date1904="{int(dates == 1904)}"/><sheets>{listed}</sheets>'
    formats = "".join(f'<numFmt numFmtId="{163 + at}" formatCode="{code}"/>' for code, at in STYLES.items() if code)
    styles = "".join(f'<xf numFmtId="{163 + at if at else 0}" applyNumberFormat="1"/>' for at in STYLES.values())
    parts = {
        "[Content_Types].xml": _content_types("xml", len(given)),
        "_rels/.rels": _relations("officeDocument", ["xl/workbook.xml"]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}">{book}</workbook>',
        "xl/_rels/workbook.xml.rels": _relations("worksheet", [f"worksheets/sheet{at}.xml" for at in range(1, len(given) + 1)]),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>',
    } | {f"xl/worksheets/sheet{at}.xml": xml for at, (_, _, xml) in enumerate(given, start=1)}  # fmt: skip
    return packed({name: text.encode() for name, text in parts.items()})


def _content_types(ending: str, count: int) -> str:
    """Of a workbook of `count` sheets whose parts end with xml or bin."""
    book, sheet = CONTENT_TYPES[ending]
    parts = {f"/xl/workbook.{ending}": book}
    parts |= {f"/xl/worksheets/sheet{at}.{ending}": sheet for at in range(1, count + 1)}
    listed = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in parts.items())
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="{PACKAGE}/content-types">{rels}{listed}</Types>'


def _relations(kind: str, targets: list[str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{at}" Type="{RELATION}/{kind}" Target="{target}"/>'
        for at, target in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _record(kind: int, body: bytes = b"") -> bytes:
    """MS-XLSB 2.1.4: seven bits a byte, the lower ones first."""
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(body)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
        rest >>= 7
        if not rest:
            return number + size + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


ERROR_CODES = {"#DIV/0!": 7, "#REF!": 23, "#N/A": 42}


def _binary_cell(column: int, value: object) -> bytes:
    head = struct.pack("<II", column, 0)
    if isinstance(value, Raw):
        return _record(3, head + bytes([ERROR_CODES[value.split("<v>")[1].split("<")[0]]]))
    if isinstance(value, bool):
        return _record(4, head + bytes([value]))
    if isinstance(value, str):
        return _record(6, head + _wide(value))
    return _record(5, head + struct.pack("<d", value))


def xlsb(**sheets: list[list[object]]) -> bytes:
    """A binary workbook of these sheets; values are texts, numbers, booleans, errors and None."""
    listed = b"".join(
        _record(156, struct.pack("<II", 0, at) + _wide(f"rId{at}") + _wide(name))
        for at, name in enumerate(sheets, start=1)
    )
    parts = {
        "[Content_Types].xml": _content_types("bin", len(sheets)).encode(),
        "_rels/.rels": _relations("officeDocument", ["xl/workbook.bin"]).encode(),
        "xl/workbook.bin": _record(131) + _record(143) + listed + _record(144) + _record(132),
        "xl/_rels/workbook.bin.rels": _relations(
            "worksheet", [f"worksheets/sheet{at}.bin" for at in range(1, len(sheets) + 1)]
        ).encode(),
    }
    for at, rows in enumerate(sheets.values(), start=1):
        body = b"".join(
            _record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
            + b"".join(_binary_cell(column, value) for column, value in enumerate(row) if value is not None)
            for number, row in enumerate(rows)
        )
        size = struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, max(map(len, rows), default=1) - 1)
        parts[f"xl/worksheets/sheet{at}.bin"] = (
            _record(129) + _record(148, size) + _record(145) + body + _record(146) + _record(130)
        )
    return packed(parts)


def ods(rows: str) -> bytes:
    """An ODS of one sheet, Sheet1, of these table:table-row elements (OpenDocument 1.3, 9.1.2)."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    table = f'<table:table table:name="Sheet1">{rows}</table:table>'
    content = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = f'<m:manifest xmlns:m="{space}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>'
    return packed({
        "mimetype": kind.encode(),
        "META-INF/manifest.xml": manifest.encode(),
        "content.xml": f"<office:document-content {spaces}>{content}</office:document-content>".encode(),
    })  # fmt: skip
