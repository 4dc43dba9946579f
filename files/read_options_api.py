"""The API of how a file is read: what was guessed, what was chosen, reading it again."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from files import read_options
from files.api import ColumnSerializer, WarningSerializer
from files.permissions import get_file_for, get_own_file
from files.preview import preview
from project.common.problems import BadQuery
from project.core.api import JobSerializer

OPTIONS = inline_serializer("ReadOptions", {
    **{name: serializers.CharField(required=False, allow_null=True, allow_blank=True)
       for name in ("member", "encoding", "delimiter", "quote", "escape", "comment")},
    "header": serializers.BooleanField(required=False, allow_null=True),
    "header_line": serializers.IntegerField(required=False, allow_null=True, help_text="physical line (of a sheet: row), from 1"),
    "types": serializers.DictField(
        child=serializers.CharField(allow_null=True), required=False, allow_null=True,
        help_text="column -> text, integer, decimal, boolean or date; takes the place of all types chosen before",
    ),
})  # fmt: skip
ALLOWED = inline_serializer(
    "AllowedOption", {"value": serializers.CharField(allow_blank=True), "label": serializers.CharField()}, many=True
)


class FileReadOptions(APIView):
    @extend_schema(
        operation_id="files_read_options",
        description="What was chosen of the reading, how the file was read, and what can be chosen.",
        responses=inline_serializer("HowRead", {
            "chosen": serializers.DictField(), "read_as": serializers.DictField(),
            "types": serializers.DictField(child=serializers.CharField()),
            "applies": serializers.ListField(child=serializers.CharField()),
            "allowed": serializers.DictField(child=ALLOWED),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        file = get_file_for(request.user, id)
        offered = read_options.allowed()
        return Response({
            "chosen": file.choices, "read_as": file.reading,
            "types": {column["name"]: column["type"] for column in file.columns},
            "applies": read_options.options_for(file),
            "allowed": {
                name: [{"value": value, "label": label} for value, label in values] for name, values in offered.items()
            },
        })  # fmt: skip

    @extend_schema(
        operation_id="files_read_again",
        description="Read the file again with these options; null has one guessed again, what is not sent stays. Rows,"
        " rejects and claims are answered from the reading of before until the new one is ready.",
        request=OPTIONS,
        responses={202: JobSerializer},
    )
    def patch(self, request: Request, id: int) -> Response:
        file = get_own_file(request.user, id)
        job = read_options.read_again(file, _sent(request), by=request.user)
        where = reverse("api-job", args=[job.pk])
        return Response(JobSerializer(job).data, status=202, headers={"Location": where})


class FileReadPreview(APIView):
    @extend_schema(
        operation_id="files_read_preview",
        description="The first 100 rows as they would be read with these options. Types and counts are those of the"
        " beginning of the file unless `complete` is true. 503 with Retry-After where too many are being made.",
        request=OPTIONS,
        responses={200: inline_serializer("Preview", {
            "columns": ColumnSerializer(many=True),
            "rows": serializers.ListField(child=serializers.ListField(child=serializers.CharField(allow_null=True))),
            "lines": serializers.ListField(child=serializers.IntegerField()),
            "reading": serializers.DictField(), "warnings": WarningSerializer(many=True),
            "rejected": serializers.IntegerField(),
            "rejects": inline_serializer("PreviewReject", {
                "line": serializers.IntegerField(), "reason": serializers.CharField(), "text": serializers.CharField(),
            }, many=True),
            "complete": serializers.BooleanField(),
        })},
    )  # fmt: skip
    def post(self, request: Request, id: int) -> Response:
        found = preview(get_own_file(request.user, id), _sent(request))
        return Response({
            "columns": ColumnSerializer(found.columns, many=True).data, "rows": [cells for _, cells in found.rows],
            "lines": [line for line, _ in found.rows], "reading": found.reading, "warnings": found.warnings,
            "rejected": found.rejected, "rejects": found.rejects, "complete": found.is_complete,
        })  # fmt: skip


def _sent(request: Request) -> Mapping[str, Any]:
    if not isinstance(request.data, Mapping):
        raise BadQuery({"options": 'Send the options as an object, such as {"delimiter": ";"}.'})
    return request.data
