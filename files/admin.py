from django.contrib import admin
from django.http import HttpRequest

from files.models import DataFile


@admin.register(DataFile)
class DataFileAdmin(admin.ModelAdmin):
    """Looking only: deleting goes through the page, which withdraws loads and removes the bytes."""

    list_display = ["id", "name", "size", "format", "state", "row_count", "rejected_count", "owner", "created"]
    list_filter = ["state", "format", "visibility"]
    search_fields = ["name", "sha256"]
    list_select_related = ["owner"]
    readonly_fields = [field.name for field in DataFile._meta.fields if field.name not in ("owner", "visibility")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
