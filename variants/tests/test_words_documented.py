"""The examples of docs/import.md, section Classifications."""

import re

import pytest
from django.conf import settings

from project.core import jobs
from variants.classification import Classification, classify
from variants.models import Variant, slug_of
from variants.terms import set_term
from variants.tests.conftest import end_of_transaction

SECTION = (settings.BASE_DIR / "docs" / "import.md").read_text().split("## Classifications\n")[1].split("\n## ")[0]
EXAMPLES = re.findall(r"^\| `(.+?)` \| (\w+) \| (.*?) ?\|$", SECTION, re.M)


def test_the_examples_are_found():
    assert len(EXAMPLES) == 14


@pytest.mark.parametrize(("text", "slug", "why"), EXAMPLES)
def test_an_example_is_read_as_the_guide_says(text, slug, why):
    value, known = classify(text.replace(r"\|", "|"))
    assert (value.slug, known) == (slug, not why.startswith("not known"))


def test_a_change_and_its_undo(load, make_user):
    curator = make_user("cora", role="curator")
    load(
        [
            {"chrom": "7", "start": "100", "ref": "A", "alt": "T", "classification": word}
            for word in ("Class IV", "Benign")
        ]
    )

    def variant():
        found = Variant.objects.get()
        change = found.changes.first()
        return slug_of(found.classification), change and change.cause

    assert variant() == ("benign", None)
    for value, slug in [(Classification.LIKELY_PATHOGENIC, "conflicting"), (None, "benign")]:
        jobs.run_now(set_term("Class IV", value, by=curator))
        end_of_transaction()
        said = f"“Class IV” is read as {value.label if value else 'Other'}"
        assert variant() == (slug, said)
        assert f"{slug}; history: {said}" in SECTION
