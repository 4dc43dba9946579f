import logging
import os
import signal
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from stats import boards, spool
from stats.drain import TURN_S, Drainer, drain_all, run

STOP_S = 0.8

log = logging.getLogger("stats.drain")


class Command(BaseCommand):
    help = (
        "Moves counted hits from this host's spool to Redis and PostgreSQL, until SIGTERM. "
        "One works at a time; a second one waits for the first to end."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is left to move")
        parser.add_argument("--rebuild", action="store_true", help="first make the boards anew from PostgreSQL")

    def handle(self, *args: Any, once: bool, rebuild: bool, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if not self._wait_for_turn(stop):
            return
        drainer = Drainer(settings.SPOOL_DIR, boards.connect(settings.REDIS_URL))
        if rebuild:
            drainer.rebuild()
        if once:
            drain_all(drainer)
            return
        self._run(drainer, stop)

    def _wait_for_turn(self, stop: threading.Event) -> bool:
        """Get the drainer lock, kept until the process ends. False if told to stop before."""
        if spool.try_lock_drainer(settings.SPOOL_DIR) is not None:
            return True
        self.stdout.write(f"Another drainer works on {settings.SPOOL_DIR}; waiting for it to end.")
        while not stop.wait(TURN_S):
            if spool.try_lock_drainer(settings.SPOOL_DIR) is not None:
                return True
        return False

    def _run(self, drainer: Drainer, stop: threading.Event) -> None:
        """Work in a thread, so that a signal is heard while a server does not answer."""
        worker = threading.Thread(target=run, args=(drainer, stop), daemon=True)
        worker.start()
        log.info("Draining %s.", settings.SPOOL_DIR)
        while worker.is_alive() and not stop.wait(1.0):
            pass
        worker.join(STOP_S)
        if worker.is_alive():  # it waits for a server; to end here is as safe as kill -9: nothing is lost
            log.info("Stopped in the middle of a step, which will be taken again.")
            sys.stdout.flush()
            os._exit(0)
