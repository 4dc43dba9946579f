"""Text tables of other projects, read whole: they lie beside the project and are not part of it."""

import csv
import gzip
import json
import re
import statistics
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.parts import part_paths
from files.readers.reading import read_any

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")


def cases(suite):
    path = DATA / suite / "cases.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


@pytest.fixture
def read(tmp_path):
    """(outcome, rows of texts) of a file of the data folder, or (None, []) where it is no table."""
    runs = iter(range(10_000))

    def do(name):
        folder = tmp_path / str(next(runs))
        try:
            limits = Limits(free_disk_bytes=0)
            outcome = read_any(DATA / name, folder, Choices(), limits, lambda fraction, sentence, rows: None)
        except NotATable:
            return None, []
        slices = []
        for paths in part_paths(folder / "table"):
            relation = duckdb.read_parquet([str(path) for path in paths]).order("line")
            slices.append([["" if cell is None else cell for cell in row[1:]] for row in relation.fetchall()])
        return outcome, [sum(parts, []) for parts in zip(*slices, strict=True)]

    return do


def plain(row):
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def wanted_rows(expect):
    """The rows that a damaged file had before it was damaged, or None where its clean twin is not there or empty."""
    path = DATA / "csv_pollock" / expect["clean_file"]
    if not path.exists():
        return None
    with gzip.open(path, "rt", newline="") as stream:
        rows = [plain(row) for row in csv.reader(stream)]
    if not rows:
        return None
    return rows[1:] if expect.get("header_lines", 1) or rows[0][:1] == ("col_0",) else rows


@pytest.mark.parametrize(("group", "least"), [("row_", 0.985), ("file_", 0.985), ("survey_sample/", 0.965)])
def test_damaged_files_keep_their_records(read, group, least):
    scores = {}
    for case in cases("csv_pollock"):
        if group not in case["file"] or (wanted := wanted_rows(case["expect"])) is None:
            continue
        _, rows = read(f"csv_pollock/{case['file']}")
        hits = sum((Counter(wanted) & Counter(map(plain, rows))).values())
        scores[case["file"]] = hits / max(len(wanted), len(rows), 1)
    assert statistics.mean(scores.values()) >= least, sorted(scores.items(), key=lambda item: item[1])[:5]


def gave_up(expect):
    """Whether the readers that were asked saw one column only because they could not tell the table."""
    peer = expect.get("python_csv") or {}
    seen = [*expect["columns"], *(peer.get("first_record") or []), *(peer.get("last_record") or [])]
    return expect["n_columns"] == 1 and any(re.search(r"[,;|\t]|\S  +\S", cell) for cell in seen)


def test_files_of_other_tools_have_the_shape_that_others_see(read):
    wrong, tried = {"shape": [], "header": []}, 0
    for case in cases("csv_peers"):
        expect = case["expect"]
        if case.get("confidence") != "strong" or "rows" not in expect or gave_up(expect):
            continue
        tried += 1
        outcome, rows = read(f"csv_peers/{case['file']}")
        found = (len(rows), len(outcome.columns) if outcome else 0)
        other = expect["rows"] + (1 if expect["header"] else -1)
        if found != (expect["rows"], expect["n_columns"]) and (outcome or expect["rows"]):
            wrong["header" if found == (other, expect["n_columns"]) else "shape"].append(case["file"])
    assert len(wrong["shape"]) <= 0.035 * tried, wrong
    assert len(wrong["header"]) <= 0.05 * tried, wrong


TABLES = [
    (suite, case)
    for suite in ("clinvitae", "clinvar", "maf", "variant_tables")
    for case in (cases(suite) if DATA.is_dir() else [])
    if "rows" in case["expect"]
]


@pytest.mark.parametrize(("suite", "case"), TABLES, ids=[case["id"] for _, case in TABLES])
def test_variant_tables_are_read_whole(read, suite, case):
    expect = case["expect"]
    outcome, rows = read(f"{suite}/{case['file']}")
    assert (len(rows), outcome.rejected) == (expect["rows"], 0)
    assert len(outcome.columns) == expect["n_columns"]
    for column, written in zip(outcome.columns, expect["columns"], strict=False):
        assert re.sub(r"_\d+$", "", column["name"]) in (written, re.sub(r"_\d+$", "", written)) or written == "…"


def test_no_file_is_read_without_every_record_accounted_for(read):
    """Reading raises where records are seen that are neither rows, nor rejected, nor skipped."""
    for case in cases(suite := "csv_dialect"):
        outcome, rows = read(f"{suite}/{case['file']}")
        assert outcome is None or outcome.rows == len(rows)
