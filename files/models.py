"""Uploaded files, what is known of each, and the readings from before that claims still point to."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from files.readers.workbook.container import WORKBOOKS
from project.core.roles import is_administrator


class DataFileQuerySet(models.QuerySet["DataFile"]):
    def readable_by(self, user: Any) -> "DataFileQuerySet":
        """Public files for all, shared ones for who is logged in, private ones for their owner; administrators: any."""
        if not user.is_authenticated:
            return self.filter(visibility=DataFile.Visibility.PUBLIC)
        if is_administrator(user):
            return self
        return self.filter(Q(owner=user) | Q(visibility__in=(DataFile.Visibility.SHARED, DataFile.Visibility.PUBLIC)))

    def writable_by(self, user: Any) -> "DataFileQuerySet":
        if not user.is_authenticated:
            return self.none()
        return self if is_administrator(user) else self.filter(owner=user)

    def with_table(self) -> "DataFileQuerySet":
        """Files whose rows can be answered, also while they are read again."""
        return self.filter(row_count__isnull=False)


class Reading(models.Model):
    """How a file was read once, and what came of it: a table and its rejects, as Parquet."""

    format = models.CharField(max_length=20, blank=True)
    row_count = models.BigIntegerField(null=True, blank=True)
    rejected_count = models.BigIntegerField(null=True, blank=True)
    skipped_count = models.BigIntegerField(default=0, help_text="records that are no data: comments, footnotes")
    padded = models.BigIntegerField(default=0, help_text="rows with fewer cells than the header")
    columns = models.JSONField(default=list, blank=True, help_text='[{"name", "type"}] in file order')
    choices = models.JSONField(default=dict, blank=True, help_text="what a person said of the reading, not guessed")
    reading = models.JSONField(default=dict, blank=True, help_text="encoding, delimiter, quote, header as read")
    header = models.JSONField(default=dict, blank=True, help_text="of a VCF: its definitions, samples and lines")
    reasons = models.JSONField(default=dict, blank=True, help_text="kind of reject -> how many")
    warnings = models.JSONField(default=list, blank=True, help_text='[{"kind", "message", "count", "first_line"}]')

    class Meta:
        abstract = True

    @property
    def is_vcf(self) -> bool:
        """Whether its text is a VCF: of a BCF, that is what is read, shown and handed back."""
        return self.format in ("vcf", "bcf")

    @property
    def has_lines(self) -> bool:
        """Whether rejected rows can be handed back to be mended: as lines of the original, of a sheet as CSV."""
        return self.format != "parquet"

    @property
    def is_packed(self) -> bool:
        """Whether its text may be much longer than the file."""
        return bool(self.reading.get("compression")) or self.format in {"bcf", "parquet", *WORKBOOKS}


READING_FIELDS = tuple(field.name for field in Reading._meta.fields)


class DataFile(Reading):
    """One uploaded file: its bytes are never changed. Its current reading, number `reading_number`, is told here."""

    class State(models.TextChoices):
        UPLOADING = "uploading"
        QUEUED = "queued"
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Visibility(models.TextChoices):
        PRIVATE = "private", "only its owner"
        SHARED = "shared", "everyone who is logged in"
        PUBLIC = "public", "everyone who may read variants"

    name = models.CharField(max_length=255)
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0.0)
    reading_number = models.PositiveIntegerField(default=0, help_text="raised each time it is read again")
    assembly = models.CharField(max_length=8, blank=True, help_text="as the uploader said")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="files"
    )
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    created = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)

    objects = DataFileQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]
        indexes = [models.Index(fields=["-created", "-id"], name="datafile_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="file_progress_0_to_1")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """Where its bytes are; made of the row's number, never of the name that a user gave."""
        return settings.STORAGE_DIR / f"{self.pk:d}"

    @property
    def original_path(self) -> Path:
        return self.folder / "original"

    def folder_of_reading(self, number: int) -> Path:
        """Where the table and the rejects of that reading are; the first one's are beside the bytes."""
        return self.folder / f"reading-{number:d}" if number else self.folder

    @property
    def table_path(self) -> Path:
        return self.folder_of_reading(self.reading_number) / "table"

    @property
    def rejects_path(self) -> Path:
        return self.folder_of_reading(self.reading_number) / "rejects"

    @property
    def has_table(self) -> bool:
        """Whether its rows can be answered: it was read, and may be being read again."""
        return self.row_count is not None

    @property
    def in_work(self) -> bool:
        return self.state in (self.State.UPLOADING, self.State.QUEUED, self.State.PROCESSING)


class PastReading(Reading):
    """A reading from before that a load still points to; it goes with the last such load, or with the file."""

    file = models.ForeignKey(DataFile, on_delete=models.CASCADE, related_name="past_readings", db_index=False)
    reading_number = models.PositiveIntegerField()
    created = models.DateTimeField(default=timezone.now, help_text="when another reading took its place")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "reading_number"], name="past_reading_once")]

    def __str__(self) -> str:
        return f"reading {self.reading_number} of {self.file}"

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        return self.file.size

    @property
    def original_path(self) -> Path:
        return self.file.original_path

    @property
    def table_path(self) -> Path:
        return self.file.folder_of_reading(self.reading_number) / "table"

    @property
    def rejects_path(self) -> Path:
        return self.file.folder_of_reading(self.reading_number) / "rejects"


class RememberedMapping(models.Model):
    """Which column meant what to a person, for tables with the same header; gone with the person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    header = models.CharField(max_length=64, help_text="SHA-256 of the names of the columns, in their order")
    mapping = models.JSONField(default=dict, help_text="field -> column")
    base = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0 or 1, what positions count from")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "header"], name="mapping_once_for_a_header")]

    def __str__(self) -> str:
        return f"mapping of {self.user} for {self.header[:8]}"


AnyReading = DataFile | PastReading
