from django.contrib import admin
from django.http import HttpRequest

from variants.models import ClassificationChange, Gene, Load, Record, Variant


class LookOnly(admin.ModelAdmin):
    """What loads wrote is changed by loads only: a hand-edited row would have no source."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Gene)
class GeneAdmin(LookOnly):
    list_display = ["symbol", "name", "chrom", "start", "end", "listed", "variant_count"]
    list_filter = ["listed", "coding", "chrom"]
    search_fields = ["=symbol", "=names__name"]


@admin.register(Load)
class LoadAdmin(LookOnly):
    list_display = ["label", "source", "assembly", "state", "created", "created_by"]
    list_filter = ["state", "assembly"]
    search_fields = ["label", "source", "checksum"]
    list_select_related = ["created_by"]


@admin.register(Variant)
class VariantAdmin(LookOnly):
    list_display = [
        "id",
        "assembly",
        "chrom",
        "pos",
        "ref",
        "alt",
        "gene",
        "classification",
        "conflict",
        "record_count",
    ]
    list_filter = ["assembly", "classification", "conflict"]
    search_fields = ["=rsid", "=gene__symbol"]
    list_select_related = ["gene"]
    raw_id_fields = ["gene"]


@admin.register(Record)
class RecordAdmin(LookOnly):
    list_display = ["id", "load", "line", "variant", "source", "classification", "last_evaluated"]
    search_fields = ["=variant__id", "=load__id"]
    list_select_related = ["load", "variant"]


@admin.register(ClassificationChange)
class ClassificationChangeAdmin(LookOnly):
    list_display = ["at", "variant", "before", "after", "load"]
    list_select_related = ["variant", "load"]
