"""Clinical significance: the twelve values that Vardesk stores, and how words in files become one of them.

Values are ordered from most to least pathogenic, then the rest: the number is the sort key.
Terms: ACMG/AMP 2015 five tiers (Richards et al.), ClinVar's vocabulary for everything else.
"""

import re

from django.db import models


class Classification(models.IntegerChoices):
    PATHOGENIC = 1, "Pathogenic"
    PATHOGENIC_OR_LIKELY = 2, "Pathogenic or likely pathogenic"
    LIKELY_PATHOGENIC = 3, "Likely pathogenic"
    UNCERTAIN = 4, "Uncertain significance"
    LIKELY_BENIGN = 5, "Likely benign"
    BENIGN_OR_LIKELY = 6, "Benign or likely benign"
    BENIGN = 7, "Benign"
    CONFLICTING = 8, "Conflicting"
    RISK_FACTOR = 9, "Risk factor"
    DRUG_RESPONSE = 10, "Drug response"
    OTHER = 11, "Other"
    NOT_PROVIDED = 12, "Not provided"

    @property
    def slug(self) -> str:
        """The name in the API and in URLs: `likely_pathogenic`."""
        return self.name.lower()


BY_SLUG = {c.slug: c for c in Classification}
SLUGS = [c.slug for c in Classification]

# What files say (lower case, blanks and punctuation folded by `folded`) -> what it means.
WORDS: dict[str, Classification] = {
    "pathogenic": Classification.PATHOGENIC,
    "pathologic": Classification.PATHOGENIC,
    "definitely pathogenic": Classification.PATHOGENIC,
    "pathogenic low penetrance": Classification.PATHOGENIC,
    "class 5": Classification.PATHOGENIC,
    "p": Classification.PATHOGENIC,
    "pathogenic/likely pathogenic": Classification.PATHOGENIC_OR_LIKELY,
    "pathogenic or likely pathogenic": Classification.PATHOGENIC_OR_LIKELY,
    "p/lp": Classification.PATHOGENIC_OR_LIKELY,
    "likely pathogenic": Classification.LIKELY_PATHOGENIC,
    "likely pathogenic low penetrance": Classification.LIKELY_PATHOGENIC,
    "probable pathogenic": Classification.LIKELY_PATHOGENIC,
    "probably pathogenic": Classification.LIKELY_PATHOGENIC,
    "suspected pathogenic": Classification.LIKELY_PATHOGENIC,
    "class 4": Classification.LIKELY_PATHOGENIC,
    "lp": Classification.LIKELY_PATHOGENIC,
    "uncertain significance": Classification.UNCERTAIN,
    "variant of uncertain significance": Classification.UNCERTAIN,
    "variant of unknown significance": Classification.UNCERTAIN,
    "unknown significance": Classification.UNCERTAIN,
    "uncertain": Classification.UNCERTAIN,
    "unclassified": Classification.UNCERTAIN,
    "vus": Classification.UNCERTAIN,
    "vous": Classification.UNCERTAIN,
    "class 3": Classification.UNCERTAIN,
    "likely benign": Classification.LIKELY_BENIGN,
    "probable non pathogenic": Classification.LIKELY_BENIGN,
    "probably not pathogenic": Classification.LIKELY_BENIGN,
    "class 2": Classification.LIKELY_BENIGN,
    "lb": Classification.LIKELY_BENIGN,
    "benign/likely benign": Classification.BENIGN_OR_LIKELY,
    "benign or likely benign": Classification.BENIGN_OR_LIKELY,
    "b/lb": Classification.BENIGN_OR_LIKELY,
    "benign": Classification.BENIGN,
    "non pathogenic": Classification.BENIGN,
    "not pathogenic": Classification.BENIGN,
    "class 1": Classification.BENIGN,
    "b": Classification.BENIGN,
    "conflicting": Classification.CONFLICTING,
    "conflicting data from submitters": Classification.CONFLICTING,
    "conflicting interpretations of pathogenicity": Classification.CONFLICTING,
    "conflicting classifications of pathogenicity": Classification.CONFLICTING,
    "risk factor": Classification.RISK_FACTOR,
    "established risk allele": Classification.RISK_FACTOR,
    "likely risk allele": Classification.RISK_FACTOR,
    "uncertain risk allele": Classification.RISK_FACTOR,
    "drug response": Classification.DRUG_RESPONSE,
    "confers sensitivity": Classification.OTHER,
    "confers resistance": Classification.OTHER,
    "affects": Classification.OTHER,
    "association": Classification.OTHER,
    "association not found": Classification.OTHER,
    "protective": Classification.OTHER,
    "histocompatibility": Classification.OTHER,
    "other": Classification.OTHER,
    "not provided": Classification.NOT_PROVIDED,
    "no classification provided": Classification.NOT_PROVIDED,
    "no classifications from unflagged records": Classification.NOT_PROVIDED,
    "untested": Classification.NOT_PROVIDED,
    "null": Classification.NOT_PROVIDED,
    "na": Classification.NOT_PROVIDED,
    "n/a": Classification.NOT_PROVIDED,
    "none": Classification.NOT_PROVIDED,
    "nan": Classification.NOT_PROVIDED,
    "": Classification.NOT_PROVIDED,
}


def folded(text: str) -> str:
    """Lower case; underscores, hyphens, commas and runs of blanks as one blank; no blanks around a slash."""
    return re.sub(r"\s*/\s*", "/", re.sub(r"[\s_,\-]+", " ", text.lower()).strip(" ."))


_PATHOGENIC = {Classification.PATHOGENIC, Classification.PATHOGENIC_OR_LIKELY, Classification.LIKELY_PATHOGENIC}
_BENIGN = {Classification.BENIGN, Classification.BENIGN_OR_LIKELY, Classification.LIKELY_BENIGN}


def classify(text: str | None) -> tuple[Classification, bool]:
    """What `text` means, and whether all of its words are known. Unknown words are OTHER, never guessed.

    Of several terms (`Pathogenic|drug response`, `Likely pathogenic; risk factor`) the first in the order of
    `Classification` counts; `a/b` within one side of the scale is that side's "or likely".
    """
    whole = _one_term(text or "")
    if whole is not None:
        return whole, True
    terms = [term for term in re.split(r"[|;]", text or "") if term.strip()]
    if len(terms) == 1:
        terms = [term for term in terms[0].split(",") if term.strip()]
    meant = [_one_term(term) for term in terms]
    known = [value for value in meant if value is not None]
    return (min(known), len(known) == len(meant)) if known else (Classification.OTHER, False)


def _one_term(text: str) -> Classification | None:
    """One term, perhaps of parts joined by slashes; None where a part is not known."""
    term = folded(text)
    if term in WORDS:
        return WORDS[term]
    parts = {WORDS.get(part) for part in term.split("/")}
    values = {part for part in parts if part is not None}
    if not values or len(values) < len(parts):
        return None
    on_the_scale = values - {Classification.RISK_FACTOR} or values
    if len(on_the_scale) == 1:
        return on_the_scale.pop()
    if on_the_scale <= _PATHOGENIC:
        return Classification.PATHOGENIC_OR_LIKELY
    return Classification.BENIGN_OR_LIKELY if on_the_scale <= _BENIGN else min(on_the_scale)
