"""make bench [ARGS="NAME ... --full --rows N"]: run the benchmarks, or those named; --full takes large files.

--rows: of each file, for those that import.
"""

import argparse
import importlib
import signal
import sys

from benchmarks import read, serving

importing = importlib.import_module("benchmarks.import")  # a name that the import statement cannot say

BENCHMARKS = {
    "slow-bodies": serving.slow_bodies,
    "read": read.read_tables,
    "import": importing.import_tables,
    "import-growth": importing.import_growth,
}
WITH_ROWS = {"import", "import-growth"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--full", action="store_true", help="large files")
    parser.add_argument("--rows", type=int, metavar="N", help="of each file; for import and import-growth")
    options = parser.parse_args(arguments)
    names = options.names or list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 1
    if options.rows is not None and (options.rows < 100 or not set(names) <= WITH_ROWS):
        print(f"--rows takes 100 or more, and only {' and '.join(sorted(WITH_ROWS))} take it.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that what was started ends too
    for name in names:
        print(f"{name}: {BENCHMARKS[name].__doc__}", flush=True)
        more = {"rows": options.rows} if options.rows is not None else {}
        for line in BENCHMARKS[name](options.full, **more):
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
