"""Counts requests."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from project.common.origin import user_id_of
from stats import naming, spool


class CountingMiddleware:
    """Write one line to this process's spool for every request that is answered, except for static files.

    Outermost, so that it sees what the other middleware answers too. The line is written before the answer
    leaves and holds no query string, body or address. A streamed answer is counted when it begins: its
    duration is the time to the first byte. Paths over 512 bytes are cut and told apart by a hash
    (`naming.counted_path`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.spool = spool.writer_for(settings.SPOOL_DIR)
        # Read once: a look at the settings costs as much as the write.
        self.static_url = settings.STATIC_URL
        self.has_simulated_api = settings.SIMULATED_API

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started_ns = time.perf_counter_ns()
        response = self.get_response(request)
        if not request.path.startswith(self.static_url):
            self._count(request, response.status_code, (time.perf_counter_ns() - started_ns) // 1000)
        return response

    def _count(self, request: HttpRequest, status: int, duration_us: int) -> None:
        try:
            path = naming.counted_path(request.path)
            route = naming.route_of(request.resolver_match, has_simulated_api=self.has_simulated_api)
            user_id = user_id_of(request)
        except Exception as error:  # counting must never hurt a page
            self.spool.lose(error)
            return
        method = (request.method or "")[:16]
        duration_us = min(duration_us, 2**31 - 1)
        self.spool.append(time.time_ns() // 1000, method, path, route, status, duration_us, user_id)
