"""The variants API: genes, variants, claims."""

from typing import Any

from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.paging import Key, keyset_page, page_size, url_with
from project.common.params import refuse_nul, whole_number
from project.common.problems import BadQuery
from project.core.permissions import MayRead
from variants.claims import claim_rows
from variants.classification import BY_SLUG, SLUGS, Classification
from variants.load_access import get_load_for, may_read_lines
from variants.models import ASSEMBLIES, Gene, Record, Variant, slug_of
from variants.questions import ANY, COLUMNS, ORDERINGS, Question, ask, loads_of_file, variant_rows
from variants.suggest import suggest
from variants.versions import TellsVersion

CLASSIFICATION = serializers.ChoiceField(SLUGS)
MAX_TEXT = 2000  # characters of a query


class Suggestion(serializers.Serializer):
    symbol = serializers.CharField()
    name = serializers.CharField()
    match = serializers.CharField()
    kind = serializers.ChoiceField(["symbol", "alias", "previous"])
    variant_count = serializers.IntegerField()


class Suggestions(serializers.Serializer):
    results = Suggestion(many=True)


class GeneShape(serializers.Serializer):
    symbol = serializers.CharField()
    name = serializers.CharField(allow_null=True)
    hgnc_id = serializers.CharField(allow_null=True)
    ensembl_id = serializers.CharField(allow_null=True)
    assembly = serializers.CharField(allow_null=True)
    chrom = serializers.CharField(allow_null=True)
    start = serializers.IntegerField(allow_null=True, help_text="1-based")
    end = serializers.IntegerField(allow_null=True, help_text="1-based, included")
    strand = serializers.CharField(allow_null=True)
    aliases = serializers.ListField(child=serializers.CharField())
    listed = serializers.BooleanField(help_text="in the gene table, not only in a loaded file")
    variant_count = serializers.IntegerField()
    classifications = serializers.DictField(child=serializers.IntegerField())


class VariantShape(serializers.Serializer):
    """Documents what `questions.variant_rows` gives; rows never pass through it (2 ms for 50 of them)."""

    id = serializers.IntegerField()
    assembly = serializers.ChoiceField(ASSEMBLIES, allow_null=True)
    chrom = serializers.CharField(allow_null=True)
    pos = serializers.IntegerField(allow_null=True, help_text="VCF POS, 1-based")
    ref = serializers.CharField(allow_null=True)
    alt = serializers.CharField(allow_null=True)
    gene = serializers.CharField(allow_null=True)
    genes = serializers.ListField(child=serializers.CharField())
    transcript = serializers.CharField(allow_null=True)
    hgvs_c = serializers.CharField(allow_null=True)
    hgvs_p = serializers.CharField(allow_null=True)
    hgvs_g = serializers.CharField(allow_null=True)
    rsid = serializers.CharField(allow_null=True)
    consequence = serializers.CharField(allow_null=True)
    classification = CLASSIFICATION
    conflict = serializers.BooleanField()
    lab_classification = serializers.ChoiceField(SLUGS, allow_null=True)
    padding = serializers.BooleanField(help_text="ref and alt are a complete VCF form")
    names = serializers.ListField(child=serializers.CharField())
    record_count = serializers.IntegerField(help_text="current claims")
    last_evaluated = serializers.DateField(allow_null=True)
    url = serializers.CharField()


class SampleShape(serializers.Serializer):
    """Depths are numbers of reads. Null is what the file does not say."""

    sample = serializers.CharField(allow_null=True)
    genotype = serializers.CharField(allow_null=True, help_text="as written")
    zygosity = serializers.CharField(allow_null=True)
    phased = serializers.BooleanField(allow_null=True)
    depth = serializers.IntegerField(allow_null=True)
    allele_depth = serializers.IntegerField(allow_null=True)
    reference_depth = serializers.IntegerField(allow_null=True)
    allele_fraction = serializers.FloatField(allow_null=True)
    genotype_quality = serializers.FloatField(allow_null=True)
    matched_normal = serializers.CharField(allow_null=True)
    normal_depth = serializers.IntegerField(allow_null=True)
    normal_allele_depth = serializers.IntegerField(allow_null=True)


class SampleCountsShape(serializers.Serializer):
    samples = serializers.IntegerField(help_text="of the line; the sum of the next four")
    with_allele = serializers.IntegerField()
    without_allele = serializers.IntegerField()
    not_called = serializers.IntegerField()
    not_given = serializers.IntegerField(help_text="without a genotype, or with one that cannot be read")
    shown = serializers.IntegerField(help_text="entries in `samples`")


class RecordShape(serializers.Serializer):
    id = serializers.IntegerField()
    variant = serializers.IntegerField()
    file = serializers.IntegerField(allow_null=True)
    file_name = serializers.CharField(allow_null=True)
    line = serializers.IntegerField(allow_null=True, help_text="physical line, from 1")
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    classification = CLASSIFICATION
    reported_classification = serializers.CharField(allow_null=True)
    review_status = serializers.CharField(allow_null=True, help_text="as written")
    oncogenicity = serializers.CharField(allow_null=True, help_text="as written; apart from the classification")
    somatic_impact = serializers.CharField(allow_null=True, help_text="as written; apart from the classification")
    written = serializers.CharField(allow_null=True, help_text="place and alleles as written, where stored otherwise")
    last_evaluated = serializers.DateField(allow_null=True)
    submitter_comment = serializers.CharField(allow_null=True)
    source_url = serializers.CharField(allow_null=True)
    raw = serializers.DictField(child=serializers.CharField(allow_null=True), allow_null=True)
    samples = SampleShape(
        many=True, allow_null=True, help_text="those with the allele, the first ones; null: not yours to read"
    )
    sample_counts = SampleCountsShape(allow_null=True)


class ChangeShape(serializers.Serializer):
    at = serializers.DateTimeField()
    before = CLASSIFICATION
    after = CLASSIFICATION
    load = serializers.IntegerField(allow_null=True)
    cause = serializers.CharField(allow_blank=True, help_text="where it was not the load's arrival")


class VariantDetailShape(VariantShape):
    records = RecordShape(many=True)
    earlier_records = RecordShape(many=True, help_text="of releases that were superseded; they count for nothing")
    history = ChangeShape(many=True)


class InterpretationShape(serializers.Serializer):
    kind = serializers.CharField()
    value = serializers.CharField()
    sentence = serializers.CharField()
    alternatives = serializers.ListField(child=serializers.DictField())


class PageShape(serializers.Serializer):
    count = serializers.IntegerField()
    count_is_exact = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class VariantPageShape(PageShape):
    interpretation = InterpretationShape(allow_null=True)
    results = VariantShape(many=True)


class RecordPageShape(PageShape):
    results = RecordShape(many=True)


FILTERS = [
    OpenApiParameter("q", str, description="free search: gene, rsID, HGVS, region, chrom-pos-ref-alt, accession"),
    OpenApiParameter("gene", str, many=True, description="symbol or other name; repeatable or a comma list"),
    OpenApiParameter("assembly", enum=[*ASSEMBLIES, ANY]),
    OpenApiParameter("region", str, description="17:43044295-43125364, 1-based, both ends included"),
    OpenApiParameter("rsid", str),
    OpenApiParameter("classification", enum=SLUGS, many=True),
    OpenApiParameter("conflict", bool),
    OpenApiParameter("consequence", str),
    OpenApiParameter("source", str),
    OpenApiParameter("file", int),
    OpenApiParameter("evaluated_after", str, description="YYYY-MM-DD, included"),
    OpenApiParameter("evaluated_before", str, description="YYYY-MM-DD, included"),
    OpenApiParameter("ordering", enum=list(ORDERINGS)),
    OpenApiParameter("page_size", int, description="up to 1,000"),
    OpenApiParameter("cursor", str),
]


def interpretation(question: Question) -> dict[str, Any] | None:
    """How `q` was read, as the contract shows it; None without `q`."""
    if not question.reading:
        return None
    return {
        "kind": question.reading.kind,
        "value": question.reading.value,
        "sentence": question.reading.sentence,
        "alternatives": [{"kind": other.kind, "value": other.value} for other in question.readings[1:]],
    }


class ReadView(TellsVersion, APIView):
    permission_classes = [MayRead]


class GeneSuggest(ReadView):
    @extend_schema(
        parameters=[OpenApiParameter("q", str, required=True), OpenApiParameter("limit", int, description="up to 500")],
        responses=Suggestions,
    )
    def get(self, request: Request) -> Response:
        text = request.query_params.get("q", "").strip()
        if not text or len(text) > MAX_TEXT or "\0" in text:
            raise BadQuery({"q": "Give at least 1 character of a gene's name."})
        limit = whole_number(request.query_params, "limit", default=10, least=1, most=500)
        return Response({"results": suggest(text, limit=limit)})


class GeneDetail(ReadView):
    @extend_schema(responses=GeneShape)
    def get(self, request: Request, symbol: str) -> Response:
        gene = Gene.objects.named(symbol).order_by("-listed", "symbol").first()
        if gene is None:
            raise Http404(f"No gene is called {symbol}.")
        counted = (
            Variant.objects.current()
            .of_genes(Gene.objects.filter(pk=gene.pk))
            .values("classification")
            .annotate(n=Count("pk"))
        )
        by_slug = {slug_of(row["classification"]): row["n"] for row in counted.order_by("classification")}
        return Response({
            "symbol": gene.symbol, "name": gene.name or None, "hgnc_id": gene.hgnc_id or None,
            "ensembl_id": gene.ensembl_id or None, "assembly": "GRCh38" if gene.chrom else None,
            "chrom": gene.chrom or None, "start": gene.start, "end": gene.end, "strand": gene.strand or None,
            "aliases": list(gene.names.exclude(kind="symbol").values_list("written", flat=True)),
            "listed": gene.listed, "variant_count": gene.variant_count,
            "classifications": {c.slug: by_slug.get(c.slug, 0) for c in Classification},
        })  # fmt: skip


class VariantList(ReadView):
    @extend_schema(operation_id="variants_list", parameters=FILTERS, responses=VariantPageShape)
    def get(self, request: Request) -> Response:
        params = request.query_params
        size = page_size(params)
        question = ask(params, request.user)
        page = question.page(size)
        count, exact = question.count()
        here = request.build_absolute_uri(request.path)
        return Response({
            "count": count, "count_is_exact": exact,
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "interpretation": interpretation(question), "results": page.rows,
        })  # fmt: skip


class VariantDetail(ReadView):
    @extend_schema(responses=VariantDetailShape)
    def get(self, request: Request, id: int) -> Response:
        row = Variant.objects.filter(pk=id).values(*COLUMNS).first() if id < 2**63 else None
        if row is None:
            raise Http404("There is no such variant.")
        variant = get_object_or_404(Variant, pk=id)
        records = variant.records.filter(load__state="live").select_related("load")
        history = [
            {"at": c.at, "before": slug_of(c.before), "after": slug_of(c.after), "load": c.load_id, "cause": c.cause}
            for c in variant.changes.all()
        ]
        claims = {
            "records": claim_rows(records, request.user),
            "earlier_records": claim_rows(variant.records.earlier().order_by("-load", "line"), request.user),
        }
        return Response(variant_rows([row])[0] | claims | {"history": history})


class LoadIssues(ReadView):
    @extend_schema(
        parameters=[OpenApiParameter("offset", int), OpenApiParameter("limit", int, description="up to 1,000")],
        responses=inline_serializer("Issues", {
            "count": serializers.IntegerField(),
            "results": inline_serializer("Issue", {
                "line": serializers.IntegerField(), "kind": serializers.ChoiceField(["rejected", "skipped", "flagged"]),
                "reason": serializers.CharField(),
            }, many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        """Lines of a load that were rejected or skipped, or kept with a remark (`flagged`), in line order."""
        params = request.query_params
        load, ref = get_load_for(request.user, id)
        if not may_read_lines(request.user, load, ref):
            raise Http404("The lines of this load are shown to those who may read its file.")
        offset = whole_number(params, "offset", default=0)
        limit = whole_number(params, "limit", default=100, most=1000)
        issues = load.issues.values("line", "kind", "reason")
        return Response({"count": issues.count(), "results": list(issues[offset : offset + limit])})


class RecordList(ReadView):
    @extend_schema(
        operation_id="records_list",
        parameters=[
            OpenApiParameter("file", int), OpenApiParameter("gene", str), OpenApiParameter("variant", int),
            OpenApiParameter("source", str), OpenApiParameter("classification", enum=SLUGS),
            OpenApiParameter("page_size", int), OpenApiParameter("cursor", str),
        ],
        responses=RecordPageShape,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        params = request.query_params
        size = page_size(params)
        records = _asked_records(request)
        page = keyset_page(records.values("id"), params, [Key("id")], size=size)
        found = Record.objects.select_related("load").filter(pk__in=[row["id"] for row in page.rows]).order_by("pk")
        here = request.build_absolute_uri(request.path)
        return Response({
            "count": records.count(), "count_is_exact": True,
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "results": claim_rows(found, request.user),
        })  # fmt: skip


def _asked_records(request: Request) -> Any:
    params = request.query_params
    refuse_nul(params)
    records = Record.objects.current()
    if file := params.get("file"):
        records = records.filter(load__in=list(loads_of_file(file, request.user)))
    if gene := params.get("gene"):
        records = records.of_genes(Gene.objects.named(*gene.split(",")))
    if params.get("variant"):
        records = records.filter(variant_id=whole_number(params, "variant", default=0))
    if source := params.get("source"):
        records = records.filter(source__iexact=source)
    if slug := params.get("classification"):
        if slug not in BY_SLUG:
            raise BadQuery({"classification": f"{slug!r} is not one of {', '.join(SLUGS)}."})
        records = records.filter(classification=BY_SLUG[slug])
    return records
