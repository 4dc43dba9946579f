"""What Vardesk costs while nobody uses it: starts it with the sample data, waits, measures all its processes.

python -m tools.idle [--after SECONDS] [--over SECONDS]

Memory is PSS: a page that several processes share counts once in the sum. Exit code 1: more than the promise.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from project.embedded.place import wipe
from project.embedded.state import URL_NAMES
from project.env import BASE_DIR

MOST_MB = 600.0
MOST_PERCENT = 2.0  # of one core
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """`seconds`: processor time since the process began, with that of its children that have ended."""

    name: str
    pss_mb: float
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.idle", description=__doc__.splitlines()[0])
    parser.add_argument("--after", type=float, default=300.0, metavar="S", help="measure so long after the start")
    parser.add_argument("--over", type=float, default=60.0, metavar="S", help="processor time over the last so many")
    options = parser.parse_args(arguments)
    if not Path("/proc/self/smaps_rollup").exists():
        print("Only Linux tells the PSS of a process (/proc/PID/smaps_rollup).", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that all is cleaned up
    with vardesk() as pid:
        over_s = min(options.over, options.after)
        time.sleep(options.after - over_s)
        before, begin = costs(pid), time.monotonic()
        time.sleep(over_s)
        return report(before, costs(pid), time.monotonic() - begin)


# --- the server ------------------------------------------------------------------------------------


@contextlib.contextmanager
def vardesk() -> Iterator[int]:
    """The process id of a supervisor whose web server answers; its data are removed in the end."""
    with tempfile.TemporaryDirectory(prefix="vardesk-idle-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as a system user, which must pass through
        var_dir, port, log = Path(folder) / "var", free_port(), Path(folder) / "log"
        env = {**os.environ, **dict.fromkeys(URL_NAMES, ""), "VAR_DIR": str(var_dir)}
        env |= {"HOST": "127.0.0.1", "PORT": str(port)}
        command = [sys.executable, "-m", "project.supervisor", "run", "--with-parent"]
        with open(log, "wb") as output:
            process = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=output, stderr=output)
        try:
            wait_for_answer(process, port, log)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_TIMEOUT_S)
            wipe(var_dir)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping/", timeout=2).close()
            return
        time.sleep(0.5)
    sys.exit(f"Vardesk did not start:\n{log.read_text(errors='replace')}")


# --- measuring -------------------------------------------------------------------------------------


def costs(root_pid: int) -> dict[int, Cost]:
    """The costs of `root_pid` and of all that descend from it, by process id."""
    found = {}
    for pid in family_of(root_pid):
        with contextlib.suppress(OSError, ValueError):  # it has ended meanwhile
            found[pid] = Cost(name_of(pid), pss_mb_of(pid), seconds_of(pid))
    return found


def family_of(root_pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat_fields(int(folder.name))[1]), []).append(int(folder.name))
    found = [root_pid]
    for pid in found:  # grows while it is read
        found += sorted(children.get(pid, []))
    return found


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on (state, ppid, ...); the second may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def seconds_of(pid: int) -> float:
    return sum(int(field) for field in stat_fields(pid)[11:15]) / TICKS_PER_S


def pss_mb_of(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(pid)


def name_of(pid: int) -> str:
    """A command line without folders, interpreter and options: "celery worker", "postgres: checkpointer"."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").split()
    plain = [Path(word).name for word in words if not word.startswith("-")]
    return " ".join([word for word in plain if not word.startswith("python")][:4])


# --- report ----------------------------------------------------------------------------------------


def report(before: dict[int, Cost], after: dict[int, Cost], over_s: float) -> int:
    """Print a line for each process and the verdict. Returns the exit code."""
    print(f"{'PID':>8} {'PSS MB':>8} {'CPU %':>7}  process")
    for pid, cost in after.items():
        print(f"{pid:>8} {cost.pss_mb:>8.1f} {percent(pid, before, cost, over_s):>7.2f}  {cost.name}")
    memory = sum(cost.pss_mb for cost in after.values())
    processor = sum(percent(pid, before, cost, over_s) for pid, cost in after.items())
    print(f"{'sum':>8} {memory:>8.1f} {processor:>7.2f}  of {len(after)} processes, over {over_s:.0f} s")
    faults = list(faults_of(memory, processor))
    print("; ".join(faults) or f"Within {MOST_MB:.0f} MB and {MOST_PERCENT:g} % of a core.")
    return 1 if faults else 0


def percent(pid: int, before: dict[int, Cost], cost: Cost, over_s: float) -> float:
    """Of one core; a process that is new since `before` counts from its start."""
    earlier_s = before[pid].seconds if pid in before else 0.0
    return 100 * (cost.seconds - earlier_s) / over_s


def faults_of(memory_mb: float, processor_percent: float) -> Iterable[str]:
    if memory_mb > MOST_MB:
        yield f"More than {MOST_MB:.0f} MB"
    if processor_percent > MOST_PERCENT:
        yield f"More than {MOST_PERCENT:g} % of a core"


if __name__ == "__main__":
    sys.exit(main())
