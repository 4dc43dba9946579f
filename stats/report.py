"""How the counting itself is doing."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from stats import spool
from stats.models import SpoolSegment


@dataclass(frozen=True)
class Losses:
    """What is missing in the numbers: `lost_hits` could not be written down, `bad_lines` could not be read
    again.

    A process reports what it lost with the next line that it can write; until then only its own answers
    show it, and if it ends before, nobody learns of them.
    """

    lost_hits: int
    bad_lines: int


def losses() -> Losses:
    """All losses ever noted, and those of this process that it could not note yet."""
    noted = SpoolSegment.objects.losses()
    here = spool.writer_for(settings.SPOOL_DIR).unreported
    return Losses(noted["lost_hits"] + here, noted["bad_lines"])


def waiting_bytes() -> int:
    """Bytes in this host's spool that PostgreSQL does not have yet."""
    consumed = dict(SpoolSegment.objects.filter(is_retired=False).values_list("spool", "consumed_bytes"))
    waiting = 0
    for path in spool.segment_paths(settings.SPOOL_DIR):
        with suppress(FileNotFoundError):  # the drainer was quicker
            waiting += max(path.stat().st_size - consumed.get(UUID(path.stem), 0), 0)
    return waiting


def is_drained() -> bool:
    """Whether a drainer is at work on this host's spool."""
    return spool.is_drainer_at_work(settings.SPOOL_DIR)
