"""What every request passes through before an app sees it."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from project.common.origin import Origin, client_address, network_of, template_of, user_of, working_for
from project.common.problems import problem_response
from project.core.bodies import ENVIRON_KEY, RETRY_AFTER_S, SMALL_BYTES, BodyRefused


class OriginMiddleware:
    """Give the request an id, say it in `X-Request-ID`, and let logs and the audit trail know whose work is done."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        network = network_of(client_address(request))
        origin = Origin("request", request_id=uuid.uuid4().hex, network=network, whose=user_of(request))
        request.origin = origin  # type: ignore[attr-defined]
        with working_for(origin):
            response = self.get_response(request)
        response["X-Request-ID"] = origin.request_id
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: Any, kwargs: Any) -> None:
        if request.resolver_match:
            request.origin.route = template_of(request.resolver_match.route)  # type: ignore[attr-defined]


class BodyMiddleware:
    """Answer for a body that was refused, whatever the view made of it: 503, 408, or 400 where it was cut off.

    Inside the counting, so that such answers are counted too. Small bodies are waited for here, before anything
    else is done; large ones only when a view reads them, so that nobody waits for what he may not send.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        body = request.META.get(ENVIRON_KEY)
        if body is None:
            return self.get_response(request)
        try:
            if body.length <= SMALL_BYTES:
                body.fetch()
            response = self.get_response(request)
        except BodyRefused as error:
            return refusal(error)
        finally:
            body.let_go()
        return refusal(body.refusal) if body.refusal else response


def refusal(error: BodyRefused) -> HttpResponseBase:
    response = problem_response(error.status, str(error))
    if error.status == 503:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response
