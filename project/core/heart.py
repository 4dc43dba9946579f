"""A thread that beats for the work in hand while the work keeps its process busy, and breaks it off when asked."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from project.common.origin import Origin, working_for
from project.core.outcomes import Cancelled, TakenOver

log = logging.getLogger(__name__)

LOOK_S = 1.0  # how often broken-off work is looked for: a cancel is heard within 2 s


def beat(rows: QuerySet[Any]) -> None:
    """A sign of life on each of `rows` that nobody has locked: a heart never waits for the work that it beats for."""
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True, no_key=True).order_by().values_list("pk", flat=True)
        rows.model._default_manager.filter(pk__in=list(free)).update(heartbeat=Now())


class Heart(threading.Thread):
    """On a database connection of its own. `beats` may change while it runs."""

    def __init__(self, name: str, origin: Origin, beat: Callable[[], None]):
        super().__init__(name=name, daemon=True)
        self.origin, self.beats, self.watches = origin, [beat], list[_Watch]()
        self.tell: Callable[[], None] = lambda: None  # writes what the work said from within a transaction
        self.stopped = threading.Event()

    def run(self) -> None:
        with working_for(self.origin):
            try:
                self._live()
            finally:
                connection.close()

    def _live(self) -> None:
        beaten = time.monotonic()
        while not self.stopped.wait(min(LOOK_S, settings.JOB_HEARTBEAT_SECONDS)):
            try:
                for watch in list(self.watches):
                    watch.look()
                self.tell()
                if time.monotonic() - beaten >= settings.JOB_HEARTBEAT_SECONDS * 0.9:
                    for each in list(self.beats):
                        each()
                    beaten = time.monotonic()
            except Exception:  # the database is away: beat again when it is back
                log.warning("%s: no heartbeat", self.name, exc_info=True)
                connection.close()

    @contextmanager
    def beating(self, beat: Callable[[], None]) -> Iterator[None]:
        """Beat for this, too, while inside, and first: it must not seem to live longer than what it is a part of."""
        self.beats.insert(0, beat)
        try:
            yield
        finally:
            self.beats.remove(beat)

    @contextmanager
    def stoppable(self, stop: Callable[[], None], check: Callable[[], None]) -> Iterator[None]:
        """While inside, `stop()` is called again and again once `check()` raises; that then comes out in place of the error.

        Work that got through all the same is done: what it committed cannot be called off any more.
        """
        watch = _Watch(stop, check)
        self.watches.append(watch)
        try:
            yield
        except Exception as error:
            if reason := watch.leave():
                raise reason from error
            raise
        finally:
            watch.leave()
            self.watches.remove(watch)

    def end(self) -> None:
        self.stopped.set()
        if self.is_alive():
            self.join(timeout=5)


class _Watch:
    def __init__(self, stop: Callable[[], None], check: Callable[[], None]):
        self.stop, self.check = stop, check
        self.reason: Exception | None = None
        self.is_left, self.lock = False, threading.Lock()

    def look(self) -> None:
        if self.reason is None:
            self.reason = self._reason()
        if self.reason is None:
            return
        with self.lock:  # never after the block was left: `stop()` would hit whatever comes next
            if not self.is_left:
                with suppress(Exception):  # it is tried again in a second
                    self.stop()

    def _reason(self) -> Exception | None:
        try:
            self.check()
        except (Cancelled, TakenOver) as reason:
            return reason
        return None

    def leave(self) -> Exception | None:
        with self.lock:
            self.is_left = True
        return self.reason
