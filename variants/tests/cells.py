"""Mapped text cells as a test writes them, and what `normalise` makes of them."""

from typing import Any

import duckdb

from variants.normalising import FIELDS, OUTPUT, Rules, normalise


def cells_of(rows: list[dict]) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the relation `cells`: one line for each dict of FIELDS, from line 2 on (1 is the header)."""
    db = duckdb.connect(config={"threads": 1})
    columns = {"line": [row.get("line", number) for number, row in enumerate(rows, start=2)]}
    columns |= {name: [row.get(name) for row in rows] for name in ["alt_number", *FIELDS]}
    types = {"line": "BIGINT", "alt_number": "INTEGER"}
    chosen = ", ".join(f'unnest(${name}::{types.get(name, "VARCHAR")}[]) AS "{name}"' for name in columns)
    db.execute(f"CREATE TEMP TABLE cells AS SELECT {chosen}", columns)
    return db


def alleles_of(*rows: dict, assembly: str | None = "GRCh38", **rules: Any) -> list[dict]:
    """The alleles of a small file, in line order. `rules`: further fields of Rules."""
    with cells_of(list(rows)) as db:
        normalise(db, Rules(load="this load", assembly=assembly, **rules))
        cursor = db.execute(f"SELECT {', '.join(OUTPUT)} FROM alleles ORDER BY line, alt_index")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
