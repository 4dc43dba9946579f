"""Annotations in INFO (VEP's CSQ, SnpEff's ANN, ...): entries of one transcript each, told apart by allele in SQL.

The header says which parts an entry has: `Format: Allele|Consequence|SYMBOL|...`. On a line of several ALT alleles an entry
counts only for the allele that it names; where that cannot be told for certain, nothing is taken from it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What an entry may call each part, in any case.
PARTS = {
    "allele": ("allele",), "number": ("allele_num",), "consequence": ("consequence", "annotation"),
    "impact": ("impact", "annotation_impact"), "gene": ("symbol", "gene_name"), "transcript": ("feature", "feature_id"),
    "hgvs_c": ("hgvsc", "hgvs.c"), "hgvs_p": ("hgvsp", "hgvs.p"), "hgvs_g": ("hgvsg",),
    "mane": ("mane_select", "mane"), "canonical": ("canonical",), "pick": ("pick",),
}  # fmt: skip
BCSQ_PARTS = {"gene": "gene", "transcript": "transcript"}  # of bcftools; VEP's "Gene" is an identifier
PREFERRED = ("CSQ", "vep", "ANN", "BCSQ")
FIELDS = ("gene", "hgvs_c", "hgvs_p", "other_names", "transcript", "consequence")  # that an annotation can answer

_FORMAT = re.compile(r"(?:Format|annotations)\s*:\s*[\"']?([^\"']*)", re.IGNORECASE)


@dataclass(frozen=True)
class Annotation:
    """An INFO key whose entries have parts. `at`: name in PARTS -> place in the entry, from 1. `is_raw`: alleles are
    spelled as ALT is; else as VEP spells them, without the first base that REF and all ALT alleles of an indel share."""

    key: str
    at: Mapping[str, int]
    is_raw: bool

    @property
    def column(self) -> str:
        return f"INFO.{self.key}"

    def answers(self, field: str) -> bool:
        parts = ("hgvs_c", "hgvs_p", "hgvs_g") if field == "other_names" else (field,)
        return field in FIELDS and any(part in self.at for part in parts)


def annotations(header: Mapping[str, Any]) -> dict[str, Annotation]:
    """Column -> its annotation, the preferred ones first, from a VCF's header as `Header.as_dict` gives it."""
    found = [one for definition in header.get("info", ()) if (one := _annotation(definition))]
    rank = {key: place for place, key in enumerate(PREFERRED)}
    return {one.column: one for one in sorted(found, key=lambda one: rank.get(one.key, len(rank)))}


def _annotation(definition: Mapping[str, str]) -> Annotation | None:
    match = _FORMAT.search(definition["description"])
    names = [re.sub(r"[\[\]*]", "", part).strip() for part in match[1].split("|")] if match else []
    if len(names) < 4:
        return None
    places = {name.lower(): place for place, name in reversed(list(enumerate(names, start=1)))}
    at = {part: places[known] for part, spelled in PARTS.items() for known in reversed(spelled) if known in places}
    at |= {
        part: names.index(name) + 1 for part, name in BCSQ_PARTS.items() if part not in at and name in names
    }  # fmt: skip
    if not {"consequence", "gene"} <= at.keys():
        return None
    return Annotation(definition["id"], at, is_raw="annotation" in places)


MACROS = r"""
CREATE OR REPLACE TEMP MACRO is_real(a) AS regexp_matches(a, '^[A-Z]+$');
CREATE OR REPLACE TEMP MACRO real_ones(spelled, alts) AS list_filter(spelled, lambda s, i: is_real(alts[i]));
CREATE OR REPLACE TEMP MACRO same_set(a, b) AS list_sort(list_distinct(a)) = list_sort(list_distinct(b));
CREATE OR REPLACE TEMP MACRO without_first(a) AS coalesce(nullif(substring(a, 2), ''), '-');
-- VEP: where an allele is longer or shorter than REF, the first base goes if all have it; `*` is not asked.
CREATE OR REPLACE TEMP MACRO vep_spelling(ref, alts, asked) AS CASE
    WHEN len(list_filter(asked, lambda a: length(a) <> length(ref))) = 0 THEN alts
    WHEN len(list_filter(asked, lambda a: left(a, 1) <> left(ref, 1))) > 0 THEN alts
    ELSE list_transform(alts, lambda a: CASE WHEN is_real(a) THEN without_first(a) ELSE a END) END;
CREATE OR REPLACE TEMP MACRO after_head(ref, a) AS
    {'ref': substring(ref, common_head(ref, a) + 1), 'alt': substring(a, common_head(ref, a) + 1)};
CREATE OR REPLACE TEMP MACRO without_end(cut) AS left(cut.alt, length(cut.alt) - common_end(cut.ref, cut.alt));
CREATE OR REPLACE TEMP MACRO shortest(ref, alts) AS list_transform(alts, lambda a: CASE WHEN is_real(a)
    THEN coalesce(nullif(without_end(after_head(ref, a)), ''), '-') ELSE a END);
-- How entries that tell of the alleles `told` spell each ALT allele. Where they also tell of alleles that the line does
-- not have (it was split after annotation), only alleles as long as REF have one certain spelling.
CREATE OR REPLACE TEMP MACRO vep_spelled(ref VARCHAR, alts VARCHAR[], told VARCHAR[]) AS CASE
    WHEN same_set(real_ones(vep_spelling(ref, alts, list_filter(alts, lambda a: a <> '*')), alts), told)
      THEN vep_spelling(ref, alts, list_filter(alts, lambda a: a <> '*'))
    WHEN same_set(real_ones(vep_spelling(ref, alts, list_filter(alts, lambda a: is_real(a))), alts), told)
      THEN vep_spelling(ref, alts, list_filter(alts, lambda a: is_real(a)))
    WHEN same_set(real_ones(alts, alts), told) THEN alts
    WHEN same_set(real_ones(shortest(ref, alts), alts), told)
      THEN CASE WHEN len(list_distinct(shortest(ref, alts))) = len(alts) THEN shortest(ref, alts) END
    WHEN list_has_all(real_ones(vep_spelling(ref, alts, list_filter(alts, lambda a: is_real(a))), alts), told)
      THEN vep_spelling(ref, alts, list_filter(alts, lambda a: is_real(a)))
    WHEN list_has_all(real_ones(alts, alts), told) THEN alts
    ELSE list_transform(alts, lambda a: CASE WHEN length(a) = length(ref) THEN a END) END;
CREATE OR REPLACE TEMP MACRO told_by(entries, alts) AS list_filter(list_distinct(list_transform(entries, lambda e: e.allele)),
    lambda t: NOT list_contains(list_filter(alts, lambda a: NOT is_real(a)), t));
-- ALLELE_NUM is believed where all numbers are those of ALT alleles, and bases where they can be compared say the same.
CREATE OR REPLACE TEMP MACRO numbers_hold(ref, alts, entries) AS len(list_filter(entries, lambda e: NOT coalesce(
    e.number BETWEEN 1 AND len(alts) AND coalesce(length(alts[e.number]) <> length(ref) OR e.allele = alts[e.number]
      OR NOT is_real(alts[e.number]), true), false))) = 0;
-- Only names of places beside a gene; the gene is named where none is hit.
CREATE OR REPLACE TEMP MACRO is_beside(consequence) AS coalesce(starts_with(consequence, 'upstream_gene_variant')
    OR starts_with(consequence, 'downstream_gene_variant') OR starts_with(consequence, 'intergenic_'), false);
CREATE OR REPLACE TEMP MACRO first_ranked(entries) AS
    entries[list_position(list_transform(entries, lambda e: e.rank), list_min(list_transform(entries, lambda e: e.rank)))];
CREATE OR REPLACE TEMP MACRO genes_of(entries, best) AS each_once(list_filter(list_prepend(best.gene,
    list_transform(list_filter(entries, lambda e: (e.rank >= 100) = (best.rank >= 100)), lambda e: e.gene)),
    lambda g: g IS NOT NULL));
CREATE OR REPLACE TEMP MACRO with_transcript(transcript, name) AS
    CASE WHEN contains(name, ':') THEN name WHEN transcript IS NOT NULL THEN transcript || ':' || name END;
CREATE OR REPLACE TEMP MACRO names_of(entries) AS each_once(list_filter(list_concat(
    list_transform(entries, lambda e: with_transcript(e.transcript, e.hgvs_c)),
    list_transform(entries, lambda e: with_transcript(e.transcript, e.hgvs_p)),
    list_transform(entries, lambda e: e.hgvs_g)), lambda n: n IS NOT NULL));
"""


def _part(annotation: Annotation, name: str) -> str:
    return f"nullif(trim(p[{annotation.at[name]:d}]), '')" if name in annotation.at else "NULL::VARCHAR"


def entries_sql(annotation: Annotation, cell: str) -> str:
    """SQL of the list of entries in `cell`, as structs of the parts that are needed. `rank`: what is shown comes first:
    a gene that is hit, then MANE, canonical, picked; of equal ones the worst impact, then the first."""

    def part(name: str) -> str:
        return _part(annotation, name)

    impact = f"coalesce(list_position(['HIGH', 'MODERATE', 'LOW', 'MODIFIER'], upper({part('impact')})), 5)"
    rank = (
        f"CASE WHEN is_beside({part('consequence')}) THEN 100 ELSE 0 END + CASE WHEN {part('mane')} IS NOT NULL THEN 0"
        f" WHEN upper({part('canonical')}) = 'YES' THEN 10 WHEN {part('pick')} = '1' THEN 20 ELSE 30 END + {impact}"
    )
    gene = (
        f"CASE WHEN coalesce(NOT starts_with({part('consequence')}, 'intergenic'), true) AND NOT starts_with({part('gene')}, 'ENSG0')"
        f" THEN {part('gene')} END"
    )
    parts = {
        "allele": f"upper({part('allele')})", "number": f"TRY_CAST({part('number')} AS INTEGER)",
        "consequence": part("consequence"), "gene": gene, "transcript": part("transcript"),
        # Old VEP wrote c.30C>T(p.=) for both names of a silent change.
        "hgvs_c": f"split_part(unescaped({part('hgvs_c')}), '(p.', 1)",
        "hgvs_p": f"CASE WHEN starts_with({part('hgvs_p')}, 'p.') OR contains({part('hgvs_p')}, ':p.')"
        f" THEN unescaped({part('hgvs_p')}) END",
        "hgvs_g": f"unescaped({part('hgvs_g')})", "rank": rank,
    }  # fmt: skip
    struct = ", ".join(f"'{name}': {sql}" for name, sql in parts.items())
    split = f"list_transform(string_split({cell}, ','), lambda e: string_split(e, '|'))"
    # bcftools writes "@123" for "see the line at 123".
    entries = f"list_filter({split}, lambda p: len(p) > 1)"
    return f"CASE WHEN {cell} IS NULL THEN [] ELSE list_transform({entries}, lambda p: {{{struct}}}) END"


def spelling_sql(annotation: Annotation, entries: str) -> str:
    """SQL of how the entries of a line spell each of its ALT alleles; null where they do not say it for certain."""
    if "allele" not in annotation.at:
        return "NULL::VARCHAR[]"
    return "alts" if annotation.is_raw else f"vep_spelled(ref, alts, told_by({entries}, alts))"


def mine_sql(annotation: Annotation, entries: str, spelling: str) -> str:
    """SQL of a list with, for each ALT allele, its entries."""
    said = (
        f"e.allele = {spelling}[i]" if "allele" in annotation.at else "len(alts) = 1 AND e.number IS NULL"
    )  # fmt: skip
    if "number" in annotation.at:
        said = f"CASE WHEN numbers_hold(ref, alts, {entries}) THEN e.number = i ELSE {said} END"
    return f"list_transform(alts, lambda a, i: list_filter({entries}, lambda e: is_real(a) AND {said}))"


def value_sql(field: str, mine: str, best: str) -> str:
    """SQL of what the entries of one allele say for a field; `mine` is the list of them, `best` the one that is shown."""
    if field == "gene":
        return f"nullif(array_to_string(genes_of({mine}, {best}), ','), '')"
    if field == "other_names":
        return f"nullif(array_to_string(names_of({mine}), ','), '')"
    if field == "hgvs_p":  # with its gene beside it, it is a name of its own; the whole one is among the other names
        return f"regexp_replace({best}.hgvs_p, '^[^:]+:', '')"
    if field == "hgvs_c":
        return f"coalesce(with_transcript({best}.transcript, {best}.hgvs_c), {best}.hgvs_c)"
    return f"{best}.{field}"


def used(known: Mapping[str, Annotation], mapping: Mapping[str, str | None]) -> Iterable[Annotation]:
    """The annotations that some field is read from, each once."""
    columns = {
        column for field, column in mapping.items() if column and column in known and known[column].answers(field)
    }
    return [one for column, one in known.items() if column in columns]
