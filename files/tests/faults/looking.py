"""Moments of an import to disturb it in, and what must be so meanwhile and afterwards."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection

from files.tests.faults.bench import CASE, OVER_S, Bench, Expected, without_numbers
from files.tests.faults.rows import rows_of, watching
from files.tests.faults.servers import wait_for
from project.core.models import Job, JobPart


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Callable[[], Any]]:
    """A disk of its own at `folder`. Yields what makes it large enough for everything."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)], check=True)
    try:
        yield partial(subprocess.run, ["mount", "-o", "remount,size=1g", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def state_of(job: Job) -> Job:
    job.refresh_from_db()
    return job


def until_said(job: Job, *phases: str) -> None:
    """Returns in the phase, or fails: a job that is past it was too quick for this test."""
    wait_for(
        lambda: state_of(job).message.startswith(phases) or job.is_over,
        f"{job} to say {phases}",
        every=0.004,
        seconds=OVER_S,
    )
    assert job.message.startswith(phases), (job.state, job.message, job.error)


def until_over(job: Job, *, seconds: float = OVER_S) -> Job:
    def is_over() -> bool:
        try:
            return state_of(job).is_over
        except Exception:  # the server is away
            connection.close()
            return False

    wait_for(is_over, f"{job.pk} to end ({job.state}, {job.message})", every=0.1, seconds=seconds)
    return job


def is_normalising(bench: Bench) -> bool:
    return JobPart.objects.filter(state="running").exists() and not bench.is_at("COPY")


def is_copying(bench: Bench) -> list[tuple]:
    """Some of a part's rows are at the server, and not all."""
    return bench.ask("SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 0")


@contextlib.contextmanager
def never_half(bench: Bench, expected: Expected | None = None) -> Iterator[None]:
    """While inside a reader looks on; it saw all or nothing of the import."""
    expected = expected or bench.expected
    with watching(bench.postgres, CASE) as moments:
        yield
    assert moments
    assert set(moments) <= {expected.before, expected.after}


def as_undisturbed(bench: Bench, job: Job, expected: Expected | None = None) -> None:
    expected = expected or bench.expected
    assert (job.state, job.error) == ("succeeded", "")
    assert (job.counts, without_numbers(job.result)) == (expected.counts, expected.result)
    assert rows_of(bench.postgres, CASE) == expected.rows
