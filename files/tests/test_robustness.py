"""How much of damaged files is read, against a floor that only rises. tools/robustness says what is measured."""

import pytest

from tools.robustness import floor
from tools.robustness.case import Case, Found
from tools.robustness.damaged import own_cases
from tools.robustness.reading import read
from tools.robustness.score import judge, means, worst
from tools.robustness.shared import DATA, shared_cases

OWN = ["own/file", "own/row", "own/real"]
SHARED = ["pollock/file", "pollock/row", "pollock/real", "dialect/wrangling", "dialect/w3c"]


def measure(group, cases):
    """What is to be said about the scores of a group, with its worst files."""
    judged = [(case, judge(case, read(case))) for case in cases]
    said = floor.compare(means(judged)[group], floor.load()[group]["least"])
    return [*said, *(f"{name}: {wrong}" for name, wrong in worst(judged, 8))] if said else []


@pytest.mark.parametrize("group", OWN)
def test_our_damaged_files_are_read_as_well_as_ever(group):
    cases = [case for case in own_cases() if case.group == group]
    assert floor.digest(cases) == floor.load()[group]["digest"], f"the files have changed; {floor.RAISE}"
    assert not measure(group, cases)


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")
@pytest.mark.parametrize("group", SHARED)
def test_damaged_files_of_others_are_read_as_well_as_ever(group):
    cases = [case for case in shared_cases() if case.group == group]
    if floor.digest(cases) != floor.load()[group]["digest"]:
        pytest.skip("shared/data holds other files than those of the floor")
    assert not measure(group, cases)


def test_no_floor_is_lower_than_it_ever_was():
    earlier = floor.earlier_floors()
    if earlier is None:
        pytest.skip("no git repository")
    now = floor.load()
    assert not {commit: said for commit, then in earlier.items() if (said := floor.lowered(then, now))}


def case(rows, **answers):
    return Case("group", "name", b"", rows=rows, **answers)


def test_a_lost_record_costs_recall_and_a_made_up_one_precision():
    wanted = case([("a", "1"), ("b", "2"), ("b", "2"), ("c", "3")])
    lost = judge(wanted, Found(rows=[("a", "1"), ("b", "2"), ("c", "3")]))
    assert (lost["record_precision"], lost["record_recall"]) == (1, 0.75)
    made_up = judge(wanted, Found(rows=[*(wanted.rows or []), ("d", "4")]))
    assert (made_up["record_precision"], made_up["record_recall"]) == (0.8, 1)


def test_a_cell_in_the_wrong_record_is_no_lost_cell():
    torn = judge(case([("a", "b"), ("c", "d")]), Found(rows=[("a",), ("b", "c", "d")]))
    assert (torn["record_f1"], torn["cell_f1"]) == (0, 1)


def test_a_file_that_is_refused_scores_nothing():
    answers = {"header": [], "rejects": 0, "dialect": {"delimiter": ","}, "records": 1, "cells_md5": "0"}
    assert set(judge(case([("a",)], **answers), Found()).values()) == {0}


def group_of(digest, **least):
    return {"group": {"files": 1, "digest": digest, "least": least}}


def test_a_floor_follows_the_score_up_and_never_down():
    known = group_of(floor.digest([case([])]), record_f1=0.9, cell_f1=0.9)
    found = floor.raised(known, "group", [case([])], {"record_f1": 0.95678, "cell_f1": 0.8})
    assert found["least"] == {"record_f1": 0.9567, "cell_f1": 0.9}


def test_scores_have_to_be_near_above_their_floors():
    least = {"record_f1": 0.9}
    assert not floor.compare({"record_f1": 0.9015}, least)
    assert "fell" in floor.compare({"record_f1": 0.8999}, least)[0]
    assert "rose" in floor.compare({"record_f1": 0.903}, least)[0]


def test_only_other_files_may_have_a_lower_floor():
    earlier = group_of("same", record_f1=0.9)
    assert floor.lowered(earlier, group_of("same", record_f1=0.8))
    assert floor.lowered(earlier, group_of("same"))
    assert floor.lowered(earlier, {})
    assert not floor.lowered(earlier, group_of("other", record_f1=0.8))
