"""What the alleles of a file, counted in its parts, say of the reference sequences that they were checked against."""

from collections.abc import Iterable, Mapping
from typing import Any

from project.core.jobs import JobError
from variants.normalising.aligning import ASKED_ELSEWHERE, COUNTED, Reference, Window, disagreement

LEAST_CHECKED = 20  # alleles below which no share of disagreement says anything
Tally = Mapping[str, Any]  # of one assembly, as `reference_tally` gives it


class OtherReference(JobError):
    """So many REF alleles disagree with the reference that the file cannot be meant for it."""


def judge_references(
    tallies: Iterable[Mapping[str, Tally]], references: Mapping[str, Reference], most_wrong: float
) -> list[str]:
    """What is to be said of the references used. `tallies`: `reference_tally` of each part, in order. Raises OtherReference.

    `most_wrong`: the share of the alleles checked on one assembly that may disagree with its reference. An allele
    that is in several parts, or in several stretches of one, counts once for each.
    """
    parts = list(tallies)
    whole = {assembly: _sum([part[assembly] for part in parts if assembly in part]) for assembly in references}
    for assembly, tally in whole.items():
        if tally["checked"] >= LEAST_CHECKED and tally["wrong"] > most_wrong * tally["checked"]:
            raise OtherReference(_on_another(references, assembly, tally))
    return [sentence for assembly, tally in whole.items() for sentence in _notes(references[assembly], tally)]


def _sum(parts: list[Tally]) -> dict[str, Any]:
    counts: dict[str, Any] = {what: sum(part[what] for part in parts) for what in COUNTED}
    return counts | {"disagreeing": [allele for part in parts for allele in part["disagreeing"]][:ASKED_ELSEWHERE]}


def _notes(reference: Reference, tally: Tally) -> list[str]:
    checked, wrong, moved, unchecked = (tally[what] for what in COUNTED)
    if not checked + unchecked:
        return []
    said = (
        f"REF checked against {reference.name} ({reference.assembly}) and insertions and deletions left-aligned on it:"
        f" {checked:,} different alleles, {moved:,} moved, {wrong:,} whose REF disagrees."
    )
    missing = (
        f"{unchecked:,} different alleles are on chromosomes that {reference.name} does not have; they stay unchecked."
    )
    return [said, *([reference.note] if reference.note else []), *([missing] if unchecked else [])]


def _on_another(references: Mapping[str, Reference], assembly: str, tally: Tally) -> str:
    """Why the import stops, and what the disagreeing alleles fit instead, as far as that can be told."""
    rows = tally["disagreeing"]
    other = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}[assembly]
    wrong, checked = tally["wrong"], tally["checked"]
    said = (
        f"{wrong:,} of {checked:,} different REF alleles disagree with {references[assembly].name} ({assembly}): the file is"
        f" probably on {other}, or its positions count from another base than they were read as."
    )
    if other in references:
        said += f" {_agreeing(rows, references[other], 0):,} of {len(rows):,} of them tried agree with {other}."
    for by, base in ((1, 0), (-1, 1)):
        if 2 * (agreeing := _agreeing(rows, references[assembly], by)) > len(rows):
            said += f" {agreeing:,} of {len(rows):,} would agree if positions counted from {base}."
    return f"{said} Nothing was imported: choose the right assembly or base, and import again."


def _agreeing(rows: list[Any], reference: Reference, by: int) -> int:
    """How many REF alleles (chromosome, interbase start, bases) agree with `reference` when they are moved `by` bases."""
    window = Window(reference)
    return sum(
        chrom in reference.lengths and start0 + by >= 0 and disagreement(window, chrom, start0 + by, ref) is None
        for chrom, start0, ref in rows
    )
