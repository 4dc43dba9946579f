"""What a preview found, as the page says and shows it."""

from collections.abc import Mapping
from typing import Any

from files import as_read
from files.models import DataFile
from files.preview import Preview
from files.reject_views import LONGEST_TEXT, visible
from files.tables import rows_table

COLUMNS_SHOWN, REJECTS_SHOWN = 100, 20


def shown(preview: Preview, file: DataFile) -> dict[str, Any]:
    """Sentences, table, rejects and warnings for `files/_preview.html`."""
    columns = [dict(column) for column in preview.columns[:COLUMNS_SHOWN]]
    known = {column["name"]: column["type"] for column in file.columns} if file.has_table else None
    for column in columns:
        column["mark"] = _mark(column, known, preview)
    warnings = as_read.in_words(preview.warnings)
    left = len(preview.columns) - len(columns)
    return {
        "sentence": sentence(preview), "note": f"The first {len(columns):,} columns are shown." if left else "",
        "is_complete": preview.is_complete,
        "table": rows_table(columns, [(line, cells[: len(columns)]) for line, cells in preview.rows]),
        "rejects": [_reject(reject) for reject in preview.rejects[:REJECTS_SHOWN]],
        "rejects_left": max(0, preview.rejected - REJECTS_SHOWN),
        "losses": [warning for warning in warnings if warning["is_loss"]],
        "warnings": [warning for warning in warnings if not warning["is_loss"]],
    }  # fmt: skip


def typed_columns(preview: Preview, file: DataFile) -> list[dict[str, Any]]:
    """The columns of a preview with their types: those of the reading in use, which saw every row, where they are the same."""
    columns = [{"name": column["name"], "type": column["type"]} for column in preview.columns]
    if file.has_table and not preview.is_complete and _names(columns) == _names(file.columns):
        return [{"name": column["name"], "type": column["type"]} for column in file.columns]
    return columns


def _names(columns: list[dict[str, Any]]) -> list[str]:
    return [column["name"] for column in columns]


def _mark(column: Mapping[str, Any], known: Mapping[str, str] | None, preview: Preview) -> str:
    """How a column differs from the reading in use. A type that was guessed from some rows only says nothing yet."""
    if known is None:
        return ""
    if column["name"] not in known:
        return "new"
    is_sure = preview.is_complete or column["name"] in (preview.chosen_types or {})
    return f"was {known[column['name']]}" if is_sure and known[column["name"]] != column["type"] else ""


def sentence(preview: Preview) -> str:
    """ "5 columns, header in line 3, 2 lines skipped, 1 of the first 812 lines rejected"."""
    reading, width = preview.reading, len(preview.columns)
    said = [f"{width:,} column{'' if width == 1 else 's'}"]
    if line := reading.get("header_line"):
        said.append(f"header in line {line:,}")
    elif reading.get("header") is False:
        said.append("no header")
    if skipped := reading.get("preamble"):
        said.append(f"{skipped:,} line{'' if skipped == 1 else 's'} skipped")
    return ", ".join([*said, _taken(preview)]) + "."


def _taken(preview: Preview) -> str:
    records = preview.row_count + preview.rejected
    part = "" if preview.is_complete else "first "
    if preview.rejected:
        return f"{preview.rejected:,} of the {part}{records:,} lines rejected"
    return f"none of the {part}{records:,} lines rejected"


def _reject(reject: Mapping[str, Any]) -> dict[str, Any]:
    text = reject["text"]
    return {
        "line": reject["line"], "reason": reject["reason"], "text": visible(text[:LONGEST_TEXT]),
        "length": len(text) if len(text) > LONGEST_TEXT else None,
    }  # fmt: skip
