"""API tokens: made, shown once, used, revoked. Knox keeps the hash and the expiry."""

import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from project.accounts import throttle
from project.accounts.models import TokenNote
from project.core.audit import record

USED_EVERY_S = 300


class TokenAuthentication(KnoxAuthentication):
    """Knox's, with unknown tokens counted by address. A good token works however many bad ones came before it:
    a colleague's broken script behind the same address must not lock the laboratory out.
    """

    def authenticate(self, request: Request) -> tuple[Any, AuthToken] | None:
        try:
            found = super().authenticate(request)
        except (AuthenticationFailed, ValueError) as error:  # no UTF-8, or a NUL, which PostgreSQL refuses
            if wait_s := throttle.note(throttle.by_address("token", request._request)):
                raise Throttled(wait_s) from error
            raise AuthenticationFailed("The token is unknown, revoked or past its expiry.") from error
        if found:
            _note_use(found[1])
        return found


class TokenScheme(KnoxTokenScheme):
    """The same scheme in the OpenAPI schema as knox's own."""

    target_class = "project.accounts.tokens.TokenAuthentication"
    name = "token"


def _note_use(token: AuthToken) -> None:
    lately = timezone.now() - datetime.timedelta(seconds=USED_EVERY_S)
    TokenNote.objects.filter(token=token).exclude(used__gt=lately).update(used=timezone.now())


@transaction.atomic
def make_token(user: Any, *, name: str, days: int, by: Any) -> str:
    """The new token's key, which is kept nowhere: only its hash is. `days` is at most TOKEN_MAX_DAYS."""
    days = min(days, settings.TOKEN_MAX_DAYS)
    token, key = AuthToken.objects.create(user, expiry=datetime.timedelta(days=days))
    TokenNote.objects.create(token=token, name=name[:60])
    record("token created", user, by=by, after={"token": token.token_key[:8], "name": name, "days": days})
    return key


@transaction.atomic
def revoke(token: AuthToken, *, by: Any) -> None:
    name = token.note.name if hasattr(token, "note") else ""
    record("token revoked", token.user, by=by, before={"token": token.token_key[:8], "name": name})
    token.delete()


def tokens_of(user: Any) -> list[dict[str, Any]]:
    """Live tokens, the newest first, as the profile page shows them. `handle`: enough of the hash to name one."""
    found = AuthToken.objects.filter(user=user, expiry__gt=timezone.now()).select_related("note").order_by("-created")
    return [
        {
            "handle": token.digest[:16],
            "name": token.note.name if hasattr(token, "note") else "",
            "begins": token.token_key[:8],
            "created": token.created,
            "expiry": token.expiry,
            "used": token.note.used if hasattr(token, "note") else None,
        }
        for token in found
    ]
