"""Columns as somebody names them: some of a wide table, by place from 1 (`101-200`, `7`) or by name, and those of fields."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.common.problems import BadQuery

Column = Mapping[str, Any]
_PLACES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


def chosen(columns: Sequence[Column], asked: Sequence[str]) -> list[Column]:
    """The columns that an API call names, in its order; all of them where it names none. Raises BadQuery."""
    if not asked:
        return list(columns)
    found: dict[str, Column] = {}
    for text in asked:
        first, last = _range(columns, text)
        for column in columns[first - 1 : last]:
            found[column["name"]] = column
    return list(found.values())


def fields_filled(
    called: str, given: Mapping[str, str | None], fields: Iterable[str], columns: Iterable[str]
) -> dict[str, str | None]:
    """Each of `fields` with the column that was given for it, or None. Raises BadQuery, under names such as
    `mapping.gene` (`called` is the first part), for fields or columns that do not exist."""
    fields, known = list(fields), set(columns)
    errors: dict[str, str] = {}
    for field, column in given.items():
        if field not in fields:
            errors[f"{called}.{field}"] = f"There is no field {field!r}; fields: {', '.join(fields)}."
        elif column and column not in known:
            errors[f"{called}.{field}"] = f"The file has no column {column!r}."
    if errors:
        raise BadQuery(errors)
    return {field: given.get(field) or None for field in fields}


def _range(columns: Sequence[Column], text: str) -> tuple[int, int]:
    """First and last place, from 1, both of them columns. Raises BadQuery. A name wins over places that look like it."""
    for place, column in enumerate(columns, start=1):
        if column["name"] == text:
            return place, place
    found = _PLACES.fullmatch(text.strip())
    if found is None:
        raise BadQuery({"columns": f"There is no column {text!r}; name one, or places such as 1-100."})
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last or first > len(columns):
        raise BadQuery({"columns": f"{text!r} are no places in {len(columns):,} columns."})
    return first, min(last, len(columns))


@dataclass(frozen=True)
class Window:
    """The columns that a page shows: those at the places `first` to `last`, from 1, of all."""

    columns: list[Column]
    first: int
    last: int
    total: int

    @property
    def is_whole(self) -> bool:
        return len(self.columns) == self.total

    @property
    def sentence(self) -> str:
        return f"Columns {self.first:,} to {self.last:,} of {self.total:,}"


def window(columns: Sequence[Column], asked: str, size: int) -> Window:
    """At most `size` columns beginning with those that are asked for; the first ones where nothing is.

    A part of a name is enough, in any case. Raises BadQuery where there is no such column.
    """
    try:
        first, last = _range(columns, asked) if asked else (1, size)
    except BadQuery:
        wanted = asked.strip().lower()
        if _PLACES.fullmatch(wanted):
            raise
        likes = [place for place, column in enumerate(columns, start=1) if wanted and wanted in column["name"].lower()]
        if not likes:
            raise
        first = last = likes[0]
    last = min(last if last > first and "-" in asked else first + size - 1, first + size - 1, len(columns))
    return Window(list(columns[first - 1 : last]), first, last, len(columns))


def described(columns: Sequence[Column], header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns of a VCF, those with a "description" whose field the header describes."""
    fields = {kind: {one["id"]: one.get("description") for one in header.get(kind, ())} for kind in ("info", "format")}
    samples = set(header.get("samples", ()))
    found = []
    for column in columns:
        owner, _, key = (
            column["name"].partition(".") if column["name"].startswith("INFO.") else column["name"].rpartition(".")
        )
        kind = "info" if owner == "INFO" else "format" if owner in samples else ""
        said = fields.get(kind, {}).get(key)
        found.append({**column, **({"description": said} if said else {})})
    return found
