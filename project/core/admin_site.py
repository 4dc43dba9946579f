"""The admin site: administrators only, by role and not by Django's permissions of single models."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from project.core.models import Job
from project.core.roles import Right, is_administrator, require

# Order of the groups on the index page; a ModelAdmin says with `group` which one is its own.
GROUPS = ("People", "Work", "Variants", "History")
FAILED_DAYS = 7


@dataclass(frozen=True)
class Attention:
    """Something that an administrator should look at; `url` leads to where it is listed."""

    said: str
    url: str


_watches: list[Callable[[], list[Attention]]] = []


def watch(look: Callable[[], list[Attention]]) -> None:
    """Show what `look()` finds at the top of the index page. For `admin.py` of any app."""
    _watches.append(look)


class Site(AdminSite):
    site_header = site_title = "Vardesk administration"
    index_title = "Administration"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Who is not logged in is asked to; who is and lacks the role is told so."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated:
                require(request.user, Right.ADMINISTER)
            return inner(request, *args, **kwargs)

        return checked

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """One door: the site's own page ends the other sessions and leaves its row in the audit trail."""
        return redirect("password_change")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        found = [attention for look in _watches for attention in look()]
        return super().index(request, {"attention": found} | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """By what people look for, not by Python package; one app alone stays as Django lists it."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
        listed = {row["model"]: row for app in super().get_app_list(request) for row in app["models"]}
        for model, model_admin in self._registry.items():  # in the order of registration
            if model in listed:
                row = listed[model] | {"purpose": getattr(model_admin, "purpose", "")}
                row["name"] = getattr(model_admin, "heading", row["name"])
                groups.setdefault(getattr(model_admin, "group", "Other"), []).append(row)
        return [
            {"name": name, "app_label": name.lower(), "app_url": "", "has_module_perms": True, "models": rows}
            for name, rows in groups.items()
            if rows
        ]


def failed_lately() -> tuple[int, datetime.datetime]:
    """How many jobs failed in the last days, and when the first of these days began."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - datetime.timedelta(days=FAILED_DAYS)
    return Job.objects.filter(state=Job.State.FAILED, finished__gte=since).count(), since
