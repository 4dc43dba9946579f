"""What a start needs, said in one sentence where it is missing; and starts in unusual places."""

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from project.env import BASE_DIR
from project.tests.conftest import awkward_var_dir, running
from project.tests.vardesk import RUN, Vardesk, listener, vardesk_on, wait_for

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and be another user")
OTHER_USER = "daemon"  # exists everywhere and owns nothing of ours


def say(vardesk: Vardesk, command: tuple[str, ...] = RUN, **options: object) -> subprocess.CompletedProcess[str]:
    """Start `vardesk`, which is expected to end by itself."""
    options = {"cwd": BASE_DIR, **options}
    return subprocess.run(command, env=vardesk.env, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]


def assert_one_sentence(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 1, result
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.endswith(".\n")
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.stdout, result.stdout


@pytest.fixture
def vardesk(var_dir) -> Iterator[Vardesk]:
    with vardesk_on(var_dir) as found:
        yield found


# --- settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HOST", "no-such-host.invalid", ("no-such-host.invalid", "HOST=")),
        ("HOST", "a..b", ("a..b", "HOST=")),
        ("ALLOWED_HOSTS", "*", ("ALLOWED_HOSTS", "'*'")),
        ("DEFAULT_ASSEMBLY", "GRCh99", ("DEFAULT_ASSEMBLY", "GRCh99", "GRCh38")),
        ("MAX_UPLOAD_BYTES", "much", ("MAX_UPLOAD_BYTES", "much")),
        ("TRUSTED_PROXIES", "proxy", ("TRUSTED_PROXIES", "proxy")),
        ("STORAGE_URL", "s3://bucket", ("STORAGE_URL", "s3")),
        ("DATABASE_URL", "mysql://me@localhost/mine", ("DATABASE_URL", "postgres")),
    ],
)
def test_a_setting_that_cannot_be(vardesk, name, value, words):
    vardesk.env[name] = value
    assert_one_sentence(say(vardesk), *words)
    assert not (vardesk.var_dir / "postgres").exists()  # said before anything was made


def test_who_runs_already_is_said_before_the_port_is(vardesk):
    vardesk.start()
    assert_one_sentence(say(vardesk), "already runs", str(vardesk.process.pid))


@pytest.mark.parametrize("stale", [False, True], ids=["fresh", "after a kill"])
def test_a_port_that_stays_taken(vardesk, stale):
    if stale:
        (vardesk.var_dir / "run").mkdir(parents=True)
        (vardesk.var_dir / "run" / "services.json").write_text("{}")
    with listener(vardesk.port):
        assert_one_sentence(say(vardesk), f"127.0.0.1:{vardesk.port}", "in use", "PORT=")


# --- servers of one's own ---------------------------------------------------------------------------


@contextlib.contextmanager
def talking(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server that has `answer` for each thing it hears; yields its port."""

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    while heard := connection.recv(4096):
                        connection.sendall(answer(heard))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def old_postgres(heard: bytes) -> bytes:
    if heard[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # it asks for TLS or GSSAPI
        return b"N"
    pairs = (b"server_version\x0014.11\0", b"client_encoding\0UTF8\0", b"DateStyle\0ISO\0")
    status = b"".join(b"S" + (len(pair) + 4).to_bytes(4, "big") + pair for pair in pairs)
    return b"R\0\0\0\x08\0\0\0\0" + status + b"Z\0\0\0\x05I"


def old_redis(heard: bytes) -> bytes:
    """Of several commands at once it refuses each: HELLO and CLIENT SETINFO, which it does not know."""
    if b"PING" in heard:
        return b"+PONG\r\n"
    said = b"redis_version:5.0.14\r\n"
    refused = heard.count(b"\r\n*") + 1
    return b"$%d\r\n%s\r\n" % (len(said), said) if b"\r\nINFO\r\n" in heard else b"-ERR unknown command\r\n" * refused


def test_a_postgresql_that_is_too_old(vardesk):
    with talking(old_postgres) as port:
        vardesk.env["DATABASE_URL"] = f"postgres://me:secret@127.0.0.1:{port}/mine"
        assert_one_sentence(say(vardesk), f"127.0.0.1:{port}/mine", "PostgreSQL 14", "15 or newer")


def test_a_redis_that_is_too_old(vardesk):
    with talking(old_redis) as port:
        vardesk.env["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        assert_one_sentence(say(vardesk), f"127.0.0.1:{port}/0", "Redis 5.0.14", "6.2 or newer")


def test_a_redis_without_the_next_database_for_the_broker(var_dir):
    """A Redis has sixteen unless it is told otherwise."""
    with running(var_dir) as found:
        url = found.urls["REDIS_URL"].rpartition("/")[0] + "/15"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REDIS_URL", url)
            result = subprocess.run(
                [sys.executable, "-m", "project.supervisor", "exec", "--", "true"], cwd=BASE_DIR,
                env={**os.environ, "VAR_DIR": f"{var_dir}-other", "CELERY_BROKER_URL": ""},
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
    assert_one_sentence(result, "CELERY_BROKER_URL", "/16", "out of range")


def test_a_wrong_password_and_a_missing_database(vardesk, tmp_path):
    with vardesk_on(vardesk.var_dir) as servers:
        servers.start()
        url = servers.urls()["DATABASE_URL"]
        with vardesk_on(tmp_path / "var") as mine:
            mine.env["DATABASE_URL"] = url.replace("vardesk:", "vardesk:wrong")
            assert_one_sentence(say(mine), "DATABASE_URL", "password authentication failed")
            mine.env["DATABASE_URL"] = url.removesuffix("/vardesk") + "/missing"
            assert_one_sentence(say(mine), "DATABASE_URL", 'database "missing" does not exist')


# --- folders ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(parents=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder)], check=False)
    if mount.returncode:
        pytest.skip("may not mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@needs_root
@needs_linux
@pytest.mark.parametrize("size", ["64k", "20m", "60m", "66m", "75m"])
def test_a_full_disk(vardesk, size):
    """Full from the first folder on, at initdb, at PostgreSQL's first start, and while the tables are made."""
    with mounted(vardesk.var_dir, size):
        assert_one_sentence(say(vardesk), "disk is full", str(vardesk.var_dir))


@needs_root
@needs_linux
def test_a_disk_that_has_room_again(vardesk):
    with mounted(vardesk.var_dir, "60m"):
        assert_one_sentence(say(vardesk), "disk is full")
        subprocess.run(["mount", "-o", "remount,size=400m", str(vardesk.var_dir)], check=True)
        vardesk.start()
        vardesk.stop()


@needs_root
@needs_linux
def test_a_disk_that_fills_up_while_vardesk_runs(vardesk):
    """Nobody can write, and a server that dies cannot start; once there is room all is as before."""
    with mounted(vardesk.var_dir, "300m"):
        vardesk.env["READ_FREE_DISK_BYTES"] = "1048576"
        vardesk.start()
        vardesk.make_token()
        file_id = vardesk.upload("kept.tsv", b"gene\nBRCA1\n")
        vardesk.wait_until_read(file_id, rows=1)
        ballast = vardesk.var_dir / "ballast"
        subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=1M"], capture_output=True, check=False)
        assert wait_for(lambda: not vardesk.health().get("storage", {}).get("ok"))
        os.kill(vardesk.pids("bin/postgres", "-D")[0], signal.SIGKILL)
        assert wait_for(lambda: "No space left on device" in vardesk.log_end())
        assert vardesk.process.poll() is None
        ballast.unlink()
        vardesk.wait_until_well()
        vardesk.wait_until_read(file_id, rows=1)
        vardesk.wait_until_read(vardesk.upload("next.tsv", b"gene\nBRCA2\n"), rows=1)
        assert vardesk.stop() == 0


@needs_root
@needs_linux
def test_a_read_only_disk(vardesk):
    with mounted(vardesk.var_dir, "10m"):
        subprocess.run(["mount", "-o", "remount,ro", str(vardesk.var_dir)], check=True)
        assert_one_sentence(say(vardesk), str(vardesk.var_dir), "cannot be written", "read-only")


@pytest.mark.parametrize("mode", [0o500, 0o000])
@pytest.mark.parametrize("has_run_folder", [False, True])
def test_a_folder_that_may_not_be_written(vardesk, mode, has_run_folder):
    (vardesk.var_dir / "run").mkdir(parents=True) if has_run_folder else vardesk.var_dir.mkdir()
    prefix = as_other_user(vardesk.var_dir, *vardesk.var_dir.iterdir()) if os.geteuid() == 0 else ()
    vardesk.var_dir.chmod(mode)
    try:
        assert_one_sentence(say(vardesk, prefix + RUN), str(vardesk.var_dir), "cannot be written", "permission denied")
    finally:
        vardesk.var_dir.chmod(0o700)


def as_other_user(*folders: Path) -> tuple[str, ...]:
    """What to put before a command so that another user runs it, to whom `folders` are given."""
    for folder in folders:
        shutil.chown(folder, OTHER_USER)
    user = ("setpriv", f"--reuid={OTHER_USER}", "--regid=1", "--clear-groups")
    # Where Python itself lies below /root: a user who may look into folders there, and nothing more.
    reader = (*user, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    for prefix in (user, reader):
        command = (*prefix, sys.executable, "-c", "import project.supervisor")
        if not subprocess.run(command, cwd=BASE_DIR, capture_output=True, check=False).returncode:
            return prefix
    pytest.skip(f"{OTHER_USER} can run no Python with our packages")


# --- Python and make --------------------------------------------------------------------------------


def old_python() -> str | None:
    """One on the PATH, or of pyenv."""
    named = [shutil.which(f"python3.{minor}") for minor in (10, 9, 8)]
    for name in (*named, *map(str, sorted(Path.home().glob(".pyenv/versions/3.[89].*/bin/python")))):
        if name and subprocess.run([name, "--version"], capture_output=True, check=False).returncode == 0:
            return name
    return None


@pytest.mark.skipif(old_python() is None, reason="no older Python here")
def test_an_old_python_starts_no_supervisor(vardesk):
    command = (str(old_python()), "-m", "project.supervisor", "run")
    assert_one_sentence(say(vardesk, command), "Python 3.11 or newer", str(old_python()))


@pytest.fixture
def clone(tmp_path) -> Path:
    """What `make` reads of a clone; installing is stood in for by the given scripts."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(BASE_DIR / name, tmp_path)
    return tmp_path


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def make(clone: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=clone, env={**plain, **env}, capture_output=True, text=True, timeout=60, check=False
    )


def test_make_with_an_old_python(clone):
    old = script(clone / "python3.9", '[ "$1" = --version ] && echo "Python 3.9.2" && exit; exit 1')
    result = make(clone, "run", f"PYTHON={old}")
    assert result.returncode == 2  # make's own, for any failure
    assert result.stderr.splitlines()[0].startswith("Vardesk needs Python 3.11 or newer;")
    assert "Python 3.9.2" in result.stderr
    assert not (clone / ".venv").exists()


def test_two_first_starts_in_one_clone_install_once(clone):
    installer = script(clone / "installer", f'echo "$@" >>{clone}/log; sleep 1')
    python = script(
        clone / "python",
        f'[ "$2" = venv ] || exec {sys.executable} "$@"\n'
        f"echo venv >>{clone}/log; mkdir -p .venv/bin; cp {installer} .venv/bin/python",
    )
    with subprocess.Popen(["make", ".venv/.installed", f"PYTHON={python}"], cwd=clone) as first:
        assert make(clone, ".venv/.installed", f"PYTHON={python}").returncode == 0
        assert first.wait(60) == 0
    assert [line.split()[0] for line in (clone / "log").read_text().splitlines()] == ["venv", "-m"]


MAKEFILE = f"run:\n\t@exec '{sys.executable}' -m project.supervisor run --with-parent\n"


@needs_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("to_all", [False, True], ids=["make alone", "the terminal's group"])
def test_a_signal_to_make_ends_everything(vardesk, tmp_path, number, to_all):
    """While it starts, which must not take longer than the end of what is up."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    make = vardesk.launch(("make", "--file", str(tmp_path / "Makefile"), "run"), start_new_session=True)
    assert wait_for(lambda: vardesk.pids("bin/postgres") or vardesk.pids("drain_hits"))
    if to_all:
        os.killpg(make.pid, number)
    else:
        make.send_signal(number)
    make.wait(60)
    assert wait_for(lambda: not vardesk.strangers()), vardesk.strangers()


@needs_linux
def test_sigint_to_make_alone_ends_a_served_vardesk(vardesk, tmp_path):
    (tmp_path / "Makefile").write_text(MAKEFILE)
    make = vardesk.launch(("make", "--file", str(tmp_path / "Makefile"), "run"), start_new_session=True)
    vardesk.wait_until_well()
    make.send_signal(signal.SIGINT)
    make.wait(60)
    assert wait_for(lambda: not vardesk.strangers()), vardesk.strangers()
    assert "Stopped" in vardesk.log_end()


# --- where and as whom ------------------------------------------------------------------------------


@needs_linux
def test_make_run_in_a_clone_with_a_long_path_with_spaces(vardesk):
    clone = vardesk.var_dir.with_name("the clone")
    vardesk.env["VAR_DIR"] = "var"  # relative: in the clone
    vardesk.var_dir = clone / "var"
    assert len(str(clone)) > 150
    assert " " in str(clone)
    copy_project(clone)
    vardesk.launch(("make", "run"), cwd=clone)
    vardesk.wait_until_well()
    vardesk.make_token(clone)
    vardesk.wait_until_read(vardesk.upload("a name.tsv", b"gene\nBRCA1\n"), rows=1)
    assert vardesk.stop() in (2, -signal.SIGTERM)  # make's own
    assert wait_for(lambda: not vardesk.strangers()), vardesk.strangers()


def copy_project(clone: Path) -> None:
    """With all that it needs installed: the Python that runs the tests has it."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "var", "tests", "docs")
    shutil.copytree(BASE_DIR, clone, ignore=left_out)
    (clone / ".venv" / "bin").mkdir(parents=True)
    script(clone / ".venv" / "bin" / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    (clone / ".venv" / ".installed").touch()


@needs_root
def test_an_ordinary_user():
    with tempfile.TemporaryDirectory() as folder, vardesk_on(Path(folder) / "var") as vardesk:
        vardesk.launch(as_other_user(Path(folder)) + RUN)
        vardesk.wait_until_well()
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in vardesk.family()}
        assert owners == {pwd.getpwnam(OTHER_USER).pw_uid}
        assert vardesk.stop() == 0
        assert not vardesk.strangers()


def test_two_clones_started_at_once():
    """As root both may have their servers' files in one system folder."""
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(vardesk_on(stack.enter_context(awkward_var_dir(is_private=is_private))))
            for is_private in (True, True)
        ]
        for vardesk in both:
            vardesk.launch()
        for vardesk in both:
            vardesk.wait_until_well()
        ports = [url.rpartition(":")[2] for vardesk in both for url in vardesk.urls().values()]
        assert len(set(ports)) == len(ports)
        assert [vardesk.stop() for vardesk in both] == [0, 0]
