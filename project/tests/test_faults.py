"""kill -9 of each process of a whole Vardesk: everything comes back, nothing is lost, nobody is left over."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from project.embedded.place import find_place
from project.tests.conftest import awkward_var_dir, is_alive
from project.tests.vardesk import Vardesk, listener, vardesk_on, wait_for

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.xdist_group("faults"),
]
CONTENT = b"gene\tclass\n" + b"BRCA1\tpathogenic\n" * 1000
LONG = b"gene\tclass\n" + b"BRCA1\tpathogenic\n" * 2_000_000  # seconds of work

# Which process: the words of its command line, and its place among those that have them.
WHO = {
    "postmaster": (("bin/postgres", "-D"), 0),
    "a PostgreSQL backend": (("postgres: vardesk",), 0),
    "redis-server": (("redis-server",), 0),
    "web server": (("project.web_server",), 0),
    "web server's worker": (("project.web_server",), 1),
    "worker": (("celery", "worker"), 0),
    "worker's pool process": (("celery", "worker"), 1),
    "beat": (("celery", "beat"), 0),
    "drainer": (("drain_hits",), 0),
}


@pytest.fixture(scope="module")
def base() -> Iterator[Vardesk]:
    with awkward_var_dir(is_private=False) as var_dir, vardesk_on(var_dir) as vardesk:
        vardesk.start()
        vardesk.make_token()
        yield vardesk


@pytest.fixture
def vardesk(base) -> Vardesk:
    """A whole one that is well, whatever the test before did to it."""
    if base.process.poll() is not None:
        base.start()
    base.wait_until_well()
    return base


class Written:
    """A row and a file, a job and a Redis key, written at once; then whether they are all there."""

    def __init__(self, vardesk: Vardesk) -> None:
        self.vardesk, self.key = vardesk, str(uuid4())
        vardesk.redis().set(self.key, "kept")
        self.file_id = vardesk.upload(f"{self.key}.tsv", CONTENT)

    def assert_kept(self) -> None:
        assert self.vardesk.redis().get(self.key) == "kept"
        self.vardesk.wait_until_read(self.file_id, rows=1000)  # its job was done or taken up again
        status, body = self.vardesk.request(f"/api/v1/files/{self.file_id}/download/?format=original")
        assert (status, body) == (200, CONTENT)


def assert_comes_back(vardesk: Vardesk) -> None:
    """Web, beat, broker, worker and cache: who has seen a worker before does not count."""
    assert wait_for(lambda: vardesk.pids("drain_hits") and vardesk.forget_worker())
    vardesk.wait_until_well()
    assert vardesk.request("/")[0] == 200
    assert wait_for(lambda: not vardesk.strangers()), vardesk.strangers()


# --- one process ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", WHO)
def test_kill_9_of_one_process(vardesk, who):
    words, place = WHO[who]
    urls, written = vardesk.urls(), Written(vardesk)
    victim = vardesk.pids(*words)[place]
    os.kill(victim, signal.SIGKILL)
    assert wait_for(lambda: not is_alive(victim))
    assert wait_for(lambda: len(vardesk.pids(*words)) > place)
    assert_comes_back(vardesk)
    written.assert_kept()
    assert vardesk.urls() == urls  # the others found it again where it was


def test_kill_9_of_all_at_once(vardesk):
    written = Written(vardesk)
    for pid in vardesk.family()[1:]:
        os.kill(pid, signal.SIGKILL)
    assert_comes_back(vardesk)
    written.assert_kept()


def test_a_killed_postmasters_id_that_another_process_has(vardesk):
    """PostgreSQL would take that one for itself, still running, and refuse to start."""
    written, place = Written(vardesk), find_place(vardesk.var_dir)
    user = place.account.uid if place.account else os.getuid()
    with subprocess.Popen(["sleep", "600"], user=user) as stranger:
        try:
            with paused(vardesk.process.pid):
                postmaster = vardesk.pids(*WHO["postmaster"][0])[0]
                os.kill(postmaster, signal.SIGKILL)
                assert wait_for(lambda: not is_alive(postmaster))
                pid_file = place.folder / "postgres" / "postmaster.pid"
                pid_file.write_text(pid_file.read_text().replace(str(postmaster), str(stranger.pid), 1))
            assert_comes_back(vardesk)
            assert stranger.poll() is None
        finally:
            stranger.kill()
    written.assert_kept()


def test_a_running_job_is_taken_up_again(vardesk):
    """Long enough to be killed in the middle, with all that would do it."""
    file_id = vardesk.upload("long.tsv", LONG)
    assert wait_for(lambda: vardesk.file(file_id)["state"] == "processing")
    for pid in vardesk.pids("celery", "worker"):
        os.kill(pid, signal.SIGKILL)
    vardesk.wait_until_read(file_id, rows=2_000_000)


def test_a_killed_workers_pool_does_not_work_on(vardesk):
    file_id = vardesk.upload("long.tsv", LONG)
    assert wait_for(lambda: vardesk.file(file_id)["state"] == "processing")
    worker, *pool = vardesk.pids("celery", "worker")
    with paused(vardesk.process.pid):  # so that only the kernel can tell them
        os.kill(worker, signal.SIGKILL)
        assert wait_for(lambda: not any(is_alive(pid) for pid in pool), 2)


@pytest.mark.parametrize(("name", "words"), [("DATABASE_URL", WHO["postmaster"][0]), ("REDIS_URL", ("redis-server",))])
def test_a_port_that_another_program_took_meanwhile(vardesk, name, words):
    written = Written(vardesk)
    port = urlsplit(vardesk.urls()[name]).port
    server = vardesk.pids(*words)[0]
    with contextlib.ExitStack() as stack:
        with paused(vardesk.process.pid):  # so that it does not start the server at once
            os.kill(server, signal.SIGKILL)
            assert wait_for(lambda: port not in listening_ports())
            stack.enter_context(listener(port))
        assert wait_for(lambda: "took the port" in vardesk.log_end())
        assert_comes_back(vardesk)
        assert urlsplit(vardesk.urls()[name]).port != port
    written.assert_kept()


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def listening_ports() -> list[int]:
    entries = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(entry[1].rpartition(":")[2], 16) for entry in entries if entry[3] == "0A"]


# --- the supervisor ---------------------------------------------------------------------------------


def test_kill_9_of_the_supervisor_leaves_no_process(vardesk):
    vardesk.kill()
    assert wait_for(lambda: not vardesk.strangers()), vardesk.strangers()


def test_a_start_right_after_kill_9_of_the_supervisor(vardesk):
    """While what the killed one started is still ending: its web server has the port, PostgreSQL the data."""
    written = Written(vardesk)
    vardesk.kill()
    vardesk.launch()
    assert_comes_back(vardesk)
    written.assert_kept()


def test_kill_9_during_the_start(vardesk):
    written = Written(vardesk)
    for after_s in (0.3, 0.8, 1.5, 3.0):
        vardesk.kill()
        vardesk.launch()
        time.sleep(after_s)
    vardesk.kill()
    vardesk.launch()
    assert_comes_back(vardesk)
    written.assert_kept()


def test_stale_files_do_not_matter(vardesk):
    """After a power cut: ids that other programs have now, files that end in the middle."""
    written = Written(vardesk)
    vardesk.stop()
    run, servers = vardesk.var_dir / "run", find_place(vardesk.var_dir).folder
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            (servers / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{servers}/postgres\n1\n5432\n")
            (servers / "redis" / "redis.pid").write_text(f"{stranger.pid}\n")
            (servers / "redis" / "redis.conf.7.new").write_text("half a")
            (run / "services.json").write_text('{"DATABASE_URL": "postgres://gone')
            (run / "services.json.7.new").write_text("{")
            (run / "supervisor.lock").write_text(f"{stranger.pid} \0 garbage")
            for old in run.glob("celerybeat-schedule*"):
                old.unlink()
            for end in ("", ".db", ".dat", ".dir", ".bak"):
                (run / f"celerybeat-schedule{end}").write_bytes(b"\0garbage")
            (vardesk.var_dir / "spool" / "drainer.lock").write_text("garbage")
            vardesk.start()
            assert stranger.poll() is None
            assert list(vardesk.var_dir.rglob("*.new")) == []
        finally:
            stranger.kill()
    assert_comes_back(vardesk)
    written.assert_kept()


def test_an_end_by_sigterm_leaves_nothing_to_recover_from(vardesk):
    assert vardesk.stop() == 0
    assert not vardesk.strangers()
    assert not (vardesk.var_dir / "run" / "services.json").exists()
