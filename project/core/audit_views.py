"""The audit trail to look at: a page, its JSON twin, and an export of what the filters leave."""

import csv
import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from project.common.paging import Key, keyset_page, page_size, url_with
from project.common.params import day, one_of, refuse_nul
from project.common.problems import BadQuery
from project.common.rendering import to_json
from project.core.models import AuditEntry, AuditQuerySet
from project.core.permissions import MayAdminister, needs
from project.core.roles import Right

SHOWN = 100
COLUMNS = (
    "id", "at", "actor_name", "action", "object_type", "object_id", "origin", "network", "request_id", "before",
    "after", "detail",
)  # fmt: skip
FILTERS = ("person", "action", "object_type", "object_id", "since", "until")
# Pages of what a row is about, by URL name: core knows no other app.
PAGES = {
    "core.job": "jobs:detail", "files.datafile": "files:detail", "variants.load": "variants:load",
    "variants.variant": "variants:detail", "auth.user": "admin:auth_user_change",
}  # fmt: skip


class AuditEntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = AuditEntry
        fields = COLUMNS


class AuditPageSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AuditEntrySerializer(many=True)


def filtered(params: Mapping[str, str]) -> AuditQuerySet:
    """The rows that `person`, `action`, `object_type`, `object_id`, `since`, `until` (days, both included) leave.

    Raises BadQuery.
    """
    refuse_nul(params)
    found = AuditEntry.objects.all()
    exact = {"person": "actor_name", "action": "action", "object_type": "object_type", "object_id": "object_id"}
    found = found.filter(**{field: params[name] for name, field in exact.items() if params.get(name)})
    if since := day(params, "since"):
        found = found.filter(at__gte=_midnight(since))
    if until := day(params, "until"):
        if until == datetime.date.max:
            raise BadQuery({"until": "This day is too far away."})
        found = found.filter(at__lt=_midnight(until + datetime.timedelta(days=1)))
    return found


def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time(), tzinfo=datetime.UTC)


@require_GET
@needs(Right.ADMINISTER)
def audit_list(request: HttpRequest) -> HttpResponse:
    error, rows, page = "", [], None
    try:
        page = keyset_page(
            filtered(request.GET).values(*COLUMNS), request.GET, [Key("id", descending=True)], size=SHOWN
        )
        rows = [entry_row(row) for row in _with_names(page.rows)]
    except BadQuery as bad:
        error = " ".join(said for each in bad.errors.values() for said in each)
    context = {
        "rows": rows,
        "error": error,
        "chosen": {name: request.GET.get(name, "") for name in FILTERS},
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "actions": actions_known(),
        "page": {
            "next_url": page and page.next_cursor and url_with(request.path, request.GET, cursor=page.next_cursor),
            "previous_url": page
            and page.previous_cursor
            and url_with(request.path, request.GET, cursor=page.previous_cursor),
        },
        "csv_url": url_with(reverse("audit:export"), request.GET, cursor=None, format="csv"),
        "json_url": url_with(reverse("audit:export"), request.GET, cursor=None, format="json"),
        "api_url": url_with(reverse("api-audit"), request.GET, cursor=None),
    }
    return render(request, "core/audit.html", context, status=400 if error else 200)


def _with_names(rows: list[dict]) -> list[dict]:
    """People by their name; a number says nothing to the reader."""
    wanted = {row["object_id"] for row in rows if row["object_type"] == "auth.user" and row["object_id"].isdecimal()}
    names = dict(get_user_model().objects.filter(pk__in=wanted).values_list("pk", "username"))
    known = {("auth.user", str(pk)): name for pk, name in names.items()}
    return [row | {"object_name": known.get((row["object_type"], row["object_id"]), "")} for row in rows]


def entry_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the template shows it: what changed as (name, before, after)."""
    before, after = row["before"] or {}, row["after"] or {}
    names = [*before, *(name for name in after if name not in before)]
    return {
        **row,
        "url": url_of(row["object_type"], row["object_id"]),
        "kind": row["object_type"].partition(".")[2],
        "changed": [{"name": name, "before": before.get(name), "after": after.get(name)} for name in names],
        "system_user": row["detail"].get("system_user", ""),
        "facts": [
            {"name": name.replace("_", " "), "value": value}
            for name, value in row["detail"].items()
            if name != "system_user"
        ],
    }


def url_of(object_type: str, object_id: str) -> str | None:
    name = PAGES.get(object_type)
    try:
        return reverse(name, args=[int(object_id)]) if name else None
    except (NoReverseMatch, ValueError):
        return None


def actions_known() -> list[str]:
    """The actions there are, by steps through the index: a DISTINCT would read the whole trail."""
    found: list[str] = []
    while True:
        rest = AuditEntry.objects.order_by("action")
        nearest = (rest.filter(action__gt=found[-1]) if found else rest).values_list("action", flat=True).first()
        if nearest is None:
            return found
        found.append(nearest)


@require_GET
@needs(Right.ADMINISTER)
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Everything that the filters leave, oldest first: CSV, or a JSON object a line."""
    try:
        kind = one_of(request.GET, "format", ("csv", "json"), default="csv")
        entries = filtered(request.GET).order_by("pk")
    except BadQuery:
        return audit_list(request)
    rows = entries.values(*COLUMNS).iterator(chunk_size=2000)
    lines, mime = (_csv(rows), "text/csv; charset=utf-8") if kind == "csv" else (_json(rows), "application/x-ndjson")
    name = f"vardesk-audit-{timezone.now():%Y-%m-%d}.{'csv' if kind == 'csv' else 'jsonl'}"
    return StreamingHttpResponse(
        lines, content_type=mime, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


class _Echo:
    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(row[name]) for name in COLUMNS])


def _cell(value: Any) -> str:
    """As text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return to_json(value).decode()
    text = value.isoformat() if isinstance(value, datetime.datetime) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _json(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield to_json(row) + b"\n"


class AuditList(APIView):
    permission_classes = [MayAdminister]

    @extend_schema(
        operation_id="audit_list",
        parameters=[
            OpenApiParameter("person", str, description="user name"),
            OpenApiParameter("action", str),
            OpenApiParameter("object_type", str, description="such as files.datafile"),
            OpenApiParameter("object_id", str),
            OpenApiParameter("since", str, description="day, included"),
            OpenApiParameter("until", str, description="day, included"),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=AuditPageSerializer,
    )
    def get(self, request: Request) -> Response:
        params = request.query_params
        page = keyset_page(
            filtered(params).values(*COLUMNS), params, [Key("id", descending=True)], size=page_size(params)
        )
        here = request.build_absolute_uri(request.path)
        return Response({
            "next": page.next_cursor and url_with(here, params, cursor=page.next_cursor),
            "previous": page.previous_cursor and url_with(here, params, cursor=page.previous_cursor),
            "results": page.rows,
        })  # fmt: skip
