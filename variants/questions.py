"""A question to the variant table, read from query parameters: the same for the page and the API."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q

from project.common.paging import Key, Page, keyset_page
from project.common.params import day, flag, one_of, refuse_nul
from project.common.problems import BadQuery
from variants import search
from variants.classification import BY_SLUG, SLUGS
from variants.models import ASSEMBLIES, Gene, Load, Record, Variant, VariantGene, VariantName, VariantQuerySet, slug_of
from variants.sources import files

EXACT_COUNT = 100_000  # above it the answer is "more than"
ANY = "any"  # as an assembly: both, asked for
NAMES_SHOWN = 50  # names of one variant in a list; its own page has all

ORDERINGS: dict[str, list[Key]] = {
    "position": [Key("chrom_rank", nullable=True), Key("pos", nullable=True), Key("id")],
    "-position": [
        Key("chrom_rank", descending=True, nullable=True), Key("pos", descending=True, nullable=True),
        Key("id", descending=True),
    ],
    "classification": [Key("classification"), Key("id")],
    "-classification": [Key("classification", descending=True), Key("id", descending=True)],
    "last_evaluated": [Key("last_evaluated", nullable=True), Key("id")],
    "-last_evaluated": [Key("last_evaluated", descending=True, nullable=True), Key("id", descending=True)],
    "gene": [Key("gene__symbol", nullable=True), Key("id")],
}  # fmt: skip
COLUMNS = [
    "id", "assembly", "chrom", "chrom_rank", "pos", "ref", "alt", "gene__symbol", "transcript", "hgvs_c", "hgvs_p",
    "hgvs_g", "rsid", "consequence", "classification", "conflict", "lab_classification", "padding", "record_count",
    "last_evaluated",
]  # fmt: skip


def _listed(params: Mapping[str, str], name: str) -> list[str]:
    """A repeatable parameter whose values may be comma lists."""
    values = params.getlist(name) if hasattr(params, "getlist") else [params.get(name, "")]
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


@dataclass
class Question:
    """Which variants are asked for, in which order. Built by `ask`, which raises BadQuery for what it cannot read."""

    user: Any
    params: Mapping[str, str]
    q: str = ""
    readings: list[search.Reading] = field(default_factory=list)
    gene_names: list[str] = field(default_factory=list)
    genes: list[Gene] = field(default_factory=list)
    assembly: str = ""
    not_mixed_with: str = ""  # set by `unmixed`: the assembly whose rows are left out
    region: tuple[str, str, int, int] | None = None
    rsid: str = ""
    classifications: list[str] = field(default_factory=list)
    conflict: bool = False
    consequence: str = ""
    source: str = ""
    loads: list[int] | None = None
    file_name: str = ""
    ordering: str = "position"

    @cached_property
    def reading(self) -> search.Reading | None:
        return self.readings[0] if self.readings else None

    def variants(self) -> VariantQuerySet:
        rows = Variant.objects.current()
        if self.reading:
            rows = self.reading.find(rows)
        if self.gene_names:
            rows = rows.of_genes(Gene.objects.filter(pk__in=[gene.pk for gene in self.genes]))
        if self.assembly in ASSEMBLIES:
            rows = rows.filter(assembly=self.assembly)
        elif self.not_mixed_with:
            rows = rows.exclude(assembly=self.not_mixed_with)
        if self.region:
            rows = rows.in_region(*self.region)
        if self.rsid:
            rows = rows.bearing(self.rsid, VariantName.Kind.RSID)
        if self.classifications:
            rows = rows.filter(classification__in=[BY_SLUG[slug] for slug in self.classifications])
        if self.conflict:
            rows = rows.filter(conflict=True)
        if self.consequence:
            rows = rows.filter(consequence__icontains=self.consequence)
        if self.loads is not None:
            rows = rows.with_claims_of(Load.objects.filter(pk__in=self.loads))
        if self.source:
            claims = Record.objects.current().filter(variant=OuterRef("pk"), source__iexact=self.source)
            rows = rows.filter(Exists(claims))
        if after := day(self.params, "evaluated_after"):
            rows = rows.filter(last_evaluated__gte=after)
        if before := day(self.params, "evaluated_before"):
            rows = rows.filter(last_evaluated__lte=before)
        return rows

    def unmixed(self) -> "Question":
        """Where rows of both assemblies are found and neither nor `any` was asked for: only the default's stay.

        Positions of two assemblies in one order would mislead. Rows without a place stay with either.
        """
        first, other = search.assemblies("")
        rows = self.variants()
        if not self.assembly and rows.filter(assembly=first).exists() and rows.filter(assembly=other).exists():
            return replace(self, not_mixed_with=other)
        return self

    def count(self) -> tuple[int, bool]:
        """How many, and whether that is all of them: exact up to EXACT_COUNT."""
        found = self.variants().values("pk")[: EXACT_COUNT + 1].count()
        return min(found, EXACT_COUNT), found <= EXACT_COUNT

    def page(self, size: int) -> Page:
        page = keyset_page(self.variants().values(*COLUMNS), self.params, ORDERINGS[self.ordering], size=size)
        return Page(variant_rows(page.rows), page.next_cursor, page.previous_cursor)


def ask(params: Mapping[str, str], user: Any) -> Question:
    """Read a question. Collects every error before it raises BadQuery, so that all are told at once."""
    refuse_nul(params)
    asked = Question(user=user, params=params)
    errors: dict[str, list[str]] = {}
    for step in (_read_choices, _read_genes, _read_region, _read_file, _read_days, _read_text):
        try:
            step(asked, params)
        except BadQuery as error:
            errors |= error.errors
    if errors:
        raise BadQuery(errors)
    return asked


def _read_choices(asked: Question, params: Mapping[str, str]) -> None:
    asked.assembly = one_of(params, "assembly", [*ASSEMBLIES, ANY])
    asked.ordering = one_of(params, "ordering", list(ORDERINGS), default="position")
    asked.conflict = flag(params, "conflict")
    asked.consequence = params.get("consequence", "").strip()
    asked.source = params.get("source", "").strip()
    asked.classifications = _listed(params, "classification")
    if unknown := [slug for slug in asked.classifications if slug not in BY_SLUG]:
        raise BadQuery({"classification": f"{unknown[0]!r} is not one of {', '.join(SLUGS)}."})
    if rsid := params.get("rsid", "").strip():
        found = re.fullmatch(r"(?:rs)?\s*(\d{1,15})", rsid, re.I)
        if not found:
            raise BadQuery({"rsid": f"{rsid!r} is not an rsID such as rs80357906."})
        asked.rsid = f"rs{found[1]}"


def _read_genes(asked: Question, params: Mapping[str, str]) -> None:
    asked.gene_names = _listed(params, "gene")
    asked.genes = list(Gene.objects.named(*asked.gene_names)) if asked.gene_names else []


def _read_region(asked: Question, params: Mapping[str, str]) -> None:
    if text := params.get("region", "").strip():
        try:
            place = search.region(text)
        except ValueError as error:
            raise BadQuery({"region": f"{error}."}) from error
        asked.region = (search.assemblies(_one_assembly(params))[0], *place)


def _one_assembly(params: Mapping[str, str]) -> str:
    """The assembly asked for, or "" where none or any is."""
    return params.get("assembly", "") if params.get("assembly") in ASSEMBLIES else ""


def _read_file(asked: Question, params: Mapping[str, str]) -> None:
    if text := params.get("file", "").strip():
        loads = list(loads_of_file(text, asked.user))
        asked.loads = [load.pk for load in loads]
        names = (ref.name for ref in files().readable(asked.user, loads).values())
        asked.file_name = next(names, f"file {text}")


def loads_of_file(text: str, user: Any) -> Any:
    """Live loads of the bytes of a file that `user` may read: a second file with the same bytes has the same loads."""
    checksum = files().checksum(user, int(text)) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    if checksum is None:
        raise BadQuery({"file": f"There is no file {text!r} that you may read."})
    return Load.objects.filter(checksum=checksum, state=Load.State.LIVE)


def _read_days(asked: Question, params: Mapping[str, str]) -> None:
    day(params, "evaluated_after")
    day(params, "evaluated_before")


def _read_text(asked: Question, params: Mapping[str, str]) -> None:
    asked.q = params.get("q", "").strip()
    if asked.q:
        asked.readings = search.read(asked.q, _one_assembly(params))


def variant_rows(rows: list[dict]) -> list[dict]:
    """Rows of COLUMNS as the contract's variants, with their genes and names: two queries for any number of rows."""
    ids = [row["id"] for row in rows]
    genes: dict[int, list[str]] = {pk: [] for pk in ids}
    links = VariantGene.objects.filter(variant__in=ids).order_by("-named", "gene__symbol")
    for variant_id, symbol in links.values_list("variant_id", "gene__symbol"):
        genes[variant_id].append(symbol)
    names: dict[int, dict[str, None]] = {pk: {} for pk in ids}
    live = Q(load__state=Load.State.LIVE)
    for variant_id, text in (
        VariantName.objects.filter(live, variant__in=ids).order_by("kind", "text").values_list("variant_id", "text")
    ):
        if len(names[variant_id]) < NAMES_SHOWN:
            names[variant_id][text] = None
    return [_variant(row, genes[row["id"]], list(names[row["id"]])) for row in rows]


def _variant(row: dict, genes: list[str], names: list[str]) -> dict:
    return {
        "id": row["id"], "assembly": row["assembly"], "chrom": row["chrom"], "pos": row["pos"], "ref": row["ref"],
        "alt": row["alt"], "gene": row["gene__symbol"], "genes": genes, "transcript": row["transcript"],
        "hgvs_c": row["hgvs_c"], "hgvs_p": row["hgvs_p"], "hgvs_g": row["hgvs_g"], "rsid": row["rsid"],
        "consequence": row["consequence"], "classification": slug_of(row["classification"]),
        "conflict": row["conflict"], "lab_classification": slug_of(row["lab_classification"]),
        "padding": row["padding"], "names": names, "record_count": row["record_count"],
        "last_evaluated": row["last_evaluated"], "url": f"/variants/{row['id']}/",
    }  # fmt: skip
