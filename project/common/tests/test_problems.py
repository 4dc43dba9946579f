import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from project.common.problems import BadQuery, Conflict, exception_handler

CASES = {
    "bad query": (BadQuery({"limit": "too much"}), 400, {"limit": ["too much"]}),
    "validation": (exceptions.ValidationError({"name": ["missing"]}), 400, {"name": ["missing"]}),
    "conflict": (Conflict("not now"), 409, None),
    "not found": (Http404("no such file"), 404, None),
    "forbidden": (PermissionDenied(), 403, None),
    "logged out": (exceptions.NotAuthenticated(), 401, None),
    "throttled": (exceptions.Throttled(wait=7.2), 429, None),
    "method": (exceptions.MethodNotAllowed("PUT"), 405, None),
}


@pytest.mark.parametrize(("error", "status", "errors"), CASES.values(), ids=CASES.keys())
def test_an_error_of_the_asker_is_a_problem(error, status, errors):
    answer = exception_handler(error, {})
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, answer.data["status"]) == (status, status)
    assert {"type", "title", "status", "detail"} <= answer.data.keys()
    assert answer.data.get("errors") == errors


def test_our_own_mistake_rises():
    assert exception_handler(ZeroDivisionError(), {}) is None


def test_throttled_says_when_to_come_back():
    assert exception_handler(exceptions.Throttled(wait=7.2), {})["Retry-After"] == "8"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/", "/api/v1/files", "/api/v1/<script>"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_api_address_is_a_json_404(client, own_folders, path, method):
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
def test_an_unknown_page_is_a_page(client, own_folders):
    answer = client.get("/nothing/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
