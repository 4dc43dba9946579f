from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from project.common.params import one_of, whole_number
from project.common.problems import BadQuery, problem_of, problem_response
from project.core.roles import is_administrator
from stats import boards, report, rollups

MAX_LIMIT = 1000
PAGE_TIMEOUT_S = 0.5  # a page never waits for Redis longer than this


@require_safe
@vary_on_headers("Accept", "Authorization", "Cookie")
def stats_list(request: HttpRequest) -> HttpResponse:
    """Routes by number of requests: a page for browsers, JSON for all else (and for `?format=json`)."""
    try:
        reader, as_html = reader_of(request), wants_html(request)
        if not (settings.PUBLIC_READ or reader.is_authenticated):
            login = redirect_to_login(request.get_full_path())
            return login if as_html else _unauthorized("Statistics are for people with an account here.")
        page = ranking_page(request, is_staff=is_administrator(reader))
    except APIException as error:
        return problem_of(error)
    except BadQuery as error:
        return problem_response(400, str(error), error.errors)
    if as_html:
        return render(request, "stats/list.html", page | {"is_staff": is_administrator(reader)})
    return JsonResponse({name: page[name] for name in ("count", "total", "results", "lost", "bad_lines", "source")})


def reader_of(request: HttpRequest) -> Any:
    """The user of the session or of the API token. Raises AuthenticationFailed for a bad token."""
    return Request(request, authenticators=APIView().get_authenticators()).user


def wants_html(request: HttpRequest) -> bool:
    """Whether a browser asks. Raises BadQuery for a `format` that is neither html nor json."""
    by_accept = "html" if "text/html" in request.headers.get("Accept", "") else "json"
    return one_of(request.GET, "format", ("html", "json"), default=by_accept) == "html"


def ranking_page(request: HttpRequest, *, is_staff: bool) -> dict[str, Any]:
    """The rows that `limit` (1 to 1,000) and `offset` ask for. Raises BadQuery."""
    limit = whole_number(request.GET, "limit", default=100, least=1, most=MAX_LIMIT)
    offset = whole_number(request.GET, "offset", default=0)
    count, total, rows, source = _ranking("paths" if is_staff else "public", limit, offset)
    losses = report.losses()
    return {
        "count": count,
        "total": total,
        "results": [{"path": name, "count": hits} for name, hits in rows],
        "lost": losses.lost_hits,
        "bad_lines": losses.bad_lines,
        "source": source,
        "limit": limit,
        "first": offset + 1,
        "last": offset + len(rows),
        "previous_offset": max(offset - limit, 0) if offset else None,
        "next_offset": offset + limit if offset + limit < count else None,
    }


def _ranking(board: str, limit: int, offset: int) -> tuple[int, int, list[tuple[str, int]], str]:
    """From the boards in Redis; from PostgreSQL, which may be a moment behind, while there are none."""
    try:
        client = boards.connect(settings.REDIS_URL, timeout_s=PAGE_TIMEOUT_S)
        found = boards.ranking(client, board, limit=limit, offset=offset)
    except redis.RedisError:
        found = None
    if found is not None:
        return *found, "boards"
    return *rollups.ranking(board, limit=limit, offset=offset), "database"


def _unauthorized(detail: str) -> HttpResponse:
    response = problem_response(401, detail)
    response["WWW-Authenticate"] = "Token"
    return response


@csrf_exempt
def simulated(request: HttpRequest, rest: str) -> HttpResponse:
    """A route that exists to be counted: any path below /api/ that is not the API's own, with any method."""
    if not settings.SIMULATED_API:
        return problem_response(404, f"There is nothing at {request.path}; the API is described at /api/docs/.")
    return JsonResponse({"path": request.path, "method": request.method})
