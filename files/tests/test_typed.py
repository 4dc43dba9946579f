import pytest

from files.typed import typed


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("12", "integer", 12),
        ("-0", "integer", 0),
        ("0.10", "decimal", 0.1),
        ("1e-400", "decimal", 0.0),
        ("1e400", "decimal", "1e400"),
        ("TRUE", "boolean", True),
        ("false", "boolean", False),
        ("1", "boolean", True),
        ("0", "boolean", False),
        ("1_0", "integer", None),
        ("1_0.5", "decimal", None),
        ("٣", "integer", None),
        ("2024-01-31", "date", "2024-01-31"),
        ("1e5", "text", "1e5"),
        ("007", "text", "007"),
        ("", "text", ""),
        (".", "integer", None),
        (".", "decimal", None),
        (None, "integer", None),
        (None, "text", None),
    ],
)
def test_a_cell_has_the_type_of_its_column(text, kind, value):
    assert typed(text, kind) == value
    assert type(typed(text, kind)) is type(value)


@pytest.mark.parametrize("kind", ["text", "integer", "decimal", "boolean", "date"])
def test_what_a_column_writes_for_nothing_is_none(kind):
    assert typed(".", kind, ".") is None


def test_text_is_as_written_unless_the_column_says_otherwise():
    assert (typed(".", "text"), typed("..", "text", "."), typed("", "text", ".")) == (".", "..", "")
