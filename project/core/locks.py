"""Waiting for a row only so long."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

LOCK_NOT_AVAILABLE = "55P03"


class Locked(Exception):
    """Another transaction had the row for all that time; nothing was changed."""


@contextmanager
def lock_timeout(seconds: float) -> Iterator[None]:
    """A transaction whose statements wait for a lock for so long at most. Raises Locked."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{seconds * 1000:.0f}ms"])
            yield
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")  # for what encloses this, where something does
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Locked from error
