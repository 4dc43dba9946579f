"""What the search box understands: text -> a reading, and the reading -> variants.

The order of the recognisers is the ranking; none guesses a position that no claim gave.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Length

from variants import nomenclature
from variants.equal_alleles import asked_allele
from variants.models import CHROMOSOMES, Gene, Variant, VariantName, VariantQuerySet
from variants.normalising import genomic_accession

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"), None)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_CHROM = r"(?:chr(?:omosome)?\s*)?(?P<chrom>[1-9]|1\d|2[0-2]|x|y|mt?)"
_GAP = r"[\s:_/|-]+"
_NUMBER = r"[\d,]{1,13}"

_RSID = re.compile(r"rs\s*(\d{1,15})", re.I)
_CLINVAR = re.compile(r"([VRS]CV)\s*(\d{6,12})(?:\.\d+)?", re.I)
_GENE_NAME = re.compile(r"(?P<gene>[A-Za-z][\w.-]*)[\s:]+\(?(?P<change>(?:[cnp]\.\s*)?\S.*)", re.I)
LAST_VERSION = 40  # of a transcript: an index finds forty names quicker than a pattern finds one
_REGION = re.compile(rf"{_CHROM}{_GAP}(?P<start>{_NUMBER})(?:\s*(?:-|\.\.|\s)\s*(?P<end>{_NUMBER}))?", re.I)
_ALLELE = re.compile(
    # A pasted VCF line has an ID between position and REF, and may have more columns behind ALT. As in an import's cells, an
    # accession may stand for the chromosome, and REF directly behind the position: NC_000017.11-43057062-T-TG,
    # chr17:43057062T>G. Behind an accession no colon: that is SPDI, which counts from 0.
    rf"(?:{_CHROM}{_GAP}|(?P<accession>NC_\d{{6}}\.\d{{1,2}})[\s_/|-]+)(?P<pos>{_NUMBER})[\s:_/|-]*"
    rf"(?P<id>(?:\.|rs\d+){_GAP})?(?P<ref>[acgtn]+)(?:{_GAP}|\s*>\s*)(?P<alt>[acgtn]+)"
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


_PLACES = {genomic_accession(build, chrom): (build, chrom) for chrom in CHROMOSOMES for build in ("GRCh37", "GRCh38")}


def _named(*texts: str) -> Callable[[VariantQuerySet], VariantQuerySet]:
    """Variants that bear one of these names, or the allele that one of them states, on each assembly that it may mean."""
    spellings = list(dict.fromkeys(t for text in texts for t in (text, nomenclature.canonical(text))))
    keys = [key for text in texts if (exact := nomenclature.exact(text)) for key in _keys(exact)]

    def find(rows: VariantQuerySet) -> VariantQuerySet:
        # As lists of ids: an OR of two ways to a variant would look at every one.
        ids = set(VariantName.objects.spelled_as(spellings).values_list("variant_id", flat=True))
        if keys:
            ids |= set(Variant.objects.filter(key__in=keys).values_list("pk", flat=True))
        return rows.filter(pk__in=ids)

    return find


def _keys(exact: nomenclature.Exact) -> list[uuid.UUID]:
    build, chrom = _PLACES.get(exact.accession, ("", ""))
    builds = ["GRCh37", "GRCh38"] if chrom == "MT" else [build] if build else []  # both have the same MT
    asked = [asked_allele(build, chrom, exact.start0 + 1, exact.deleted, exact.inserted) for build in builds]
    return [key for allele in asked for key in allele.keys]


def _also(text: str, canonical: str) -> str:
    return "" if text == canonical else f" (that is {canonical})"


def _name(text: str, assembly: str) -> list[Reading]:
    value = nomenclature.plain(text)
    found = re.fullmatch(rf"({nomenclature.ACCESSION}):(?=[cgnpmCGNPM]\.)(.+)", value)
    if not found and not nomenclature.is_name(text):
        return []
    said = f"Read as the HGVS name {value}{_also(value, nomenclature.canonical(value))}; it is found where a claim gives it."
    very = Reading("hgvs", value, said, _named(value))
    if not found or found[1].upper().startswith(("NC_", "LRG_")):
        return [very]
    bare, versioned = found[1].split(".")[0], "." in found[1]
    names = [f"{bare}:{found[2]}", *(f"{bare}.{number}:{found[2]}" for number in range(1, LAST_VERSION + 1))]
    any_name = f"{bare}:{found[2]}"
    of_any = f"Read as the HGVS name {any_name}{_also(any_name, nomenclature.canonical(any_name))}, in any version of {bare}."
    any_version = Reading("hgvs", any_name, of_any, _named(*names))
    return [very, any_version] if versioned else [any_version]


def _name_of_chromosome(text: str, assembly: str) -> list[Reading]:
    if not (found := nomenclature.of_chromosome(text)):
        return []
    chrom, change = found

    def on(build: str) -> Reading:
        name = f"{genomic_accession(build, chrom)}:{change}"
        return Reading("hgvs", name, f"Read as {name}: chromosome {chrom} of {build}.", _named(name))

    return [on(build) for build in (assemblies(assembly) if chrom != "MT" else assemblies(assembly)[:1])]


def _spdi(text: str, assembly: str) -> list[Reading]:
    if not (found := nomenclature.spdi(text)):
        return []
    accession, start0, deleted, inserted = found
    value = f"{accession}:{start0}:{deleted}:{inserted}"
    build, chrom = _PLACES.get(accession, ("", ""))
    said = f"Read as SPDI {value}: {deleted or 'nothing'} replaced by {inserted or 'nothing'} behind base {start0:,}."
    if not (deleted.isdecimal() and int(deleted) and inserted and build):
        return [Reading("variant", value, said, _named(value))]
    # Only the length of what is deleted is given: found are alleles that replace as much there.
    place = {"assembly": build, "chrom_rank": CHROMOSOMES.index(chrom) + 1, "pos": start0 + 1}
    by_name = _named(value)

    def find(rows: VariantQuerySet) -> VariantQuerySet:
        there = Variant.objects.annotate(deleted=Length("ref")).filter(**place, alt=inserted, deleted=int(deleted))
        ids = {*by_name(Variant.objects.all()).values_list("pk", flat=True), *there.values_list("pk", flat=True)}
        return rows.filter(pk__in=ids)

    return [Reading("variant", value, said, find)]


def _gene_and_name(text: str, assembly: str) -> list[Reading]:
    found = _GENE_NAME.fullmatch(text)
    if not found or not (change := _change(found["change"])):
        return []
    genes = Gene.objects.named(found["gene"])
    if not genes.exists():
        return []
    canonical = nomenclature.canonical(change)
    spellings = dict.fromkeys([change, canonical])

    def find(rows: VariantQuerySet) -> VariantQuerySet:
        ends = Q()
        for spelling in spellings:
            ends |= Q(text__iendswith=f":{spelling}")
        names = VariantName.objects.filter(ends, variant=OuterRef("pk"))
        return rows.of_genes(genes).filter(Exists(names))

    said = f"Read as {change}{_also(change, canonical)} in {found['gene'].upper()}, on any transcript."
    return [Reading("hgvs", f"{found['gene'].upper()} {change}", said, find, list(genes))]


def _change(text: str) -> str:
    """`p.V600E`, `V600E)`, `c.5266 dupC` -> the change with its `c.`, `n.` or `p.`; else nothing."""
    change = nomenclature.squeezed(text)
    if change.count(")") > change.count("("):  # the bracket that opened before p.
        change = change.removesuffix(")")
    return change if re.match(r"[cnp]\.", change, re.I) else nomenclature.protein_change(change) or ""


def _allele(text: str, assembly: str) -> list[Reading]:
    found = _ALLELE.fullmatch(text)
    if not found or (found["more"] and not found["id"]):
        return []
    pos = int(found["pos"].replace(",", "") or 0)
    if not 1 <= pos < 2**31:
        return []
    build, chrom = _PLACES.get((found["accession"] or "").upper(), ("", ""))
    if found["accession"] and not chrom:
        return []
    chrom, ref, alt = chrom or chromosome(found["chrom"]), found["ref"].upper(), found["alt"].upper()
    build = "" if chrom == "MT" else build  # both have the same MT

    def on(build: str) -> Reading:
        asked = asked_allele(build, chrom, pos, ref, alt)
        said = f"Read as {ref}>{alt} at position {pos:,} of chromosome {chrom}, {build}. {asked.said}".rstrip()
        return Reading("variant", f"{build} {chrom}-{pos}-{ref}-{alt}", said, asked.find)

    return [on(one) for one in assemblies(build or assembly)]


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


RECOGNISERS = [_rsid, _clinvar, _name, _name_of_chromosome, _spdi, _gene_and_name, _allele, _region, _gene]


def read(text: str, assembly: str = "") -> list[Reading]:
    """Every reading of `text`, the best first; never empty: the last resort is `unknown`, which finds nothing."""
    cleaned = clean(text)
    found = [reading for recognise in RECOGNISERS for reading in recognise(cleaned, assembly)]
    if found:
        return found
    hint = "Try a gene, an rsID, a region such as 17:43,044,295-43,125,364, an HGVS name or 17-43057062-T-TG."
    said = f"“{cleaned[:80]}” means nothing to Vardesk. {hint}"
    return [Reading("unknown", cleaned, said, lambda rows: rows.none())]
