"""Keyset paging: a cursor names the last row seen, so page 1,000 costs what page 1 costs and no row is shown twice."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import F, Q, QuerySet

from project.common.params import whole_number
from project.common.problems import BadQuery
from project.common.rendering import to_json


@dataclass(frozen=True)
class Key:
    """One column of an order. `nullable` columns sort their nulls last, in both directions."""

    field: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Page:
    """`rows` of one page, and the cursors that lead on (None at an end)."""

    rows: list[dict]
    next_cursor: str | None
    previous_cursor: str | None


def order_name(keys: Sequence[Key]) -> str:
    """What tells one ordering's cursors from another's."""
    return ",".join(f"-{key.field}" if key.descending else key.field for key in keys)


def encode_cursor(values: Sequence[Any], *, backwards: bool, order: str = "") -> str:
    """The cursor of a row: the ordering and its key values there, as URL-safe text."""
    return base64.urlsafe_b64encode(to_json([backwards, order, *values])).decode().rstrip("=")


def decode_cursor(text: str, width: int, *, order: str = "") -> tuple[bool, list[Any]]:
    """Reads `encode_cursor`'s text. Raises BadQuery for anything else, a cursor of another ordering included."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != width + 2 or not isinstance(found[0], bool):
        raise BadQuery({"cursor": "This is not a cursor that Vardesk gave; start again without it."})
    if found[1] != order:
        raise BadQuery({"cursor": "This cursor belongs to another ordering; start again without it."})
    for value in found[2:]:
        if not isinstance(value, str | int | float | None) or (isinstance(value, str) and "\0" in value):
            raise BadQuery({"cursor": "This is not a cursor that Vardesk gave; start again without it."})
    return found[0], found[2:]


def _beyond(key: Key, value: Any, *, backwards: bool) -> Q:
    """Rows strictly beyond `value` in this one column. Never matches nothing by accident: a null has no row after it."""
    if value is None:
        return Q(**{f"{key.field}__isnull": False}) if backwards else Q(pk__in=[])
    beyond = Q(**{f"{key.field}__{'lt' if key.descending != backwards else 'gt'}": value})
    return beyond | Q(**{f"{key.field}__isnull": True}) if key.nullable and not backwards else beyond


def _after(keys: Sequence[Key], values: Sequence[Any], *, backwards: bool) -> Q:
    """The rows after `values` in lexicographic order: (a > x) or (a = x and b > y) or ..."""
    found, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        found |= same & _beyond(key, value, backwards=backwards)
        same &= Q(**{f"{key.field}__isnull": True}) if value is None else Q(**{key.field: value})
    return found


def _order(keys: Sequence[Key], *, backwards: bool) -> list:
    return [
        F(key.field).desc(
            nulls_first=key.nullable and backwards or None, nulls_last=key.nullable and not backwards or None
        )
        if key.descending != backwards
        else F(key.field).asc(
            nulls_first=key.nullable and backwards or None, nulls_last=key.nullable and not backwards or None
        )
        for key in keys
    ]


def keyset_page(rows: QuerySet, params: Mapping[str, str], keys: Sequence[Key], *, size: int) -> Page:
    """One page of `rows` (a `.values()` queryset that holds every key field) as `params["cursor"]` asks.

    The last key must be unique, else rows with equal keys could be lost at a page's edge.
    """
    backwards, cursor = False, params.get("cursor", "")
    if cursor:
        backwards, values = decode_cursor(cursor, len(keys), order=order_name(keys))
        try:
            rows = rows.filter(_after(keys, values, backwards=backwards))
        except (ValueError, TypeError, ValidationError) as error:
            raise BadQuery({"cursor": "This is not a cursor that Vardesk gave; start again without it."}) from error
    try:
        found = list(rows.order_by(*_order(keys, backwards=backwards))[: size + 1])
    except DataError as error:
        if not cursor:
            raise
        # A time zone of a day's width, a date before all: only PostgreSQL knows what it does not take.
        raise BadQuery({"cursor": "This is not a cursor that Vardesk gave; start again without it."}) from error
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()

    def cursor_at(row: dict, *, back: bool) -> str:
        return encode_cursor([row[key.field] for key in keys], backwards=back, order=order_name(keys))

    has_next = bool(found) and (more or backwards)
    has_previous = bool(found) and bool(cursor) and (more or not backwards)
    return Page(
        found,
        cursor_at(found[-1], back=False) if has_next else None,
        cursor_at(found[0], back=True) if has_previous else None,
    )


def page_size(params: Mapping[str, str], *, default: int = 100, most: int = 1000) -> int:
    return whole_number(params, "page_size", default=default, least=1, most=most)


def url_with(path: str, params: Mapping, **changes: str | None) -> str:
    """`path` with the query of `params` (a QueryDict), some parameters replaced or, where None, taken out."""
    lists = {name: params.getlist(name) if hasattr(params, "getlist") else [params[name]] for name in params}
    for name, value in changes.items():
        lists.pop(name, None)
        if value is not None:
            lists[name] = [value]
    query = urlencode(lists, doseq=True)
    return f"{path}?{query}" if query else path
