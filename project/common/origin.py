"""Where the work in hand comes from: a request, a job of a worker, or a command in a shell.

Logs and the audit trail ask `current()`; nobody hands it through ten functions.
"""

import ipaddress
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

IPv4_PREFIX, IPv6_PREFIX = 24, 48  # what is kept of an address: the network, not the person's machine


def nobody() -> int | None:
    return None


@dataclass
class Origin:
    """`kind` is request, job or shell; `network` the caller's as a prefix, "" for jobs and shells."""

    kind: str = "shell"
    request_id: str = ""  # a job carries the id of the request that asked for it
    network: str = ""
    route: str = ""  # the URL's template, known once the request is resolved
    job_id: int | None = None
    whose: Callable[[], int | None] = nobody  # the id of the user, once that is known


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current() -> Origin:
    return _current.get() or Origin()


@contextmanager
def working_for(origin: Origin) -> Iterator[Origin]:
    """Within this block, in this thread, work is done for `origin`."""
    token = _current.set(origin)
    try:
        yield origin
    finally:
        _current.reset(token)


def user_of(request: HttpRequest) -> Callable[[], int | None]:
    """For `Origin.whose`. Holds the request weakly: a cycle would leave each request to the garbage collector."""
    reference = weakref.ref(request)

    def whose() -> int | None:
        found = reference()
        return None if found is None else user_id_of(found)

    return whose


def user_id_of(request: HttpRequest) -> int | None:
    """The user whom the request was answered to, None for anonymous readers.

    Looks only at what the view found out: to load a session here would cost a query for each request. An answer
    that did not depend on who asked is therefore nobody's.
    """
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):  # Django's, which keeps the user here once somebody has looked
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


@lru_cache(maxsize=2048)
def template_of(route: str) -> str:
    """`route` as Django holds it (converters, regular expressions) in the plain form `/genes/<symbol>/`."""
    plain = simplify_regex(route).replace("<var><", "<")  # it takes a lookahead for a parameter
    return re.sub(r"<\w+:(\w+)>", r"<\1>", plain)[:100]


def client_address(request: HttpRequest) -> str:
    """The address of who asks; "" where the server knows none (a Unix socket).

    `X-Forwarded-For` is read from the right, as far as its writers are among TRUSTED_PROXIES: what stands
    further left was sent by the client and may be anything.
    """
    address = _plain(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    while hops and _is_trusted(address):
        nearer = _plain(hops.pop())
        if not nearer:
            break
        address = nearer
    return address


def network_of(address: str) -> str:
    """`192.0.2.7` as `192.0.2.0/24`, an IPv6 address as its /48; "" for what is no address."""
    if not (plain := _plain(address)):
        return ""
    bits = IPv4_PREFIX if ipaddress.ip_address(plain).version == 4 else IPv6_PREFIX
    return str(ipaddress.ip_network(f"{plain}/{bits}", strict=False))


def _plain(text: str) -> str:
    """The address without zone, IPv4 where it is one written as IPv6; "" for what is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_trusted(address: str) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in settings.TRUSTED_PROXIES)
