"""The cells of those files of docs/examples that are no text, or no plain table of it."""

from pathlib import Path

import pytest

from files.readers.choices import Choices, Limits
from files.readers.reading import read_any
from files.readers.types import infer_types
from files.store import Table

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.mark.parametrize(
    ("name", "format", "cells"),
    [
        ("variants.bcf", "bcf", {"POS": "7676154", "INFO.GENE": "TP53", "INFO.AF": "0.5", "anna.GT": "1/1", "ben.DP": "22"}),
        ("variants.parquet", "parquet", {"gene": "TP53", "frequency": "0.50", "evaluated": "2024-03-01", "evidence": '["PMID:1","PMID:2"]'}),
        ("variants.jsonl", "jsonl", {"gene": "TP53", "frequency": "0.50", "classification": None, "evidence": None}),
    ],
)  # fmt: skip
def test_an_example_is_read(tmp_path, name, format, cells):
    found = read_any(EXAMPLES / name, tmp_path, Choices(), Limits(), lambda *_: None)
    assert (found.format, found.rows, found.rejected, found.warnings) == (format, 3, 0, [])
    table = Table(tmp_path / "table", found.columns)
    place = "POS" if format == "bcf" else "pos"
    [(_, row)] = table.slice(filters=[f"{place}:eq:7676154"], only=list(cells)).rows
    assert dict(zip(cells, row, strict=True)) == cells
    if not found.types_told:
        assert infer_types(tmp_path / "table", len(found.columns))[2] == "integer"
