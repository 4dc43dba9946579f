"""Looking at what loads wrote. These tables are large: each list, filter and search is served by an index."""

from typing import Any

from django.contrib import admin, messages
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from project.core.admin_base import (
    LookOnly,
    is_confirmed,
    link,
    list_link,
    one_of,
    page_url,
    row_link,
    too_many,
    whole_number,
)
from variants.load_access import WITHDRAWABLE, withdraw_load
from variants.models import ASSEMBLIES, CHROMOSOMES, ClassificationChange, Gene, Load, Record, Variant

NAMES_SHOWN = 50


@admin.register(Load)
class LoadAdmin(LookOnly):
    group = "Work"
    purpose = "What was imported from which file, by whom. A wrong one is withdrawn here."
    list_display = ["id", "label", "shown_state", "source", "assembly", "lines", "file", "created_by", "created"]
    list_display_links = ["id", "label"]
    list_filter = ["state", one_of("assembly", lambda: ASSEMBLIES), ("created", admin.DateFieldListFilter)]
    list_select_related = ["created_by"]
    sortable_by = ["id", "label", "created"]
    search_hint = "A part of the label or the source, the number of a load or of a file, or a SHA-256."
    actions = ["withdraw"]
    fieldsets = [
        (None, {"fields": ["label", "shown_state", "source", "assembly", "created", "created_by"]}),
        ("Leads to", {"fields": ["site_page", "file", "jobs", "claims", "audit"]}),
        ("What became of its lines", {"fields": ["counts", "notes"]}),
        ("What exactly", {"fields": ["checksum", "fingerprint", "options"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["shown_state", "site_page", "file", "jobs", "claims", "audit"]

    def find(self, queryset: Any, text: str) -> Any:
        found = queryset.filter(label__icontains=text) | queryset.filter(source__icontains=text)
        found |= queryset.filter(checksum=text.lower())
        if number := whole_number(text):
            found |= queryset.filter(pk=number) | queryset.filter(file_id=number)
        return found

    def view_on_site(self, load: Load) -> str | None:
        return page_url("variants:load", load.pk)

    @admin.display(description="state")
    def shown_state(self, load: Load) -> str:
        mark = {Load.State.LIVE: "ready", Load.State.LOADING: "running"}
        state = Load.State(load.state)
        return format_html('<span class="state state-{}">{}</span>', mark.get(state, "cancelled"), state.label)

    @admin.display(description="lines read")
    def lines(self, load: Load) -> str:
        return f"{load.counts.get('lines_read', 0):,}"

    @admin.display(description="file")
    def file(self, load: Load) -> str:
        return row_link("files_datafile", load.file_id)

    @admin.display(description="jobs")
    def jobs(self, load: Load) -> str:
        return list_link("core_job", "Jobs of its file", q=load.file_id) if load.file_id else "–"

    @admin.display(description="claims")
    def claims(self, load: Load) -> str:
        return list_link("variants_record", "Its claims, line by line", load__id__exact=load.pk)

    @admin.display(description="page")
    def site_page(self, load: Load) -> str:
        return link(page_url("variants:load", load.pk), "See what became of its lines")

    @admin.display(description="audit trail")
    def audit(self, load: Load) -> str:
        return list_link("core_auditentry", "What was done to it", q=f"variants.load {load.pk}")

    def object_actions(self, obj: Load) -> list[str]:
        return ["withdraw"] if obj.state in WITHDRAWABLE else []

    @admin.action(description="Withdraw …")
    def withdraw(self, request: HttpRequest, queryset: Any) -> Any:
        if refusal := too_many(queryset.count()):
            return self.message_user(request, refusal, messages.ERROR)
        if not is_confirmed(request):
            rows = [(load.pk, f"{load.label}: {self.lines(load)} lines, {load.state}") for load in queryset]
            said = [
                "Their claims are taken out of the variant database; classifications are worked out again without them.",
                "Importing the same file again brings the claims back. Earlier releases that they superseded come back at once.",
            ]
            return self.ask(
                request, "withdraw", title="Withdraw these loads?", rows=rows, button="Withdraw", said=said,
                is_grave=True,
            )  # fmt: skip
        chosen = [load for load in queryset if load.state in WITHDRAWABLE]
        for load in chosen:
            withdraw_load(load, by=request.user)
        return self.message_user(request, f"Loads withdrawn: {len(chosen)}.", messages.SUCCESS)


@admin.register(Variant)
class VariantAdmin(LookOnly):
    group = "Variants"
    purpose = "One row for each change, as the loads made it."
    list_display = ["id", "place", "change", "gene", "shown_classification", "in_conflict", "record_count"]
    list_filter = ["classification", one_of("assembly", lambda: ASSEMBLIES)]
    list_select_related = ["gene"]
    ordering = ["-pk"]
    sortable_by = ["id"]
    search_hint = "A gene, an rsID, a ClinVar accession, an HGVS name, or the number of a variant."
    fieldsets = [
        (None, {"fields": ["site_page", "assembly", "chrom", "pos", "ref", "alt", "padding"]}),
        ("Names", {"fields": ["gene_link", "all_genes", "hgvs_g", "hgvs_c", "hgvs_p", "rsid", "transcript", "consequence", "all_names"]}),
        ("What is claimed", {"fields": ["shown_classification", "conflict", "lab_classification", "record_count", "last_evaluated", "claims", "loads", "changes"]}),
    ]  # fmt: skip
    readonly_fields = [
        "site_page",
        "gene_link",
        "all_genes",
        "all_names",
        "shown_classification",
        "claims",
        "loads",
        "changes",
    ]

    def find(self, queryset: Any, text: str) -> Any:
        if number := whole_number(text):
            return queryset.filter(pk=number)
        genes = Gene.objects.named(text)
        return queryset.of_genes(genes) if genes.exists() else queryset.bearing(text)

    def view_on_site(self, variant: Variant) -> str | None:
        return page_url("variants:detail", variant.pk)

    @admin.display(description="place")
    def place(self, variant: Variant) -> str:
        return f"{variant.assembly} {variant.chrom}:{variant.pos:,}" if variant.pos else "–"

    @admin.display(description="change")
    def change(self, variant: Variant) -> str:
        if variant.ref is None or variant.alt is None:
            return _short(variant.hgvs_c or variant.hgvs_p or variant.hgvs_g or "–")
        return f"{_short(variant.ref)} → {_short(variant.alt)}"

    @admin.display(description="classification")
    def shown_classification(self, variant: Variant) -> str:
        return variant.get_classification_display()

    @admin.display(description="conflict")
    def in_conflict(self, variant: Variant) -> str:
        return "in conflict" if variant.conflict else "–"

    @admin.display(description="page")
    def site_page(self, variant: Variant) -> str:
        return link(page_url("variants:detail", variant.pk), "See it on the site")

    @admin.display(description="gene")
    def gene_link(self, variant: Variant) -> str:
        return row_link("variants_gene", variant.gene_id, variant.gene)

    @admin.display(description="genes")
    def all_genes(self, variant: Variant) -> str:
        return _lines((row_link("variants_gene", gene.pk, gene),) for gene in variant.genes.all()[:NAMES_SHOWN])

    @admin.display(description="names in claims")
    def all_names(self, variant: Variant) -> str:
        names = variant.names.values_list("text", "kind").distinct()[:NAMES_SHOWN]  # of this variant alone
        return _lines((f"{_short(text, 80)} ({kind})",) for text, kind in names)

    @admin.display(description="claims")
    def claims(self, variant: Variant) -> str:
        return list_link("variants_record", "Every claim about it", variant__id__exact=variant.pk)

    @admin.display(description="loads")
    def loads(self, variant: Variant) -> str:
        found = Load.objects.filter(pk__in=variant.records.values("load"))[:NAMES_SHOWN]
        return _lines((row_link("variants_load", load.pk, load.label),) for load in found)

    @admin.display(description="changes")
    def changes(self, variant: Variant) -> str:
        return list_link("variants_classificationchange", "What it was and became", variant__id__exact=variant.pk)


@admin.register(Record)
class RecordAdmin(LookOnly):
    group, title = "Variants", "Claims"
    purpose = "What one line of one file says about one variant."
    list_display = ["id", "shown_load", "line", "shown_variant", "source", "shown_classification", "last_evaluated"]
    list_select_related = ["load", "variant"]
    ordering = ["-load_id", "-line", "-alt_index"]  # as the unique index, backwards
    sortable_by = ()
    search_hint = "The number of a variant."
    fields = [
        "shown_load", "line", "alt_index", "shown_variant", "named_genes", "source", "shown_classification",
        "reported_classification", "last_evaluated", "submitter_comment", "source_url",
    ]  # fmt: skip
    readonly_fields = ["shown_load", "shown_variant", "shown_classification"]

    def find(self, queryset: Any, text: str) -> Any:
        number = whole_number(text)
        return queryset.filter(variant=number) if number else queryset.none()

    def view_on_site(self, claim: Record) -> str | None:
        return page_url("variants:detail", claim.variant_id)

    @admin.display(description="load")
    def shown_load(self, claim: Record) -> str:
        return row_link("variants_load", claim.load_id, claim.load)

    @admin.display(description="variant")
    def shown_variant(self, claim: Record) -> str:
        return row_link("variants_variant", claim.variant_id, _short(str(claim.variant), 60))

    @admin.display(description="classification")
    def shown_classification(self, claim: Record) -> str:
        return claim.get_classification_display()


@admin.register(ClassificationChange)
class ClassificationChangeAdmin(LookOnly):
    group = "Variants"
    purpose = "What a known variant was and became, when, because of which load."
    list_display = ["at", "shown_variant", "before", "after", "shown_load"]
    list_select_related = ["variant", "load"]
    ordering = ["-pk"]
    sortable_by = ()
    search_hint = "The number of a variant."
    fields = ["at", "shown_variant", "before", "after", "conflict_before", "conflict_after", "shown_load"]
    readonly_fields = ["shown_variant", "shown_load"]

    def find(self, queryset: Any, text: str) -> Any:
        number = whole_number(text)
        return queryset.filter(variant=number) if number else queryset.none()

    @admin.display(description="variant")
    def shown_variant(self, change: ClassificationChange) -> str:
        return row_link("variants_variant", change.variant_id, _short(str(change.variant), 60))

    @admin.display(description="load")
    def shown_load(self, change: ClassificationChange) -> str:
        return row_link("variants_load", change.load_id, change.load)


@admin.register(Gene)
class GeneAdmin(LookOnly):
    group = "Variants"
    purpose = "The gene table, and names that only a loaded file gave."
    list_display = ["symbol", "name", "hgnc_id", "place", "listed", "coding", "variant_count"]
    list_filter = ["listed", "coding", one_of("chrom", lambda: CHROMOSOMES, title="chromosome")]
    ordering = [Upper("symbol")]  # as the unique index
    sortable_by = ()
    search_hint = "A whole symbol, former symbol or alias."
    fields = [
        "symbol", "name", "hgnc_id", "ensembl_id", "place", "strand", "coding", "listed", "variant_count", "other_names",
        "its_variants",
    ]  # fmt: skip
    readonly_fields = ["place", "other_names", "its_variants"]

    def find(self, queryset: Any, text: str) -> Any:
        return queryset.filter(pk__in=list(Gene.objects.named(text).values_list("pk", flat=True)))

    def view_on_site(self, gene: Gene) -> str | None:
        return f"{reverse('variants:list')}?gene={gene.symbol}"

    @admin.display(description="place (GRCh38)")
    def place(self, gene: Gene) -> str:
        return f"{gene.chrom}:{gene.start:,}-{gene.end:,}" if gene.start and gene.end else "–"

    @admin.display(description="names")
    def other_names(self, gene: Gene) -> str:
        return _lines((f"{name.written} ({name.kind})",) for name in gene.names.all()[:NAMES_SHOWN])

    @admin.display(description="variants")
    def its_variants(self, gene: Gene) -> str:
        return list_link("variants_variant", f"{gene.variant_count:,} variants", q=gene.symbol)


def _short(text: str, longest: int = 24) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}… ({len(text):,})"


def _lines(rows: Any) -> str:
    return format_html_join(mark_safe("<br>"), "{}", rows) or "–"
