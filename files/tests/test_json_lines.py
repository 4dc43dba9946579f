"""JSON Lines: what each value becomes, and what is said of lines that are no row."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.findings import Outcome
from files.readers.parts import part_paths
from files.readers.reading import read_any
from files.tests.vcf_texts import kinds, rejects

BEACON = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "beacon_v2"


def read_file(text: str | bytes, folder: Path, **limits: int) -> Outcome:
    path = folder / "original"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_any(path, folder, Choices(), Limits(**limits), lambda *_: None)


def rows_of(folder: Path) -> list[tuple]:
    """(line, cells...) each."""
    [paths] = part_paths(folder / "table")
    return duckdb.read_parquet([str(path) for path in paths]).order("line").fetchall()


def names_of(outcome: Outcome) -> list[str]:
    return [column["name"] for column in outcome.columns]


def test_columns_are_all_names_in_the_order_of_their_first_appearance(tmp_path):
    found = read_file('{"b":"1","a":"2"}\n{"c":"3","a":null}\n{}\n', tmp_path)
    assert (found.format, names_of(found)) == ("jsonl", ["b", "a", "c"])
    assert rows_of(tmp_path) == [(1, "1", "2", None), (2, None, None, "3"), (3, None, None, None)]


def test_a_bounded_reading_says_that_there_is_more(tmp_path):
    found = read_file('{"a":1}\n' * 100, tmp_path, rows_bytes=80)
    assert (found.rows, found.complete) == (10, False)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('"text"', "text"), ('""', ""), ('" a\\tb\\n\\"c\\" \\u00b5 "', ' a\tb\n"c" µ '), ('"\\ud83e\\uddec"', "🧬"),
        ("1.0", "1.0"), ("0.10", "0.10"), ("1e5", "1e5"), ("-0", "-0"), ("1E+400", "1E+400"),
        ("9223372036854775808123", "9223372036854775808123"), ("true", "true"), ("false", "false"), ("null", None),
        ("[ ]", "[]"), ("{ }", "{}"), ('{"a" : [1.50, null, true, "x\\"µ"], "b": {}}', '{"a":[1.50,null,true,"x\\"µ"],"b":{}}'),
        ('["\\u0001"]', '["\\u0001"]'),
    ],
)  # fmt: skip
def test_what_a_value_becomes(tmp_path, value, cell):
    read_file(f'{{"v": {value}, "w": 1}}\n', tmp_path)
    assert rows_of(tmp_path) == [(1, cell, "1")]


BROKEN = [
    ('{"a":1', "no JSON", "at character 7", None),
    ('{"a":1}}', "no JSON", "at character 8", None),
    ("{'a':1}", "no JSON", "at character 2", None),
    ("gene", "no JSON", "at character 1", None),
    ('{"a":NaN}', "no JSON", "NaN", None),
    ('{"a":-Infinity}', "no JSON", "-Infinity", None),
    ('{"a":01}', "no JSON", "at character 7", None),
    ('[{"a":1}]', "no JSON object", "a list", None),
    ("17", "no JSON object", "a number", None),
    ("null", "no JSON object", "null", None),
    ('{"a":1,"a":2}', "name twice in an object", "'a' stands twice", None),
    ('{"a":{"b":1,"b":2}}', "name twice in an object", "'b' stands twice", None),
    ('{"a":"\\ud800"}', "no character", "surrogate", "a"),
    ('{"a":["\\udc00"]}', "no character", "surrogate", "a"),
    ('{"\\ud800":1}', "no character", "surrogate", "?"),
    ('{"a":"x\\u0000"}', "NUL character", "NUL", "a"),
    ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep", "deep", None),
    ('{"a":[' + "1," * 1_000_001 + "1]}", "too many values", "1,000,000", None),
    ('{"' + "k" * 1_001 + '":1}', "name too long", "1,000", "k" * 100),
]


@pytest.mark.parametrize(("line", "kind", "reason", "column"), BROKEN, ids=lambda value: str(value)[:20])
def test_a_line_that_is_no_row_is_a_reject(tmp_path, line, kind, reason, column):
    found = read_file(f'{{"a":"µ"}}\n\n{line}\r\n{{"a":2}}\n', tmp_path)
    assert (found.rows, found.rejected, found.reasons) == (2, 1, {kind: 1})
    [reject] = rejects(tmp_path)
    assert (reject["line"], reject["offset"], reject["column"]) == (3, 12, column)
    assert reason in reject["reason"]
    assert reject["text"] == line
    assert [row[0] for row in rows_of(tmp_path)] == [1, 4]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_objects_in_another_unicode_are_refused_and_no_header(tmp_path, encoding):
    mark = "\ufeff" if encoding.endswith("be") else ""
    with pytest.raises(NotATable, match="UTF-8"):
        read_file(f'{mark}{{"gene": "TP53"}}\n{{"gene": "ATM"}}\n'.encode(encoding), tmp_path)


def test_a_table_in_utf16_whose_first_name_begins_with_a_brace_is_one(tmp_path):
    found = read_file('{"a"}\tb\n1\t2\n3\t4\n'.encode("utf-16"), tmp_path)
    assert (found.format, found.rows) == ("tsv", 2)


def test_bytes_that_are_no_utf8_are_a_reject(tmp_path):
    found = read_file(b'{"a":1}\n{"a":"caf\xe9"}\n', tmp_path)
    assert (found.rows, found.reasons) == (1, {"no UTF-8": 1})
    assert rejects(tmp_path)[0]["text"] == '{"a":"caf\ufffd"}'


def test_a_cell_over_the_limit_is_a_reject(tmp_path):
    found = read_file(json.dumps({"a": "x" * 3000}) + '\n{"a":"y"}\n', tmp_path, cell_bytes=2000)
    assert (found.rows, rejects(tmp_path)[0]["column"]) == (1, "a")


def test_a_line_over_the_limit_ends_the_reading(tmp_path):
    with pytest.raises(NotATable, match="longer than 1,000,000 bytes"):
        read_file('{"a":1}\n' + json.dumps({"a": "x" * 3_000_000}) + "\n", tmp_path, record_bytes=1_000_000)


def test_too_many_columns_are_refused(tmp_path):
    with pytest.raises(NotATable, match="more than 100 columns"):
        read_file("".join(f'{{"k{n}":1}}\n' for n in range(101)), tmp_path, columns=100)


def test_names_are_made_unique(tmp_path):
    found = read_file('{"Gene":1,"gene":2,"":3," a  b ":4}\n', tmp_path)
    assert names_of(found) == ["Gene", "gene_2", "column_3", "a b"]
    assert {"unnamed_columns", "repeated_names"} <= set(kinds(found))
    assert rows_of(tmp_path) == [(1, "1", "2", "3", "4")]


def test_a_byte_order_mark_blank_lines_and_no_last_line_end(tmp_path):
    found = read_file(b'\xef\xbb\xbf\n {"a":1}\r\n\n[]\n{"a":2}', tmp_path)
    assert [row[:2] for row in rows_of(tmp_path)] == [(2, "1"), (5, "2")]
    assert rejects(tmp_path)[0]["offset"] == 15
    assert kinds(found)["blank line"][0] == 2


def test_lines_longer_than_a_block(tmp_path):
    long = ["x" * 1_500_000, "y" * 2_500_000, "z"]
    read_file("".join(json.dumps({"a": text}) + "\n" for text in long), tmp_path)
    assert [len(row[1]) for row in rows_of(tmp_path)] == [1_500_000, 2_500_000, 1]


def test_a_packed_file_that_breaks_off(tmp_path):
    whole = "".join(f'{{"n":{n},"square":{n * n}}}\n' for n in range(50_000))
    found = read_file(gzip.compress(whole.encode())[:-1000], tmp_path)
    assert 30_000 < found.rows < 50_000
    assert (found.rejected, found.reasons) == (1, {"the file ends within this record": 1})
    assert "truncated" in kinds(found)
    assert rows_of(tmp_path)[-1][0] == found.rows


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1},\n{"a":2}]', '[\n  {\n "a": 1}]', '{\n  "a": 1,\n  "b": [\n 1]\n}', "[[1,2],[3,4]]", "[]",
        '["a", "b"]', '{"meta": {\n "apiVersion": "v2.0"}}',
    ],
)  # fmt: skip
def test_a_json_document_is_refused_with_the_way_out(tmp_path, text):
    with pytest.raises(NotATable, match=r"jq -c '\.\[\]'"):
        read_file(text, tmp_path)


@pytest.mark.parametrize("text", ["{gene},{pos}\nA,1\nB,2\n", "[gene],[pos]\nA,1\nB,2\n", "gene\tjson\nA\t{}\nB\t{}\n"])
def test_a_table_with_braces_is_a_table(tmp_path, text):
    assert read_file(text, tmp_path).rows == 2


@pytest.mark.django_db
def test_an_upload_and_its_rejected_lines(read, api, owner, client):
    """`read` of conftest: with the database."""
    file = read('{"gene":"BRCA1","pos":43045712,"af":0.10}\n{"gene":\n{"gene":"TP53","pos":7674220}\n', name="v.ndjson")
    assert (file.state, file.format, file.row_count, file.rejected_count) == ("ready", "jsonl", 2, 1)
    assert [column["type"] for column in file.columns] == ["text", "integer", "decimal"]
    mine = api(owner)
    body = mine.get(f"/api/v1/files/{file.pk}/rows/", {"typed": 1}).json()
    assert body["rows"] == [["BRCA1", 43045712, 0.1], ["TP53", 7674220, None]]
    answer = mine.get(f"/api/v1/files/{file.pk}/rejects/", {"format": "original"})
    assert 'filename="v.rejected.ndjson"' in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content) == b'{"gene":\n'
    client.force_login(owner)
    assert "null, or no such name in the object" in client.get(f"/files/{file.pk}/").content.decode()


@pytest.mark.skipif(not BEACON.is_dir(), reason="the shared sample data are not here")
def test_documents_of_the_beacon_are_refused(tmp_path):
    paths = sorted(BEACON.glob("**/*.json"))
    assert paths
    for path in paths:
        with pytest.raises(NotATable, match="JSON document"):
            read_file(path.read_bytes(), tmp_path)
