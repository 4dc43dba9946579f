"""Any table, written in any dialect, and found again by the record scanner: cell for cell, line for line."""

from hypothesis import assume, given
from hypothesis import strategies as st

from files.readers.scan import Dialect, Scanner
from files.tests.strategies import Written, written


def expected(table: Written) -> list[tuple[int, list[str | None]]]:
    return [(1, list(table.names)), *zip(table.lines, table.rows, strict=True)]


@given(written(encodings=["utf-8"], escapes=("", "\\")))
def test_a_table_comes_back_cell_for_cell(table):
    assume(not table.is_ambiguous)
    scanner = Scanner(Dialect(table.delimiter, table.quote, table.escape), table.width)
    found = list(scanner.records(table.text, 1, final=True))
    assert [(record.line, record.cells) for record in found] == expected(table)
    assert {record.remark for record in found} == {""}
    for record, (_, cells) in zip(found[1:], expected(table)[1:], strict=True):
        assert table.text[record.start : record.end] == table.record(cells)


@given(written(encodings=["utf-8"], escapes=("", "\\")), st.data())
def test_a_table_in_pieces_is_the_same_table(table, data):
    """Pieces end with a line end, wherever: in the midst of a quoted cell too."""
    assume(not table.is_ambiguous)
    scanner = Scanner(Dialect(table.delimiter, table.quote, table.escape), table.width)
    text, found, line, at = table.text, [], 1, 0
    ends = [n + 1 for n, char in enumerate(text[:-1]) if char == "\n" or char == "\r" and text[n + 1] != "\n"]
    for end in [*(end for end in ends if data.draw(st.booleans())), len(text)]:
        for record in scanner.records(text[at:end], line, final=end == len(text)):
            found.append((record.line, record.cells))
        at += scanner.consumed
        line += scanner.lines
    assert found == expected(table)
