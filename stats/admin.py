from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from stats.models import RouteHour, SpoolSegment


class ReadOnlyAdmin(admin.ModelAdmin):
    """Counts are counted, never typed in."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RouteHour)
class RouteHourAdmin(ReadOnlyAdmin):
    list_display = ["hour", "path", "route", "count"]
    list_filter = ["hour"]


@admin.register(SpoolSegment)
class SpoolSegmentAdmin(ReadOnlyAdmin):
    list_display = ["spool", "consumed_bytes", "lost_hits", "bad_lines", "is_retired"]
    list_filter = ["is_retired"]
