"""Who may read what everyone shares: variants, genes, statistics. The one place that knows PUBLIC_READ."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission


def may_read(user: Any) -> bool:
    return settings.PUBLIC_READ or bool(user and user.is_authenticated)


class MayRead(BasePermission):
    """For the API: reading variants, genes and statistics."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return may_read(request.user)


def readers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For pages: who may not read is asked to log in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read(request.user):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return checked
