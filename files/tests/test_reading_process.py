import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from files.readers.errors import NotATable
from files.reading_process import ReaderDied, read_in_child, task_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def long_table(tmp_path) -> Path:
    """A table whose reading takes long enough to be interrupted."""
    path = tmp_path / "long.csv"
    path.write_text("a,b,c\n" + 'x,"y ""z""",3\n' * 2_000_000)
    return path


def read(path: Path, report=lambda *said: None) -> dict:
    folder = path.parent / "out"
    folder.mkdir()
    return read_in_child(task_of(path, folder, {}), report)


def readers() -> list[int]:
    """Process ids of our children that read."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"files.readers.child" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_table_is_read_and_nothing_is_left_running(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4,5\n")
    outcome = read(path)
    assert (outcome["rows"], outcome["rejected"], outcome["format"]) == (1, 1, "csv")
    assert (tmp_path / "out" / "table" / "00000-00.parquet").exists()
    assert readers() == []


def test_what_is_no_table_is_said_in_its_sentence(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"")
    with pytest.raises(NotATable, match="empty"):
        read(path)


def test_a_full_disk_is_said(long_table):
    script = (
        "import errno, sys; from pathlib import Path; from files.readers import child, parts\n"
        "def write(*said): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "parts.TableWriter._write = write; child.main()"
    )
    task = task_of(long_table, long_table.parent / "out", {}) | {"memory": 2 << 30}
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        child.stdin.write(json.dumps(task) + "\n")
        child.stdin.flush()
        said = child.stdout.read().splitlines()
    assert "the disk is full" in json.loads(said[-1])["failed"]


def test_a_reader_that_is_killed_fails_its_job_only(long_table):
    def kill(*said) -> None:
        for pid in readers():
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(ReaderDied, match="SIGKILL"):
        read(long_table, kill)


def test_a_report_that_raises_stops_the_reader_at_once(long_table):
    class Stop(Exception):
        pass

    def stop(*said) -> None:
        raise Stop

    started = time.monotonic()
    with pytest.raises(Stop):
        read(long_table, stop)
    assert readers() == []
    assert time.monotonic() - started < 10


def test_a_cell_that_needs_too_much_memory_is_said(tmp_path, settings):
    settings.READ_MEMORY_BYTES = 300 * 1024**2
    path = tmp_path / "t.csv"
    with path.open("w") as stream:
        stream.write("a,b\n")
        for _ in range(40):
            stream.write("x" * 15_000_000 + ",y\n")
    with pytest.raises(NotATable, match="READ_MEMORY_BYTES"):
        read(path)


def test_the_reader_knows_no_secret(long_table, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary-of-this-test")
    seen: list[bytes] = []

    class Enough(Exception):
        pass

    def look(*said) -> None:
        seen.extend(Path(f"/proc/{pid}/environ").read_bytes() for pid in readers())
        raise Enough

    with pytest.raises(Enough):
        read(long_table, look)
    assert seen
    assert b"canary" not in seen[0]
    assert b"DATABASE_URL" not in seen[0]


def test_the_reader_ends_with_its_parent(long_table, tmp_path):
    task = task_of(long_table, tmp_path / "out", {}) | {"memory": 4_000_000_000}
    (tmp_path / "out").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "files.readers.child"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.close()  # as the death of the parent does
        assert child.wait(timeout=20) == 1
