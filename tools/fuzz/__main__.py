"""Fuzzes the readers: python -m tools.fuzz [TARGET ...]

FUZZ_SECONDS (600) are split over the targets. Inputs that teach something are kept in .fuzz/corpus, so that the next run
goes on from there; what broke a promise lies in .fuzz/found. Exit code 1: something was found.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from hashlib import sha1
from pathlib import Path

from tools.fuzz.seeds import seeds
from tools.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".fuzz"
MEMORY_MB = 1024  # of a target; more is a finding
NO_WHEEL = (
    "atheris, the fuzzer, is not installed: `make fuzz` installs it. It has wheels for Linux on x86-64 and Python 3.11"
    " to 3.13 only."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; default: all")
    wanted = parser.parse_args().targets or list(TARGETS)
    if unknown := set(wanted) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("atheris") is None:
        print(NO_WHEEL, file=sys.stderr)
        return 2
    seconds = max(1, int(os.environ.get("FUZZ_SECONDS", "600")) // len(wanted))
    found = [path for target in wanted for path in fuzz(target, seconds)]
    for path in found:
        print(told(path))
    print(f"{len(found)} findings." if found else "Nothing was found.")
    return 1 if found else 0


def fuzz(target: str, seconds: int) -> list[Path]:
    """Inputs that broke a promise, the new ones. libFuzzer ends with the first."""
    corpus, crashes = FOLDER / "corpus" / target, FOLDER / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    for seed in seeds(target):
        (corpus / sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    before, log = set(crashes.iterdir()), FOLDER / f"{target}.log"
    options = [f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={crashes}/{target}-"]
    print(f"{target}: {seconds} s, log in {log.relative_to(ROOT)}", flush=True)
    started = time.monotonic()
    with log.open("wb") as said:
        command = [sys.executable, "-m", "tools.fuzz.one", target, *options, str(corpus)]
        code = subprocess.run(command, cwd=ROOT, stdout=said, stderr=said).returncode
    new = sorted(set(crashes.iterdir()) - before)
    if code and not new:
        raise RuntimeError(f"{target} ended with {code} after {time.monotonic() - started:.0f} s: see {log}")
    return new


def told(path: Path) -> str:
    target = path.name.split("-")[0]
    return (
        f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes. Again: python -m tools.fuzz.one {target} {path}\n"
        f"    As a test, in FINDINGS of files/tests/test_fuzz_findings.py: ({target!r}, {path.read_bytes()[:2000]!r})"
    )


if __name__ == "__main__":
    sys.exit(main())
