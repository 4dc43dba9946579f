"""What every app's admin.py builds on: who may, what is audited, lists that stay quick, actions that ask first."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode

from project.core.audit import fields_of, record
from project.core.roles import is_administrator

MOST_PAGED = 10_000  # rows that a list counts and pages through; more are narrowed down, not leafed through
MOST_CHOSEN = 500  # rows of one action


class BoundedPaginator(Paginator):
    """Counts up to MOST_PAGED rows and no further: COUNT(*) and OFFSET read all that they pass."""

    object_list: Any  # a queryset

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: MOST_PAGED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST_PAGED)

    @property
    def said(self) -> str:
        """How many rows there are, as far as that is known."""
        if self._counted <= MOST_PAGED:
            return f"{self._counted:,}"
        estimate = 0 if self.object_list.query.where else _estimated_rows(self.object_list.model)
        return f"about {estimate:,}" if estimate > MOST_PAGED else f"more than {MOST_PAGED:,}"

    @property
    def is_cut(self) -> bool:
        return self._counted > MOST_PAGED


def _estimated_rows(model: type[models.Model]) -> int:
    """What the planner believes, three digits of it; 0 where it does not know yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        rows = max(int(cursor.fetchone()[0]), 0)
    return int(float(f"{rows:.3g}"))


class BaseAdmin(admin.ModelAdmin):
    """For administrators; every write leaves a row in the audit trail.

    `group` and `purpose` (a sentence) place the model on the index page.
    """

    group = "Other"
    purpose = ""
    title = ""  # of the list; without one the model's own plural
    list_per_page = 50
    list_max_show_all = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each one counts the whole table
    search_hint = ""  # what the search box takes, where `find` reads it

    @property
    def heading(self) -> str:
        return self.title or str(self.opts.verbose_name_plural).capitalize()

    # --- who may

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request.user)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if any("\0" in value for value in request.GET.values()):  # no column can hold one: the database would refuse
            return redirect(request.path)
        return super().changelist_view(request, extra_context)

    # --- searching through indexes: a ModelAdmin with `search_hint` defines `find`

    def get_search_fields(self, request: HttpRequest) -> Any:
        return ["pk"] if self.search_hint else super().get_search_fields(request)

    @property
    def search_help_text(self) -> str:  # type: ignore[override]
        return self.search_hint

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if not self.search_hint or not text:
            return super().get_search_results(request, queryset, search_term)
        return self.find(queryset, text), False

    def find(self, queryset: Any, text: str) -> Any:
        raise NotImplementedError

    # --- the audit trail is the history; Django's own log is not written

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        names = [name for name in form.changed_data if name in _column_names(obj)]
        before = fields_of(type(obj)._default_manager.get(pk=obj.pk), names) if change else None
        super().save_model(request, obj, form, change)
        if names or not change:
            after = fields_of(obj, names)
            record(
                f"{self._called} {'changed' if change else 'added'}", obj, by=request.user, before=before, after=after
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        record(f"{self._called} deleted", obj, by=request.user, before=fields_of(obj, _column_names(obj)))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    @property
    def _called(self) -> str:
        return str(self.opts.verbose_name)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any: ...

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any: ...

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any: ...

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = urlencode({"object_type": self.opts.label_lower, "object_id": object_id})
        return redirect(f"{reverse('audit:list')}?{query}")

    # --- actions that ask before they do

    def object_actions(self, obj: Any) -> list[str]:
        """Names of the actions that make sense for this row, for the buttons of its page."""
        return []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context["heading"] = self.heading
        obj = kwargs.get("obj")
        if obj is not None:
            known = {name: str(found[2]) for name, found in self.get_actions(request).items() if found}
            context["object_actions"] = [(name, known[name]) for name in self.object_actions(obj) if name in known]
            context["pk_name"] = ACTION_CHECKBOX_NAME
        return super().render_change_form(request, context, *args, **kwargs)

    def ask(
        self, request: HttpRequest, action: str, *, title: str, rows: Iterable[tuple[Any, str]], button: str,
        said: Sequence[str] = (), form: forms.Form | None = None, is_grave: bool = False,
    ) -> TemplateResponse:  # fmt: skip
        """The page between choosing an action and doing it. `rows`: (value of its checkbox, how the row is shown).

        `said`: sentences on what will happen. `form`: what else has to be said. It posts back to the same action.
        """
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "heading": self.heading, "title": title, "action": action, "rows": list(rows), "button": button, "said": said,
            "form": form, "is_grave": is_grave, "pk_name": ACTION_CHECKBOX_NAME,
        }  # fmt: skip
        return TemplateResponse(request, "admin/confirm.html", context)


def is_confirmed(request: HttpRequest) -> bool:
    return "confirmed" in request.POST


def too_many(count: int) -> str | None:
    return f"Choose at most {MOST_CHOSEN} at once; these are {count:,}." if count > MOST_CHOSEN else None


def _column_names(obj: models.Model) -> list[str]:
    """Fields that the audit trail may show."""
    return [field.name for field in obj._meta.concrete_fields if field.name != "password"]


class LookOnly(BaseAdmin):
    """What is written by jobs, loads and counting only: a row that is typed in or edited would have no source."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OneOf(admin.SimpleListFilter):
    """A filter on a column by values that are known beforehand: Django's own asks SELECT DISTINCT of the whole table."""

    column: str

    def values(self) -> Iterable[str]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


def one_of(column_name: str, known: Callable[[], Iterable[str]], *, title: str | None = None) -> type[OneOf]:
    """A filter on `column_name` by the values of `known()`."""

    class Filter(OneOf):
        column = parameter_name = column_name

        def values(self) -> Iterable[str]:
            return known()

    Filter.title = title or column_name.replace("_", " ")
    return Filter


# --- links between the pages of rows; by URL name, because core knows no other app


def link(url: str | None, text: Any) -> str:
    return format_html('<a href="{}">{}</a>', url, text) if url else str(text)


def page_url(name: str, *args: Any) -> str | None:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def row_link(model: str, pk: Any, text: Any = None) -> str:
    """To the admin page of one row. `model`: such as files_datafile."""
    return "–" if pk is None else link(page_url(f"admin:{model}_change", pk), pk if text is None else text)


def list_link(model: str, text: str, **filters: Any) -> str:
    """To the admin's list of `model`, filtered."""
    url = page_url(f"admin:{model}_changelist")
    return link(url and f"{url}?{urlencode(filters)}", text)


def whole_number(text: str) -> int | None:
    """The id that a search box holds; None for anything else, also for what no column could hold."""
    text = text.strip().replace(",", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
