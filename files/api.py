"""The files API."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from files import actions, importing
from files.columns import chosen
from files.import_asked import from_body
from files.models import AnyReading, DataFile
from files.permissions import get_file_for, get_own_file
from files.read_options import from_form
from files.reading_api import READING, answered, asked_reading, table_reading
from files.store import ANSWER_BYTES, BadQuestion, Table
from files.typed import typed
from project.common.paging import Key, keyset_page, page_size, url_with
from project.common.params import flag, one_of, refuse_nul, whole_number
from project.common.problems import BadQuery
from project.common.rendering import BoundedJSONParser
from project.core.api import JobSerializer
from project.core.permissions import MayWorkWithFiles

ORDERINGS = ("created", "-created", "name", "-name", "size", "-size")


class ColumnSerializer(serializers.Serializer):
    name = serializers.CharField()
    type = serializers.CharField()
    description = serializers.CharField(required=False, help_text="of a VCF: what its header says of the field")
    missing = serializers.CharField(
        required=False, help_text="of a VCF: the text of a cell that has no value; null where typed, sorted last"
    )


class WarningSerializer(serializers.Serializer):
    kind = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()
    first_line = serializers.IntegerField(allow_null=True)


class DataFileSerializer(serializers.ModelSerializer):
    columns = ColumnSerializer(many=True)
    warnings = WarningSerializer(many=True)
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True)
    error = serializers.SerializerMethodField()

    class Meta:
        model = DataFile
        fields = [
            "id", "name", "size", "sha256", "format", "state", "progress", "row_count", "rejected_count", "columns",
            "padded", "reading", "reading_number", "warnings", "assembly", "parent", "owner", "visibility", "created", "error",
        ]  # fmt: skip

    def get_error(self, file: DataFile) -> str | None:
        return file.error or None


class FilePageSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DataFileSerializer(many=True)


class FileList(APIView):
    permission_classes = [MayWorkWithFiles]
    parser_classes = [MultiPartParser, BoundedJSONParser]

    @extend_schema(
        operation_id="files_list",
        parameters=[
            OpenApiParameter("search", str, description="part of the name"),
            OpenApiParameter("state", enum=DataFile.State.values),
            OpenApiParameter("format", str),
            OpenApiParameter("ordering", enum=ORDERINGS),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=FilePageSerializer,
    )
    def get(self, request: Request) -> Response:
        params = request.query_params
        refuse_nul(params)
        files = DataFile.objects.readable_by(request.user).filter(name__icontains=params.get("search", ""))
        if state := one_of(params, "state", DataFile.State.values):
            files = files.filter(state=state)
        if params.get("format"):
            files = files.filter(format=params["format"])
        ordering = one_of(params, "ordering", ORDERINGS, default="-created")
        field, down = ordering.removeprefix("-"), ordering.startswith("-")
        keys = [Key(field, descending=down), Key("id", descending=down)]
        page = keyset_page(files.values("id", field), params, keys, size=page_size(params))
        wanted = [row["id"] for row in page.rows]
        found = DataFile.objects.select_related("owner").defer("header").in_bulk(wanted)
        here = request.build_absolute_uri(request.path)
        return Response({
            "count": files.count(),
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "results": DataFileSerializer([found[pk] for pk in wanted], many=True).data,
        })  # fmt: skip

    @extend_schema(
        request={"multipart/form-data": inline_serializer("Upload", {
            "file": serializers.FileField(), "name": serializers.CharField(required=False),
            "assembly": serializers.ChoiceField(["GRCh37", "GRCh38"], required=False),
            "import": serializers.BooleanField(required=False),
            "member": serializers.CharField(required=False, help_text="of a zip: which file in it is the table; of a workbook: which sheet"),
            **{name: serializers.CharField(required=False) for name in ("encoding", "delimiter", "quote", "escape", "comment")},
            "header": serializers.BooleanField(required=False), "header_line": serializers.IntegerField(required=False),
            "types": serializers.JSONField(required=False, help_text="column -> text, integer, decimal, boolean or date"),
        })},
        responses={201: DataFileSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        sent = request.FILES.get("file")
        if sent is None:
            raise BadQuery({"file": "Send the file as multipart/form-data in a field named file."})
        if (sent.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise BadQuery({"file": f"The file is larger than the limit of {settings.MAX_UPLOAD_BYTES:,} bytes."})
        if not_text := sorted(set(request.FILES) - {"file"}):
            raise BadQuery(dict.fromkeys(not_text, "This must be text, not a file."))
        fields = request.POST
        file = actions.upload(
            name=fields.get("name") or sent.name or "",
            chunks=sent.chunks(1 << 20),
            by=request.user,
            assembly=fields.get("assembly", ""),
            then_import={} if flag(fields, "import") else None,
            options=from_form(fields),
        )
        where = reverse("api-file", args=[file.pk])
        return Response(DataFileSerializer(file).data, status=201, headers={"Location": where})


class FileDetail(APIView):
    @extend_schema(responses=DataFileSerializer)
    def get(self, request: Request, id: int) -> Response:
        return Response(DataFileSerializer(get_file_for(request.user, id)).data)

    @extend_schema(request=inline_serializer("Rename", {"name": serializers.CharField()}), responses=DataFileSerializer)
    def patch(self, request: Request, id: int) -> Response:
        file = get_own_file(request.user, id)
        name = request.data.get("name") if isinstance(request.data, Mapping) else None
        if not isinstance(name, str):
            raise BadQuery({"name": "Give the new name as text."})
        actions.rename(file, name, by=request.user)
        return Response(DataFileSerializer(file).data)

    @extend_schema(parameters=[OpenApiParameter("withdraw", bool)], responses={204: None})
    def delete(self, request: Request, id: int) -> Response:
        file = get_own_file(request.user, id)
        actions.delete(file, by=request.user, withdraw_loads=flag(request.query_params, "withdraw"))
        return Response(status=204)


class FileRows(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter("offset", int),
            OpenApiParameter(
                "limit", int, description="up to 1,000; 400 where several rows hold more than 64 MB of text"
            ),
            OpenApiParameter("sort", str, description="column, or -column"),
            OpenApiParameter("filter", str, many=True, description="column:operator:value"),
            OpenApiParameter("columns", str, many=True, description="a name, or places from 1 such as 101-200; repeatable"),
            READING,
            OpenApiParameter("typed", bool, description="1: numbers and booleans as such, null for a VCF's `.`; default: text as written"),
        ],
        responses=inline_serializer("Rows", {
            "columns": ColumnSerializer(many=True), "total": serializers.IntegerField(),
            "filtered": serializers.IntegerField(),
            "rows": serializers.ListField(child=serializers.ListField(child=serializers.JSONField(allow_null=True))),
            "lines": serializers.ListField(child=serializers.IntegerField()),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        return answered(request.user, id, lambda file: self._rows(file, request.query_params))

    def _rows(self, file: DataFile, params: QueryDict) -> Response:
        offset = whole_number(params, "offset", default=0)
        limit = whole_number(params, "limit", default=100, most=1000)
        reading = table_reading(file, asked_reading(params))
        table = Table(reading.table_path, reading.columns)
        columns = chosen(reading.columns, params.getlist("columns"))
        try:
            found = table.slice(
                offset=offset, limit=limit, sort=params.get("sort", ""), filters=params.getlist("filter"),
                only=[column["name"] for column in columns], most_bytes=ANSWER_BYTES if _may_be_heavy(reading) else None,
            )  # fmt: skip
        except BadQuestion as error:
            raise BadQuery({error.field: str(error)}) from error
        rows = [cells for _, cells in found.rows]
        if flag(params, "typed"):
            kinds = [(column["type"], column.get("missing")) for column in columns]
            rows = [[typed(text, *kind) for text, kind in zip(cells, kinds, strict=True)] for cells in rows]
        return Response({
            "columns": ColumnSerializer(columns, many=True).data, "total": reading.row_count, "filtered": found.filtered,
            "rows": rows, "lines": [line for line, _ in found.rows],
        })  # fmt: skip


def _may_be_heavy(file: AnyReading) -> bool:
    """Whether rows may weigh more than an answer holds: not where all of the file weighs less."""
    return file.is_packed or file.size > ANSWER_BYTES // 2  # UTF-16 may grow


class FileMembers(APIView):
    @extend_schema(
        description="What is in a zip, or the sheets of a workbook; nothing for any other file.",
        responses=inline_serializer("Members", {
            "results": inline_serializer("Member", {
                "name": serializers.CharField(), "size": serializers.IntegerField(allow_null=True, help_text="bytes; null of a sheet"),
            }, many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> Response:
        file = get_file_for(request.user, id)
        return Response({"results": [{"name": m.name, "size": m.size} for m in actions.members_of(file)]})

    @extend_schema(
        description="Open another file of the zip or sheet of the workbook, as a new file of the same bytes.",
        request=inline_serializer("OpenMember", {"member": serializers.CharField()}),
        responses={201: DataFileSerializer},
    )
    def post(self, request: Request, id: int) -> Response:
        file = get_own_file(request.user, id)
        member = _text(request.data if isinstance(request.data, Mapping) else {}, "member")
        if not member:
            raise BadQuery({"member": "Name the file in the zip, or the sheet."})
        twin = actions.open_member(file, member, by=request.user)
        where = reverse("api-file", args=[twin.pk])
        return Response(DataFileSerializer(twin).data, status=201, headers={"Location": where})


class FileDownload(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("format", enum=["original"])],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: int) -> HttpResponseBase:
        file = get_file_for(request.user, id)
        one_of(request.query_params, "format", ("original",), default="original")
        try:
            stream = file.original_path.open("rb")
        except FileNotFoundError as error:
            raise NotFound("The bytes of this file are not here any more.") from error
        # Never a type that a browser would run: the bytes are somebody's.
        return FileResponse(stream, as_attachment=True, filename=file.name, content_type="application/octet-stream")


class FileImport(APIView):
    @extend_schema(
        request=inline_serializer("Import", {
            "assembly": serializers.ChoiceField(["GRCh37", "GRCh38"], required=False),
            "mapping": serializers.DictField(child=serializers.CharField(allow_null=True), required=False, allow_null=True),
            "source": serializers.CharField(required=False), "label": serializers.CharField(required=False),
            "insist": serializers.BooleanField(required=False, help_text="the assembly is right although names in the file say otherwise"),
            "samples": serializers.DictField(child=serializers.CharField(allow_null=True), required=False, allow_null=True, help_text="which columns tell of a row's sample"),
            "base": serializers.ChoiceField([0, 1], required=False, help_text="what positions count from; default: as the rows tell"),
            "supersedes": serializers.ListField(child=serializers.IntegerField(), required=False, help_text="loads of earlier releases, whose claims become history"),
            "dry_run": serializers.BooleanField(required=False, help_text="say in the job's result what the import would do, and do nothing"),
        }),
        responses={202: JobSerializer},
    )  # fmt: skip
    def post(self, request: Request, id: int) -> Response:
        file = get_own_file(request.user, id)
        job = importing.start_import(file, from_body(request.data), by=request.user)
        where = reverse("api-job", args=[job.pk])
        return Response(JobSerializer(job).data, status=202, headers={"Location": where})


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadQuery({name: "This must be text."})
    if value and "\0" in value:
        raise BadQuery({name: "A NUL character is no part of a text."})
    return value
