"""Logging in and out, in the audit trail."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from project.accounts.sessions import agent_in_words
from project.core.audit import record


@receiver(user_logged_in)
def logged_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    request.session["agent"] = agent_in_words(request.headers.get("User-Agent", ""))
    record("logged in", user, by=user)


@receiver(user_logged_out)
def logged_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record("logged out", user, by=user)
