"""A cell in the type of its column, beside its text as written."""

import math
from typing import Any


def typed(text: str | None, kind: str) -> Any:
    """`text` as the JSON value of `kind` (integer, decimal, boolean; a date stays ISO text).

    A cell that is not of its column's type (a VCF's `.` among numbers) is None. A number too large for a float
    stays text, for JSON has no infinity.
    """
    if text is None or kind not in ("integer", "decimal", "boolean"):
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    try:
        if kind == "integer":
            return int(text)
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else text
