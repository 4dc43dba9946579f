"""Checks in front of views, for pages and the API alike. The one place that knows PUBLIC_READ.

Which role has which right stands in `core.roles`; whose row it is, beside the model.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from rest_framework.permissions import BasePermission

from project.core.roles import Right, require


def may_read(user: Any) -> bool:
    return settings.PUBLIC_READ or bool(user and user.is_authenticated)


class MayRead(BasePermission):
    """For the API: reading variants, genes and statistics."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return may_read(request.user)


def readers_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For pages: who may not read is asked to log in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_read(request.user):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return checked


def needs(right: Right) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """For pages: who is not logged in is asked to; who lacks the right gets a 403 that names the role."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.user, right)
            return view(request, *args, **kwargs)

        return checked

    return decorate


class _Needs(BasePermission):
    right: Right
    methods: frozenset[str] | None = None  # None: all

    def has_permission(self, request: Any, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if self.methods is None or request.method in self.methods:
            require(request.user, self.right)
        return True


class MayWorkWithFiles(_Needs):
    """For the API: reading needs an account, anything else the right."""

    right = Right.WORK_WITH_FILES
    methods = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class MayCurate(_Needs):
    right = Right.CURATE


class MayAdminister(_Needs):
    right = Right.ADMINISTER
