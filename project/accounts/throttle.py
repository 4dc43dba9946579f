"""Bounds on guessing: failed tries are counted by account and by address, in PostgreSQL, for all processes alike.

A try is written down before it is judged and taken back when it succeeds, so that a hundred at the same moment
count as a hundred. What is kept is a keyed hash, which says nothing of names and addresses.
"""

import datetime
import hashlib
import hmac
import ipaddress
import math
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, Min
from django.http import HttpRequest
from django.utils import timezone

from project.accounts.models import FailedTry
from project.common.origin import client_address


@dataclass(frozen=True)
class Limit:
    """`key`: what is counted; `most`: so many tries in LOGIN_WINDOW_SECONDS."""

    key: str
    most: int


def by_account(kind: str, name: str) -> Limit:
    return Limit(_digest(kind, "account", name.strip().casefold()), settings.LOGIN_TRIES_PER_ACCOUNT)


def by_address(kind: str, request: HttpRequest) -> Limit:
    return Limit(_digest(kind, "address", _one_caller(client_address(request))), settings.LOGIN_TRIES_PER_ADDRESS)


def note(*limits: Limit) -> int:
    """Write a try down under each key. Returns 0; or, where that passes a limit, the seconds to wait: the try is
    then refused unjudged and not counted, so that the wait ends however often somebody asks meanwhile.
    """
    forget_old()
    made = FailedTry.objects.bulk_create(FailedTry(key=limit.key) for limit in limits)
    wait_s = _wait_s(limits)
    if wait_s:
        FailedTry.objects.filter(pk__in=[one.pk for one in made]).delete()
    return wait_s


def clear(limit: Limit) -> None:
    """It was the right person: their earlier slips do not count any more."""
    FailedTry.objects.filter(key=limit.key).delete()


def take_back(limit: Limit) -> None:
    """This try was none. Others of the same address still count: one right password must not hide guesses."""
    newest = FailedTry.objects.filter(key=limit.key).order_by("-at").values("pk")[:1]
    FailedTry.objects.filter(pk__in=list(newest.values_list("pk", flat=True))).delete()


def locked_accounts() -> list[int]:
    """Ids of the people whose next log-in is refused unjudged, even with the right password."""
    window = FailedTry.objects.filter(at__gt=_window_start())
    counted = window.values("key").annotate(tries=Count("pk")).filter(tries__gte=settings.LOGIN_TRIES_PER_ACCOUNT)
    keys = set(counted.values_list("key", flat=True))
    if not keys:
        return []
    people = get_user_model().objects.values_list("pk", get_user_model().USERNAME_FIELD)
    return [pk for pk, name in people if by_account("login", name).key in keys]


def _wait_s(limits: tuple[Limit, ...]) -> int:
    most = {limit.key: limit.most for limit in limits}
    counted = FailedTry.objects.filter(key__in=most, at__gt=_window_start()).values("key")
    waits = [
        (row["oldest"] - _window_start()).total_seconds()
        for row in counted.annotate(tries=Count("pk"), oldest=Min("at"))
        if row["tries"] > most[row["key"]]
    ]
    return max((math.ceil(max(wait, 1)) for wait in waits), default=0)


def _window_start() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=settings.LOGIN_WINDOW_SECONDS)


def forget_old() -> None:
    FailedTry.objects.filter(at__lte=_window_start()).delete()


def _one_caller(address: str) -> str:
    """An IPv6 customer has a /64 at least, and could use a new address for each try."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def _digest(*parts: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()
