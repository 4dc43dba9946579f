"""What the words of files mean."""

import pytest

from variants.classification import SLUGS, Classification, classify

CONTRACT = [
    "pathogenic", "pathogenic_or_likely", "likely_pathogenic", "uncertain", "likely_benign", "benign_or_likely", "benign",
    "conflicting", "risk_factor", "drug_response", "other", "not_provided",
]  # fmt: skip


def test_the_twelve_values_and_their_order():
    assert SLUGS == CONTRACT


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Pathogenic", "pathogenic"), ("PATHOGENIC", "pathogenic"), (" Pathogenic ", "pathogenic"), ("Class 5", "pathogenic"),
        ("Pathogenic, low penetrance", "pathogenic"), ("P", "pathogenic"), ("definitely_pathogenic", "pathogenic"),
        ("Pathogenic/Likely pathogenic", "pathogenic_or_likely"), ("Pathogenic / Likely_pathogenic", "pathogenic_or_likely"),
        ("P/LP", "pathogenic_or_likely"),
        ("Likely pathogenic", "likely_pathogenic"), ("Likely_pathogenic", "likely_pathogenic"),
        ("likely-pathogenic", "likely_pathogenic"), ("probable-pathogenic", "likely_pathogenic"), ("LP", "likely_pathogenic"),
        ("Uncertain significance", "uncertain"), ("VUS", "uncertain"), ("VOUS", "uncertain"), ("Uncertain_significance", "uncertain"),
        ("Variant of unknown significance", "uncertain"), ("class 3", "uncertain"),
        ("Likely benign", "likely_benign"), ("LB", "likely_benign"), ("probable-non-pathogenic", "likely_benign"),
        ("Benign/Likely benign", "benign_or_likely"), ("B/LB", "benign_or_likely"),
        ("Benign", "benign"), ("non-pathogenic", "benign"), ("Not pathogenic", "benign"),
        ("Conflicting interpretations of pathogenicity", "conflicting"),
        ("Conflicting classifications of pathogenicity", "conflicting"), ("conflicting data from submitters", "conflicting"),
        ("risk factor", "risk_factor"), ("Likely risk allele", "risk_factor"), ("drug response", "drug_response"),
        ("association", "other"), ("protective", "other"), ("Affects", "other"), ("other", "other"),
        ("not provided", "not_provided"), ("-", "not_provided"), (".", "not_provided"), ("", "not_provided"), (None, "not_provided"),
        ("NULL", "not_provided"), ("NA", "not_provided"), ("N/A", "not_provided"), ("None", "not_provided"), ("NaN", "not_provided"),
    ],
)  # fmt: skip
def test_known_words(text, slug):
    assert classify(text) == (Classification[slug.upper()], True)


@pytest.mark.parametrize(
    "text", ["Pathogenic?", "not benign at all", "maybe", "5", "path", "non benign", "pathogenicity"]
)
def test_unknown_words_are_other_and_never_guessed(text):
    assert classify(text) == (Classification.OTHER, False)


@pytest.mark.parametrize(
    ("text", "slug", "known"),
    [
        ("Pathogenic|drug response", "pathogenic", True),
        ("Pathogenic; risk factor", "pathogenic", True),
        ("drug response, Likely benign", "likely_benign", True),
        ("Pathogenic/Likely pathogenic|other", "pathogenic_or_likely", True),
        ("Conflicting classifications of pathogenicity; association; risk factor", "conflicting", True),
        ("Benign; a word of its own", "benign", False),
        ("this; that", "other", False),
        # ClinVar's own terms for aggregates over low-penetrance and risk alleles.
        ("Pathogenic/Likely pathogenic/Pathogenic, low penetrance", "pathogenic_or_likely", True),
        ("Pathogenic/Pathogenic, low penetrance", "pathogenic", True),
        ("Pathogenic/Likely pathogenic/Likely risk allele", "pathogenic_or_likely", True),
        ("Likely pathogenic/Likely risk allele", "likely_pathogenic", True),
        ("Uncertain significance/Uncertain risk allele", "uncertain", True),
    ],
)
def test_of_several_terms_the_one_most_specific_to_disease_counts(text, slug, known):
    assert classify(text) == (Classification[slug.upper()], known)
