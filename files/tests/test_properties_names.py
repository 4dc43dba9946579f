"""Names of columns, whatever a header holds; and questions to a small table, held against a model in Python."""

from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.readers.names import column_names
from files.readers.parts import TableWriter
from files.store import Table
from files.tests.strategies import texts

NAMES = st.lists(
    texts() | st.sampled_from(["a", "A", "a_2", "a_3", "column_1", "column_2", "", " a "]), min_size=1, max_size=9
)
WORDS = ["", "a", "A", "b", "10", "9", "-1", "1.5", "é", "É", "a:b", "a,b", "%", "_", "\\", "'", "\n", " a", "漢"]


@given(NAMES)
def test_names_are_all_different_and_those_that_can_stay_do(cells):
    names, empty, repeated = column_names(cells)
    assert len({name.lower() for name in names}) == len(names) == len(cells)
    assert all(name and "\0" not in name for name in names)
    assert empty == [place for place, cell in enumerate(cells, start=1) if not cell.strip()]
    changed = {*empty, *repeated}
    for place, (cell, name) in enumerate(zip(cells, names, strict=True), start=1):
        assert place in changed or name == " ".join(cell.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    runs = iter(range(1_000_000))
    base = tmp_path_factory.mktemp("tables")
    return lambda: base / str(next(runs))


@given(
    names=st.lists(
        texts().filter(bool) | st.sampled_from(["a", "-a", "a:eq", "a:eq:b", "line", "c0", "'", '"']),
        min_size=2, max_size=3, unique=True,
    ),
    data=st.data(),
)  # fmt: skip
def test_filters_and_sorts_answer_as_python_does(folder, names, data):
    cell = st.none() | st.sampled_from(WORDS)
    rows = data.draw(st.lists(st.lists(cell, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    writer = TableWriter(where := folder(), len(names), quoted=True)
    for line, cells in enumerate(rows, start=2):
        writer.add(line, cells)
    writer.close()
    table = Table(where, [{"name": name, "type": "text"} for name in names])
    at, value = data.draw(st.integers(0, len(names) - 1)), data.draw(st.sampled_from(WORDS))
    operator, keep = data.draw(st.sampled_from(sorted(MODEL.items())))
    numbered = list(enumerate(rows, start=2))
    kept = [(line, cells) for line, cells in numbered if keep(cells[at], value)]
    found = table.slice(filters=[f"{names[at]}:{operator}:{value}"])
    assert (found.rows, found.filtered) == (kept, len(kept))
    down = data.draw(st.booleans())
    asked = f"-{names[at]}" if down else names[at]
    if down and asked in names:
        return  # a column of that name goes first
    in_order = sorted(numbered, key=cmp_to_key(lambda a, b: _compare(a[1][at], b[1][at], down) or a[0] - b[0]))
    assert table.slice(sort=asked).rows == in_order


MODEL = {
    "eq": lambda cell, value: cell == value,
    "ne": lambda cell, value: cell != value,
    "lt": lambda cell, value: cell is not None and cell.encode() < value.encode(),
    "ge": lambda cell, value: cell is not None and cell.encode() >= value.encode(),
    "contains": lambda cell, value: cell is not None and value.lower() in cell.lower(),
    "startswith": lambda cell, value: cell is not None and cell.lower().startswith(value.lower()),
    "in": lambda cell, value: cell is not None and cell in value.split(","),
}


def _compare(one: str | None, other: str | None, down: bool) -> int:
    """By the bytes of UTF-8, nothing last in both directions."""
    if one is None or other is None:
        return (one is None) - (other is None)
    order = (one.encode() > other.encode()) - (one.encode() < other.encode())
    return -order if down else order
