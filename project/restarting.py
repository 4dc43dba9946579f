"""`make restart`: new processes take over from the old ones while Vardesk serves, and no request fails.

The command asks the running supervisor by SIGUSR1 and reads what became of it from a file. The supervisor
first does what a start does to the database, so that code which cannot even do that replaces nothing. The web
server replaces its own process (project/web_server.py). A new worker starts before the old one ends its jobs.
"""

import dataclasses
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from project.embedded.state import has_supervisor, lock_path, write_private
from project.processes import Child, Family, StartError

WEB_TIMEOUT_S = 150.0  # to load, and for the last answers of the old process
WORKER_LEAVE_S = 60.0  # a job that takes longer is killed, and begun again by the new worker
ASK_TIMEOUT_S = 300.0
DONE = "Restarted"


def outcome_path(var_dir: Path) -> Path:
    """What became of the last restart: DONE, or a sentence that says why not."""
    return var_dir / "run" / "restart-outcome"


def web_outcome_path(var_dir: Path) -> Path:
    """The same for the web server's part."""
    return var_dir / "run" / "web-restart-outcome"


def ask(var_dir: Path) -> str:
    """Have the supervisor of `var_dir` restart, and wait for it. Raises StartError with the reason why not."""
    if not has_supervisor(var_dir):
        raise StartError(f"Vardesk does not run on {var_dir}; start it with `make run`.")
    outcome = outcome_path(var_dir)
    outcome.unlink(missing_ok=True)
    os.kill(int(lock_path(var_dir).read_text()), signal.SIGUSR1)
    give_up = time.monotonic() + ASK_TIMEOUT_S
    while not outcome.exists():
        if not has_supervisor(var_dir) or time.monotonic() > give_up:
            raise StartError("The restart did not come to an end; the output of Vardesk says more.")
        time.sleep(0.1)
    if (text := outcome.read_text()) != DONE:
        raise StartError(text)
    return text


def refuse(var_dir: Path, reason: str) -> None:
    """Tell who asked that nothing comes of it."""
    write_private(outcome_path(var_dir), reason)


class Restarting:
    """The supervisor's side. `others` are the children besides the web server; it is kept up to date."""

    def __init__(
        self, family: Family, var_dir: Path, web: Child, others: list[Child], prepare: Callable[[], None]
    ) -> None:
        self.family = family
        self.var_dir = var_dir
        self.web = web
        self.others = others
        self.prepare = prepare
        self.leaving: list[tuple[Child, float]] = []  # with the time when it is killed
        self.web_asked_at: float | None = None

    def tend(self) -> None:
        """A turn of the supervisor's loop."""
        if self.family.is_restart_asked and self.web_asked_at is None:
            self.family.is_restart_asked = False
            self.begin()
        self.see_off()
        if self.web_asked_at is not None and (said := self.web_outcome()):
            self.web_asked_at = None
            self.say(said)

    def begin(self) -> None:
        self.family.console.say("Restarting")
        try:
            self.prepare()
        except StartError as error:
            self.say(f"Not restarted: {error}")
            return
        web_outcome_path(self.var_dir).unlink(missing_ok=True)
        self.web.signal_leader(signal.SIGHUP)
        self.web_asked_at = time.monotonic()
        for place, old in enumerate(self.others):
            if old in self.family.children:
                self.others[place] = self.replace(old)

    def replace(self, old: Child) -> Child:
        new = dataclasses.replace(old)  # without what has become of it
        if old.name == "worker" and old.is_running():
            self.family.children.remove(old)
            old.signal_leader(old.stop_signal)
            self.leaving.append((old, time.monotonic() + WORKER_LEAVE_S))
        else:
            self.family.stop([old])  # there must not be two of them, and they end at once
        return self.family.start(new)

    def see_off(self) -> None:
        for each in list(self.leaving):
            old, killed_at = each
            if not old.is_running() or time.monotonic() > killed_at:
                self.leaving.remove(each)
                self.family.forget(old)

    def end(self) -> None:
        """Vardesk itself ends: nobody waits for those who leave."""
        for old, _ in self.leaving:
            self.family.forget(old)
        if self.web_asked_at is not None:
            self.say("The restart did not come to an end: Vardesk was stopped, or all of it was started again")

    def web_outcome(self) -> str:
        assert self.web_asked_at is not None
        path = web_outcome_path(self.var_dir)
        if path.exists():
            return path.read_text()
        if not self.web.is_running() or self.web.started_at > self.web_asked_at:
            return "The web server had to be started anew: it ended while it was being restarted"
        is_overdue = time.monotonic() > self.web_asked_at + WEB_TIMEOUT_S
        return "The web server does not come to an end with it" if is_overdue else ""

    def say(self, outcome: str) -> None:
        self.family.console.say(outcome)
        if not self.family.is_restart_asked:  # else somebody waits for the outcome of the next
            write_private(outcome_path(self.var_dir), outcome)
