"""Reads every file below a folder with the real reader: `make corpus ARGS=../shared/data`.

Prints a table with a line for each folder: how many files were loaded, loaded with something said, refused with a
sentence, read otherwise than its cases.jsonl expects, or broke the reader. Ends with 1 where one broke the reader.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.parts import part_paths
from files.readers.reading import read_any
from tools.expected import Reading, Row, differences

PROCESSES = 2
STATES = ("loaded", "reported", "refused", "wrong", "crashed")
CASES = "cases.jsonl"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name refused files with their sentences too")
    asked = parser.parse_args()
    cases = cases_below(asked.folder)
    paths = [path for path in sorted(asked.folder.rglob("*")) if path.is_file() and is_sample(path)]
    counts: dict[str, Counter[str]] = {}
    for path, (state, said) in zip(paths, read_all(paths, cases), strict=True):
        name = path.relative_to(asked.folder)
        counts.setdefault(name.parts[0] if len(name.parts) > 1 else ".", Counter())[state] += 1
        if state in ("wrong", "crashed") or asked.verbose and state == "refused":
            print(f"{state}: {name}: {said}")
    print(table(counts))
    return 1 if any(count["crashed"] for count in counts.values()) else 0


def is_sample(path: Path) -> bool:
    return path.name not in (CASES, "README.md") and not path.name.startswith(".")


def cases_below(folder: Path) -> dict[Path, dict[str, Any]]:
    """What each cases.jsonl says, by the file that it says it of."""
    found = {}
    for path in folder.rglob(CASES):
        for line in path.read_text().splitlines():
            if line.strip() and "file" in (case := json.loads(line)):
                found[path.parent / case["file"]] = case
    return found


def read_all(paths: list[Path], cases: dict[Path, dict[str, Any]]) -> list[tuple[str, str]]:
    """State and sentence of each file. A file that takes its process along is read again alone, as are its neighbours."""
    found: dict[Path, tuple[str, str]] = {}
    with _pool(PROCESSES) as pool:
        futures = {path: pool.submit(judged, path, cases.get(path, {})) for path in paths}
        for path, future in futures.items():
            try:
                found[path] = future.result()
            except BrokenProcessPool:
                break
    for path in paths:
        if path not in found:
            found[path] = _alone(path, cases.get(path, {}))
    return [found[path] for path in paths]


def _pool(processes: int) -> ProcessPoolExecutor:
    """Of processes that are started anew: a fork would take DuckDB's locks along, and not the threads that free them."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _alone(path: Path, case: dict[str, Any]) -> tuple[str, str]:
    with _pool(1) as pool:
        try:
            return pool.submit(judged, path, case).result()
        except BrokenProcessPool:
            return "crashed", "the process died"


def judged(path: Path, case: dict[str, Any]) -> tuple[str, str]:
    try:
        found = reading_of(path)
    except Exception as error:  # the point of this tool: whatever it is, it is a line of the report
        return "crashed", f"{type(error).__name__}: {error}"
    if wrong := differences(case, found):
        return "wrong", "; ".join(wrong[:4]) + (f" ({found.refused})" if found.refused else "")
    if found.refused:
        return "refused", found.refused
    return ("reported" if found.has_reported else "loaded"), ""


def reading_of(path: Path) -> Reading:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            outcome = read_any(
                path, folder, Choices(), Limits(free_disk_bytes=0), lambda fraction, sentence, rows: None
            )
        except NotATable as error:
            return Reading(refused=str(error))
        rows = rows_of(folder / "table")
    if outcome.rows != len(rows):
        raise RuntimeError(f"{outcome.rows} rows are told and {len(rows)} stored")
    return Reading(
        columns=[column["name"] for column in outcome.columns],
        rows=rows,
        rejected=outcome.rejected,
        skipped=outcome.skipped,
        warnings=len(outcome.warnings),
        delimiter=outcome.reading.get("delimiter", ""),
        format=outcome.format,
    )


def rows_of(table: Path) -> list[Row]:
    """The cells of every row, in the order of the lines."""
    slices = []
    for paths in part_paths(table):
        relation = duckdb.read_parquet([str(path) for path in paths]).order("line")
        slices.append([list(row[1:]) for row in relation.fetchall()])
    return [sum(parts, []) for parts in zip(*slices, strict=True)]


def table(counts: dict[str, Counter[str]]) -> str:
    total: Counter[str] = sum(counts.values(), Counter())
    lines: list[tuple[str, ...]] = [("folder", "files", *STATES)]
    for name, count in [*sorted(counts.items()), ("all", total)]:
        lines.append((name, str(count.total()), *(str(count[state]) for state in STATES)))
    return "\n".join(f"{first:18}" + "".join(f"{cell:>10}" for cell in rest) for first, *rest in lines)


if __name__ == "__main__":
    sys.exit(main())
