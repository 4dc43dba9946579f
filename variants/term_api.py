"""The API of the table of classifications."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.params import flag, refuse_nul, whole_number
from project.common.problems import BadQuery
from project.core.permissions import MayCurate, MayRead
from variants import word_lists
from variants.classification import SLUGS, classify
from variants.load_access import get_load_for
from variants.models import slug_of
from variants.term_views import asked_class
from variants.terms import checked_term, current_terms, set_term

CLASS = serializers.ChoiceField(SLUGS, allow_null=True)


class WordShape(serializers.Serializer):
    text = serializers.CharField(help_text="as written")
    term = serializers.CharField(
        allow_null=True, help_text="what a curator's reading is kept under; null: too long for one"
    )
    classification = serializers.ChoiceField(SLUGS, help_text="what it is read as")
    known = serializers.BooleanField(help_text="the table has every word of it")
    curated = CLASS
    vardesk = CLASS
    claims = serializers.IntegerField(help_text="current claims")
    loads = serializers.IntegerField(help_text="live loads that write it")


class TermChangeShape(serializers.Serializer):
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    before = CLASS
    after = CLASS
    note = serializers.CharField()


class TermShape(serializers.Serializer):
    term = serializers.CharField()
    classification = serializers.ChoiceField(SLUGS)
    known = serializers.BooleanField()
    curated = CLASS
    vardesk = CLASS
    claims = serializers.IntegerField()
    texts = serializers.ListField(child=serializers.CharField())
    history = TermChangeShape(many=True)


class TermAnswer(TermShape):
    job = serializers.IntegerField(allow_null=True, help_text="reads the stored claims again; null: nothing changed")


class TermBody(serializers.Serializer):
    classification = serializers.ChoiceField(SLUGS)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class ClassificationList(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="classifications_list",
        parameters=[
            OpenApiParameter("known", bool), OpenApiParameter("q", str, description="a part of the text"),
            OpenApiParameter("offset", int), OpenApiParameter("limit", int, description="up to 1,000"),
        ],
        responses=inline_serializer("Words", {
            "count": serializers.IntegerField(), "unlisted_claims": serializers.IntegerField(),
            "results": WordShape(many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """What loads write as a classification, and what it is read as; unknown texts first."""
        params = request.query_params
        refuse_nul(params)
        known = flag(params, "known") if params.get("known") else None
        offset = whole_number(params, "offset", default=0)
        limit = whole_number(params, "limit", default=100, most=1000)
        found = word_lists.met(known=known, q=params.get("q", "").strip())
        rows = word_lists.rows_of(found[offset : offset + limit])
        return Response({"count": found.count(), "unlisted_claims": word_lists.unlisted(), "results": rows})


class ClassificationTermView(APIView):
    def get_permissions(self) -> list[Any]:
        return [MayRead()] if self.request.method in ("GET", "HEAD", "OPTIONS") else [MayCurate()]

    @extend_schema(operation_id="classifications_retrieve", responses=TermShape)
    def get(self, request: Request, term: str) -> Response:
        """How a spelling is read, in any case and with any blanks, and who changed that."""
        return Response(term_shape(checked_term(term)))

    @extend_schema(operation_id="classifications_update", request=TermBody, responses=TermAnswer)
    def put(self, request: Request, term: str) -> Response:
        """Read it as `classification` from now on; a job reads the stored claims again."""
        body = request.data if isinstance(request.data, dict) else {}
        note = body.get("note") or ""
        if not isinstance(note, str):
            raise BadQuery({"note": "This must be text."})
        if (value := asked_class(body.get("classification"))) is None:
            raise BadQuery({"classification": "Say what it is read as; DELETE goes back to Vardesk's own reading."})
        return self._changed(term, set_term(term, value, by=request.user, note=note))

    @extend_schema(
        operation_id="classifications_destroy", responses=TermAnswer,
        parameters=[OpenApiParameter("note", str, description="why")],
    )  # fmt: skip
    def delete(self, request: Request, term: str) -> Response:
        """Back to Vardesk's own reading. 404 where no curator changed it."""
        job = set_term(term, None, by=request.user, note=request.query_params.get("note", ""))
        if job is None:
            raise NotFound("No curator says how this is read; it is read as Vardesk has it.")
        return self._changed(term, job)

    def _changed(self, term: str, job: Any) -> Response:
        return Response(term_shape(checked_term(term)) | {"job": job.pk if job else None})


def term_shape(term: str) -> dict[str, Any]:
    terms = current_terms()
    (value, known), (own, own_known) = classify(term, terms), classify(term)
    written = word_lists.written_as(term)
    return {
        "term": term, "classification": value.slug, "known": known, "curated": slug_of(terms.get(term)),
        "vardesk": own.slug if own_known else None, "claims": sum(row["claims"] for row in written),
        "texts": [row["text"] for row in written], "history": word_lists.history(term),
    }  # fmt: skip


class LoadWords(APIView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="loads_words_list",
        responses=inline_serializer("LoadWords", {
            "count": serializers.IntegerField(),
            "results": inline_serializer("LoadWord", {
                "text": serializers.CharField(allow_null=True, help_text="null: all texts that are not listed"),
                "classification": CLASS, "known": serializers.BooleanField(), "claims": serializers.IntegerField(),
            }, many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        """What the load's claims write as a classification, what it is read as now, and how many claims write it."""
        load, _ = get_load_for(request.user, id)
        words = word_lists.words_of_load(load)
        return Response({"count": len(words), "results": words})
