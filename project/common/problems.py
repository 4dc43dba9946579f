"""Errors as RFC 9457 problem details, for DRF views and plain Django views alike."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

CONTENT_TYPE = "application/problem+json"


class BadQuery(Exception):
    """The reader's question cannot be answered as put. `errors`: parameter -> sentences fit for the reader."""

    def __init__(self, errors: Mapping[str, list[str] | str]):
        self.errors = {name: [said] if isinstance(said, str) else list(said) for name, said in errors.items()}
        super().__init__("; ".join(f"{name}: {' '.join(said)}" for name, said in self.errors.items()))


class Conflict(exceptions.APIException):
    """What was asked does not fit the present state (409)."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


class Busy(exceptions.APIException):
    """Too much of this is being done at once (503); the asker may try again in `wait` seconds."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "busy"

    def __init__(self, detail: str, *, wait: int):
        super().__init__(detail)
        self.wait = wait


def problem(status: int, detail: str, errors: Mapping | None = None, title: str | None = None) -> dict:
    """The body of a problem: `type`, `title`, `status`, `detail`, and `errors` for fields where there are any."""
    body = {"type": "about:blank", "title": title or HTTPStatus(status).phrase, "status": int(status), "detail": detail}
    return body | ({"errors": dict(errors)} if errors else {})


def problem_response(status: int, detail: str, errors: Mapping | None = None, title: str | None = None) -> HttpResponse:
    """A problem as a plain Django response."""
    body = orjson.dumps(problem(status, detail, errors, title))
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE)


def problem_of(error: exceptions.APIException) -> HttpResponse:
    """DRF's error as a plain Django response, for a view that asks DRF who its reader is."""
    response = problem_response(error.status_code, str(error.detail))
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Token"
    if wait_s := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait_s))
    return response


def _errors_of(detail: object) -> dict[str, list[str]]:
    """DRF's nested validation detail as field -> sentences."""
    if isinstance(detail, Mapping):
        return {
            str(name): [str(s) for s in said] if isinstance(said, list) else [str(said)]
            for name, said in detail.items()
        }
    return {"": [str(said) for said in detail]} if isinstance(detail, list) else {"": [str(detail)]}


def exception_handler(error: Exception, context: dict) -> Response | None:
    """DRF's EXCEPTION_HANDLER. What is not an error of the asker rises and becomes a 500."""
    if isinstance(error, BadQuery):
        body = problem(400, str(error), error.errors)
        headers: dict[str, str] = {}
    else:
        if isinstance(error, Http404):
            error = exceptions.NotFound(str(error) or None)
        elif isinstance(error, PermissionDenied):
            error = exceptions.PermissionDenied(str(error) or None)
        if not isinstance(error, exceptions.APIException):
            return None
        headers = {}
        if challenge := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        if wait_s := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait_s))
        if isinstance(error, exceptions.ValidationError):
            errors = _errors_of(error.detail)
            said = "; ".join(f"{name}: {' '.join(s)}" if name else " ".join(s) for name, s in errors.items())
            body = problem(error.status_code, said, errors)
        else:
            body = problem(error.status_code, str(error.detail))
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def unknown_api_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any `/api/v1/...` path that leads nowhere."""
    return problem_response(404, f"There is nothing at {request.path}; the API is described at /api/docs/.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: a problem below `/api/`, a page elsewhere."""
    if request.path.startswith("/api/"):
        return problem_response(404, "Not found.")
    from django.views.defaults import page_not_found

    return page_not_found(request, exception)
