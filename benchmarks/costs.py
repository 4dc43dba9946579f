"""What processes of this machine cost: CPU seconds by group and phase, and peak memory. Linux only."""

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.idle import TICKS_PER_S, family_of, stat_fields

READER = "files.readers.child"  # in the command line of the process that reads a file
GROUPS = ("reader", "worker", "postgres")


@dataclass
class Phase:
    seconds: float = 0.0
    cpu_s: Counter[str] = field(default_factory=Counter)  # by group


class Meter:
    """Costs since it was made, looked at now and then; what passed between two looks counts for the phase of the first.

    A process adds the time of a child that has ended to its own, so none is lost between two looks.
    """

    def __init__(self, workers: Sequence[int], postmaster: int | None) -> None:
        self.workers, self.postmaster = workers, postmaster
        self.phases: defaultdict[str, Phase] = defaultdict(Phase)
        self.peaks: dict[tuple[str, int], int] = {}  # (group, process id) -> MB, as last seen
        self._ended_readers: dict[int, float] = {}  # by the worker process that waited for them
        for pid in self._worker_family():
            _forget_peak(pid)
        self._phase, self._at, self._cpu_s = "", time.monotonic(), self._now()

    def look(self, phase: str) -> None:
        """`phase`: what is going on from now on."""
        at, cpu_s = time.monotonic(), self._now()
        if self._phase:
            passed = self.phases[self._phase]
            passed.seconds += at - self._at
            passed.cpu_s.update({group: cpu_s[group] - self._cpu_s[group] for group in GROUPS})
        self._phase, self._at, self._cpu_s = phase, at, cpu_s

    def cpu_s(self, group: str) -> float:
        return sum(phase.cpu_s[group] for phase in self.phases.values())

    def peak_mb(self, group: str) -> int:
        return max((mb for (of, _), mb in self.peaks.items() if of == group), default=0)

    def _worker_family(self) -> set[int]:
        return {pid for root in self.workers for pid in family_of(root)}

    def _now(self) -> dict[str, float]:
        reading = worked = 0.0
        for pid in self._worker_family():
            with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                own, ended = _seconds(pid)
                is_reader = READER in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                self.peaks["reader" if is_reader else "worker", pid] = _peak_mb(pid)
                if is_reader:
                    reading += own + ended
                else:
                    worked += own
                    if pid not in self.workers:  # the children of a pool's process are readers, and nothing else
                        self._ended_readers[pid] = ended
        reading += sum(self._ended_readers.values())
        served = 0.0
        for pid in family_of(self.postmaster) if self.postmaster else []:
            with contextlib.suppress(OSError, ValueError, IndexError):
                served += sum(_seconds(pid))
        return {"reader": reading, "worker": worked, "postgres": served}


def _seconds(pid: int) -> tuple[float, float]:
    """CPU time of a process, and that of those of its children that have ended."""
    user, system, of_ended, system_of_ended = (int(text) / TICKS_PER_S for text in stat_fields(pid)[11:15])
    return user + system, of_ended + system_of_ended


def _peak_mb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) >> 10
    raise ValueError(pid)  # a zombie has none


def _forget_peak(pid: int) -> None:
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
