"""The answers that `variants.sources` asks of the app that keeps files."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from files.models import DataFile
from files.store import Table
from variants.models import Load
from variants.sources import FileRef


class DataFiles:
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        by_checksum: dict[str, list[Load]] = {}
        for load in loads:
            by_checksum.setdefault(load.checksum, []).append(load)
        found: dict[int, FileRef] = {}
        files = DataFile.objects.readable_by(user).filter(sha256__in=by_checksum, state=DataFile.State.READY)
        for file in files.only("name", "sha256").order_by("pk"):
            ref = FileRef(file.pk, file.name, reverse("files:detail", args=[file.pk]))
            for load in by_checksum[file.sha256]:
                if load.pk not in found or load.file_id == file.pk:  # the load's own file before its twins
                    found[load.pk] = ref
        return found

    def raw_lines(self, file_id: int, lines: Iterable[int]) -> dict[int, dict[str, str | None]]:
        file = DataFile.objects.get(pk=file_id)
        return Table(file.table_path, file.columns).lines(lines) if file.table_path.exists() else {}

    def checksum(self, user: Any, file_id: int) -> str | None:
        return DataFile.objects.readable_by(user).filter(pk=file_id).values_list("sha256", flat=True).first()
