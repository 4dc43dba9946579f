"""What is told when a job ends or is asked for again: the app whose work it is mends its own rows, unknown to core."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from project.core.models import Job

_listeners: dict[str, Callable[[Job], None]] = {}
_before_retry: dict[str, Callable[[Job, Any], None]] = {}


def listen(kind: str, listener: Callable[[Job], None]) -> None:
    """Have `listener(job)` called when a job of this kind has failed or was cancelled, wherever that happened."""
    _listeners[kind] = listener


def tell(job: Job) -> None:
    if listener := _listeners.get(job.kind):
        listener(job)


def listen_to_retries(kind: str, listener: Callable[[Job, Any], None]) -> None:
    """Have `listener(job, by)` called in the transaction that queues a job of this kind again.

    It makes its rows ready for the work, or raises (Conflict, Http404, PermissionDenied) and nothing is queued.
    """
    _before_retry[kind] = listener


def tell_of_retry(job: Job, by: Any) -> None:
    if listener := _before_retry.get(job.kind):
        listener(job, by)
