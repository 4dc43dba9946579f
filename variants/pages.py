"""What the variant pages show beside the rows: sentences, chips, the classification bar, links."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import Count, Exists, OuterRef
from django.urls import reverse

from project.common.paging import url_with
from variants.classification import BY_SLUG, Classification
from variants.identity import trimmed
from variants.models import ASSEMBLIES, Gene, Load, Record, Variant, VariantName, slug_of
from variants.questions import ANY, ORDERINGS, Question

EXAMPLES = [
    ("BRCA1", "gene=BRCA1"),
    ("rs80357906", "q=rs80357906"),
    ("7:117,559,000-117,560,000", "q=7:117,559,000-117,560,000"),
]
NAME_LABELS = {
    VariantName.Kind.G: "Genomic (g.)", VariantName.Kind.C: "Coding DNA (c.)", VariantName.Kind.N: "Non-coding (n.)",
    VariantName.Kind.P: "Protein (p.)", VariantName.Kind.RSID: "dbSNP", VariantName.Kind.CLINVAR: "ClinVar",
    VariantName.Kind.SPDI: "SPDI, as written",
}  # fmt: skip
# Link-outs: label, assemblies for which the address is right, template. The one place to change them.
LINKS = [
    ("gnomAD", ["GRCh38"], "https://gnomad.broadinstitute.org/variant/{chrom}-{pos}-{ref}-{alt}?dataset=gnomad_r4"),
    ("gnomAD", ["GRCh37"], "https://gnomad.broadinstitute.org/variant/{chrom}-{pos}-{ref}-{alt}?dataset=gnomad_r2_1"),
    ("UCSC", ["GRCh38"], "https://genome.ucsc.edu/cgi-bin/hgTracks?db=hg38&position=chr{ucsc_chrom}:{pos}"),
    ("UCSC", ["GRCh37"], "https://genome.ucsc.edu/cgi-bin/hgTracks?db=hg19&position=chr{ucsc_chrom}:{pos}"),
    ("Ensembl", ["GRCh38"], "https://www.ensembl.org/Homo_sapiens/Location/View?r={chrom}:{pos}-{pos}"),
    ("Ensembl", ["GRCh37"], "https://grch37.ensembl.org/Homo_sapiens/Location/View?r={chrom}:{pos}-{pos}"),
    ("dbSNP", [], "https://www.ncbi.nlm.nih.gov/snp/{rsid}"),
]


def totals() -> dict[str, Any]:
    """What is in the database. Genes are those with at least one variant."""
    last = Load.objects.filter(state=Load.State.LIVE).order_by("-created").first()
    return {
        "variants": Variant.objects.current().count(),
        "genes": Gene.objects.filter(variant_count__gt=0).count(),
        "claims": Record.objects.current().count(),
        "loads": Load.objects.filter(state=Load.State.LIVE).count(),
        "last_change": last.created if last else None,
    }


def examples() -> list[dict[str, str]]:
    return [{"label": label, "url": f"{reverse('variants:list')}?{query}"} for label, query in EXAMPLES]


def recent_loads(readable: dict[int, Any], loads: list[Load]) -> list[dict[str, Any]]:
    """Loads for the home page; the name of a private file is shown only to those who may read it."""
    return [
        {
            "label": readable[load.pk].label_of(load) if load.pk in readable else load.source or "A file of another user",
            "source": load.source, "created": load.created, "assembly": load.assembly,
            "claims": load.counts.get("alleles_imported", 0) + load.counts.get("alleles_merged", 0),
            "file_url": readable[load.pk].url if load.pk in readable else None,
        }
        for load in loads
    ]  # fmt: skip


def gene_head(question: Question) -> dict[str, Any] | None:
    """The gene that the whole list is about, where there is just one."""
    genes = question.genes if question.gene_names else question.reading.genes if question.reading else []
    if len(genes) != 1 or (question.reading and question.reading.kind != "gene"):
        return None
    gene = genes[0]
    return {
        "symbol": gene.symbol, "name": gene.name, "chrom": gene.chrom, "start": gene.start, "end": gene.end,
        "strand": gene.strand, "assembly": "GRCh38" if gene.chrom else "",
        "aliases": list(gene.names.exclude(kind="symbol").values_list("written", flat=True)[:12]),
    }  # fmt: skip


def classification_bar(question: Question, path: str) -> list[dict[str, Any]]:
    """Share of each classification among the variants asked for, in the fixed order; x and percent of the width."""
    counted = dict(question.variants().order_by("classification").values_list("classification").annotate(Count("pk")))
    whole = sum(counted.values())
    bar, x = [], 0.0
    for value in Classification:
        if count := counted.get(value, 0):
            percent = 100 * count / whole
            url = url_with(path, question.params, classification=value.slug, cursor=None)
            bar.append(
                {"slug": value.slug, "label": value.label, "count": count, "percent": percent, "x": x, "url": url}
            )
            x += percent
    return bar


def chips(question: Question, path: str) -> list[dict[str, str]]:
    """The filters in use, each with the address of the list without it."""
    labels = {
        "gene": ", ".join(question.gene_names), "assembly": "both assemblies" if question.assembly == ANY else question.assembly,
        "region": f"{question.params.get('region')} on {question.region[0]}" if question.region else "",
        "rsid": question.rsid, "conflict": "claims disagree" if question.conflict else "",
        "consequence": question.consequence, "source": question.source,
        "file": question.file_name,
        "evaluated_after": f"evaluated since {question.params.get('evaluated_after')}" if question.params.get("evaluated_after") else "",
        "evaluated_before": f"evaluated until {question.params.get('evaluated_before')}" if question.params.get("evaluated_before") else "",
    }  # fmt: skip
    found = [
        {"label": label, "remove_url": url_with(path, question.params, cursor=None, **{name: None})}
        for name, label in labels.items()
        if label
    ]
    if question.classifications:
        label = " or ".join(BY_SLUG[slug].label for slug in question.classifications)
        found.append({"label": label, "remove_url": url_with(path, question.params, cursor=None, classification=None)})
    return found


def left_out(question: Question, path: str) -> dict[str, Any] | None:
    """The rows of the other assembly that the list leaves out: how many, and two ways to see them."""
    if not (other := question.not_mixed_with):
        return None
    count = replace(question, assembly=other).variants()[:1001].count()
    return {
        "assembly": other,
        "count_text": f"{count:,}" if count <= 1000 else "more than 1,000",
        "url": url_with(path, question.params, assembly=other, cursor=None),
        "together_url": url_with(path, question.params, assembly=ANY, cursor=None),
    }


def sentence(question: Question, count: int, exact: bool) -> str:
    """What the list shows, in one line."""
    number = f"{count:,}" if exact else f"More than {count:,}"
    genes = question.genes or (question.reading.genes if question.reading else [])
    where = f" in {', '.join(gene.symbol for gene in genes[:5])}" if genes else ""
    conflicts = question.variants().filter(conflict=True)[:1001].count() if count else 0
    parts = [f"{number} variant{'' if count == 1 else 's'}{where}"]
    if question.assembly in ASSEMBLIES:
        parts.append(question.assembly)
    elif question.not_mixed_with:
        parts.append(settings.DEFAULT_ASSEMBLY)
    said = ", ".join(parts)
    return f"{said}; {conflicts:,} in conflict" if conflicts else said


def filters(question: Question) -> dict[str, Any]:
    return {
        "classification": [
            {"slug": c.slug, "label": c.label, "checked": c.slug in question.classifications} for c in Classification
        ],
        "assembly": [{"value": name, "checked": name == question.assembly} for name in ASSEMBLIES],
        "any_assembly": question.assembly == ANY, "conflict": question.conflict, "gene": ", ".join(question.gene_names),
        "region": question.params.get("region", ""), "ordering": question.ordering,
    }  # fmt: skip


def sort_links(question: Question, path: str) -> dict[str, dict]:
    """For each column that sorts: where a click leads, and how it is sorted now."""
    links = {}
    for column in ("position", "classification", "last_evaluated", "gene"):
        direction = {column: "asc", f"-{column}": "desc"}.get(question.ordering)
        turned = f"-{column}" if direction == "asc" and f"-{column}" in ORDERINGS else column
        links[column] = {"url": url_with(path, question.params, ordering=turned, cursor=None), "direction": direction}
    return links


def alternatives(question: Question, path: str) -> list[dict[str, Any]]:
    """The other readings of the text, each with its count and an address that takes it."""
    found = []
    for reading in question.readings[1:]:
        count = reading.find(Variant.objects.current())[:1001].count()
        if reading.kind in ("region", "variant"):
            assembly, _, text = reading.value.partition(" ")
            url = f"{path}?{urlencode({'q': text, 'assembly': assembly})}"
        else:
            url = f"{path}?{urlencode({'gene' if reading.kind == 'gene' else 'q': reading.value})}"
        found.append(
            {"kind": reading.kind, "value": reading.value, "url": url, "label": f"{reading.value} ({count:,})"}
        )
    return found


def name_groups(variant: Variant) -> list[dict[str, Any]]:
    """Every name that a current claim gave, by kind; the display names of the row first of their kind."""
    texts: dict[str, dict[str, None]] = {kind: {} for kind in NAME_LABELS}
    for kind, text in variant.names.filter(load__state=Load.State.LIVE).order_by("text").values_list("kind", "text"):
        texts[kind][text] = None
    return [
        {"kind_label": NAME_LABELS[VariantName.Kind(kind)], "names": list(names)}
        for kind, names in texts.items()
        if names
    ]


def links(row: dict) -> list[dict[str, str]]:
    """Link-outs that fit this variant's assembly and have every value that they need."""
    values = {name: quote(str(value), safe="") for name, value in row.items() if isinstance(value, str | int)}
    values["ucsc_chrom"] = "M" if row["chrom"] == "MT" else values.get("chrom", "")
    found = []
    for label, assemblies, template in LINKS:
        if assemblies and row["assembly"] not in assemblies:
            continue
        if ("{ref}" in template and not row["padding"]) or ("{rsid}" in template and not row["rsid"]):
            continue
        found.append({"label": label, "url": template.format(**values)})
    return found


def reason(variant: Variant) -> str:
    """Why the aggregate is what it is, in one sentence."""
    counted = dict(
        Record.objects.current().filter(variant=variant).order_by("classification")
        .values_list("classification").annotate(Count("pk"))
    )  # fmt: skip
    said = ", ".join(f"{count:,} × {Classification(value).label}" for value, count in sorted(counted.items()))
    if variant.conflict:
        return f"Claims disagree: {said}."
    return (
        f"From {sum(counted.values()):,} current claim{'' if sum(counted.values()) == 1 else 's'}: {said}."
        if counted
        else ""
    )


def notes(row: dict) -> list[str]:
    """What a reader should know of this row and may not see at once."""
    said = []
    if row["chrom"] is None:
        said.append(
            "No claim places this variant on a chromosome; it is identified by its name. No position is guessed."
        )
    elif row["ref"] is None and row["alt"] is None:
        said.append("The claims give a place and no alleles; it is identified by its name.")
    elif not row["padding"]:
        said.append(
            "The base before this insertion or deletion is not known here, so the alleles are shown without it."
        )
    _, deleted, inserted = trimmed(0, row["ref"] or "", row["alt"] or "")
    if (deleted == "") != (inserted == ""):
        said.append(place_in_repeat(row))
    return said


def place_in_repeat(row: dict) -> str:
    """Whether an insertion or deletion was left-aligned: where any current load that names it had the reference."""
    assembly = row["assembly"]
    had = {f"options__reference__{assembly}__chromosomes__contains": [row["chrom"]]}
    claims = Record.objects.filter(variant=row["id"], load=OuterRef("pk"))
    if Load.objects.filter(Exists(claims), state=Load.State.LIVE, **had).exists():
        return f"Left-aligned on {assembly}: of the places in a repeat where it can be written, this is the leftmost."
    return (
        f"It was not left-aligned: no reference sequence of {assembly} was there at its import. In a repeat, the same"
        " change written elsewhere may stand as another variant."
    )


def history(variant: Variant) -> list[dict[str, Any]]:
    return [
        {
            "at": change.at, "before": slug_of(change.before), "after": slug_of(change.after),
            "load_label": change.load.source if change.load else "", "cause": change.cause,
        }
        for change in variant.changes.select_related("load")
    ]  # fmt: skip
