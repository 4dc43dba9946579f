"""JSON Lines: an object a line. Read twice: the names of all columns are known only at the end."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from files.readers.choices import Choices
from files.readers.errors import Damaged, NotATable
from files.readers.findings import Findings, Outcome
from files.readers.json_text import NoObject, cells_of, looks_like_array, looks_like_object, refuse_what_no_cell_holds
from files.readers.lines import MARKED, readable
from files.readers.names import column_names
from files.readers.parts import TableWriter
from files.readers.source import Source
from files.readers.table import CUT_OFF

Report = Callable[[float, str, int], None]

HEAD = 1024**2
BOM = b"\xef\xbb\xbf"
AT_ONCE = 1024**2  # bytes cut into lines: a line costs 40 bytes beside its text
LOOK = 10  # first lines that tell what the file is
KEY_CHARACTERS = 1_000
FIRST_PASS = 0.2  # of the time
QUICK_VALUES = 10_000  # in a line
ADVICE = "Vardesk reads JSON Lines, one object a line: jq -c '.[]' file.json > file.jsonl makes them of a list"


def is_json_lines(head: bytes, *, complete: bool) -> bool:
    """Whether a file that begins so holds an object a line. Raises NotATable where it is another kind of JSON."""
    if (wide := _wide_encoding(head)) and looks_like_object(head[:4096].decode(wide, "ignore")):
        raise NotATable("This is JSON in UTF-16 or UTF-32. Vardesk reads JSON Lines in UTF-8: convert it with iconv.")
    text = head.removeprefix(BOM).decode("utf-8", "replace").lstrip()
    if not text.startswith(("{", "[")):
        return False
    *lines, last = text.split("\n")
    lines = [line for line in [*lines, *([last] if complete or not lines else [])] if line.strip()][:LOOK]
    objects = sum(map(_is_object, lines))
    if objects * 2 >= len(lines) or (not complete and "\n" not in text and looks_like_object(text)):
        return True
    if looks_like_array(text):
        raise NotATable(f"This is a JSON document, a list. {ADVICE}.")
    if looks_like_object(text):
        raise NotATable(f"This is a JSON document, one object over several lines. {ADVICE} within it (as '.name[]').")
    return False


def _wide_encoding(head: bytes) -> str | None:
    """The encoding that a byte-order mark other than UTF-8's tells."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    return "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_json_lines(source: Source, folder: Path, choices: Choices, report: Report) -> Outcome:
    """Reads `source` into `folder`/table and its rejects into `folder`/rejects. A column for each name of any object,
    in the order in which they first appear; null is what is null or missing.

    A packed file that breaks off keeps what came before (warning `truncated`).
    """
    return _Reading(source, folder, report).run()


class _Reading:
    def __init__(self, source: Source, folder: Path, report: Report):
        self._source, self._folder, self._report = source, folder, report
        self._findings = Findings(folder / "rejects")
        self._damage: Damaged | None = None
        self._rest: tuple[int, bytes] | None = None  # where a file that breaks off does, within a line
        self._lines = self._blank = self._cut_off = self._crlf = 0

    def run(self) -> Outcome:
        keys = list(self._keys())
        names, unnamed, repeated = column_names(keys)
        writer = TableWriter(self._folder / "table", max(len(keys), 1), quoted=True)
        self._fill(writer, keys)
        rows = writer.close()
        self._warn(keys, names, unnamed, repeated, rows)
        self._findings.close()
        accounted = rows + self._findings.rejected + self._blank
        if accounted != self._lines + self._cut_off:
            raise RuntimeError(f"{self._lines + self._cut_off} lines were seen, but {accounted} are accounted for")
        return Outcome(
            format="jsonl", rows=rows, rejected=self._findings.rejected, skipped=0, padded=0,
            columns=[{"name": name, "type": "text"} for name in names or ["column_1"]],
            reading=self._how_read(), warnings=self._findings.warnings, reasons=self._findings.reasons, complete=not self._source.stopped,
        )  # fmt: skip

    def _keys(self) -> dict[str, None]:
        """The names in all objects, in the order in which they first appear."""
        keys: dict[str, None] = {}
        for line, _, raw in self._each_line():
            if line % 10_000 == 1:
                self._tell(FIRST_PASS * self._source.fraction, f"Looking for columns: {line:,} lines so far", 0)
            for key in self._keys_of(raw):
                if key not in keys:
                    keys[key] = None
                    if len(keys) > self._source.limits.columns:
                        limit = self._source.limits.columns
                        raise NotATable(f"The table has more than {limit:,} columns, which is the limit.")
        return keys

    def _keys_of(self, raw: bytes) -> Iterable[str]:
        """Quickly, by orjson: it also takes lines that are rejected later (a name twice), whose columns stay empty."""
        if raw.count(b",") < QUICK_VALUES and b"\\u0000" not in raw:
            try:
                found = orjson.loads(raw)
                if isinstance(found, dict) and max(map(len, found), default=0) <= KEY_CHARACTERS:
                    return found
            except ValueError:  # also where a number or a text is nothing that orjson takes
                pass
        try:
            return self._cells(raw)
        except NoObject:
            return ()

    def _cells(self, raw: bytes) -> dict[str, str | None]:
        """Raises NoObject."""
        if not raw.strip():
            return {}
        try:
            text = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            reason = f"The line holds bytes that are no UTF-8, the first at byte {error.start + 1:,}."
            raise NoObject("no UTF-8", reason) from error
        cells = cells_of(text)
        if "\\u" in text:
            refuse_what_no_cell_holds(cells)
        if len(text) > KEY_CHARACTERS:
            self._refuse_long(cells)
        return cells

    def _refuse_long(self, cells: dict[str, str | None]) -> None:
        limit = self._source.limits.cell_bytes
        for key, cell in cells.items():
            if len(key) > KEY_CHARACTERS:
                raise NoObject("name too long", f"A name is longer than {KEY_CHARACTERS:,} characters.", key[:100])
            if cell is not None and len(cell) * 4 > limit and len(cell.encode()) > limit:
                raise NoObject("cell too long", "A cell is longer than the limit.", key)

    def _fill(self, writer: TableWriter, keys: list[str]) -> None:
        self._lines = self._blank = 0
        for line, offset, raw in self._each_line():
            if line % 10_000 == 1:
                fraction = FIRST_PASS + (1 - FIRST_PASS) * self._source.fraction
                self._tell(fraction, f"Reading rows: {writer.count:,} so far", writer.count)
            self._lines += 1
            if not raw.strip():
                self._blank += 1
                continue
            self._crlf += raw.endswith(b"\r")
            try:
                cells = self._cells(raw)
            except NoObject as error:
                self._findings.reject(line, offset, error.kind, error.reason, _shown(raw), error.key)
                continue
            writer.add(line, [cells.get(key) for key in keys] or [None])
        if self._rest:
            self._cut_off = 1
            reason = "The packed file is cut off or damaged here, so the line may be incomplete."
            self._findings.reject(self._lines + 1, self._rest[0], CUT_OFF, reason, _shown(self._rest[1]))

    def _tell(self, fraction: float, sentence: str, rows: int) -> None:
        if shutil.disk_usage(self._folder).free < self._source.limits.free_disk_bytes:
            raise NotATable("Reading stopped: the disk is almost full. Ask the administrator to make room.")
        self._report(fraction, sentence, rows)

    def _each_line(self) -> Iterator[tuple[int, int, bytes]]:
        """(line from 1, byte offset from 0, its bytes without \\n) of each; a file that breaks off sets _damage."""
        number, offset, parts, waiting = 1, 0, list[bytes](), 0
        try:
            for block in self._source.blocks(AT_ONCE):
                if offset == 0 and not parts and block.startswith(BOM):
                    block, offset = block[len(BOM) :], len(BOM)
                *lines, last = block.split(b"\n")
                if lines:
                    lines[0] = b"".join([*parts, lines[0]])
                    parts, waiting = [], 0
                for line in lines:
                    yield number, offset, line
                    number, offset = number + 1, offset + len(line) + 1
                parts.append(last)
                waiting += len(last)
                if waiting > (limit := self._source.limits.record_bytes):
                    raise NotATable(f"A line of the file is longer than {limit:,} bytes: it is no table.")
        except Damaged as error:
            self._damage, rest = error, b"".join(parts)
            self._rest = (offset, rest) if rest else None
            return
        if rest := b"".join(parts):
            yield number, offset, rest

    def _warn(self, keys: list[str], names: list[str], unnamed: list[int], repeated: list[int], rows: int) -> None:
        warn = self._findings.warn
        for kind, message in self._source.notes:
            warn(kind, message)
        if self._damage:
            warn("truncated", f"{self._damage} The lines before it were read.")
        if self._blank:
            warn("blank line", "Blank lines were passed over; they are no records.", None, self._blank)
        if unnamed:
            shown = ", ".join(names[place - 1] for place in unnamed[:5])
            warn("unnamed_columns", f"Columns without a name were called {shown}.", None, len(unnamed))
        if changed := [place for place in repeated if names[place - 1] != keys[place - 1]]:
            shown = ", ".join(names[place - 1] for place in changed[:5])
            warn(
                "repeated_names",
                f"Names that differ only in case or blanks were changed to {shown}.",
                None,
                len(changed),
            )
        if not rows and not self._findings.rejected:
            warn("no_rows", "The file holds no rows.")

    def _how_read(self) -> dict[str, Any]:
        source, lines = self._source, self._lines - self._blank
        return {
            "compression": source.compression,
            "member": source.member,
            "members": [{"name": member.name, "size": member.size} for member in source.members],
            "encoding": "utf-8",
            "line_ends": "lf" if not self._crlf else "crlf" if self._crlf >= lines - 1 else "mixed",
            "empty_cells": "null, or no such name in the object",
            "nested_values": "as JSON text",
        }


def _shown(raw: bytes) -> str:
    return readable(raw.removesuffix(b"\r").decode("utf-8", MARKED))
