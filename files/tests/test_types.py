import time
from pathlib import Path

import pytest

from files.readers import parts
from files.readers.parts import TableWriter
from files.readers.types import infer_types


def write(folder: Path, rows: list[list[str | None]]) -> Path:
    writer = TableWriter(folder, len(rows[0]), quoted=True)
    for line, cells in enumerate(rows, start=2):
        writer.add(line, cells)
    writer.close()
    return folder


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "0"], "integer"),
        (["1", None, "3"], "integer"),
        (["1", "", "3"], "integer"),  # quoted and empty
        (["-0", "1"], "integer"),
        (["007", "12"], "text"),
        (["01", "02"], "text"),
        (["+1", "2"], "decimal"),
        (["1.5", "2", "-.5"], "decimal"),
        (["1e5", "2E-3"], "decimal"),
        (["0.50", "10.0"], "decimal"),
        (["1,5", "2,5"], "text"),
        (["1", "x"], "text"),
        (["1 ", "2"], "text"),
        ([" 1", "2"], "text"),
        (["1_000", "2"], "text"),
        (["1.", "2"], "text"),
        (["e5", "1"], "text"),
        (["1e999", "1"], "text"),
        (["MARCH1", "SEPT2"], "text"),
        (["1-SEP", "2-MAR"], "text"),
        (["2024-01-31", "1999-12-01"], "date"),
        (["2024-02-31", "1999-12-01"], "text"),
        (["2024/02/01", "1999-12-01"], "text"),
        (["12345-1-11", "1999-12-01"], "text"),
        (["infinity"], "text"),
        (["31/01/2024", "01/12/1999"], "text"),
        (["2024-01-31 10:00:00"], "text"),
        (["true", "FALSE", "True"], "boolean"),
        (["true", "1"], "text"),
        (["1", "2024-01-31"], "text"),
        (["yes", "no"], "text"),
        (["", ""], "text"),
        ([None, None], "text"),
        (["nan", "inf"], "text"),
        (["NaN", "1"], "text"),
        (["999999999999999999", "-999999999999999999"], "integer"),
        (["9999999999999999999"], "text"),
        (["1000000000000000000"], "text"),
        (["1234567890123456789012345"], "text"),
        (["0x10"], "text"),
        (["१२"], "text"),
        (["-"], "text"),
        (["."], "text"),
        (["1\n"], "text"),
    ],
    ids=lambda value: "/".join(map(str, value))[:24] if isinstance(value, list) else value,
)
def test_a_type_is_given_only_where_every_cell_is_of_it(tmp_path, cells, kind):
    assert infer_types(write(tmp_path, [[cell, "x"] for cell in cells]), 2) == [kind, "text"]


@pytest.mark.parametrize(
    ("common", "last", "kind"),
    [
        ("1", "X", "text"),
        ("1", "2.5", "decimal"),
        ("1", "2024-01-01", "text"),
        ("2.5", "7", "decimal"),
        ("true", "maybe", "text"),
        (None, "2024-01-01", "date"),
        (None, "1e5", "decimal"),
        (None, None, "text"),
    ],
)
@pytest.mark.parametrize("part_bytes", [20_000, parts.PART_BYTES], ids=["parts", "one part"])
def test_the_last_cell_of_a_column_counts_like_the_first(tmp_path, monkeypatch, common, last, kind, part_bytes):
    monkeypatch.setattr(parts, "PART_BYTES", part_bytes)
    folder = write(tmp_path, [*([common, "a"] for _ in range(30_000)), [last, "a"]])
    assert infer_types(folder, 2) == [kind, "text"]


def test_a_wide_table_is_judged_in_seconds(tmp_path):
    folder = write(tmp_path, [["1", "2024-01-31", "x"] * 400 + ["2.5"]] * 20)
    started = time.process_time()
    assert infer_types(folder, 1201) == ["integer", "date", "text"] * 400 + ["decimal"]
    assert time.process_time() - started < 10


def test_a_table_without_columns_or_rows_has_types(tmp_path):
    TableWriter(tmp_path / "none", 3).close()
    assert infer_types(tmp_path / "none", 3) == ["text"] * 3
