"""make robustness [ARGS="--raise --peers"]: the robustness scores of the readers, beside their floors.

--peers measures DuckDB's sniffer and reader on the same files; --raise moves the floors up to what was reached.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tools.robustness.case import Case, Found
from tools.robustness.damaged import own_cases
from tools.robustness.floor import load, raised, save
from tools.robustness.reading import read, read_by_duckdb
from tools.robustness.score import Scores, judge, means, worst
from tools.robustness.shared import DATA, shared_cases

UNTOLD = ("rejects", "records", "cells", "encoding")  # DuckDB does not say


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make robustness", description="Measure how robust the readers are.")
    parser.add_argument("--raise", action="store_true", dest="rise", help="move the floors up to what was reached")
    parser.add_argument("--peers", action="store_true", help="measure DuckDB's reader beside ours")
    parser.add_argument("--worst", type=int, default=5, metavar="N", help="files named for each group")
    options = parser.parse_args(arguments)
    cases = [*own_cases(), *shared_cases()]
    if not DATA.is_dir():
        print(f"No {DATA}: only our own damaged files are measured.")
    judged = _judged(read, cases)
    floor = load()
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.group].append(case)
    peers = means(_judged(read_by_duckdb, cases)) if options.peers else {}
    for group, scores in means(judged).items():
        print(f"\n{group}: {len(groups[group])} files")
        _table(scores, floor.get(group, {}).get("least", {}), peers.get(group))
        for name, wrong in worst([found for found in judged if found[0].group == group], options.worst):
            print(f"  {name}: {wrong}")
        if options.rise:
            floor[group] = raised(floor, group, groups[group], scores)
    if options.rise:
        save(floor)
    return 0


def _judged(reader: Callable[[Case], Found], cases: list[Case]) -> list[tuple[Case, Scores]]:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:  # a fork would take DuckDB's locks along
        return [
            (case, judge(case, found)) for case, found in zip(cases, pool.map(reader, cases, chunksize=8), strict=True)
        ]


def _table(scores: Scores, least: Scores, peer: Scores | None) -> None:
    print(f"  {'':18}{'score':>8}{'floor':>8}" + (f"{'DuckDB':>8}" if peer else ""))
    for measure, score in scores.items():
        floor = f"{least[measure]:8.4f}" if measure in least else f"{'-':>8}"
        other = f"{peer[measure]:8.4f}" if peer and measure not in UNTOLD else ""
        print(f"  {measure:18}{score:8.4f}{floor}{other}")


if __name__ == "__main__":
    sys.exit(main())
