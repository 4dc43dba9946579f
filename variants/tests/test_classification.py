"""What the words of files mean."""

import pytest

from variants.classification import SLUGS, WORDS, Classification, classify, folded

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
        # Lists are one claim: ClinVar's own aggregate of "benign;likely benign", and of terms on two sides.
        ("likely benign;benign", "benign_or_likely"), ("pathogenic;likely pathogenic", "pathogenic_or_likely"),
        ("uncertain significance;likely benign", "conflicting"), ("VUS,likely benign", "conflicting"),
        ("Benign/Pathogenic", "conflicting"),
        # VEP's, ANNOVAR's, LOVD's, BRCA Exchange's, VKGL's, MacArthur's ways of writing.
        ("not_provided&pathogenic", "pathogenic"), ("pathogenic/likely_pathogenic&pathogenic", "pathogenic_or_likely"),
        ("likely_benign&benign&uncertain_significance", "conflicting"), (r"Pathogenic\x2c_low_penetrance", "pathogenic"),
        ("pathogenic (dominant)", "pathogenic"), ("pathogenic,pathogenic (dominant)", "pathogenic"),
        ("Likely benign(ENIGMA); Likely_benign (ClinVar)", "likely_benign"), ("class_2", "likely_benign"),
        ("lb", "likely_benign"), ("(Likely) pathogenic", "pathogenic_or_likely"), ("Not Yet Reviewed", "not_provided"),
        ("Benign..risk_factor", "benign"), ("Pathogenic(1)|Uncertain_significance(2)", "conflicting"),
        # The five classes by number, where a word says that it is one, or that it is the same.
        ("Class 4", "likely_pathogenic"), ("C4", "likely_pathogenic"), ("ACMG class 4", "likely_pathogenic"),
        ("4 - likely pathogenic", "likely_pathogenic"), ("Class 5 (Pathogenic)", "pathogenic"), ("5 \u2013 Pathogenic", "pathogenic"),
        ("Klasse 3", "uncertain"), ("Uncertain significance (VUS)", "uncertain"), ("Likely_pathogenic,_low_penetrance", "likely_pathogenic"),
        ("NULL", "not_provided"), ("NA", "not_provided"), ("N/A", "not_provided"), ("None", "not_provided"), ("NaN", "not_provided"),
    ],
)  # fmt: skip
def test_known_words(text, slug):
    assert classify(text) == (Classification[slug.upper()], True)


@pytest.mark.parametrize(
    "text",
    [
        "Pathogenic?",
        "not benign at all",
        "maybe",
        "5",
        "path",
        "non benign",
        "pathogenicity",
        "Pathogenic, unlikely",
        "4 - benign",
        "benign (class 5)",
        "Benign/",
        "5|2",
        "4,0",
        "2",
        "+/?",
        "-/-",
        "+?/.",  # LOVD's codes: of an effect, not of a disease
        "Oncogenic",
        "Likely oncogenic",
        "Tier I - Strong",
        "Tier II - Potential",
        "ambiguous",
        "DM",
        "unknown",
    ],
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


def test_what_a_curator_says_goes_before_the_table():
    terms = {"5": Classification.BENIGN, "benign": Classification.OTHER, "vus no info": Classification.UNCERTAIN}
    assert classify("5", terms) == (Classification.BENIGN, True)
    assert classify("Benign", terms) == (Classification.OTHER, True)
    assert classify("Likely benign; Benign", terms) == (Classification.LIKELY_BENIGN, True)
    assert classify("VUS_no info", terms) == (Classification.UNCERTAIN, True)
    assert classify("5", {}) == (Classification.OTHER, False)


def test_prose_is_not_looked_through():
    assert classify("Pathogenic|" * 200) == (Classification.OTHER, False)


def test_every_word_of_the_table_is_written_as_it_is_looked_up():
    assert [word for word in WORDS if folded(word) != word] == []
