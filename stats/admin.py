from typing import Any

from django.contrib import admin

from project.core.admin_base import LookOnly
from stats.models import RouteHour, SpoolSegment


@admin.register(RouteHour)
class RouteHourAdmin(LookOnly):
    """Counts are counted, never typed in."""

    group, title = "History", "Requests by the hour"
    purpose = "How often each address was asked for, hour by hour. The figures behind the Stats page."
    list_display = ["hour", "path", "route", "count", "mean_ms"]
    list_filter = [("hour", admin.DateFieldListFilter)]
    ordering = ["-hour", "-path", "-route"]  # as the unique index, backwards
    sortable_by = ["hour"]
    search_hint = "An address from its beginning, such as /api/v1/variants/."

    def find(self, queryset: Any, text: str) -> Any:
        return queryset.filter(path__startswith=text)

    @admin.display(description="mean, ms")
    def mean_ms(self, row: RouteHour) -> str:
        return f"{row.duration_us / row.count / 1000:,.1f}" if row.count else "–"


@admin.register(SpoolSegment)
class SpoolSegmentAdmin(LookOnly):
    group, title = "History", "Counting"
    purpose = "How far the counting of requests has come, and what it lost."
    list_display = ["spool", "consumed_bytes", "lost_hits", "bad_lines", "is_retired"]
    list_filter = ["is_retired"]
