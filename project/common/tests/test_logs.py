import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import warnings

import orjson
import pytest
from django.db import IntegrityError

from project.common import logs
from project.common.origin import Origin, working_for
from project.console import json_line

SECRET = "Jane Doe"


def record_of(
    name: str, message: object, *args: object, level: int = logging.INFO, **more: object
) -> logging.LogRecord:
    """What `logging.getLogger(name).log(level, message, *args, **more)` makes."""
    found: list[logging.LogRecord] = []
    logger = logging.getLogger(name)
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        logger.log(level, message, *args, **more)  # type: ignore[arg-type]
    finally:
        logger.removeHandler(handler)
    return found[0]


def line_of(*args: object, **more: object) -> dict:
    return json.loads(logs.JSONFormatter().format(record_of(*args, **more)))  # type: ignore[arg-type]


@pytest.fixture(params=[logs.JSONFormatter, logs.PlainFormatter])
def formatter(request) -> logging.Formatter:
    return request.param()


def test_a_line_names_request_job_route_and_user():
    with working_for(Origin("job", request_id="r" * 32, job_id=7, route="/files/<pk>/", whose=lambda: 3)):
        line = line_of("files.ingest", "Read %d rows", 5)
    assert line.pop("time")[-1] == "Z"
    assert line == {
        "level": "INFO", "logger": "files.ingest", "message": "Read 5 rows",
        "request_id": "r" * 32, "job_id": 7, "route": "/files/<pk>/", "user_id": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "message", "args"),
    [
        ("django.request", "Not Found: %s", (f"/{SECRET}",)),
        ("django.security.DisallowedHost", f"Invalid HTTP_HOST header: '{SECRET}'", ()),
        ("celery.app.trace", "Task %(name)s raised: %(exc)s", ({"name": "files.read", "exc": SECRET},)),
        ("httpx", 'HTTP Request: %s "%s"', ("GET", f"https://api.example/?q={SECRET}")),
        ("some.library", SECRET, ()),
        ("some.library", ValueError(SECRET), ()),
        ("project.health", "The check failed: %s", (ValueError(SECRET),)),
    ],
)
def test_what_a_library_fills_into_its_text_is_not_shown(formatter, name, message, args):
    assert SECRET not in formatter.format(record_of(name, message, *args, extra={"data": SECRET}, level=logging.ERROR))


def test_a_template_and_its_place_are_shown():
    line = line_of("celery.beat", "beat: Connection error: %s.", SECRET, level=logging.ERROR)
    assert line["message"] == "beat: Connection error: %s."
    assert line["at"].startswith("project/common/tests/test_logs.py:")


def test_of_an_exception_that_a_library_quotes_the_type_is_shown():
    line = line_of("celery.worker", "Cannot connect to %s: %s.\n", SECRET, ConnectionError(SECRET), level=logging.ERROR)
    assert line["message"] == "Cannot connect to %s: %s. (ConnectionError)"


def test_a_warning_of_python_is_its_place_and_kind():
    text = warnings.formatwarning(f"got {SECRET}", RuntimeWarning, "/x/site-packages/django/fields.py", 12)
    assert line_of("py.warnings", "%s", text)["message"] == "django/fields.py:12: RuntimeWarning"


@pytest.mark.django_db
def test_an_error_of_postgresql_is_its_code_constraint_and_frames(formatter, make_user):
    make_user(SECRET)
    try:
        make_user(SECRET)
    except IntegrityError:
        record = record_of("files", "Failed", exc_info=True)
    text = formatter.format(record)
    assert SECRET not in text
    for part in ("UniqueViolation", "23505", "auth_user_username_key", "project/common/tests/test_logs.py:"):
        assert part in text


def test_what_caused_an_error_is_told_without_what_it_says(formatter):
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise OSError(28, SECRET) from error
    except OSError:
        text = formatter.format(record_of("files", "Failed", exc_info=True))
    assert SECRET not in text
    assert "ENOSPC" in text
    assert "ValueError" in text


def test_debug_shows_it_all(settings, formatter):
    settings.DEBUG = True
    try:
        int(SECRET)
    except ValueError:
        assert SECRET in formatter.format(record_of("files", "Failed", exc_info=True))


def deep(depth: int) -> None:
    if depth:
        deep(depth - 1)
    raise ValueError


@pytest.mark.parametrize("message", ["short", "é" * 3000, "é" * 9000, "🧬" * 9000])
def test_no_line_is_longer_than_a_pipe_takes_at_once(message):
    try:
        try:
            deep(200)
        except ValueError as error:
            raise RuntimeError from error
    except RuntimeError:
        text = logs.JSONFormatter().format(
            record_of("files", message, exc_info=True, extra={"facts": {"sql": "x" * 2000}})
        )
    assert len(text.encode()) < logs.LONGEST_LINE
    assert json.loads(text)["message"][0] == message[0]


@pytest.mark.parametrize("value", ["half a pair \ud800", 2**70, object(), b"bytes"])
def test_whatever_is_said_the_line_is_json(value):
    assert line_of("files", "x", extra={"facts": {"value": value}})["level"] == "INFO"


def test_an_exception_is_said_once():
    error = ValueError()
    record = logging.makeLogRecord({"exc_info": (ValueError, error, None)})
    assert logs.NotSaidYet().filter(record)
    logs.mark_as_said(error)
    assert not logs.NotSaidYet().filter(record)


CRASHES = {
    "process": "raise ValueError('Jane Doe')",
    "thread": "import threading; t = threading.Thread(target=int, args=['Jane Doe']); t.start(); t.join()",
    "destructor": "class A:\n    def __del__(self): int('Jane Doe')\nA()",
    "warning": "import warnings; warnings.warn('Jane Doe')",
}


@pytest.mark.parametrize("kind", CRASHES)
def test_what_nobody_catches_is_a_line_without_data_too(kind):
    code = f"import django; django.setup()\n{CRASHES[kind]}"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "project.settings", "LOG_FORMAT": "json"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == (1 if kind == "process" else 0)
    [line] = [json.loads(line) for line in done.stderr.splitlines()]
    assert SECRET not in str(line)
    assert ("ValueError" in str(line)) == (kind != "warning")


# --- the way out


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def handler_on(fd: int) -> logs.StandardErrorHandler:
    handler = logs.StandardErrorHandler(fd)
    handler.setFormatter(logs.JSONFormatter())
    return handler


def test_a_closed_pipe_hurts_nobody(pipe):
    handler = handler_on(pipe[1])
    os.close(pipe[0])
    handler.handle(record_of("files", "x"))
    assert handler.lost == 1


@pytest.mark.parametrize("text", ["x" * 3950, "x" * 20_000])
def test_a_reader_that_takes_a_page_and_hangs_again_holds_up_nobody(pipe, monkeypatch, text):
    monkeypatch.setattr(logs, "READER_MAY_TAKE_MS", 50)
    handler = logs.StandardErrorHandler(pipe[1])
    handler.setFormatter(logging.Formatter())
    for _ in range(100):
        handler.handle(record_of("files", "x" * 4090))
    os.read(pipe[0], 4096)
    thread = threading.Thread(target=handler.handle, args=[record_of("files", text + "y" * 140)], daemon=True)
    thread.start()
    thread.join(3)
    assert not thread.is_alive()
    assert handler.lost > 0


def test_a_reader_that_hangs_costs_one_short_wait_and_is_told_what_is_missing(pipe, monkeypatch):
    monkeypatch.setattr(logs, "READER_MAY_TAKE_MS", 50)
    handler = handler_on(pipe[1])
    for n in range(2000):
        handler.handle(record_of("files", "line %d", n))
    lost = handler.lost
    assert lost > 1000
    os.read(pipe[0], 1 << 20)
    handler.handle(record_of("files", "again"))
    lines = [json.loads(line)["message"] for line in os.read(pipe[0], 1 << 20).decode().splitlines()]
    assert lines == [f"{lost} lines were lost before this one", "again"]


def test_half_a_surrogate_pair_costs_a_line_neither_level_nor_ids():
    said = logs.as_json({"level": "ERROR", "request_id": "7", "message": "a \ud800 b \U0001f9ec"})
    line = orjson.loads(json_line("web", said))
    assert line == {"level": "ERROR", "request_id": "7", "message": "a ? b \U0001f9ec", "process": "web"}
