"""What the form of an import shows: as proposed, or as it was sent and refused. One function for each of its parts."""

from collections.abc import Mapping
from typing import Any

from files import importing
from files import mapping as mappings
from files.models import DataFile
from files.store import Table
from variants.models import ASSEMBLIES

COLUMNS_TO_CHOOSE = 300  # with more, the form has boxes to type in: 25 lists of 5,000 names are no page


def import_form(file: DataFile, sent: Mapping[str, str] | None) -> dict[str, Any]:
    """The context of `files/_import.html`. `sent`: the form's fields as they came, when they were refused."""
    names = [column["name"] for column in file.columns]
    mapping = {field: sent.get(f"map_{field}") or None for field in mappings.LABELS} if sent else mappings.detect(names)
    sent = sent or {}
    return mapping_part(file, names, mapping) | assembly_part(file, mapping, sent) | {"source": sent.get("source", "")}


def mapping_part(file: DataFile, names: list[str], mapping: Mapping[str, str | None]) -> dict[str, Any]:
    table = Table(file.table_path, file.columns)
    is_wide = len(names) > COLUMNS_TO_CHOOSE
    return {
        "mapping": [
            {
                "field": field, "label": label, "column": mapping.get(field), "columns": [] if is_wide else names,
                "example": _example(table, mapping.get(field)),
            }
            for field, label in mappings.LABELS.items()
        ],
        "column_names": names if is_wide else [],
        "is_recognised": any(mapping.values()),
    }  # fmt: skip


def assembly_part(file: DataFile, mapping: dict[str, str | None], sent: Mapping[str, str]) -> dict[str, Any]:
    missing = importing.rows_without_assembly(file, mapping) if not file.assembly else 0
    return {
        "assemblies": ASSEMBLIES, "assembly": sent.get("assembly", ""),
        "assembly_detected": file.assembly or ("row by row" if mapping.get("assembly") and not missing else ""),
        "is_assembly_needed": bool(missing),
    }  # fmt: skip


def _example(table: Table, column: str | None) -> str:
    known = column in {known["name"] for known in table.columns}
    return next(iter(table.first_values(column, 1)), "") if column and known else ""
