"""Clinical significance: the twelve values that Vardesk stores, and how words in files become one of them.

Values are ordered from most to least pathogenic, then the rest: the number is the sort key.
Terms: ACMG/AMP 2015 five tiers (Richards et al.), ClinVar's vocabulary for everything else.
"""

import re
from collections.abc import Iterable, Mapping

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

# Vardesk's own reading of what files say: folded text (see `folded`) -> what it means. What curators say goes before it
# (`variants.terms`). Left out on purpose: numbers alone (2 is likely benign of five classes, and benign in ClinVar's old
# VCFs), LOVD's codes for the effect (`+/?`: of an effect, not of a disease), predictions (`ambiguous` of AlphaMissense),
# HGMD's classes, words for somatic impact and oncogenicity.
_SPELLINGS: dict[Classification, tuple[str, ...]] = {
    Classification.PATHOGENIC: (
        "pathogenic", "pathologic", "definitely pathogenic", "clearly pathogenic", "pathogenic low penetrance",
        "class 5", "c5", "klasse 5", "p",
        "pathogen", "pathogeen", "patogen",
    ),
    Classification.PATHOGENIC_OR_LIKELY: (
        "pathogenic/likely pathogenic", "pathogenic or likely pathogenic", "(likely) pathogenic", "p/lp", "lp/p",
    ),
    Classification.LIKELY_PATHOGENIC: (
        "likely pathogenic", "likely pathogenic low penetrance", "probable pathogenic", "probably pathogenic",
        "suspected pathogenic", "class 4", "c4", "klasse 4", "lp", "wahrscheinlich pathogen", "waarschijnlijk pathogeen",
        "sandsynligvis patogen",
        # Clinvitae's word for it: its own table has it in each row that its source calls likely pathogenic.
        "variant of uncertain significance likely pathogenic",
    ),
    Classification.UNCERTAIN: (
        "uncertain significance", "variant of uncertain significance", "variants of uncertain significance",
        "variant of unknown significance", "variant of uncertain clinical significance", "uncertain clinical significance",
        "unknown significance", "uncertain", "unclassified", "unclassified variant", "vus", "vous", "uv", "class 3", "c3",
        "klasse 3", "unklare signifikanz", "variante unklarer signifikanz", "onzekere betekenis", "onbekende betekenis",
        "usikker betydning", "usikker signifikans",
    ),
    Classification.LIKELY_BENIGN: (
        "likely benign", "probable non pathogenic", "probably not pathogenic", "probably non pathogenic",
        "likely not pathogenic", "probably benign", "class 2", "c2", "klasse 2", "lb", "wahrscheinlich benigne",
        "waarschijnlijk goedaardig", "waarschijnlijk benigne", "sandsynligvis benign",
        "variant of uncertain significance likely benign",  # Clinvitae, as above
    ),
    Classification.BENIGN_OR_LIKELY: (
        "benign/likely benign", "benign or likely benign", "(likely) benign", "b/lb", "lb/b",
    ),
    Classification.BENIGN: (
        "benign", "non pathogenic", "not pathogenic", "clearly benign", "definitely benign", "class 1", "c1", "klasse 1",
        "b", "benigne", "goedaardig",
    ),
    Classification.CONFLICTING: (
        "conflicting", "conflicting data from submitters", "conflicting interpretations of pathogenicity",
        "conflicting classifications of pathogenicity", "conflicting interpretations", "conflicting classifications",
        # VKGL, of what its laboratories say
        "no consensus", "opposite classifications", "opposite",
    ),
    Classification.RISK_FACTOR: (
        "risk factor", "established risk allele", "likely risk allele", "uncertain risk allele", "risk allele",
    ),
    Classification.DRUG_RESPONSE: ("drug response",),
    Classification.OTHER: (
        "confers sensitivity", "confers resistance", "affects", "association", "association not found", "protective",
        "histocompatibility", "other",
    ),
    Classification.NOT_PROVIDED: (
        "not provided", "no classification provided", "no classifications from unflagged records",
        "no classification for the single variant", "no interpretation for the single variant", "not classified",
        "no assertion provided", "not yet reviewed", "not specified", "untested", "null", "na", "n/a", "none", "nan", "",
    ),
}  # fmt: skip
WORDS: dict[str, Classification] = {word: value for value, words in _SPELLINGS.items() for word in words}

# What may stand in brackets behind a term without changing it: ClinVar's counts (`Benign(2)`), LOVD's inheritance, who
# says so, and the same class in other words (`Uncertain significance (VUS)`).
_BRACKETS = re.compile(r"^(.*\S)\s*\(([^()]*)\)$", re.DOTALL)
_ASIDES = frozenset({
    "dominant", "recessive", "maternal", "paternal", "autosomal dominant", "autosomal recessive", "x linked",
    "clinvar", "enigma", "lovd", "bic", "germline",
})  # fmt: skip
# `4 - likely pathogenic`, `Class 4: likely pathogenic`: read where number and word agree.
_NUMBERED = re.compile(r"^(?:(?:acmg )?class |acmg |klasse |c)?([1-5])[:.)]? (.+)$")
_NUMBER_ONLY = re.compile(r"^(?:acmg )class ([1-5])$")
_FIVE = {
    "1": Classification.BENIGN, "2": Classification.LIKELY_BENIGN, "3": Classification.UNCERTAIN,
    "4": Classification.LIKELY_PATHOGENIC, "5": Classification.PATHOGENIC,
}  # fmt: skip

LONGEST_TEXT = 1000  # characters: a longer one is prose; it is not looked through, and is kept as written


def folded(text: str) -> str:
    """Lower case; underscores, dashes, commas and runs of blanks as one blank; no blanks around a slash."""
    text = text.replace(r"\x2c", ",")  # ANNOVAR's comma
    return re.sub(r"\s*/\s*", "/", re.sub(r"[\s_,\-\u2010-\u2015\u2212]+", " ", text.lower()).strip(" ."))


Terms = Mapping[str, Classification]
_NO_TERMS: Terms = {}
_SIDES = (
    {Classification.PATHOGENIC, Classification.PATHOGENIC_OR_LIKELY, Classification.LIKELY_PATHOGENIC},
    {Classification.UNCERTAIN},
    {Classification.BENIGN, Classification.BENIGN_OR_LIKELY, Classification.LIKELY_BENIGN},
)
_OR_LIKELY = (Classification.PATHOGENIC_OR_LIKELY, Classification.UNCERTAIN, Classification.BENIGN_OR_LIKELY)


def classify(text: str | None, terms: Terms = _NO_TERMS) -> tuple[Classification, bool]:
    """What `text` means, and whether all of its words are known. Unknown words are OTHER, never guessed.

    `terms`: what curators say, folded text -> class; it goes before Vardesk's own table.
    Of a list (`Pathogenic|drug response`, `not_provided&pathogenic`) the known terms count together, as `together` says.
    """
    text = text or ""
    if len(text) > LONGEST_TEXT:
        return Classification.OTHER, False
    whole = _term(text, terms)
    if whole is not None:
        return whole, True
    items = [item for item in re.split("[|;&]", text) if item.strip()]
    if len(items) == 1:
        value = _all_of(_commas(items[0]), terms)
        return (Classification.OTHER, False) if value is None else (value, True)
    meant = [_term(item, terms) or _all_of(_commas(item), terms) for item in items]
    known = [value for value in meant if value is not None]
    return (together(known), len(known) == len(meant)) if known else (Classification.OTHER, False)


def together(values: Iterable[Classification]) -> Classification:
    """Several terms of one claim as one class, as ClinVar does it.

    Terms of one side of the scale: that class, or its "or likely"; of more than one side: conflicting; beside the scale
    the first in the order of `Classification`, and only where no term is on it.
    """
    found = set(values)
    sides = [number for number, side in enumerate(_SIDES) if found & side]
    if len(sides) > 1 or Classification.CONFLICTING in found:
        return Classification.CONFLICTING
    if not sides:
        return min(found)
    on_the_side = found & _SIDES[sides[0]]
    return on_the_side.pop() if len(on_the_side) == 1 else _OR_LIKELY[sides[0]]


def _commas(text: str) -> list[str]:
    """The parts of `Benign, risk factor` (and of `Benign..risk_factor`, where a VCF could hold no comma)."""
    return [part for part in re.split(r",|\\x2c|\.\.", text) if part.strip()]


def _all_of(parts: list[str], terms: Terms) -> Classification | None:
    """Parts together; None where one is unknown: prose has commas too, and `Pathogenic, unlikely` is not pathogenic."""
    values = [_term(part, terms) for part in parts]
    known = [value for value in values if value is not None]
    return together(known) if known and len(known) == len(values) else None


def _term(text: str, terms: Terms) -> Classification | None:
    """One term, perhaps of parts joined by slashes; None where a part is not known."""
    term = folded(text)
    if (value := _word(term, terms)) is not None:
        return value
    if (bracketed := _BRACKETS.match(text.strip())) is not None:
        value = _term(bracketed[1], terms)
        aside = folded(bracketed[2])
        same = aside.isdecimal() or aside in _ASIDES or (value is not None and _word(aside, terms) == value)
        return value if same else None
    if "/" not in term:
        return None
    values = [_word(part, terms) if part else None for part in term.split("/")]
    known = [value for value in values if value is not None]
    return together(known) if len(known) == len(values) else None


def _word(term: str, terms: Terms) -> Classification | None:
    """A folded term as curators or the table have it, or with its number before it."""
    if (value := terms.get(term)) is not None or (value := WORDS.get(term)) is not None:
        return value
    if numbered := _NUMBER_ONLY.match(term):
        return _FIVE[numbered[1]]
    if (numbered := _NUMBERED.match(term)) and terms.get(numbered[2], WORDS.get(numbered[2])) == _FIVE[numbered[1]]:
        return _FIVE[numbered[1]]
    return None
