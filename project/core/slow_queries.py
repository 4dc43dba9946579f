"""A line in the log for each statement that took longer than SLOW_QUERY_MS: its SQL with placeholders, no values."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

MOST_CHARACTERS = 2000

log = logging.getLogger(__name__)

# Our SQL has none with data in it; what others write into a statement shall not be seen either.
_LITERAL = re.compile(
    r"""
      (?P<name>"(?:[^"]|"")*")                     # "it's": an apostrophe in a name begins no literal
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|$))         # nor does one in a comment
    | \b[eE]'(?:[^'\\]|\\.|'')*(?:'|$)             # E'it\'s'
    | '(?:[^']|'')*(?:'|$)                         # 'it''s'
    | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$)        # $$it's$$
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG_NUMBER = re.compile(r"\b\d{4,}\b")


def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """For the signal `connection_created`, which comes again with each reconnect."""
    if settings.SLOW_QUERY_MS and timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(timed)


def timed(execute: Callable, sql: Any, params: Any, many: bool, context: dict) -> Any:
    """An execute wrapper. `COPY ... FROM STDIN` does not pass through it."""
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        duration_ms = (time.perf_counter() - began) * 1000
        if duration_ms >= settings.SLOW_QUERY_MS:
            facts = {"event": "slow_query", "duration_ms": round(duration_ms), "sql": without_values(sql)}
            log.warning("A statement took %d ms", round(duration_ms), extra={"facts": facts})


def without_values(sql: Any) -> str:
    """The statement's text, literals as `'?'` and long numbers as `?`, cut at MOST_CHARACTERS."""
    if not isinstance(sql, str):
        return f"({type(sql).__name__})"  # psycopg2.sql: it may hold literals, and only a connection can render it
    sql = " ".join(_LITERAL.sub(_masked, sql).split())
    return _LONG_NUMBER.sub("?", sql)[:MOST_CHARACTERS]


def _masked(found: re.Match[str]) -> str:
    if found["comment"]:
        return " "
    return found["name"] or "'?'"
