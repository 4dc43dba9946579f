from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from files.models import DataFile
from project.core.admin_base import BaseAdmin, link, list_link, page_url, row_link, whole_number
from project.core.models import Job
from variants.models import Load


@admin.register(DataFile)
class DataFileAdmin(BaseAdmin):
    """Whose it is and who sees it can be changed. Deleting goes through the page, which withdraws loads first."""

    group, title = "Work", "Files"
    purpose = "Every upload, whoever sees it: its owner and who may read it can be changed here."
    list_display = ["id", "name", "shown_state", "shown_size", "rows", "rejected", "visibility", "owner", "created"]
    list_display_links = ["id", "name"]
    list_filter = ["state", "visibility", ("created", admin.DateFieldListFilter)]
    list_select_related = ["owner"]
    sortable_by = ["id", "name", "created"]
    ordering = ["-created", "-pk"]
    raw_id_fields = ["owner"]
    search_hint = "A part of the name, the number of a file, or the beginning of its SHA-256."
    fieldsets = [
        (None, {"fields": ["name", "visibility", "owner"]}),
        ("Leads to", {"fields": ["site_page", "jobs", "loads", "parent", "audit"]}),
        ("How it was read", {"fields": ["shown_state", "error", "rows", "rejected", "format", "assembly", "reading", "warnings"]}),
        ("Its bytes", {"fields": ["shown_size", "sha256", "created"]}),
        ("Columns", {"fields": ["columns"], "classes": ["collapse"]}),
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown: list[Any] = [name for _, options in self.fieldsets for name in options["fields"]]
        return [name for name in shown if name not in ("owner", "visibility")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def find(self, queryset: Any, text: str) -> Any:
        found = queryset.filter(name__icontains=text) | queryset.filter(sha256__startswith=text.lower())
        number = whole_number(text)
        return found | queryset.filter(pk=number) if number else found

    def view_on_site(self, file: DataFile) -> str | None:
        return page_url("files:detail", file.pk)

    @admin.display(description="state")
    def shown_state(self, file: DataFile) -> str:
        return format_html('<span class="state state-{}">{}</span>', file.state, file.get_state_display())

    @admin.display(description="size")
    def shown_size(self, file: DataFile) -> str:
        return filesizeformat(file.size)

    @admin.display(description="rows")
    def rows(self, file: DataFile) -> str:
        return "–" if file.row_count is None else f"{file.row_count:,}"

    @admin.display(description="rejected")
    def rejected(self, file: DataFile) -> str:
        return f"{file.rejected_count:,}" if file.rejected_count else "–"

    @admin.display(description="page")
    def site_page(self, file: DataFile) -> str:
        return link(page_url("files:detail", file.pk), "See it on the site, delete it there")

    @admin.display(description="jobs")
    def jobs(self, file: DataFile) -> str:
        found = Job.objects.filter(file_id=file.pk)[:20]
        return _joined((row_link("core_job", job.pk, f"{job.pk} {job.kind}"), job.state) for job in found)

    @admin.display(description="loads")
    def loads(self, file: DataFile) -> str:
        found = Load.objects.filter(file_id=file.pk)[:20]
        return _joined((row_link("variants_load", load.pk, load.label), load.state) for load in found)

    @admin.display(description="audit trail")
    def audit(self, file: DataFile) -> str:
        return list_link("core_auditentry", "What was done to it", q=f"files.datafile {file.pk}")


def _joined(rows: Any) -> str:
    return format_html_join(mark_safe("<br>"), "{} ({})", rows) or "–"
