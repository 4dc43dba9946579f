"""One change written in several places of a repeat: what an allele that somebody asks for may be stored as."""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from variants.identity import allele_key, trimmed
from variants.models import VariantName, VariantQuerySet
from variants.normalising import genomic_accession
from variants.normalising.aligning import Window, disagreement, leftmost
from variants.reference_sequence import BadReference, references

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """An allele as somebody writes it. `keys`: of the places where it may be stored; `spdi`: its name where an import
    moved it from here, "" for what is never moved; `said`: what the reference sequence says of it, if anything."""

    keys: tuple[UUID, ...]
    spdi: str = ""
    said: str = ""

    def find(self, rows: VariantQuerySet) -> VariantQuerySet:
        names = VariantName.objects.spelled(self.spdi).filter(kind=VariantName.Kind.SPDI) if self.spdi else None
        # As a list: two small sets of an index each, where a subquery may become a scan of all variants.
        ids = list(names.values_list("variant_id", flat=True)) if names is not None else []
        return rows.filter(Q(key__in=self.keys) | Q(pk__in=ids) if ids else Q(key__in=self.keys))


def asked_allele(assembly: str, chrom: str, pos: int, ref: str, alt: str) -> Asked:
    """The allele written at VCF POS `pos` (1-based) in any padding; `ref` and `alt` in upper case."""
    key = allele_key(assembly, chrom, pos, ref, alt)
    start0, deleted, inserted = trimmed(pos - 1, ref, alt)
    if (deleted == "") == (inserted == ""):  # a replacement, or nothing: it has one place
        return Asked((key,))
    spdi = f"{genomic_accession(assembly, chrom)}:{start0}:{deleted}:{inserted}"
    try:
        with references(may_index=False) as opened:
            if assembly not in opened or chrom not in opened[assembly].lengths:
                return Asked((key,), spdi)
            window = Window(opened[assembly])
            if wrong := disagreement(window, chrom, pos - 1, ref):
                return Asked((key,), spdi, f"{wrong}.")
            there, unit = leftmost(window, chrom, start0, deleted or inserted)
    except BadReference as error:  # a search goes on without; imports and `check` say what is wrong
        log.warning("A search went without its reference sequence", exc_info=error)
        return Asked((key,), spdi)
    if there == start0:
        return Asked((key,), spdi)
    moved = allele_key(assembly, chrom, there + 1, *((unit, "") if deleted else ("", unit)))
    return Asked((key, moved), spdi, f"Left-aligned, it begins {start0 - there:,} bases further left.")
