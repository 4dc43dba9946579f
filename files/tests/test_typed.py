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
