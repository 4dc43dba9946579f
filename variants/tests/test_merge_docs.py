"""The worked examples of docs/import.md: merging, the dry run, superseding."""

import pytest

from variants.models import ClassificationChange, Variant, slug_of
from variants.tests.test_forecast import at, forecast  # noqa: F401 - a fixture

LINES = [at(100, "Pathogenic"), at(100, "Likely pathogenic"), at(100, "Benign"), at(200, "risk factor")]


def said(pos: int) -> tuple:
    variant = Variant.objects.get(pos=pos)
    return slug_of(variant.classification), variant.conflict


@pytest.mark.parametrize(("lines", "pos", "becomes"), [
    (1, 100, ("pathogenic", False)), (2, 100, ("pathogenic_or_likely", False)), (3, 100, ("conflicting", True)),
    (4, 200, ("risk_factor", False)),
])  # fmt: skip
def test_merging(load, lines, pos, becomes):
    done = load(LINES[:lines])
    assert said(pos) == becomes
    imported = 2 if lines == 4 else 1
    assert (done.counts["imported"], done.counts["merged"]) == (imported, lines - imported)


@pytest.mark.parametrize(("word", "disagree", "after"), [
    ("Likely pathogenic", [], "pathogenic_or_likely"), ("Benign", [(2, "benign", "pathogenic")], "conflicting"),
])  # fmt: skip
def test_the_dry_run(load, forecast, word, disagree, after):  # noqa: F811
    load([at(100, "Pathogenic")])
    result = forecast([at(100, word)]).result
    listed = result["disagreements"]["listed"]
    assert [(one["line"], one["classification"], one["database"]["classification"]) for one in listed] == disagree
    assert [(one["before"], one["after"]) for one in result["changes"]["listed"]] == [("pathogenic", after)]


def test_superseding(load):
    january = load([at(100, "Pathogenic"), at(200, "Benign"), at(300, "Benign")], source="ClinVar")
    february = load([at(100, "Benign"), at(200, "Benign")], source="ClinVar", supersedes=(january.pk,))
    assert (said(100), said(200)) == (("benign", False), ("benign", False))
    assert set(Variant.objects.current().values_list("pos", flat=True)) == {100, 200}
    by_february = ClassificationChange.objects.filter(load=february).values_list("variant__pos", flat=True)
    assert set(by_february) == {100, 300}
    assert list(Variant.objects.get(pos=300).records.earlier().values_list("load", flat=True)) == [january.pk]
