"""Whether a request wants a part of a page or all of it."""

from django.http import HttpRequest


def wants_partial(request: HttpRequest) -> bool:
    """True for htmx, but not when it restores a page for Back: that needs the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request and not htmx.boosted
