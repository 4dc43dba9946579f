"""What a corpus says of a file (its line of cases.jsonl) held against what the reader made of it."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

Row = list[str | None]


@dataclass
class Reading:
    """What became of one file. `refused` is the sentence; without one there is a table."""

    refused: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rejected: int = 0
    skipped: int = 0
    warnings: int = 0
    delimiter: str = ""
    format: str = ""

    @property
    def has_reported(self) -> bool:
        return bool(self.refused or self.rejected or self.warnings)


def differences(case: dict[str, Any], found: Reading) -> list[str]:
    """Short sentences on what is not as expected; none where the case does not say or says the same."""
    expect = case.get("expect")
    if not isinstance(expect, dict):
        return []
    if "valid" in expect:
        return _of_vcf(expect, "must_load_all" if expect["valid"] else "load_all_or_report", found)
    if "fileformat" in expect or str(expect.get("verdict", "")).startswith(("must_", "load_all")):
        return _of_vcf(expect, expect.get("verdict", "must_load_all"), found)
    if "annotated" in expect:
        return _of_dialect(expect, found)
    if "clean_records_including_header" in expect:
        rows = expect["clean_records_including_header"] - min(expect["header_lines"], 1)
        return _of_table({"rows": max(rows, 0), "n_columns": expect["n_columns"]}, found)
    if "rows" in expect and case.get("confidence", "strong") == "strong" and not _gave_up(expect):
        return _of_table(expect, found)
    return []


def _gave_up(expect: dict[str, Any]) -> bool:
    """Whether the readers that were asked saw one column only because they could not tell the table."""
    peer = expect.get("python_csv") or {}
    seen = [*expect.get("columns", ()), *(peer.get("first_record") or ()), *(peer.get("last_record") or ())]
    return expect.get("n_columns") == 1 and any(re.search(r"[,;|\t]|\S  +\S", cell) for cell in seen)


def _of_vcf(expect: dict[str, Any], verdict: str, found: Reading) -> list[str]:
    if verdict == "must_report_problem":
        return [] if found.has_reported else ["a problem was not reported"]
    if found.refused:
        return ["refused"] if verdict == "must_load_all" else []
    records = expect.get("data_lines", expect["records"])
    if verdict == "must_load_all":
        return _unequal("rows", records, len(found.rows)) + _unequal("rejects", 0, found.rejected)
    lines = len(found.rows) + found.rejected + found.skipped
    return [f"{lines} of {records} records are accounted for"] if lines < records and not found.warnings else []


def _of_dialect(expect: dict[str, Any], found: Reading) -> list[str]:
    if found.refused or expect.get("modal_columns") == 1:
        return []
    return _unequal("delimiter", expect["annotated"]["delimiter"], found.delimiter)


def _of_table(expect: dict[str, Any], found: Reading) -> list[str]:
    if found.refused:
        return ["refused"] if expect["rows"] else []
    wrong = [] if _is_whole(expect, found) else _unequal("rows", expect["rows"], len(found.rows))
    if (width := expect.get("n_columns")) is not None:
        wrong += _unequal("columns", width, len(found.columns))
    if wrong or found.rejected or expect.get("encoding") == "invalid-utf-8":  # each reads broken bytes its own way
        return wrong
    for name, at in (("first_row", 0), ("last_row", -1)):
        wanted = [text for text in expect.get(name) or [] if isinstance(text, str)]
        if wanted and expect["rows"] and not any("…" in text for text in wanted):
            wrong += [] if _filled(found.rows[at])[: len(wanted)] == wanted else [f"{name} differs"]
    if "cells_md5" in expect and len(expect.get("row_widths", ())) == 1:
        width = int(next(iter(expect["row_widths"])))  # as written: rows may be shorter than the header
        wrong += _unequal("cells_md5", expect["cells_md5"], _cells_md5([row[:width] for row in found.rows]))
    return wrong + _of_records(expect, found) + _of_counts(expect, found)


def _is_whole(expect: dict[str, Any], found: Reading) -> bool:
    """Whether every record is a row, or a reject that names it."""
    return len(found.rows) + found.rejected == expect["rows"]


def _of_records(expect: dict[str, Any], found: Reading) -> list[str]:
    """`records`: each row as an object."""
    wanted = expect.get("records")
    if not isinstance(wanted, list):
        return []
    rows = [dict(zip(found.columns, _filled(row), strict=True)) for row in found.rows]
    return [] if rows == wanted else ["cells differ"]


def _of_counts(expect: dict[str, Any], found: Reading) -> list[str]:
    """`value_counts:COLUMN`: how often some values of a column come, empty ones not counted."""
    wrong = []
    for key, counts in expect.items():
        kind, _, column = key.partition(":")
        if kind != "value_counts" or column not in found.columns:
            continue
        at = found.columns.index(column)
        for value, count in counts.items():
            if value:
                wrong += _unequal(f"{column} = {value}", count, sum(row[at] == value for row in found.rows))
    return wrong


def _filled(row: Row) -> list[str]:
    return [cell or "" for cell in row]


def _cells_md5(rows: list[Row]) -> str:
    """Over every cell and a unit separator between them, every row and a record separator behind it."""
    return hashlib.md5("".join("\x1f".join(_filled(row)) + "\x1e" for row in rows).encode()).hexdigest()


def _unequal(what: str, wanted: object, got: object) -> list[str]:
    return [] if wanted == got else [f"{what}: {got!r}, not {wanted!r}"]
