"""The least score of each group and measure, kept in floor.json. It only rises, as long as the files are the same."""

import hashlib
import json
import math
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from project.env import BASE_DIR
from tools.robustness.case import Case
from tools.robustness.score import Scores

FLOOR = Path(__file__).with_name("floor.json")
SLACK = 0.002  # a score that is further above its floor has to raise it
RAISE = "raise the floor: make robustness ARGS=--raise"

Floor = dict[str, dict[str, Any]]  # group -> {"files": how many, "digest": of them, "least": measure -> 0..1}


def digest(cases: Iterable[Case]) -> str:
    """Tells one set of files and answers from another."""
    found = hashlib.sha256()
    for case in sorted(cases, key=lambda case: case.name):
        answers = (case.rows, case.header, case.rejects, sorted(case.dialect.items()), case.records, case.cells_md5)
        found.update(repr((case.name, case.data, answers)).encode())
    return found.hexdigest()[:16]


def load() -> Floor:
    return json.loads(FLOOR.read_text()) if FLOOR.exists() else {}


def compare(scores: Scores, least: Scores) -> list[str]:
    """A sentence for each measure that is below its floor, or so far above that the floor has to follow."""
    said = []
    for measure, score in sorted(scores.items()):
        floor = least.get(measure)
        if floor is None:
            said.append(f"{measure} has no floor; {RAISE}")
        elif score < floor - 1e-9:
            said.append(f"{measure} fell to {score:.4f}; its floor is {floor:.4f}")
        elif score > floor + SLACK:
            said.append(f"{measure} rose to {score:.4f} from {floor:.4f}; {RAISE}")
    return said


def raised(floor: Floor, group: str, cases: list[Case], scores: Scores) -> dict[str, Any]:
    """The group's floor moved up to its scores. Of other files than before it starts anew; else nothing is lowered."""
    known = floor.get(group, {})
    same = known.get("digest") == (told := digest(cases))
    least = known["least"] if same else {}
    reached = {measure: math.floor(score * 10_000 + 1e-6) / 10_000 for measure, score in sorted(scores.items())}
    return {
        "files": len(cases),
        "digest": told,
        "least": {measure: max(score, least.get(measure, 0.0)) for measure, score in reached.items()},
    }


def save(floor: Floor) -> None:
    FLOOR.write_text(json.dumps(floor, indent=2, sort_keys=True) + "\n")


def lowered(earlier: Floor, now: Floor) -> list[str]:
    """What is lower now, or gone, though the files are those of an earlier floor."""
    said = []
    for group, was in earlier.items():
        found = now.get(group)
        if found is None:
            said.append(f"{group} is gone")
        elif found["digest"] == was["digest"]:
            said += [
                f"{group} {measure}: {found['least'].get(measure)}, once {least}"
                for measure, least in was["least"].items()
                if found["least"].get(measure, -1.0) < least
            ]
    return said


def earlier_floors() -> dict[str, Floor] | None:
    """Commit -> the floor that it holds; None where there is no git or no repository."""
    path = FLOOR.relative_to(BASE_DIR).as_posix()
    try:
        commits = _git("log", "--format=%H", "--diff-filter=AM", "--", path).split()
        return {commit: json.loads(_git("show", f"{commit}:{path}")) for commit in commits}
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(BASE_DIR), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
