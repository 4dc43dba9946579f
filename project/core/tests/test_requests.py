import logging

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from project.common.origin import Origin, current, working_for
from project.core.requests import RequestsMiddleware


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.facts for record in caplog.records if record.name == "vardesk.request"]


def handle(response, method: str = "GET", path: str = "/Jane-Doe/?q=Jane-Doe"):
    origin = Origin("request", request_id="r", network="192.0.2.0/24", route="/<name>/")
    with working_for(origin):
        return RequestsMiddleware(lambda request: response)(RequestFactory().generic(method, path))


def test_a_request_is_told_without_what_was_typed(told):
    handle(HttpResponse("four"))
    [facts] = told()
    assert facts.pop("duration_ms") >= 0
    assert facts == {
        "event": "request", "method": "GET", "route": "/<name>/", "status": 200, "bytes": 4, "network": "192.0.2.0/24",
    }  # fmt: skip


def test_a_method_that_nobody_knows_is_other(told):
    handle(HttpResponse(), "JANEDOE")
    assert told()[0]["method"] == "other"


@pytest.mark.parametrize("path", ["/ping/", "/metrics", "/static/vardesk/icon.svg"])
def test_machines_are_not_told_of(told, path):
    handle(HttpResponse(), path=path)
    assert told() == []


@pytest.mark.parametrize(("status", "level"), [(200, "INFO"), (404, "INFO"), (500, "ERROR"), (503, "ERROR")])
def test_only_our_own_failures_are_errors(caplog, told, status, level):
    handle(HttpResponse(status=status))
    assert [record.levelname for record in caplog.records if record.name == "vardesk.request"] == [level]


def test_an_answer_that_breaks_off_is_told_with_its_request(caplog):
    def body():
        yield b"first"
        raise ValueError("Jane Doe")

    seen = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(current().request_id)  # type: ignore[method-assign]
    logging.getLogger("vardesk.request").addHandler(handler)
    try:
        answer = handle(StreamingHttpResponse(body()))
        with pytest.raises(ValueError):
            list(answer)
    finally:
        logging.getLogger("vardesk.request").removeHandler(handler)
    assert [(record.message, record.levelname) for record in caplog.records][-1] == ("An answer broke off", "ERROR")
    assert seen[-1] == "r"
