"""Cells of a workbook as text: as a person typed them, nothing lost and nothing made up."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

EXACT = 2**53  # whole numbers up to here are exact in a workbook
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)((?:[.,]\d+)?)S")


def cell_text(value: Any) -> str | None:
    """The text of one cell as calamine gives it; None where it holds nothing."""
    return _TEXTS[type(value)](value)


def _number(value: float) -> str:
    """Whole numbers without `.0`, others as the shortest text that is this very number."""
    return str(int(value)) if value.is_integer() and abs(value) <= EXACT else repr(value)


def _moment(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")


def _duration(value: timedelta) -> str:
    """Hours, which may be more than a day has, minutes and seconds: `30:05:00`."""
    whole, rest = divmod(abs(value), timedelta(seconds=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{fraction}"


_TEXTS: dict[type, Callable[[Any], str | None]] = {
    str: lambda value: value or None,
    float: _number,
    int: str,
    bool: lambda value: "TRUE" if value else "FALSE",
    date: date.isoformat,
    datetime: _moment,
    time: time.isoformat,
    timedelta: _duration,
}


def written_duration(text: str) -> str:
    """A duration of an ODS, which calamine hands over as `PT30H05M00S`, like those of other workbooks."""
    found = _DURATION.fullmatch(text)
    return f"{int(found[1]):02d}:{found[2]}:{found[3]}{found[4]}" if found else text
