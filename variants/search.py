"""What the search box understands: text -> a reading, and the reading -> variants.

The order of the recognisers is the ranking; none guesses a position that no claim gave.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Exists, OuterRef

from variants.equal_alleles import asked_allele
from variants.models import CHROMOSOMES, Gene, VariantName, VariantQuerySet

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"), None)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_CHROM = r"(?:chr(?:omosome)?\s*)?(?P<chrom>[1-9]|1\d|2[0-2]|x|y|mt?)"
_GAP = r"[\s:_/|-]+"
_NUMBER = r"[\d,]{1,13}"

_RSID = re.compile(r"rs\s*(\d{1,15})", re.I)
_CLINVAR = re.compile(r"([VRS]CV)\s*(\d{6,12})(?:\.\d+)?", re.I)
_NAME = re.compile(
    r"(?P<accession>(?:[NX][A-Z]_|LRG_|ENS[TGP])[\w.]*)\s*(?:\([^()]*\))?\s*:\s*(?P<change>[cgnpm]\.\s*\S.*)", re.I
)
_GENE_NAME = re.compile(r"(?P<gene>[A-Za-z][\w.-]*)[\s:]+\(?(?P<change>[cnp]\.\s*\S.*)", re.I)
_REGION = re.compile(rf"{_CHROM}{_GAP}(?P<start>{_NUMBER})(?:\s*(?:-|\.\.|\s)\s*(?P<end>{_NUMBER}))?", re.I)
_ALLELE = re.compile(
    # A pasted VCF line has an ID between position and REF, and may have more columns behind ALT.
    rf"{_CHROM}{_GAP}(?P<pos>{_NUMBER}){_GAP}(?P<id>(?:\.|rs\d+){_GAP})?(?P<ref>[acgtn]+)(?:{_GAP}|\s*>\s*)(?P<alt>[acgtn]+)"
    r"(?P<more>\s.*)?",
    re.I,
)


@dataclass(frozen=True)
class Reading:
    """One way to understand a text. `find` narrows a queryset to what it means."""

    kind: str
    value: str
    sentence: str
    find: Callable[[VariantQuerySet], VariantQuerySet]
    genes: list[Gene] = field(default_factory=list)


def clean(text: str) -> str:
    """NFKC, without invisible characters, every dash a hyphen, runs of blanks as one."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_DASHES).replace("\0", "")
    return re.sub(r"\s+", " ", plain).strip()


def assemblies(assembly: str) -> list[str]:
    """The assembly asked for; without one the default first, then the other."""
    return (
        [assembly]
        if assembly
        else [settings.DEFAULT_ASSEMBLY, {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}[settings.DEFAULT_ASSEMBLY]]
    )


def chromosome(text: str) -> str:
    """`chr17` -> `17`, `m` -> `MT`. Raises ValueError for anything that is no chromosome."""
    bare = re.sub(r"^chr(omosome)?[ _]?", "", text.strip(), flags=re.I).upper()
    bare = "MT" if bare == "M" else bare
    if bare not in CHROMOSOMES:
        raise ValueError(f"{text!r} is not a chromosome (1 to 22, X, Y, MT)")
    return bare


def region(text: str) -> tuple[str, int, int]:
    """`17:43044295-43125364` or `17:43044295` -> chrom, start, end (1-based, both included). Raises ValueError."""
    found = _REGION.fullmatch(clean(text))
    if not found:
        raise ValueError(f"{text!r} is not a region such as 17:43044295-43125364")
    start = int(found["start"].replace(",", "") or 0)
    end = int(found["end"].replace(",", "") or 0) if found["end"] else start
    if not 1 <= start <= end < 2**31:
        raise ValueError(f"{text!r} is not a region: its end lies before its start, or its start before 1")
    return chromosome(found["chrom"]), start, end


def _rsid(text: str, assembly: str) -> list[Reading]:
    if not (found := _RSID.fullmatch(text)):
        return []
    value = f"rs{found[1]}"
    return [
        Reading("rsid", value, f"Read as the rsID {value}.", lambda rows: rows.bearing(value, VariantName.Kind.RSID))
    ]


def _clinvar(text: str, assembly: str) -> list[Reading]:
    if not (found := _CLINVAR.fullmatch(text)):
        return []
    value = f"{found[1].upper()}{int(found[2]):09d}"
    said = f"Read as the ClinVar accession {value}."
    return [Reading("clinvar", value, said, lambda rows: rows.bearing(value, VariantName.Kind.CLINVAR))]


def _name(text: str, assembly: str) -> list[Reading]:
    if not (found := _NAME.fullmatch(text)):
        return []
    value = f"{found['accession']}:{found['change'].replace(' ', '')}"
    said = f"Read as the HGVS name {value}; it is found where a claim gives this very name."
    return [Reading("hgvs", value, said, lambda rows: rows.bearing(value))]


def _gene_and_name(text: str, assembly: str) -> list[Reading]:
    found = _GENE_NAME.fullmatch(text)
    genes = Gene.objects.named(found["gene"]) if found else Gene.objects.none()
    if not found or not genes.exists():
        return []
    change = found["change"].replace(" ", "")
    if change.count(")") > change.count("("):  # the bracket that opened before p.
        change = change.removesuffix(")")

    def find(rows: VariantQuerySet) -> VariantQuerySet:
        names = VariantName.objects.filter(variant=OuterRef("pk"), text__iendswith=f":{change}")
        return rows.of_genes(genes).filter(Exists(names))

    said = f"Read as {change} in {found['gene'].upper()}, on any transcript."
    return [Reading("hgvs", f"{found['gene'].upper()} {change}", said, find, list(genes))]


def _allele(text: str, assembly: str) -> list[Reading]:
    found = _ALLELE.fullmatch(text)
    if not found or (found["more"] and not found["id"]):
        return []
    pos = int(found["pos"].replace(",", "") or 0)
    if not 1 <= pos < 2**31:
        return []
    chrom, ref, alt = chromosome(found["chrom"]), found["ref"].upper(), found["alt"].upper()

    def on(build: str) -> Reading:
        asked = asked_allele(build, chrom, pos, ref, alt)
        said = f"Read as {ref}>{alt} at position {pos:,} of chromosome {chrom}, {build}. {asked.said}".rstrip()
        return Reading("variant", f"{build} {chrom}-{pos}-{ref}-{alt}", said, asked.find)

    return [on(build) for build in assemblies(assembly)]


def _region(text: str, assembly: str) -> list[Reading]:
    try:
        chrom, start, end = region(text)
    except ValueError:
        return []
    place = f"{chrom}:{start}" if start == end else f"{chrom}:{start}-{end}"
    shown = f"{chrom}:{start:,}" if start == end else f"{chrom}:{start:,}-{end:,}"

    def on(build: str) -> Reading:
        said = f"Read as {shown} on {build}" + ("." if start == end else " (both ends included).")
        return Reading("region", f"{build} {place}", said, lambda rows: rows.in_region(build, chrom, start, end))

    return [on(build) for build in assemblies(assembly)]


def _gene(text: str, assembly: str) -> list[Reading]:
    genes = list(Gene.objects.named(text)) if len(text) <= 160 else []
    if not genes:
        return []
    symbols = ", ".join(gene.symbol for gene in genes)
    via = "" if any(gene.symbol.upper() == text.upper() for gene in genes) else f" by its other name {text}"
    ids = [gene.pk for gene in genes]

    def find(rows: VariantQuerySet) -> VariantQuerySet:
        return rows.of_genes(Gene.objects.filter(pk__in=ids))

    return [Reading("gene", symbols, f"Read as the gene {symbols}{via}.", find, genes)]


RECOGNISERS = [_rsid, _clinvar, _name, _gene_and_name, _allele, _region, _gene]


def read(text: str, assembly: str = "") -> list[Reading]:
    """Every reading of `text`, the best first; never empty: the last resort is `unknown`, which finds nothing."""
    cleaned = clean(text)
    found = [reading for recognise in RECOGNISERS for reading in recognise(cleaned, assembly)]
    if found:
        return found
    hint = "Try a gene, an rsID, a region such as 17:43,044,295-43,125,364, an HGVS name or 17-43057062-T-TG."
    said = f"“{cleaned[:80]}” means nothing to Vardesk. {hint}"
    return [Reading("unknown", cleaned, said, lambda rows: rows.none())]
