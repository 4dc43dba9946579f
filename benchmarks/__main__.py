"""make bench [ARGS="NAME ... --full"]: run the benchmarks, or those named; --full takes large files."""

import sys

from benchmarks import read, serving

BENCHMARKS = {"slow-bodies": serving.slow_bodies, "read": read.read_tables}


def main(arguments: list[str]) -> int:
    names, full = [name for name in arguments if name != "--full"], "--full" in arguments
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 1
    for name in names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name].__doc__}", flush=True)
        for line in BENCHMARKS[name](full):
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
