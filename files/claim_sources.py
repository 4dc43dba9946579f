"""The answers that `variants.sources` asks of the app that keeps files."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse

from files import genotypes, sample_columns
from files.genotypes import Row, VcfSamples
from files.models import AnyReading, DataFile, PastReading
from files.readings import ReadsAlike, drop_unneeded, reading_of, reads_alike
from files.store import Table
from variants.models import Load
from variants.samples import Samples
from variants.sources import ClaimPlace, Evidence, FileRef


class DataFiles:
    def readable(self, user: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
        return _places(DataFile.objects.readable_by(user).with_table(), loads)

    def readable_loads(self, user: Any) -> Q:
        """What `_places` finds, asked of the database."""
        files = DataFile.objects.readable_by(user).with_table().filter(sha256=OuterRef("checksum"))
        past = PastReading.objects.filter(file=OuterRef("pk"), reading_number=OuterRef(OuterRef("reading")))
        own = files.filter(pk=OuterRef("file_id")).filter(Q(reading_number=OuterRef("reading")) | Exists(past))
        twins = files.exclude(pk=Coalesce(OuterRef("file_id"), 0)).filter(ReadsAlike(OuterRef("options")))
        return Q(Exists(own)) | Q(Exists(twins))

    def evidence(self, ref: FileRef, load: Load, places: Iterable[ClaimPlace]) -> dict[ClaimPlace, Evidence]:
        places = list(places)
        try:
            reading = reading_of(DataFile.objects.get(pk=ref.id), ref.reading)
            rows = Table(reading.table_path, reading.columns).lines({place.line for place in places})
        except (DataFile.DoesNotExist, Http404, FileNotFoundError):  # deleted, or read again, in this very moment
            return {}
        samples = _samples_by(reading, load)
        return {
            place: Evidence(rows[place.line], samples(rows[place.line], place))
            for place in places
            if place.line in rows
        }

    def checksum(self, user: Any, file_id: int) -> str | None:
        return DataFile.objects.readable_by(user).filter(pk=file_id).values_list("sha256", flat=True).first()

    def kept(self, loads: Iterable[Load]) -> set[int]:
        return set(_places(DataFile.objects.with_table(), loads))

    def withdrawn(self, file_id: int) -> None:
        with transaction.atomic():
            if file := DataFile.objects.select_for_update().filter(pk=file_id).first():
                drop_unneeded(file)


def _places(among: Any, loads: Iterable[Load]) -> dict[int, FileRef]:
    """Load id -> where its lines stand among these files: its own before a twin that was read alike."""
    by_checksum: dict[str, list[Load]] = {}
    for load in loads:
        by_checksum.setdefault(load.checksum, []).append(load)
    files = list(
        among.filter(sha256__in=by_checksum)
        .only("name", "sha256", "reading_number", "reading", "columns")
        .order_by("pk")
    )
    kept = set(PastReading.objects.filter(file__in=files).values_list("file", "reading_number"))
    found: dict[int, FileRef] = {}
    for file in files:
        for load in by_checksum[file.sha256]:
            if load.file_id == file.pk:
                if load.reading == file.reading_number or (file.pk, load.reading) in kept:
                    found[load.pk] = _ref(file, load.reading)
            elif load.pk not in found and reads_alike(load, file):
                found[load.pk] = _ref(file, file.reading_number)
    return found


def _samples_by(reading: AnyReading, load: Load) -> Callable[[Row, ClaimPlace], Samples | None]:
    """How the samples of this reading's rows are read."""
    if not reading.is_vcf:
        chosen = load.options.get("samples", {})
        return lambda row, place: sample_columns.samples_of(chosen, row, place.alt_index, place.chrom)
    where = VcfSamples.of(reading.columns, reading.header.get("samples", []))
    if not where.is_known:
        return lambda row, place: None
    most = settings.SAMPLES_SHOWN
    return lambda row, place: genotypes.samples_of(where, row, place.alt_index, place.chrom, most=most)


def _ref(file: DataFile, reading: int) -> FileRef:
    url = reverse("files:detail", args=[file.pk])
    return FileRef(file.pk, file.name, url, reading, is_past=reading != file.reading_number)
