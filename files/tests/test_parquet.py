"""Parquet: what each type becomes, and what is said of files that lie."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.findings import Outcome
from files.readers.parts import part_paths
from files.readers.reading import read_any
from files.store import Table
from files.tests.vcf_texts import kinds

ROOT = Path(__file__).resolve().parents[2]


def parquet(select: str, path: Path, options: str = "") -> bytes:
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet{options})")
    return path.read_bytes()


def read_file(data: bytes, folder: Path, **limits: int) -> Outcome:
    path, out = folder / "original", folder / "out"
    path.write_bytes(data)
    out.mkdir()
    return read_any(path, out, Choices(), Limits(**limits), lambda *_: None)


def rows_of(folder: Path) -> list[tuple]:
    [paths] = part_paths(folder / "out" / "table")
    return duckdb.read_parquet([str(path) for path in paths]).order("line").fetchall()


@pytest.mark.parametrize(
    ("value", "cell", "kind"),
    [
        ("43045712::INTEGER", "43045712", "integer"), ("18446744073709551615::UBIGINT", "18446744073709551615", "integer"),
        ("0.1::FLOAT", "0.1", "decimal"), ("0.30000000000000004::DOUBLE", "0.30000000000000004", "decimal"),
        ("'nan'::DOUBLE", "nan", "decimal"), ("'-inf'::FLOAT", "-inf", "decimal"),
        ("1.50::DECIMAL(10,2)", "1.50", "decimal"), ("7::DECIMAL(10,0)", "7", "integer"),
        ("12345678901234567890123456789012345678::DECIMAL(38,0)", "12345678901234567890123456789012345678", "decimal"),
        ("true", "true", "boolean"), ("DATE '2024-02-29'", "2024-02-29", "date"),
        ("TIMESTAMP '2024-02-29 01:02:03.5'", "2024-02-29T01:02:03.5", "text"),
        ("'2024-02-29 01:02:03.123456789'::TIMESTAMP_NS", "2024-02-29T01:02:03.123456789", "text"),
        ("'2024-02-29 01:02:03+02:00'::TIMESTAMPTZ", "2024-02-28T23:02:03+00:00", "text"),
        ("'2024-02-29 01:02:03.000000001+02:00'::TIMESTAMPTZ_NS", "2024-02-28T23:02:03.000000001+00:00", "text"),
        ("TIME '01:02:03'", "01:02:03", "text"), ("'\\xAA\\x00'::BLOB", "aa00", "text"),
        ("'39078ad4-01bb-46a1-ab57-9d7abbca7b01'::UUID", "39078ad4-01bb-46a1-ab57-9d7abbca7b01", "text"),
        ("'x'::ENUM('x', 'y')", "x", "text"), ("''", "", "text"), ("NULL::VARCHAR", None, "text"),
        ("E'a\\tb\\n\"c\"'", 'a\tb\n"c"', "text"), ("[1, NULL, 2]", "[1,null,2]", "text"), ("NULL::INTEGER[]", None, "text"),
        ("{'a': 1.50::DECIMAL(5,2), '{0} \"x': [0.1::FLOAT]}", '{"a":"1.50","{0} \\"x":["0.1"]}', "text"),
        ("MAP {'k': 1}", '{"k":1}', "text"), ("'{\"a\": 1.0}'::JSON", '{"a": 1.0}', "text"),
    ],
)  # fmt: skip
def test_what_a_value_becomes(tmp_path, value, cell, kind):
    found = read_file(parquet(f"SELECT {value} AS v", tmp_path / "made"), tmp_path)
    assert rows_of(tmp_path) == [(1, cell)]
    assert (found.format, found.columns, found.types_told) == ("parquet", [{"name": "v", "type": kind}], True)


def test_numbers_that_are_none_can_be_sorted_and_filtered(tmp_path):
    values = "(VALUES (1.5::DOUBLE), ('nan'), ('inf'), (NULL), (-2)) AS t(v)"
    found = read_file(parquet(f"SELECT v FROM {values}", tmp_path / "made"), tmp_path)
    table = Table(tmp_path / "out" / "table", found.columns)
    assert [line for line, _ in table.slice(sort="v").rows] == [5, 1, 3, 2, 4]
    assert [line for line, _ in table.slice(filters=["v:lt:100"]).rows] == [1, 5]


def test_a_bounded_reading_ends_early_and_says_so(tmp_path):
    data = parquet("SELECT i AS a, i / 2 AS b FROM range(5000) t(i)", tmp_path / "made")
    found = read_file(data, tmp_path, rows_bytes=1000)
    assert (found.rows, found.complete) == (2048, False)
    assert rows_of(tmp_path)[-1] == (2048, "2047", "1023.5")


def test_a_bounded_reading_of_few_rows_is_whole(tmp_path):
    found = read_file(parquet("SELECT 1 AS a", tmp_path / "made"), tmp_path, rows_bytes=1)
    assert (found.rows, found.complete) == (1, True)


def test_dates_that_no_calendar_has_can_be_sorted_and_filtered(tmp_path):
    values = "(VALUES ('2024-01-31'::DATE), ('infinity'), ('-infinity'), ('0044-03-15 (BC)'), ('12024-01-01')) AS t(v)"
    found = read_file(parquet(f"SELECT v FROM {values}", tmp_path / "made"), tmp_path)
    table = Table(tmp_path / "out" / "table", found.columns)
    assert [line for line, _ in table.slice(sort="v").rows] == [3, 4, 1, 5, 2]
    assert [line for line, _ in table.slice(filters=["v:lt:2024-02-01"]).rows] == [1, 3, 4]


def test_names_that_are_alike_or_empty(tmp_path):
    data = parquet("SELECT 1 AS xxxx, 2 AS yyyy, 3 AS zzzz", tmp_path / "made").replace(b"yyyy", b"XXXX")
    found = read_file(data.replace(b"zzzz", b"    "), tmp_path)
    assert [column["name"] for column in found.columns] == ["xxxx", "XXXX_2", "column_3"]
    assert rows_of(tmp_path) == [(1, "1", "2", "3")]
    assert {"repeated_names", "unnamed_columns"} <= set(kinds(found))


def test_names_behind_a_nested_column(tmp_path):
    found = read_file(parquet("SELECT {'a': [{'b': 1}]} AS s, 2 AS file_row_number", tmp_path / "made"), tmp_path)
    assert [column["name"] for column in found.columns] == ["s", "file_row_number"]
    assert rows_of(tmp_path) == [(1, '{"a":[{"b":1}]}', "2")]


def test_columns_in_slices_and_rows_in_their_order(tmp_path):
    cells = ", ".join(f"i * {n} AS c{n}" for n in range(900))
    found = read_file(parquet(f"SELECT {cells} FROM range(5000) t(i)", tmp_path / "made"), tmp_path)
    assert len(part_paths(tmp_path / "out" / "table")) == 3
    table = Table(tmp_path / "out" / "table", found.columns)
    assert table.slice(offset=4998, only=["c1", "c899"]).rows == [(4999, ["4998", str(4998 * 899)]), (5000, ["4999", str(4999 * 899)])]  # fmt: skip


def test_cells_that_cannot_be_kept_reject_their_rows(tmp_path):
    values = "(VALUES ('a', 'x'), ('b', repeat('y', 3000)), ('c' || chr(0), 'z'), ('d', 'w')) AS t(gene, note)"
    found = read_file(parquet(f"SELECT * FROM {values}", tmp_path / "made"), tmp_path, cell_bytes=2000)
    assert (found.rows, found.reasons) == (2, {"cell too long": 1, "NUL character": 1})
    assert [row[:2] for row in rows_of(tmp_path)] == [(1, "a"), (4, "d")]
    paths = part_paths(tmp_path / "out" / "rejects")[0]
    said = duckdb.read_parquet([str(path) for path in paths]).fetchall()
    assert [(line, offset, column, kind) for line, offset, column, _, _, kind in said] == [
        (2, None, "note", "cell too long"), (3, None, "gene", "NUL character"),
    ]  # fmt: skip


def test_an_empty_table(tmp_path):
    found = read_file(parquet("SELECT 1 AS a WHERE false", tmp_path / "made"), tmp_path)
    assert (found.rows, "no_rows" in kinds(found), rows_of(tmp_path)) == (0, True, [])


def test_too_many_columns_and_bombs_are_refused(tmp_path):
    with pytest.raises(NotATable, match="3 columns; the limit is 2"):
        read_file(parquet("SELECT 1 AS a, 2 AS b, 3 AS c", tmp_path / "made"), tmp_path, columns=2)
    (tmp_path / "2").mkdir()
    with pytest.raises(NotATable, match="500 times its size"):
        read_file(
            parquet("SELECT 1 AS a FROM range(100_000_000)", tmp_path / "made"), tmp_path / "2", ratio_free_bytes=1000
        )


def test_damaged_files_are_refused_and_never_halved(tmp_path):
    data = parquet("SELECT i AS a, 'gene' || i AS b FROM range(3000) t(i)", tmp_path / "made")
    length = struct.unpack("<I", data[-8:-4])[0]
    broken = {
        "cut off": data[: len(data) // 2],
        "damaged": data[:-8] + struct.pack("<I", length + 2**30) + b"PAR1",
        "encrypted": b"PARE" + data[4:-4] + b"PARE",
        "cannot be read": data[:4] + bytes(len(data) - length - 12) + data[-length - 8 :],
    }
    for number, (said, bytes_) in enumerate(broken.items()):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(NotATable, match=said):
            read_file(bytes_, tmp_path / str(number))


def test_every_damage_is_a_sentence_or_a_whole_table(tmp_path):
    """In a process of its own, as an upload is: DuckDB may end it."""
    data = bytearray(parquet("SELECT i AS a, 'gene' || i % 7 AS b FROM range(500) t(i)", tmp_path / "made"))
    for at in range(len(data) - 300, len(data), 23):
        data[at] ^= 0x15
        (folder := tmp_path / str(at)).mkdir()
        (folder / "original").write_bytes(data)
        task = {"path": str(folder / "original"), "folder": str(folder / "out"), "choices": {}, "limits": {}, "memory": 2 << 30}  # fmt: skip
        (folder / "out").mkdir()
        with subprocess.Popen(
            [sys.executable, "-m", "files.readers.child"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(task).encode() + b"\n")
            child.stdin.flush()
            said = json.loads(child.stdout.read().splitlines()[-1])
        assert "failed" in said or said["done"]["rows"] == 500, said
        data[at] ^= 0x15


def test_a_folder_with_the_signs_of_a_pattern_and_of_a_partition(tmp_path):
    (folder := tmp_path / "gene=[a]*").mkdir()
    found = read_file(parquet("SELECT 1 AS a", tmp_path / "made"), folder)
    assert [column["name"] for column in found.columns] == ["a"]
    assert len(list((folder / "out" / "table").iterdir())) == 1


def test_a_text_that_begins_like_a_parquet_file(tmp_path):
    assert read_file(b"PAR1,gene\nA,B\nC,D\n", tmp_path).format == "csv"


@pytest.mark.django_db
def test_an_upload(read, api, owner, client, tmp_path):
    values = "(VALUES (43045712, 0.5::DOUBLE, 'BRCA1'), (7674220, 'nan', 'TP' || chr(0))) AS t(pos, af, gene)"
    file = read(parquet(f"SELECT * FROM {values}", tmp_path / "made"), name="v.parquet")
    assert (file.state, file.format, file.row_count, file.rejected_count) == ("ready", "parquet", 1, 1)
    mine = api(owner)
    body = mine.get(f"/api/v1/files/{file.pk}/rows/", {"typed": 1}).json()
    assert (body["rows"], body["lines"]) == ([[43045712, 0.5, "BRCA1"]], [1])
    assert mine.get(f"/api/v1/files/{file.pk}/rejects/", {"format": "original"}).status_code == 409
    assert b"".join(mine.get(f"/api/v1/files/{file.pk}/header/").streaming_content) == b""
    client.force_login(owner)
    assert "told by the file" in client.get(f"/files/{file.pk}/").content.decode()
    page = client.get(f"/files/{file.pk}/rejects/").content.decode()
    assert "NUL character" in page
    assert "format=original" not in page
