"""Whether a file is a workbook, and of which kind: by what its container holds, never by its name."""

import zipfile
from pathlib import Path

from files.readers.choices import Limits
from files.readers.errors import NotATable
from files.readers.ole import MAGIC, NotOle, streams_of
from files.readers.unpack import list_of_zip

WORKBOOKS = frozenset({"xlsx", "xlsb", "xls", "ods"})  # also the endings of their names, with xlsm
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_OTHERS = {
    "EncryptedPackage": "This workbook or document is protected with a password. Save it without one and upload that.",
    "WordDocument": "This is a Word document, not a table. Copy its table into a spreadsheet and upload that.",
    "PowerPoint Document": "This is a PowerPoint presentation, not a table. Copy its table into a spreadsheet.",
}
_OPEN_DOCUMENT = "This is an OpenDocument file, but no spreadsheet. Copy its table into a spreadsheet and upload that."


def workbook_format(path: Path, limits: Limits) -> str | None:
    """xlsx, xlsb, xls, ods, or None for every other file. Raises NotATable for documents that are no workbook."""
    with path.open("rb") as stream:
        head = stream.read(len(MAGIC))
    if head == MAGIC:
        return _of_ole(path)
    return _of_zip(path, limits) if head.startswith(b"PK\x03\x04") else None


def _of_ole(path: Path) -> str:
    try:
        names = streams_of(path)
    except NotOle as error:
        raise NotATable("This is an Office file that is damaged or cut off. Upload a whole copy of it.") from error
    if {"Workbook", "Book"} & names:
        return "xls"
    for name, sentence in _OTHERS.items():
        if name in names:
            raise NotATable(sentence)
    raise NotATable("This is an Office file, but no workbook that can be read. Save the table as xlsx or CSV.")


def _of_zip(path: Path, limits: Limits) -> str | None:
    infos = list_of_zip(path, limits)
    names = {info.filename.lower() for info in infos}
    if "xl/workbook.bin" in names:
        kind = "xlsb"
    elif "xl/workbook.xml" in names:
        kind = "xlsx"
    elif {"content.xml", "mimetype"} <= names:
        if not _mimetype(path).startswith(ODS):
            raise NotATable(_OPEN_DOCUMENT)
        kind = "ods"
    elif "[content_types].xml" in names:
        raise NotATable(
            "This is an Office document, but no workbook. Copy its table into a spreadsheet and upload that."
        )
    else:
        return None
    _refuse_bomb(sum(info.file_size for info in infos), path.stat().st_size, limits)
    return kind


def _mimetype(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("mimetype") as stream:
            return stream.read(200).strip()
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, OSError):
        return b""


def _refuse_bomb(unpacked: int, packed: int, limits: Limits) -> None:
    """By the sizes that the zip itself gives: before anything is unpacked."""
    if unpacked > limits.ratio_free_bytes and unpacked > limits.ratio * packed:
        raise NotATable(
            f"The workbook unpacks to {unpacked:,} bytes, more than {limits.ratio} times its size. Save the sheet as"
            " CSV and upload that."
        )
