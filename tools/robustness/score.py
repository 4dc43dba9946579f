"""The measures. Each is 0..1 for a file; a group's score is the mean over its files, so that no large file outweighs the others.

Of the rows and of their cells, each taken as a multiset of texts (how often a text comes counts, its place does not):

    precision  share of what was found that is wanted: falls where rows are made up, torn or joined
    recall     share of what is wanted that was found: falls where rows or cells are lost or changed
    f1         their harmonic mean; 1 where nothing was wanted and nothing found

`header` is 1 where the names of all columns are right, or the columns rightly have none; `rejects` where as many records
were told of as could not be rows. `delimiter`, `quote`, `encoding`, `records` and `cells` are 1 where they are as annotated.
A file that could not be read scores 0 in every measure.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable

from tools.robustness.case import Case, Found

Scores = dict[str, float]


def judge(case: Case, found: Found) -> Scores:
    """The measures that the case has an answer for."""
    scores: Scores = {}
    if case.rows is not None:
        scores |= _measured("record", Counter(case.rows), Counter(found.rows))
        cells = [Counter(cell for row in rows for cell in row if cell) for rows in (case.rows, found.rows)]
        scores |= _measured("cell", *cells)
    for name, wanted, got in [
        ("header", _named(case.header), _named(found.header)),
        ("rejects", case.rejects, found.rejects),
        ("records", case.records, found.records),
        ("cells", case.cells_md5, found.cells_md5),
        *((name, wanted, found.dialect.get(name)) for name, wanted in case.dialect.items()),
    ]:
        if wanted is not None:
            scores[name] = float(wanted == got)
    return scores


def _named(header: list[str] | None) -> list[str] | None:
    """The names up to the last column that has one: as of rows, what is empty at the end is nothing."""
    if header is None:
        return None
    last = max((place for place, name in enumerate(header, start=1) if name != f"column_{place}"), default=0)
    return header[:last]


def _measured(what: str, wanted: Counter, found: Counter) -> Scores:
    hits = (wanted & found).total()
    precision = hits / found.total() if found else float(not wanted)
    recall = hits / wanted.total() if wanted else float(not found)
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {f"{what}_precision": precision, f"{what}_recall": recall, f"{what}_f1": f1}


def means(judged: Iterable[tuple[Case, Scores]]) -> dict[str, Scores]:
    """Group -> measure -> mean over its files."""
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case, scores in judged:
        for measure, score in scores.items():
            groups[case.group][measure].append(score)
    return {
        group: {measure: statistics.mean(scores) for measure, scores in by_measure.items()}
        for group, by_measure in groups.items()
    }


def worst(judged: Iterable[tuple[Case, Scores]], count: int) -> list[tuple[str, str]]:
    """The names of the files with the lowest scores, and what is wrong with each."""
    failed = [
        (statistics.mean(scores.values()), case.name, scores) for case, scores in judged if min(scores.values()) < 1
    ]
    return [
        (name, ", ".join(f"{measure} {score:.3f}" for measure, score in scores.items() if score < 1))
        for _, name, scores in sorted(failed, key=lambda found: found[:2])[:count]
    ]
