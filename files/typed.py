"""A cell in the type of its column, beside its text as written."""

import math
import re
from datetime import date
from typing import Any


def typed(text: str | None, kind: str, missing: str | None = None) -> Any:
    """`text` as the JSON value of `kind` (integer, decimal, boolean; a date stays ISO text).

    None is what the column writes where it has nothing (`missing`, a VCF's `.`, also of text), and a cell that is not
    of its column's type. A number too large for a float stays text, for JSON has no infinity.
    """
    if text is None or text == missing:
        return None
    if kind not in ("integer", "decimal", "boolean", "date"):
        return text
    if kind == "date":
        return text if _is_day(text) else None
    if kind == "boolean":
        # A VCF's flag may have a value, which is 1 or 0.
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
    if "_" in text or not text.isascii():  # Python's numbers, nobody else's
        return None
    try:
        if kind == "integer":
            return int(text)
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else text


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
