"""Files of other projects that lie beside this one and are no part of it: Pollock's, and those with annotated dialects."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from files.readers.names import column_names
from project.env import BASE_DIR
from tools.robustness.case import Case, plain

DATA = BASE_DIR.parent / "shared" / "data"
POLLOCK = {"row_": "pollock/row", "file_": "pollock/file", "survey_sample/": "pollock/real"}


def shared_cases() -> Iterator[Case]:
    """Nothing where the folder is not there."""
    yield from _pollock(DATA / "csv_pollock")
    yield from _dialects(DATA / "csv_dialect")


def _described(folder: Path) -> list[dict[str, Any]]:
    path = folder / "cases.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def _pollock(folder: Path) -> Iterator[Case]:
    for described in _described(folder):
        name, expect = described["file"], described["expect"]
        clean = folder / expect["clean_file"]
        if not clean.exists():
            continue
        with gzip.open(clean, "rt", newline="") as stream:
            rows = [plain(list(row)) for row in csv.reader(stream)]
        if not rows:
            continue  # an empty file is no table: refusing it is right
        named = bool(expect["header_lines"])
        made_up = rows[0][:1] == ("col_0",)  # names given to a table that has none
        yield Case(
            next(group for part, group in POLLOCK.items() if part in name),
            name,
            (folder / name).read_bytes(),
            rows=rows[1:] if named or made_up else rows,
            header=column_names(expect["column_names"])[0] if named else [],
        )


def _dialects(folder: Path) -> Iterator[Case]:
    for described in _described(folder):
        expect = described["expect"]
        annotated = expect["annotated"]
        data = (folder / described["file"]).read_bytes()
        dialect = {}
        if any(width > 1 for width in map(int, expect.get("widths", [2]))):  # one column has no delimiter to find
            dialect["delimiter"] = annotated["delimiter"]
        if quote := annotated["quotechar"]:
            dialect["quote"] = quote if quote.encode() in data else ""
        if expect["decodes"]:  # else the annotation is wrong
            dialect["encoding"] = {"utf8": "utf-8", "ansi": "cp1252"}[annotated["encoding"]]
        yield Case(
            f"dialect/{described['file'].split('/')[0]}",
            described["file"],
            data,
            dialect=dialect,
            records=expect.get("records_total"),
            cells_md5=expect.get("cells_md5"),
        )
