"""Uploaded files and what is known of each."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

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


class DataFile(models.Model):
    """One uploaded file: its bytes are never changed; its table is Parquet beside it."""

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
    format = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0.0)
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

    @property
    def table_path(self) -> Path:
        return self.folder / "table"

    @property
    def rejects_path(self) -> Path:
        return self.folder / "rejects"

    @property
    def in_work(self) -> bool:
        return self.state in (self.State.UPLOADING, self.State.QUEUED, self.State.PROCESSING)
