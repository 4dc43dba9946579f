"""What is told when a job ends: the app whose work it was mends its own rows, and core need not know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from project.core.models import Job

_listeners: dict[str, Callable[[Job], None]] = {}


def listen(kind: str, listener: Callable[[Job], None]) -> None:
    """Have `listener(job)` called when a job of this kind has failed or was cancelled, wherever that happened."""
    _listeners[kind] = listener


def tell(job: Job) -> None:
    if listener := _listeners.get(job.kind):
        listener(job)
