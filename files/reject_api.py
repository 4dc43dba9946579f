"""The API of rejected lines, and of the header as written."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from files.models import AnyReading
from files.permissions import get_file_for
from files.readers.errors import NotATable
from files.reading_api import READING, asked_reading, table_reading
from files.rejects import Reject, Rejects
from files.store import ANSWER_BYTES, BadQuestion, csv_lines
from files.written_header import name_of, refuse_far_rejects, written_header, written_rejects
from project.common.params import flag, one_of, refuse_nul, whole_number
from project.common.problems import BadQuery

FIELDS = ("line", "offset", "column", "reason", "text")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet may run, as OWASP lists it


class FileRejects(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter("offset", int), OpenApiParameter(
                "limit", int, description="up to 1,000; 400 where several lines hold more than 64 MB of text"
            ),
            READING, OpenApiParameter("reason", str, description="only rejects of this kind, one of `reasons`"),
            OpenApiParameter(
                "format", enum=["json", "csv", "original"],
                description="csv: all of them, as a download; original: their lines as written below the header as"
                " written, to be mended and uploaded again",
            ),
            OpenApiParameter("safe", bool, description="1: no cell of the csv is a formula for a spreadsheet"),
        ],
        responses=inline_serializer("Rejects", {
            "count": serializers.IntegerField(),
            "reasons": inline_serializer("RejectReason", {
                "reason": serializers.CharField(), "count": serializers.IntegerField(),
            }, many=True),
            "results": inline_serializer("Reject", {
                "line": serializers.IntegerField(), "offset": serializers.IntegerField(allow_null=True, help_text="null in a spreadsheet"),
                "column": serializers.CharField(allow_null=True), "reason": serializers.CharField(),
                "text": serializers.CharField(),
            }, many=True),
        }),
    )  # fmt: skip
    def get(self, request: Request, id: int) -> HttpResponseBase:
        params = request.query_params
        refuse_nul(params)
        file = table_reading(get_file_for(request.user, id), asked_reading(params))
        rejects, kind = Rejects(file.rejects_path, file.reasons), params.get("reason", "")
        wanted = one_of(params, "format", ("json", "csv", "original"), default="json")
        if wanted == "csv":
            rows = _cells(rejects.every(kind), safe=flag(params, "safe"))
            return download(csv_lines(FIELDS, rows), f"{file.name}.rejects.csv", "text/csv; charset=utf-8")
        if wanted == "original":
            refuse_far_rejects(file, rejects, kind)
            return download(_checked(file, written_rejects(file, rejects, kind)), name_of(file, "rejected"))
        offset = whole_number(params, "offset", default=0)
        limit = whole_number(params, "limit", default=100, most=1000)
        try:
            found = rejects.page(offset=offset, limit=limit, kind=kind, most_bytes=ANSWER_BYTES)
        except BadQuestion as error:
            raise BadQuery({error.field: str(error)}) from error
        return Response({
            "count": rejects.count(kind),
            "reasons": [{"reason": reason, "count": count} for reason, count in rejects.reasons.items()],
            "results": [{name: getattr(reject, name) for name in FIELDS} for reject in found],
        })  # fmt: skip


class FileHeader(APIView):
    @extend_schema(
        description="What stands above the data, as written: of a VCF all lines to #CHROM.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: int) -> HttpResponseBase:
        file = table_reading(get_file_for(request.user, id))
        return download(_checked(file, written_header(file)), name_of(file, "header"))


def download(pieces: Iterator[Any], name: str, content_type: str = "application/octet-stream") -> StreamingHttpResponse:
    headers = {"Content-Disposition": content_disposition_header(True, name) or ""}
    return StreamingHttpResponse(pieces, content_type=content_type, headers=headers)


def _checked(file: AnyReading, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first one already made: what is wrong with the original is an answer, not a broken one."""
    try:
        first = next(pieces, b"")
    except (FileNotFoundError, NotATable) as error:
        raise NotFound("The bytes of this file are not here any more, or cannot be unpacked.") from error
    return _chained(first, pieces)


def _chained(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _cells(rejects: Iterator[Reject], *, safe: bool) -> Iterator[tuple[int, list[Any]]]:
    for reject in rejects:
        cells: list[Any] = [reject.offset, reject.column, reject.reason, reject.text]
        yield reject.line, [_harmless(cell) if safe else cell for cell in cells]


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
