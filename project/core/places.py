"""How many processes of a worker may be at heavy work at a time: never all, where it does light work too."""

import fcntl
import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.signals import celeryd_after_setup

from project.core.models import Job

# Locks on its bytes: the pool is forked from the worker and has the file, and a killed process frees its place.
_file = tempfile.TemporaryFile(prefix="vardesk-places-")  # noqa: SIM115
_heavy = 1


@celeryd_after_setup.connect
def count(instance: Any, **_: Any) -> None:
    """Before the pool is forked."""
    global _heavy
    does_light = any(name.endswith(Job.Queue.LIGHT) for name in instance.app.amqp.queues.consume_from)
    _heavy = max(instance.concurrency - does_light, 1)
    gc.freeze()  # what is loaded by now stays shared with the pool: the collector does not write into it


@contextmanager
def place_for(queue: str) -> Iterator[bool]:
    """Whether this process may do work of that queue now. Light work always may."""
    place = _take() if queue == Job.Queue.HEAVY else -1
    try:
        yield place is not None
    finally:
        if place is not None and place >= 0:
            fcntl.lockf(_file, fcntl.LOCK_UN, 1, place)


def _take() -> int | None:
    for place in range(_heavy):
        try:
            fcntl.lockf(_file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            continue
        return place
    return None
