"""What a Parquet file's columns are called and how DuckDB writes each of their values as text."""

from dataclasses import dataclass
from typing import Any

from duckdb.sqltypes import DuckDBPyType

NESTED = ("list", "array", "struct", "map", "union")
INTEGERS = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "hugeint",
    "uhugeint",
)
# In JSON text DuckDB would round these; as texts they keep their digits.
ROUNDED = ("decimal", "float", "hugeint", "uhugeint")
LONGEST_INTEGER = 28  # digits that a filter compares exactly: store.TYPES


@dataclass(frozen=True)
class Column:
    kind: str  # integer, decimal, boolean, date or text
    before: str = ""  # SQL around a value that makes its text
    after: str = "::VARCHAR"
    is_bytes: bool = False

    def text_of(self, value: str) -> str:
        """SQL of the text of `value`, SQL itself."""
        return f"{self.before}{value}{self.after}"


def column_of(sql_type: DuckDBPyType) -> Column:
    name = sql_type.id
    if name in INTEGERS:
        return Column("integer")
    if name in ("float", "double"):
        return Column("decimal")
    if name == "decimal":
        parts = dict(sql_type.children)
        exact = not parts["scale"] and int(str(parts["precision"])) <= LONGEST_INTEGER
        return Column("integer" if exact else "decimal")
    if name in ("boolean", "date"):
        return Column(name)
    if name.startswith(("timestamp with time zone", "timestamptz")):
        return Column("text", "regexp_replace(replace(", "::VARCHAR, ' ', 'T'), '[+]00$', '+00:00')")
    if name.startswith("timestamp"):
        return Column("text", "replace(", "::VARCHAR, ' ', 'T')")
    if name == "blob":
        return Column("text", "lower(hex(", "))", is_bytes=True)
    if name in NESTED:
        return Column("text", "to_json(", f"::{_exact(sql_type)})::VARCHAR")
    return Column("text")


def _exact(sql_type: DuckDBPyType) -> str:
    """The SQL of a nested type whose values survive their way into JSON."""
    if sql_type.id in ROUNDED:
        return "VARCHAR"
    if sql_type.id not in NESTED:
        return str(sql_type)
    children: list[tuple[str, Any]] = sql_type.children
    inner = [_exact(child) for _, child in children if isinstance(child, DuckDBPyType)]
    if sql_type.id in ("list", "array"):
        return f"{inner[0]}[]"
    if sql_type.id == "map":
        return f"MAP({inner[0]}, {inner[1]})"
    if sql_type.id == "union":
        return str(sql_type)
    named = zip((name for name, _ in children), inner, strict=True)
    return "STRUCT(" + ", ".join(f'"{name.replace(chr(34), 2 * chr(34))}" {kind}' for name, kind in named) + ")"
