"""What a person chose of the reading of a text table is done, whatever would have been guessed."""

import gzip
import json
from pathlib import Path

import pytest

from files.readers.choices import Choices, Limits
from files.readers.chosen_types import misfits, take_types
from files.readers.errors import NotATable
from files.readers.findings import Outcome
from files.readers.parts import TableWriter
from files.readers.reading import read_any
from files.store import Table

TITLED = "Samples of May\n\na;b;c\n1;2;3\n#x;2;3\n4;'5;6\n"


@pytest.fixture
def reading(tmp_path):
    """`reading(text, delimiter=";")`: what the reader says, and the rows as (line, *cells)."""

    def reading(text: str | bytes, *, rows_bytes: int | None = None, **chosen) -> tuple[Outcome, list[tuple]]:
        path, folder = tmp_path / "text", tmp_path / f"read-{len(list(tmp_path.iterdir()))}"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        outcome = read_any(path, folder, Choices(**chosen), Limits(rows_bytes=rows_bytes), lambda *_: None)
        found = Table(folder / "table", outcome.columns).slice(limit=10_000)
        return outcome, [(line, *cells) for line, cells in found.rows]

    return reading


def names(outcome: Outcome) -> list[str]:
    return [column["name"] for column in outcome.columns]


def test_the_line_of_the_names_is_the_chosen_one(reading):
    outcome, rows = reading(TITLED, header_line=4, quote="")
    assert (names(outcome), rows) == (["1", "2", "3"], [(5, "#x", "2", "3"), (6, "4", "'5", "6")])
    assert (outcome.reading["header_line"], outcome.reading["preamble"], outcome.skipped) == (4, 3, 2)


def test_names_in_a_chosen_line_may_look_like_a_comment_or_like_values(reading):
    outcome, rows = reading("#A\t2\n#x\ty\n1\t2\n", comment="#", header_line=1)
    assert (names(outcome), rows, outcome.skipped) == (["#A", "2"], [(3, "1", "2")], 1)


def test_a_chosen_line_names_the_table_below_it_and_not_a_larger_one(reading):
    text = "a,b\n1,2\n3,4\n\nx,y,z\n" + "5,6,7\n" * 30
    assert names(reading(text)[0]) == ["x", "y", "z"]
    outcome, rows = reading(text, header_line=1)
    assert (names(outcome), rows) == (["a", "b"], [(2, "1", "2"), (3, "3", "4")])
    assert outcome.skipped == 31


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"header_line": 7}, "cannot stand in line 7: the file has 6 lines"),
        ({"header_line": 2}, "Line 2 holds no column names"),
        ({"delimiter": "|"}, "'|' does not occur in the file"),
        ({"encoding": "klingon"}, "no text encoding called 'klingon'"),
        ({"quote": "''"}, "A quote is one character"),
        ({"escape": "^"}, "'^' is neither"),
    ],
)
def test_what_cannot_be_done_is_said(reading, chosen, said):
    with pytest.raises(NotATable, match=said.replace("|", r"\|").replace("^", r"\^")):
        reading(TITLED, **chosen)


def test_a_line_beyond_the_part_that_is_looked_at_is_no_header(reading):
    with pytest.raises(NotATable, match="line 300,000: that is beyond the part in which they are looked for"):
        reading("a,b\n" + "1,2\n" * 400_000, header_line=300_000)


@pytest.mark.parametrize(
    ("comment", "rows"),
    [
        (None, [(2, "1", "2"), (3, "#3", "4")]),
        ("#", [(2, "1", "2")]),
        ("", [(2, "1", "2"), (3, "#3", "4")]),
    ],
)
def test_lines_with_the_chosen_mark_are_comments_whatever_their_width(reading, comment, rows):
    outcome, found = reading("a,b\n1,2\n#3,4\n", comment=comment)
    assert (found, outcome.skipped) == (rows, 3 - 1 - len(rows))


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_part_of_what_has_no_parts_is_refused(reading, packed):
    with pytest.raises(NotATable, match="no part called 'a.csv'"):
        reading(packed(b"a,b\n1,2\n"), member="a.csv")


def test_that_there_is_no_header_is_told_only_to_who_did_not_say_it(reading):
    assert [warning["kind"] for warning in reading("1,2\n3,4\n")[0].warnings] == ["no_header"]
    outcome, _ = reading("1,2\n3,4\n", header=False)
    assert (names(outcome), outcome.warnings) == (["column_1", "column_2"], [])


def test_no_comment_mark_leaves_a_line_what_it_is(reading):
    text = "# made by hand\na,b\n" + "1,2\n" * 5
    assert reading(text)[0].reading["comment"] == "#"
    assert reading(text, comment="")[0].reading["comment"] == ""


def test_chosen_quotes_hold_lines_together_that_look_like_rows(reading):
    text = 'g\tc\tk\n"A\tx\ty\na\tb\tc\nd\te\tf"\tq\t5\nB\tx\t4\n'
    assert len(reading(text)[1]) > 2  # a guess takes them for rows behind a stray quote
    outcome, rows = reading(text, delimiter="\t", quote='"')
    assert rows == [(2, "A\tx\ty\na\tb\tc\nd\te\tf", "q", "5"), (5, "B", "x", "4")]
    assert not outcome.rejected


def test_a_chosen_quote_that_never_closes_still_costs_one_line(reading):
    outcome, rows = reading('a,b,c\n1,"2,3\n4,5,6\n7,8,9\n', delimiter=",", quote='"')
    assert [row[0] for row in rows][-2:] == [3, 4]


@pytest.mark.parametrize(("escape", "cell"), [(None, 'x"y'), ("\\", 'x"y'), ("", '"x\\"y"')])
def test_an_escape_is_a_backslash_or_none_as_chosen(reading, escape, cell):
    outcome, rows = reading('a,b\n1,"x\\"y"\n2,"z"\n', escape=escape, quote=None if escape != "" else "")
    assert (rows[0], outcome.reading["escape"]) == ((2, "1", cell), "\\" if escape != "" else "")


def test_a_chosen_escape_is_kept_where_nothing_is_escaped(reading):
    assert reading('a,b\n1,"x"\n', escape="\\")[0].reading["escape"] == "\\"
    assert reading('a,b\n1,"x\\"y"\n', escape="")[0].reading["escape"] == "doubled"


def test_a_bounded_reading_ends_with_a_line_and_tells_of_the_rest(reading):
    outcome, rows = reading("a,b\n" + "1,2\n" * 1000, rows_bytes=50)
    assert (len(rows), outcome.complete, outcome.rejected, outcome.warnings) == (11, False, 0, [])
    assert reading("a,b\n1,2\n", rows_bytes=8)[0].complete
    assert reading("a,b\n1,2", rows_bytes=8)[0].complete


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
def test_a_bound_never_cuts_a_character_or_a_quoted_cell(reading, encoding):
    text = "a,b\n" + '1,"é\n2,3\nü"\n' * 100
    for bound in range(90, 120):
        outcome, rows = reading(text.encode(encoding), rows_bytes=bound, quote='"', delimiter=",")
        assert {row[1:] for row in rows} == {("1", "é\n2,3\nü")}
        assert (outcome.rejected, outcome.complete) == (0, False)


def test_the_guess_of_a_bounded_reading_is_that_of_the_whole(reading):
    text = "a,b\n" + "1,2\n" * 100 + "".join(f"{n};x,y\n" for n in range(300))
    whole, part = reading(text)[0].reading, reading(text, rows_bytes=40)[0].reading
    assert part == whole


@pytest.fixture
def numbers(tmp_path) -> Path:
    """A table of one column `n` with these cells, from line 2 on."""
    writer = TableWriter(tmp_path / "table", 1, quoted=True)
    for line, cell in enumerate(["007", "1.5", "x", "", "true", "2020-02-30", "2020-02-29", "1e400", " 7", None], 2):
        writer.add(line, [cell])
    writer.close()
    return tmp_path / "table"


@pytest.mark.parametrize(
    ("kind", "expected"), [("integer", (6, 3)), ("decimal", (5, 4)), ("boolean", (7, 2)), ("date", (7, 2))]
)
def test_cells_that_are_not_of_the_chosen_type_are_counted(numbers, kind, expected):
    assert misfits(numbers, {0: (kind, None)}) == {0: expected}


def test_types_of_many_columns_are_judged_each_by_its_own_cells(tmp_path):
    writer = TableWriter(tmp_path, 900, quoted=True)
    for line in (2, 3):
        writer.add(line, ["x" if place == 10 * line or place == 850 else str(place) for place in range(900)])
    writer.close()
    found = misfits(tmp_path, dict.fromkeys(range(900), ("integer", None)))
    assert {place: said for place, said in found.items() if said[0]} == {20: (1, 2), 30: (1, 3), 850: (2, 2)}
    assert len(found) == 900


def test_a_type_of_no_column_is_a_warning_and_no_error(numbers):
    outcome = Outcome("csv", 9, 0, 0, 0, [{"name": "n", "type": "text"}], {}, [], {})
    take_types(outcome, numbers, {"n": "decimal", "gone": "text"})
    assert outcome.columns == [{"name": "n", "type": "decimal"}]
    first, second = outcome.warnings
    assert first["message"] == "5 cells of n are no decimal; they are null in the typed view and sort last."
    assert (first["kind"], first["count"], first["first_line"]) == ("types", 5, 4)
    assert "There is no column 'gone'" in second["message"]
    assert json.dumps(outcome.as_dict())


def test_a_chosen_quote_is_told_where_the_file_has_none(reading):
    assert reading("a,b\n1,2\n")[0].reading["quote"] == ""
    assert reading("a,b\n1,2\n", quote="'")[0].reading["quote"] == "'"


def test_comments_of_the_tables_width_are_found_among_many_clean_rows(reading):
    text = "a,b\n" + "".join(f"#{n},x\n" if n % 50 == 0 else f"{n},x\n" for n in range(1, 5001))
    outcome, rows = reading(text, comment="#")
    assert (outcome.rows, outcome.skipped, outcome.rejected) == (4900, 100, 0)
    assert not any(cell.startswith("#") for _, cell, _ in rows)
