"""What became of each request: a line in the log and a count for Prometheus."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from project.common.logs import mark_as_said
from project.common.origin import Origin, current, working_for
from project.core import measures

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"  # no such page, or answered before one was looked for
UNTOLD = frozenset({"/ping/", "/metrics"})  # asked every few seconds, by machines

log = logging.getLogger("vardesk.request")


class RequestsMiddleware:
    """Method, route, status and time: no path, query string, header or body, which may hold what a person typed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.static_url = settings.STATIC_URL

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        if request.path not in UNTOLD and not request.path.startswith(self.static_url):
            tell(request, response, time.perf_counter() - began)
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            response.streaming_content = watched(iter(response), current())
        return response


def tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    origin = current()
    method = request.method if request.method in METHODS else "other"
    route, status = origin.route or NO_ROUTE, response.status_code
    try:
        measures.count_request(method, route, status, seconds)
    except Exception:  # a full disk: to count must never hurt a page
        log.warning("A request is missing in the metrics", exc_info=True)
    facts = {
        "event": "request",
        "method": method,
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "bytes": size_of(response),
        "network": origin.network,
    }
    level = logging.ERROR if status >= 500 else logging.INFO
    if log.isEnabledFor(level):
        # Without a look up the stack for who called: that is a tenth of the cost, and the same each time.
        log.handle(log.makeRecord(log.name, level, __file__, 0, "request", (), None, extra={"facts": facts}))


def watched(parts: Iterable[bytes], origin: Origin) -> Iterator[bytes]:
    """The body. What breaks while it is sent is outside of all middleware: nobody else knows whose request it was."""
    try:
        yield from parts
    except Exception as error:
        with working_for(origin):
            log.exception("An answer broke off", extra={"facts": {"event": "broken_off"}})
        mark_as_said(error)
        raise


def size_of(response: HttpResponseBase) -> int | None:
    """Bytes of the body; None where it is streamed and nobody knows."""
    if isinstance(response, HttpResponse):
        return len(response.content)
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None
