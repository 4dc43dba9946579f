import time
from pathlib import Path

import pytest

from files.readers.parts import TableWriter
from files.readers.types import infer_types
from files.store import BadQuestion, Table, ask, connect, time_limit


def make_table(folder: Path, names: list[str], rows: list[list[str]], *, lines: list[int] | None = None) -> Table:
    """An empty text stands for nothing."""
    writer = TableWriter(folder / "table", len(names), quoted=True)
    for line, cells in zip(lines or range(2, len(rows) + 2), rows, strict=True):
        writer.add(line, [cell or None for cell in cells])
    writer.close()
    kinds = infer_types(folder / "table", len(names))
    return Table(folder / "table", [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)])


@pytest.fixture
def numbers(tmp_path) -> Table:
    """Ten, nine, two, nothing, one hundred, -1: as text they sort otherwise."""
    rows = [["ten", "10"], ["nine", "9"], ["two", "2"], ["none", ""], ["hundred", "100"], ["minus", "-1"]]
    return make_table(tmp_path, ["name", "n"], rows)


def names_of(table: Table, **question) -> list[str]:
    return [cells[0] for _, cells in table.slice(**question).rows]


# --- as written


@pytest.mark.parametrize(
    "cell",
    [
        'say "no"', '"', '""', "a,b", "two\nlines", "CR\r\nLF", "lone\rCR", "~", "~x", "=1+1", "=x", "==", r"\N", "\\",
        "  both  ", "\ttab", "trailing\t", "NULL", "null", "None", "NaN", "-", "0", "007", "1e5", "1-SEP", "MARCH1",
        "żółć 漢字 🧬", "e\u0301", "\u200b", "\ufeff", "\u2028", "'", "';--", "{}", "$1", "%s", "#x", "\x1b[31m", "\x7f",
        "x" * 200_000,
    ],
    ids=lambda cell: ascii(cell)[:20],
)  # fmt: skip
def test_a_cell_comes_back_as_written(tmp_path, cell):
    table = make_table(tmp_path, ["a", "b"], [[cell, "end"]])
    assert table.slice().rows == [(2, [cell, "end"])]


@pytest.mark.parametrize(("name", "alike"), [("l[1]", "l1"), ("a*b", "aXb"), ("q?", "qq"), ("it's {a,b}", "a")])
def test_a_folder_may_be_called_anything(tmp_path, name, alike):
    """What is a pattern to DuckDB must not read another folder's files."""
    make_table(tmp_path / alike, ["a", "b"], [["wrong", "x"]])
    table = make_table(tmp_path / name, ["a", "b"], [["1", "right"]])
    assert table.slice(sort="-a").rows == [(2, ["1", "right"])]
    assert [column["type"] for column in table.columns] == ["integer", "text"]


def test_an_empty_cell_is_null(tmp_path):
    table = make_table(tmp_path, ["a", "b"], [["", "x"], ["y", ""]])
    assert table.slice().rows == [(2, [None, "x"]), (3, ["y", None])]


def test_each_row_keeps_its_line(tmp_path):
    table = make_table(tmp_path, ["a"], [["x"], ["y"], ["z"]], lines=[2, 7, 3_000_000_000])
    assert [line for line, _ in table.slice().rows] == [2, 7, 3_000_000_000]


def test_a_table_without_rows_is_a_table(tmp_path):
    table = make_table(tmp_path, ["a", "b"], [])
    assert (table.slice().rows, table.slice().filtered) == ([], 0)


def test_a_wide_table_is_judged_in_seconds(tmp_path):
    started = time.monotonic()
    table = make_table(tmp_path, [f"column {n}" for n in range(300)], [["1"] * 300])
    assert {column["type"] for column in table.columns} == {"integer"}
    assert time.monotonic() - started < 5


def test_a_folder_with_a_quote_in_its_name_is_written_to(tmp_path):
    folder = tmp_path / "it's"
    folder.mkdir()
    assert make_table(folder, ["a"], [["x"]]).slice().rows == [(2, ["x"])]


# --- types


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "0"], "integer"),
        (["1", "", "3"], "integer"),
        (["007", "12"], "text"),
        (["01", "02"], "text"),
        (["+1", "2"], "decimal"),
        (["1.5", "2", "-.5"], "decimal"),
        (["1e5", "2E-3"], "decimal"),
        (["1,5", "2,5"], "text"),
        (["1", "x"], "text"),
        (["1 ", "2"], "text"),
        (["MARCH1", "SEPT2"], "text"),
        (["1-SEP", "2-MAR"], "text"),
        (["2024-01-31", "1999-12-01"], "date"),
        (["2024-02-31", "1999-12-01"], "text"),
        (["31/01/2024", "01/12/1999"], "text"),
        (["true", "FALSE", "True"], "boolean"),
        (["yes", "no"], "text"),
        (["", ""], "text"),
        (["nan", "inf"], "text"),
        (["1234567890123456789012345"], "text"),
        (["-"], "text"),
        (["."], "text"),
    ],
    ids=lambda value: "/".join(value)[:24] if isinstance(value, list) else value,
)
def test_a_type_is_given_only_where_every_cell_is_of_it(tmp_path, cells, kind):
    table = make_table(tmp_path, ["c", "x"], [[cell, "x"] for cell in cells])
    assert table.columns[0]["type"] == kind


# --- pages and order


def test_a_slice_is_a_page_of_the_rows_in_file_order(tmp_path):
    table = make_table(tmp_path, ["n"], [[str(n)] for n in range(25)])
    found = table.slice(offset=20, limit=10)
    assert (found.filtered, [cells[0] for _, cells in found.rows]) == (25, ["20", "21", "22", "23", "24"])


def test_pages_of_several_row_groups_hold_every_row_once(tmp_path):
    table = make_table(tmp_path, ["n"], [[str(n)] for n in range(45_000)])
    seen = [cells[0] for offset in range(0, 45_000, 1_000) for _, cells in table.slice(offset=offset, limit=1_000).rows]
    assert seen == [str(n) for n in range(45_000)]


def test_beyond_the_end_is_an_empty_page(numbers):
    assert numbers.slice(offset=10**17, limit=5).rows == []


def test_numbers_sort_as_numbers_and_nulls_last(numbers):
    assert names_of(numbers, sort="n") == ["minus", "two", "nine", "ten", "hundred", "none"]


def test_nulls_are_last_downwards_too(numbers):
    assert names_of(numbers, sort="-n") == ["hundred", "ten", "nine", "two", "minus", "none"]


def test_equal_values_stay_in_file_order(tmp_path):
    table = make_table(tmp_path, ["name", "k"], [[str(n), str(n % 2)] for n in range(10)])
    assert names_of(table, sort="-k") == ["1", "3", "5", "7", "9", "0", "2", "4", "6", "8"]


def test_a_column_whose_name_begins_with_a_minus_can_be_sorted_by(tmp_path):
    table = make_table(tmp_path, ["-log10p"], [["3"], ["1"], ["2"]])
    assert names_of(table, sort="-log10p") in (["1", "2", "3"], ["3", "2", "1"])


# --- filters


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("n:eq:9", ["nine"]),
        ("n:ne:9", ["ten", "two", "none", "hundred", "minus"]),
        ("n:lt:9", ["two", "minus"]),
        ("n:le:9", ["nine", "two", "minus"]),
        ("n:gt:9", ["ten", "hundred"]),
        ("n:ge:9", ["ten", "nine", "hundred"]),
        ("n:in:9,100", ["nine", "hundred"]),
        ("n:isnull:1", ["none"]),
        ("n:isnull:true", ["none"]),
        ("n:isnull:0", ["ten", "nine", "two", "hundred", "minus"]),
        ("n:contains:0", ["ten", "hundred"]),
        ("n:startswith:1", ["ten", "hundred"]),
        ("name:contains:IN", ["nine", "minus"]),
        ("name:startswith:N", ["nine", "none"]),
        ("name:contains:%", []),
        ("name:contains:_", []),
        ("name:eq:TEN", []),
    ],
)
def test_each_operator_finds_its_rows(numbers, question, expected):
    assert names_of(numbers, filters=[question]) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("n:gt:1.5", ["ten", "nine", "two", "hundred"]),
        ("n:lt:9.5", ["nine", "two", "minus"]),
        ("n:ge:9.4", ["ten", "hundred"]),
        ("n:eq:8.7", []),
    ],
)
def test_a_fraction_is_not_rounded_before_it_is_compared_with_whole_numbers(numbers, question, expected):
    try:
        found = names_of(numbers, filters=[question])
    except BadQuestion:
        return
    assert found == expected


def test_filters_add_up(numbers):
    found = numbers.slice(filters=["n:gt:1", "name:contains:n"], sort="-n", limit=2)
    assert ([cells[0] for _, cells in found.rows], found.filtered) == (["hundred", "ten"], 3)


def test_dates_and_booleans_compare_as_what_they_are(tmp_path):
    rows = [["old", "1999-12-01", "true"], ["new", "2024-01-31", "False"]]
    table = make_table(tmp_path, ["name", "day", "ok"], rows)
    assert names_of(table, filters=["day:lt:2000-01-01", "ok:eq:true"]) == ["old"]


HOSTILE = ['a"b', "a:b", "Gene", "gene", "'; DROP TABLE x; --", "c1", "line", "eq", "a:eq", "select", "é", " ", "$path"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_column_name_is_a_column_like_others(tmp_path, name):
    rows = [[f"{name}{n}" for name in HOSTILE] for n in range(3)]
    table = make_table(tmp_path, HOSTILE, rows)
    found = table.slice(filters=[f"{name}:eq:{name}1"], sort=f"-{name}")
    assert [line for line, _ in found.rows] == [3]


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"filters": ["nothing:eq:1"]}, "filter"),
        ({"filters": ["n"]}, "filter"),
        ({"filters": [""]}, "filter"),
        ({"filters": ["n:like:1"]}, "filter"),
        ({"filters": ["n:eq"]}, "filter"),
        ({"filters": ["n:eq:abc"]}, "filter"),
        ({"filters": ["n:in:1,abc"]}, "filter"),
        ({"filters": ["n:isnull:perhaps"]}, "filter"),
        ({"filters": ["n:eq:1; DROP TABLE x"]}, "filter"),
        ({"sort": "nothing"}, "sort"),
        ({"sort": "--n"}, "sort"),
        ({"sort": "n, line"}, "sort"),
        ({"sort": "N"}, "sort"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_answered_says_which_part(numbers, question, field):
    with pytest.raises(BadQuestion) as caught:
        numbers.slice(**question)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "value",
    [
        "' OR 1=1 --",
        "x' UNION SELECT * FROM read_csv('/etc/passwd') --",
        "$path",
        "'); COPY x TO '/tmp/x'; --",
        "\0",
        "%",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("operator", ["eq", "contains", "startswith", "in", "lt"])
def test_sql_in_a_value_is_only_text(numbers, operator, value):
    found = numbers.slice(filters=[f"name:{operator}:{value}"])
    expected = [row for row in numbers.slice().rows if row[1][0] < value] if operator == "lt" else []
    assert found.rows == expected


def test_rows_are_found_by_their_lines(numbers):
    assert numbers.lines([3, 5, 999]) == {3: {"name": "nine", "n": "9"}, 5: {"name": "none", "n": None}}


def test_rows_before_a_line_give_the_offset_of_its_page(tmp_path):
    table = make_table(tmp_path, ["a"], [["x"], ["y"], ["z"]], lines=[2, 5, 9])
    assert [table.rows_before(line) for line in (1, 2, 5, 6, 9, 100)] == [0, 0, 1, 2, 2, 3]


def test_first_values_are_the_first_different_ones(tmp_path):
    table = make_table(tmp_path, ["a"], [["z"], ["z"], [""], ["a"], ["m"]])
    assert table.first_values("a", 2) == ["z", "a"]


# --- wide tables, which have a file for each slice of columns


@pytest.fixture
def wide(tmp_path) -> Table:
    """900 columns of 30 rows: cell (row, column) is `row.column`, and `r0` and `r850` count rows down and up."""
    names = [f"r{n}" for n in range(900)]
    rows = [[f"{row}.{n}" for n in range(900)] for row in range(30)]
    for row, cells in enumerate(rows):
        cells[0], cells[850] = str(30 - row), str(row)
    return make_table(tmp_path, names, rows)


def test_a_wide_table_comes_back_whole(wide):
    (line, cells), *_ = wide.slice(offset=7, limit=1).rows
    assert (line, cells[1], cells[399:402], cells[899]) == (9, "7.1", ["7.399", "7.400", "7.401"], "7.899")


def test_filters_and_sorts_reach_over_the_slices_of_a_wide_table(wide):
    found = wide.slice(sort="r0", filters=["r850:ge:20", "r450:startswith:2"], only=["r850", "r0", "r450"])
    assert found.rows == [(31 - n, [str(29 - n), str(n + 1), f"{29 - n}.450"]) for n in range(10)]
    assert [line for line, _ in wide.slice(filters=["r850:ge:20", "r0:ge:0"]).rows] == list(range(22, 32))


def test_a_column_may_lie_elsewhere_than_it_is_shown(tmp_path):
    whole = make_table(tmp_path, ["a", "nothing", "b"], [["1", "", "x"], ["2", "", "y"]])
    table = Table(whole.folder, [{"name": "a", "type": "integer"}, {"name": "b", "type": "text", "at": 2}])
    assert table.slice(filters=["b:eq:y"]).rows == [(3, ["2", "y"])]
    assert table.lines([2]) == {2: {"a": "1", "b": "x"}}


def test_a_question_that_takes_too_long_is_broken_off():
    with ask() as db, pytest.raises(BadQuestion, match=r"longer than 0.05 s"), time_limit(db, 0.05):
        db.execute("SELECT count(*) FROM range(10_000_000) a, range(1_000_000) b WHERE a.range % 7 = b.range % 11")
    with ask() as db, time_limit(db, 5):
        assert db.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("opened", [ask, connect])
def test_a_long_question_draws_no_bar_into_the_log(opened):
    with opened() as db:
        assert db.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)
