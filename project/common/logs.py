"""Log lines that say what happened, where and for whom, and never what a cell, a query, a header or a path held.

Our own messages are written so that they hold no data. Those of libraries are shown as their templates, without
arguments, and an exception is its type and its frames: what it says often quotes the value that it stumbled over
("Key (name)=(...) already exists"). DEBUG=1 shows all of it.
"""

import errno
import json
import logging
import os
import select
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from django.conf import settings

from project.common.origin import current

OURS = frozenset({"project", "variants", "files", "stats", "vardesk"})
# Libraries of which we have looked: a text that they log without arguments is a constant.
CONSTANT_TEXTS = frozenset({"celery", "kombu", "multiprocessing"})
# What Django fills with the path or the Host header of a request, and granian with what an exception says.
KNOWN_TEXTS = {
    "django.request": "A request failed",
    "django.security.DisallowedHost": "A request came for a host that is not in ALLOWED_HOSTS",
    "_granian.utils": "An answer broke off or could not begin",
    "django.security.csrf": "A form was refused: its CSRF token or origin is missing or wrong",
}
LONGEST_LINE = 4096  # bytes: what a pipe takes at once, so that lines of several processes never mix
MOST_FRAMES, MOST_FOREIGN_FRAMES, MOST_EXCEPTIONS = 12, 4, 4
READER_MAY_TAKE_MS = 200
NOT_PAIRS = frozenset({"time", "level", "logger", "message", "event", "exceptions", "traceback"})  # in a plain line

_BASE = f"{settings.BASE_DIR}{os.sep}"


class JSONFormatter(logging.Formatter):
    """A record as one JSON object of LONGEST_LINE bytes at most, with the ids of what it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        line = facts_of(record)
        text = as_json(line)
        if fits(text) or settings.DEBUG:
            return text
        for error in line.get("exceptions", ()):
            error["frames"] = error["frames"][-3:]
        if fits(text := as_json(line)):
            return text
        return as_json({name: _cut(value) for name, value in line.items() if name != "exceptions"})


def fits(text: str) -> bool:
    return len(text) < LONGEST_LINE and (text.isascii() or len(text.encode(errors="replace")) < LONGEST_LINE)


class PlainFormatter(logging.Formatter):
    """The same facts for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = facts_of(record)
        facts = [f"{name}={value}" for name, value in line.items() if name not in NOT_PAIRS]
        lines = [" ".join([f"{line['level']:<7} {line['logger']}: {line['message']}", *facts])]
        for error in line.get("exceptions", ()):
            lines.append("  " + " ".join(str(value) for name, value in error.items() if name != "frames"))
            lines += [f"    {frame}" for frame in error["frames"]]
        return "\n".join([*lines, *line.get("traceback", "").splitlines()])


def as_json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=_type_name).decode()
    except TypeError:  # half a surrogate pair, a number beyond 64 bits
        # Half a pair becomes "?": the supervisor would take the line for none of ours, and lose its level and ids.
        return json.dumps(line, default=_type_name, ensure_ascii=False).encode("utf-8", "replace").decode()


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says. `facts` in the `extra` of our own records are added to it as they are."""
    is_ours = record.name.partition(".")[0] in OURS
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        "level": record.levelname,
        "logger": record.name,
        "message": own_message(record) if is_ours or settings.DEBUG else foreign_message(record),
    }
    line |= origin_facts()
    if is_ours:
        line |= getattr(record, "facts", None) or {}
    else:
        line["at"] = f"{short_path(record.pathname)}:{record.lineno}"
    if record.exc_info and record.exc_info[1] is not None:
        line["exceptions"] = exceptions_of(record.exc_info[1])
        if settings.DEBUG:
            line["traceback"] = "".join(traceback.format_exception(record.exc_info[1]))
    return line


def origin_facts() -> dict[str, Any]:
    """Whose work it is: ids of the request, the job and the user, and the route, as far as they are known."""
    origin = current()
    found = {
        "request_id": origin.request_id,
        "job_id": origin.job_id,
        "route": origin.route,
        "user_id": origin.whose(),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def own_message(record: logging.LogRecord) -> str:
    """Our own text; an exception among the arguments is shown as its type."""
    args = record.args
    if isinstance(args, tuple) and not settings.DEBUG:
        args = tuple(_type_name(value) if isinstance(value, BaseException) else value for value in args)
    try:
        return str(record.msg) % args if args else str(record.msg)
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def foreign_message(record: logging.LogRecord) -> str:
    """A library's template without its arguments, but for the types of exceptions among them; nothing of a text
    that may have been made up of data."""
    if record.name in KNOWN_TEXTS:
        return KNOWN_TEXTS[record.name]
    if record.name == "py.warnings":
        return _warning(record)
    is_template = bool(record.args) or record.name.partition(".")[0] in CONSTANT_TEXTS
    text = record.msg if is_template and isinstance(record.msg, str) else "(its text may hold data)"
    errors = [_type_name(value) for value in record.args or () if isinstance(value, BaseException)]
    return f"{text.strip()} ({', '.join(errors)})" if errors else text


def _warning(record: logging.LogRecord) -> str:
    """`file.py:12: RuntimeWarning` of what Python hands to the log as `file.py:12: RuntimeWarning: text`."""
    text = record.args[0] if isinstance(record.args, tuple) and record.args else record.msg
    place, _, rest = str(text).partition(": ")
    return f"{short_path(place)}: {rest.partition(':')[0]}"


def exceptions_of(error: BaseException | None) -> list[dict[str, Any]]:
    """The exception and what caused it, without what they say."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < MOST_EXCEPTIONS:
        found.append({"type": _type_name(error), **_codes(error), "frames": frames_of(error.__traceback__)})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _codes(error: BaseException) -> dict[str, str]:
    """What identifies an error of PostgreSQL or of the system: these never quote a value."""
    diagnosis = getattr(error, "diag", None)
    found = {
        "sqlstate": getattr(error, "pgcode", None),
        "constraint": getattr(diagnosis, "constraint_name", None),
        "errno": errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None,
    }
    return {name: value for name, value in found.items() if value}


def frames_of(trace: TracebackType | None) -> list[str]:
    """`files/ingest.py:52 read_file`, outermost first: ours, and the last few of libraries."""
    steps = [(frame.f_code, line) for frame, line in traceback.walk_tb(trace)]
    last = len(steps) - MOST_FOREIGN_FRAMES
    told = [(code, line) for n, (code, line) in enumerate(steps) if n >= last or is_our_file(code.co_filename)]
    return [f"{short_path(code.co_filename)}:{line} {code.co_name}" for code, line in told[-MOST_FRAMES:]]


def is_our_file(path: str) -> bool:
    return path.startswith(_BASE) and "site-packages" not in path  # a .venv may lie in our folder


def short_path(path: str) -> str:
    if is_our_file(path):
        return path[len(_BASE) :]
    return path.rpartition("site-packages/")[2] if "site-packages/" in path else Path(path).name


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _cut(value: Any) -> Any:
    return value[:400] if isinstance(value, str) else value


# --- an exception is said once ---------------------------------------------------------------------


def mark_as_said(error: BaseException) -> None:
    """Who catches `error` further out and logs it would say nothing new: `NotSaidYet` passes over that."""
    error.__dict__["is_said"] = True


class NotSaidYet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not getattr(error, "is_said", False)


# --- what nobody catches ---------------------------------------------------------------------------


def tell_uncaught() -> None:
    """From here on this process logs what Python would print with all that it says, but for commands at a terminal."""
    if sys.stderr.isatty():
        return
    sys.excepthook = lambda kind, error, trace: _uncaught("This process ends by an error", error)
    threading.excepthook = lambda args: _uncaught("A thread ended by an error", args.exc_value)
    sys.unraisablehook = lambda args: _uncaught("An error could not be raised", args.exc_value)


def _uncaught(text: str, error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("vardesk").critical(text, exc_info=error)


# --- the way out -----------------------------------------------------------------------------------


class StandardErrorHandler(logging.Handler):
    """Each line with one write to standard error. Never raises, and never waits long for who reads there.

    A reader that takes nothing costs one line READER_MAY_TAKE_MS; from then on lines are dropped until it takes
    some again, and the next line says how many are missing. Nor does a closed pipe trouble anybody.
    """

    def __init__(self, fd: int = 2) -> None:
        super().__init__()
        self.fd, self.lost, self.is_stuck = fd, 0, False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # the log must never hurt what it tells of
            self.lost += 1

    def _write(self, text: str) -> None:
        if self.lost and self._gets_out(self.format(_loss(self.lost))):
            self.lost = 0
        if self.lost or not self._gets_out(text):
            self.lost += 1

    def _gets_out(self, text: str) -> bool:
        """Whether the reader took it. A pipe that can be written has room for LONGEST_LINE bytes, maybe for no more."""
        data = f"{text}\n".encode(errors="backslashreplace")
        for begin in range(0, len(data), LONGEST_LINE):
            self.is_stuck = not self._poll.poll(0 if self.is_stuck else READER_MAY_TAKE_MS)
            if self.is_stuck:
                return False
            os.write(self.fd, data[begin : begin + LONGEST_LINE])
        return True


def _loss(count: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "vardesk.logs", "levelname": "WARNING", "msg": "%d lines were lost before this one", "args": (count,)}
    )
