import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from project.console import Console, QuietConsole
from project.embedded.state import URL_NAMES
from project.env import BASE_DIR, load_dotenv
from project.processes import Child, Family
from project.restarting import Restarting, outcome_path
from project.services import broker_beside, shown
from project.supervisor import announce, child_env, log_format
from project.tests.conftest import is_alive, processes_with, running

pytestmark = pytest.mark.embedded

TIMEOUT_S = 60
PRINT_URLS = "import os; print(*(os.environ[n] for n in ('DATABASE_URL', 'REDIS_URL', 'CELERY_BROKER_URL')))"


def environment(var_dir: Path, **more: str) -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(URL_NAMES, ""), "VAR_DIR": str(var_dir), **more}


def supervisor(var_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "project.supervisor", *arguments],
        cwd=BASE_DIR,
        env=environment(var_dir, **env),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@contextlib.contextmanager
def supervising(var_dir: Path, code: str) -> Iterator[subprocess.Popen]:
    """A supervisor whose command, Python `code`, has printed its first line."""
    command = [sys.executable, "-m", "project.supervisor", "exec", "--", sys.executable, "-uc", code]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment(var_dir), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"up"
        try:
            yield process
        finally:
            process.terminate()


def wait_for(condition: Callable[[], object], timeout_s: float = 15) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def assert_one_sentence(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr


# --- exec ------------------------------------------------------------------------------------------


def test_exec_gives_the_command_all_urls_and_returns_its_exit_code(var_dir):
    result = supervisor(var_dir, "exec", "--", sys.executable, "-c", f"{PRINT_URLS}; raise SystemExit(7)")
    assert result.returncode == 7
    assert [url.partition(":")[0] for url in result.stdout.split()] == ["postgres", "redis", "redis"]
    assert processes_with(str(var_dir)) == []


def test_exec_uses_the_urls_of_the_environment_and_embeds_nothing(var_dir, tmp_path):
    with running(var_dir) as found:
        given = {name: found.urls[name] for name in ("DATABASE_URL", "REDIS_URL")}
        result = supervisor(tmp_path / "var", "exec", "--", sys.executable, "-c", PRINT_URLS, **given)
    assert result.stdout.split() == list(found.urls.values())
    assert sorted(path.name for path in (tmp_path / "var").iterdir()) == ["run"]


def test_exec_says_that_a_command_does_not_exist(var_dir):
    assert_one_sentence(supervisor(var_dir, "exec", "--", "no-such-command"), "no-such-command")


def test_a_second_supervisor_on_the_same_folder_is_refused(var_dir):
    with supervising(var_dir, "import time; print('up'); time.sleep(60)") as first:
        result = supervisor(var_dir, "exec", "--", "true")
        assert_one_sentence(result, "already runs", str(first.pid))


def test_a_command_cannot_be_restarted_and_that_is_said_at_once(var_dir):
    with supervising(var_dir, "import time; print('up'); time.sleep(60)"):
        assert_one_sentence(supervisor(var_dir, "restart"), "a single command runs")


def test_a_restart_that_the_end_of_all_breaks_off_is_said_to_who_asked(tmp_path):
    (tmp_path / "run").mkdir()
    web = Child("web", [sys.executable, "-c", "pass"])
    restarting = Restarting(Family(QuietConsole()), tmp_path, web, [], lambda: None)
    restarting.begin()
    restarting.end()
    assert "did not come to an end" in outcome_path(tmp_path).read_text()


def test_sigterm_ends_the_command_and_the_servers(var_dir):
    with supervising(var_dir, "import time; print('up'); time.sleep(60)") as process:
        process.terminate()
        assert process.wait(TIMEOUT_S) == 128 + signal.SIGTERM
    assert processes_with(str(var_dir)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_kill_9_of_the_supervisor_ends_the_command_and_the_servers(var_dir):
    with supervising(var_dir, "import time; print('up'); time.sleep(60)") as process:
        assert processes_with(str(var_dir))
        process.kill()
        assert wait_for(lambda: not processes_with(str(var_dir)))


# --- what stops a start ----------------------------------------------------------------------------


def test_run_refuses_a_port_that_is_taken(var_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert_one_sentence(supervisor(var_dir, "run", HOST="127.0.0.1", PORT=port), f"127.0.0.1:{port}", "in use")


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1"])
def test_run_refuses_a_port_that_is_none(var_dir, port):
    assert_one_sentence(supervisor(var_dir, "run", PORT=port), "PORT", port)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    assert_one_sentence(supervisor(tmp_path / "file" / "var", "exec", "--", "true"), "VAR_DIR", "cannot be written")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/mine"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0"),
    ],
)
def test_a_service_that_cannot_be_reached_is_said_without_its_password(var_dir, name, url):
    result = supervisor(var_dir, "exec", "--", "true", **{name: url})
    assert_one_sentence(result, name, "127.0.0.1:1", "cannot be reached")
    assert "secret" not in result.stderr


# --- children --------------------------------------------------------------------------------------


def python_child(code: str, **options: float) -> Child:
    return Child("child", [sys.executable, "-uc", code], **options)  # type: ignore[arg-type]


def test_output_is_printed_line_by_line_behind_the_name():
    stream = io.StringIO()
    family = Family(Console(stream))
    assert family.run(python_child("print('one'); print('two', end='')")) == 0
    assert stream.getvalue().splitlines() == ["child    | one", "child    | two"]


def test_for_machines_each_line_is_an_object_that_names_its_process():
    stream = io.StringIO()
    family = Family(Console(stream, as_json=True))
    lines = ['{"level": "INFO", "message": "one"}', "", "FATAL:  two", "{three", "[4]", "1:M # WARNING five \x1b[0m"]
    assert family.run(python_child(f"print({chr(10).join(lines)!r})")) == 0
    family.console.say("six")
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(line.pop("time") for line in found[1:])
    assert [tuple(line[name] for name in ("process", "level", "message")) for line in found] == [
        ("child", "INFO", "one"),
        ("child", "FATAL", "FATAL:  two"),
        ("child", "INFO", "{three"),
        ("child", "INFO", "[4]"),
        ("child", "WARNING", "1:M # WARNING five \x1b[0m"),
        ("vardesk", "INFO", "six"),
    ]


def test_a_line_that_is_nested_too_deeply_is_text_and_does_not_end_the_supervisor():
    stream = io.StringIO()
    line = '{"a":' + "[" * 300 + "]" * 300 + "}"
    Console(stream, as_json=True).line("web", line)
    found = json.loads(stream.getvalue())
    assert (found["process"], found["message"]) == ("web", line)


def test_the_address_and_the_password_file_are_in_the_messages_for_machines():
    stream = io.StringIO()
    announce(Console(stream, as_json=True), "127.0.0.1", 8000)
    said = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert "Vardesk is ready:  http://127.0.0.1:8000/" in said
    assert any("admin-password" in line for line in said)


@pytest.mark.parametrize(
    ("given", "is_terminal", "chosen"),
    [("", True, "plain"), ("", False, "json"), ("json", True, "json"), ("plain", False, "plain")],
)
def test_a_terminal_is_for_people_unless_log_format_says_otherwise(monkeypatch, given, is_terminal, chosen):
    monkeypatch.setenv("LOG_FORMAT", given)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert log_format() == chosen
    assert child_env({}, "127.0.0.1", 8000)["LOG_FORMAT"] == chosen


def test_a_log_format_that_there_is_not_is_said(var_dir):
    assert_one_sentence(supervisor(var_dir, "run", LOG_FORMAT="xml"), "LOG_FORMAT", "xml", "json", "plain")


def test_a_child_that_dies_is_started_again_after_a_growing_delay(tmp_path):
    family = Family(QuietConsole())
    family.start(python_child(f"open({str(tmp_path / 'starts')!r}, 'a').write('x')"))
    begin = time.monotonic()
    while time.monotonic() - begin < 3:  # starts at 0, 0.5 and 1.5 s; then a delay of 2 s
        family.tend()
        family.pump(0.05)
    family.stop(list(family.children))
    assert len((tmp_path / "starts").read_text()) == 3
    assert family.children == []


def test_a_child_that_will_not_end_is_killed_with_what_it_started():
    code = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(subprocess.Popen(['sleep', '60']).pid); time.sleep(60)"
    )
    family = Family(QuietConsole())
    child = family.start(python_child(code, stop_timeout_s=0.5))
    assert family.wait_until(lambda: bool(child.last_lines), 10)
    grandchild = int(child.last_lines[0])
    begin = time.monotonic()
    family.stop([child])
    assert time.monotonic() - begin < 5
    assert wait_for(lambda: not is_alive(grandchild))


def test_what_a_dead_child_started_ends_before_it_is_started_again():
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    family = Family(QuietConsole())
    child = family.start(python_child(code))
    assert wait_for(lambda: not child.is_running())
    family.tend()
    assert wait_for(lambda: not is_alive(int(child.last_lines[0])))
    family.stop(list(family.children))


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://h:6379/0", "redis://h:6379/1"),
        ("redis://:p@h:6379", "redis://:p@h:6379/1"),
        ("rediss://h/3", "rediss://h/4"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
    ],
)
def test_the_broker_is_the_next_database(url, broker):
    assert broker_beside(url) == broker


def test_a_shown_url_has_no_secret():
    assert shown("postgres://me:p%40ss@db.lab:5432/mine?sslpassword=x") == "postgres://db.lab:5432/mine"


def test_the_environment_wins_over_dotenv(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("# a comment\nVARDESK_TEST_A=file\nVARDESK_TEST_B='with space'\n")
    monkeypatch.setenv("VARDESK_TEST_A", "environment")
    monkeypatch.setenv("VARDESK_TEST_B", "")
    monkeypatch.delenv("VARDESK_TEST_B")
    load_dotenv(tmp_path / ".env")
    assert (os.environ["VARDESK_TEST_A"], os.environ["VARDESK_TEST_B"]) == ("environment", "with space")
