"""The memory of the reading process, as docs/limits.md promises it. Each file is read by a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from files.readers.fast import clean_runs

ROOT = Path(__file__).parents[2]
PROMISED_MB = 400

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: peak memory is not told")
slow = pytest.mark.skipif(os.environ.get("SLOW") != "1", reason="takes a minute or more; set SLOW=1")


def record(row: int, columns: int, size: int, *, quoted: bool = False) -> bytes:
    """Cells of `size` bytes that differ from row to row."""
    cell = (b"%07dxyz" % row * (size // 10 + 1))[:size]
    return b",".join([b'"%s"' % cell if quoted else cell] * columns) + b"\n"


def peak_of(tmp_path: Path, columns: int, records: Iterable[bytes]) -> dict[str, int]:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.write(b",".join(b"name%d" % n for n in range(columns)) + b"\n")
        file.writelines(records)
    return peak_of_file(path, tmp_path)


def peak_of_file(path: Path, tmp_path: Path) -> dict[str, int]:
    try:
        command = [sys.executable, "-m", "files.tests.peak", str(path), str(tmp_path / "out")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    finally:
        path.unlink()
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def check(found: dict[str, int], rows: int, most_mb: int = PROMISED_MB) -> None:
    assert (found["rows"], found["rejected"]) == (rows, 0)
    assert found["peak_mb"] < most_mb


@pytest.mark.parametrize(
    ("columns", "size", "rows", "quoted"),
    [
        (300, 64 * 1024, 10, False),
        (300, 64 * 1024, 6, True),
        (300, 38, 10_000, True),
        (20, 600, 10_000, False),
        (2, 1024**2, 100, False),
    ],
    ids=["300 cells of 64 KB", "300 quoted cells of 64 KB", "300 quoted cells", "records of 12 KB", "cells of 1 MB"],
)
def test_memory_is_bounded(tmp_path, columns, size, rows, quoted):
    check(peak_of(tmp_path, columns, (record(row, columns, size, quoted=quoted) for row in range(rows))), rows)


def test_memory_is_bounded_where_huge_rows_follow_small_ones(tmp_path):
    sizes = [5] * 100_000 + [1024**2] * 40
    check(peak_of(tmp_path, 2, (record(row, 2, size) for row, size in enumerate(sizes))), len(sizes))


def test_memory_is_bounded_where_one_row_is_huge(tmp_path):
    sizes = [5] * 5_000 + [64 * 1024] + [5] * 5_000
    check(peak_of(tmp_path, 300, (record(row, 300, size) for row, size in enumerate(sizes))), len(sizes))


def test_a_table_of_5000_columns_is_bounded(tmp_path):
    check(peak_of(tmp_path, 5_000, (record(row, 5_000, 7) for row in range(1_000))), 1_000, 600)


def test_a_line_of_many_json_values_is_bounded(tmp_path):
    path = tmp_path / "big.jsonl"
    path.write_text('{"a":[' + ",".join(["1.5"] * 900_000) + "]}\n")
    check(peak_of_file(path, tmp_path), 1)


def test_a_large_row_group_of_parquet_is_bounded(tmp_path):
    path = tmp_path / "big.parquet"
    cells = ", ".join(f"'value' || (i * {n} % 1000) AS c{n}" for n in range(1, 15))
    options = "FORMAT parquet, ROW_GROUP_SIZE 500000"
    duckdb.sql(f"COPY (SELECT i AS pos, {cells} FROM range(500000) t(i)) TO '{path}' ({options})")
    check(peak_of_file(path, tmp_path), 500_000)


@slow
def test_a_table_of_5000_columns_and_20000_rows_is_bounded(tmp_path):
    check(peak_of(tmp_path, 5_000, (record(row, 5_000, 7) for row in range(20_000))), 20_000, 600)


@slow
def test_memory_does_not_grow_with_the_size_of_the_file(tmp_path):
    check(peak_of(tmp_path, 20, (record(row, 20, 12) for row in range(5_000_000))), 5_000_000)


@pytest.mark.parametrize(
    "data", [b"," * 30_000_000 + b"\n", b'"' + b'"' * 30_000_000 + b',"a\n'], ids=["cells", "quotes"]
)
def test_a_record_of_nothing_but_marks_is_left_to_the_scanner(data):
    assert not any(run.clean for run in clean_runs(data, delimiter=b",", quote=b'"', comment=None, width=3))
