"""Imports every file below a folder as the web does: `make import-corpus ARGS=../shared/data/maf`.

In a database of its own, which is dropped afterwards. Prints what became of each file's lines and why, and ends with 1
where lines are not accounted for or a file ended otherwise than imported or refused with a sentence.
"""

import argparse
import logging
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FATES = ("imported", "merged", "skipped", "rejected")
REASONS_SHOWN = 12  # of a file; all are counted
OUR_FAULT = ("Something in Vardesk went wrong", "The reader ended without a result", "Lines were lost", "do not add up")
NAMED = {"GRCh37": r"(?i)grch37|hg19|b37", "GRCh38": r"(?i)grch38|hg38|b38"}  # in a path


@dataclass
class Outcome:
    """What became of one file. `state`: imported, refused (with a sentence) or broken; `answered`: the assembly that
    was asked for and given."""

    name: str
    state: str = "imported"
    said: str = ""
    answered: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (kind, reason without its values) -> lines
    wrong: list[str] = field(default_factory=list)  # sums that are not what they must be
    seconds: float = 0.0

    @property
    def is_bad(self) -> bool:
        return self.state == "broken" or bool(self.wrong)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make import-corpus", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--assembly", default="GRCh38", help="where neither a file nor its name tells")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the database goes with us
    with scratch_site() as owner:
        found = []
        for path in files_below(asked.folder):
            found.append(imported(path, str(path.relative_to(asked.folder)), owner, asked.assembly))
            print("\n".join(lines_of(found[-1])), flush=True)
    print("\n".join(totals(found)))
    return 1 if any(outcome.is_bad for outcome in found) else 0


@contextmanager
def scratch_site() -> Iterator[Any]:
    """An empty database on the server of DATABASE_URL and a folder, both gone afterwards; gives their only user."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    logging.disable(logging.WARNING)  # the report is the table; what breaks is in it
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.db import connection
    from django.test.utils import override_settings

    name = settings.DATABASES["default"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"{name}_corpus_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with tempfile.TemporaryDirectory() as folder, override_settings(VAR_DIR=Path(folder), STORAGE_DIR=Path(folder) / "files"):  # fmt: skip
            owner = get_user_model().objects.create_user("corpus")
            owner.groups.add(Group.objects.get_or_create(name="analyst")[0])
            yield owner
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def files_below(folder: Path) -> list[Path]:
    from tools.corpus import is_sample

    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return [path for path in found if path.is_file() and is_sample(path)]


def imported(path: Path, name: str, owner: Any, assembly: str = "GRCh38") -> Outcome:
    """Upload, read and import one file, as the web does it, in this process."""
    begin = time.monotonic()
    outcome = Outcome(name)
    try:
        _import(path, outcome, owner, assembly)
    except Exception as error:  # the point of this tool: whatever it is, it is a line of the report
        outcome.state, outcome.said = "broken", f"{type(error).__name__}: {error}"
    outcome.seconds = time.monotonic() - begin
    return outcome


def _import(path: Path, outcome: Outcome, owner: Any, assembly: str) -> None:
    from files import actions
    from project.core import jobs
    from project.core.models import Job

    with path.open("rb") as stream:
        file = actions.upload(name=path.name, chunks=iter(lambda: stream.read(1 << 20), b""), by=owner)
    job = jobs.run_now(Job.objects.get(file_id=file.pk, kind="read"))
    file.refresh_from_db()
    if job.state == "succeeded":
        job = _import_job(file, outcome, owner, assembly)
    if job is None:
        return
    if job.state != "succeeded":
        is_ours = not job.error or any(words in job.error for words in OUR_FAULT)
        outcome.state, outcome.said = "broken" if is_ours else "refused", job.error or f"The job is {job.state}."
        return
    outcome.counts = job.counts
    load = (job.result or {})["load"]
    outcome.reasons = reasons_of(load)
    outcome.wrong = wrong_sums(file, job.counts, load)


def _import_job(file: Any, outcome: Outcome, owner: Any, assembly: str) -> Any:
    """The import, over; None where it was refused before it began. Answers the question for the assembly, and insists
    on the answer where only names in the file say otherwise."""
    from files.import_asked import Asked
    from files.importing import start_import
    from project.common.problems import BadQuery
    from project.core import jobs

    named = next((known for known, hint in NAMED.items() if re.search(hint, outcome.name)), assembly)
    for answer, insists in (("", False), (named, False), (named, True)):  # toy genomes have lengths that nobody knows
        try:
            outcome.answered = f"{answer}, insisted" if insists else answer
            return jobs.run_now(start_import(file, Asked(assembly=answer, insist=insists), by=owner))
        except BadQuery as error:
            outcome.state = "refused"
            outcome.said = " ".join(said for many in error.errors.values() for said in many)
            if "assembly" not in error.errors or insists:
                return None
            outcome.state, outcome.said = "imported", ""
    return None


def reasons_of(load_id: int) -> Counter[tuple[str, str]]:
    """Why lines became no claim: (kind, reason) -> alleles; values of cells are left out, so that reasons are few."""
    from variants.models import LoadIssue

    issues = LoadIssue.objects.filter(load=load_id).values_list("kind", "reason")
    return Counter((kind, alike(reason)) for kind, reason in issues)


def alike(reason: str) -> str:
    return re.sub(r"\b\d[\d,.]*\b", "N", re.sub(r"'[^']*'|“[^”]*”", "…", reason))


def wrong_sums(file: Any, counts: dict[str, int], load: int) -> list[str]:
    """Each line of the file must be counted once, and stand in the database as a claim or with a reason."""
    from variants.models import LoadIssue, Record

    of_file = (file.row_count or 0) + (file.rejected_count or 0)
    claims = set(Record.objects.filter(load=load).values_list("line", flat=True))
    issues = LoadIssue.objects.filter(load=load).exclude(kind="flagged").values_list("line", flat=True)
    without = set(issues) - claims
    checks = {
        "rows and rejects of the file": (of_file, counts["lines_read"]),
        "imported, merged, skipped and rejected": (sum(counts[fate] for fate in FATES), counts["lines_read"]),
        "lines with a claim": (len(claims), counts["imported"] + counts["merged"]),
        "lines with a reason and no claim": (
            len(without) + (file.rejected_count or 0), counts["skipped"] + counts["rejected"]
        ),
    }  # fmt: skip
    return [f"{name}: {found:,}, not {told:,}" for name, (found, told) in checks.items() if found != told]


def lines_of(outcome: Outcome) -> list[str]:
    """The outcome as lines of the report."""
    numbers = "".join(f"{outcome.counts.get(name, 0):>10,}" for name in ("lines_read", *FATES))
    asked = f"  asked: {outcome.answered}" if outcome.answered and outcome.counts else ""
    shown = numbers if outcome.counts else f"  {outcome.state}: {outcome.said}"
    lines = [f"{outcome.name:60.60}{shown}{outcome.seconds:>8.1f} s{asked}"]
    lines += [
        f"    {count:>8,}  {kind}: {reason}" for (kind, reason), count in outcome.reasons.most_common(REASONS_SHOWN)
    ]
    if more := len(outcome.reasons) - REASONS_SHOWN:
        lines += [f"              and {more} more reasons"] if more > 0 else []
    return lines + [f"    WRONG     {sentence}" for sentence in outcome.wrong]


def totals(outcomes: list[Outcome]) -> list[str]:
    states = Counter(outcome.state for outcome in outcomes)
    sums: Counter[str] = Counter()
    for outcome in outcomes:
        sums.update({name: outcome.counts.get(name, 0) for name in ("lines_read", *FATES)})
    head = "".join(f"{name:>10}" for name in ("lines", *FATES))
    return [
        f"{'':60}{head}",
        f"{len(outcomes):,} files{'':60.60}"[:60] + "".join(f"{sums[name]:>10,}" for name in ("lines_read", *FATES)),
        ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())),
    ]


if __name__ == "__main__":
    sys.exit(main())
