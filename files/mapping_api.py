"""The API's answer to which column means what."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from files import importing
from files.mapping_proposal import CONFIDENCES, Proposal, proposal
from files.permissions import get_file_for
from files.reading_api import table_reading
from project.common.params import one_of

FIELD = inline_serializer("MappedField", {
    "field": serializers.CharField(), "label": serializers.CharField(),
    "column": serializers.CharField(allow_null=True),
    "confidence": serializers.ChoiceField(CONFIDENCES, allow_null=True),
    "why": serializers.CharField(allow_blank=True, help_text="also why a column with a telling name is not proposed"),
    "examples": serializers.ListField(child=serializers.CharField(), help_text="up to 3 different values, long ones cut"),
}, many=True)  # fmt: skip
BASE = inline_serializer("MappedBase", {
    "value": serializers.IntegerField(allow_null=True, help_text="0 or 1; null where the table has no positions"),
    "chosen": serializers.IntegerField(allow_null=True, help_text="what holds for every row, whatever rows say; null: each as it tells"),
    "sentence": serializers.CharField(),
})  # fmt: skip


class FileMapping(APIView):
    @extend_schema(
        description="Which column is proposed for which field. What you chose for the same header before comes first.",
        parameters=[OpenApiParameter("mapping", enum=["proposed"], description="Vardesk's own proposal, whatever you chose before")],
        responses=inline_serializer("Mapping", {
            "mapping": serializers.DictField(child=serializers.CharField(allow_null=True)),
            "mapping_from": serializers.ChoiceField(["proposed", "remembered"]),
            "remembered_at": serializers.DateTimeField(allow_null=True),
            "fields": FIELD, "base": BASE, "notes": serializers.ListField(child=serializers.CharField()),
            "samples": serializers.DictField(child=serializers.CharField(allow_null=True), help_text="which columns tell of a row's sample"),
            "assembly": serializers.CharField(allow_null=True, help_text="for rows that name none; null where nothing decides"),
            "assembly_evidence": serializers.ListField(child=serializers.CharField(), help_text="what was seen, as sentences"),
            "assembly_problem": serializers.CharField(allow_null=True, help_text="why an import would be refused, and what to do"),
            "rows_without_assembly": serializers.IntegerField(),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        file = get_file_for(request.user, id)
        table_reading(file)
        is_own = one_of(request.query_params, "mapping", ("proposed",), default="") == "proposed"
        found = proposal(file, by=request.user, is_own=is_own)
        evidence = importing.assembly_seen(file, found.mapping)
        decision = evidence.decide()
        return Response(_shown(found) | {
            "samples": importing.proposed_samples(file),
            "assembly": decision.assembly or None, "assembly_evidence": evidence.sentences,
            "assembly_problem": decision.problem or None, "rows_without_assembly": evidence.unsaid,
        })  # fmt: skip


def _shown(found: Proposal) -> dict[str, Any]:
    return {
        "mapping": found.mapping, "mapping_from": found.origin, "remembered_at": found.at,
        "fields": [
            {"field": one.field, "label": one.label, "column": one.column, "confidence": one.confidence or None,
             "why": one.why, "examples": one.examples}
            for one in found.fields.values()
        ],
        "base": {"value": found.base.value, "chosen": found.base.chosen, "sentence": found.base.sentence},
        "notes": found.notes,
    }  # fmt: skip
