"""Any table in any file: read back cell for cell where its dialect is chosen, and with nothing lost where it is guessed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.readers.choices import Choices
from files.readers.errors import NotATable
from files.tests.promises import check, read_bytes
from files.tests.strategies import SPECIAL, Written, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of its own for each reading."""
    runs = iter(range(1_000_000))
    base = tmp_path_factory.mktemp("readings")
    return lambda: base / str(next(runs))


def choices_of(table: Written) -> Choices:
    """All that can be chosen, as the table was written."""
    delimiter = table.delimiter if table.width > 1 else ""
    return Choices(
        encoding=table.encoding, delimiter=delimiter, quote=table.quote, escape=table.escape, comment="", header=True, header_line=1
    )  # fmt: skip


@given(table=written(escapes=("", "\\")))
def test_a_table_read_with_its_dialect_comes_back_cell_for_cell(folder, table):
    reading = read_bytes(table.data, folder(), choices_of(table))
    assert reading.rows == [(line, *cells) for line, cells in zip(table.lines, table.rows, strict=True)]
    assert (reading.rejects, reading.outcome.skipped, reading.outcome.padded) == ([], 0, 0)
    assert [column["name"] for column in reading.outcome.columns] == table.names


@given(table=written(encodings=["utf-8", "cp1252"], escapes=("", "\\")), data=st.data())
def test_a_record_with_a_nul_is_a_reject_and_the_others_are_rows(folder, table, data):
    bad = data.draw(st.integers(0, len(table.rows) - 1))
    row = [*table.rows[bad][:-1], f"x\0{table.rows[bad][-1] or ''}"]
    broken = replace(table, rows=[*table.rows[:bad], row, *table.rows[bad + 1 :]])
    reading = read_bytes(broken.data, folder(), choices_of(table))
    expected = [(line, *cells) for line, cells in zip(broken.lines, broken.rows, strict=True)]
    assert reading.rows == expected[:bad] + expected[bad + 1 :]
    (line, offset, _, _, _, kind) = reading.rejects[0]
    assert (len(reading.rejects), line, kind) == (1, broken.lines[bad], "NUL byte")
    assert broken.data[int(offset) :].startswith(broken.record(row).encode(table.encoding))
    assert reading.outcome.reasons == {"NUL byte": 1}


@given(table=written())
def test_nothing_is_lost_where_everything_is_guessed(folder, table):
    try:
        reading = read_bytes(table.data, folder())
    except NotATable:
        return
    check(table.data, reading)


@given(
    st.lists(st.sampled_from(SPECIAL + ["a", "b,c", "1;2", "x\n", "y\tz\n", "\0", "\n\n"]), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)
def test_nothing_is_lost_of_any_text(folder, pieces, encoding):
    data = "".join(pieces).encode(encoding, "replace")
    try:
        reading = read_bytes(data, folder())
    except NotATable:
        return
    check(data, reading)
