"""What every app shares: long work as rows, and a trail of who changed what."""

import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from project.core import endings


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: Any) -> "JobQuerySet":
        """A person's own jobs; all of them for staff."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_staff else self.filter(owner=user)

    def in_work(self) -> "JobQuerySet":
        return self.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))

    def abandoned(self) -> "JobQuerySet":
        """Running jobs whose worker has not been heard of for JOB_STALE_SECONDS."""
        return self.filter(state=Job.State.RUNNING, heartbeat__lt=timezone.now() - _stale())

    def claimable(self) -> "JobQuerySet":
        """Jobs that any worker may take: queued, or abandoned by a worker that died."""
        return self.filter(
            Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat__lt=timezone.now() - _stale())
        )

    def waiting_too_long(self, seconds: float) -> "JobQuerySet":
        """Queued for so long that the broker's message may have been lost."""
        return self.filter(state=Job.State.QUEUED, woken__lt=timezone.now() - datetime.timedelta(seconds=seconds))


def _stale() -> datetime.timedelta:
    return datetime.timedelta(seconds=settings.JOB_STALE_SECONDS)


class Job(models.Model):
    """One piece of long work. This row is the truth about it; the broker only wakes a worker."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    task = models.CharField(max_length=100, help_text="name of the Celery task that does it")
    params = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0.0, help_text="0 to 1")
    message = models.CharField(max_length=300, blank=True, help_text="what it is doing now")
    counts = models.JSONField(default=dict, blank=True)
    result = models.JSONField(null=True, blank=True)
    # Files belong to another app; a plain id keeps the import arrows one-way.
    file_id = models.BigIntegerField(null=True, blank=True, db_index=True, help_text="the file that it works on")
    result_file = models.BigIntegerField(null=True, blank=True, help_text="the file that it made")
    error = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    attempt = models.PositiveIntegerField(default=0, help_text="raised at each claim; an older attempt may not write")
    cancel_asked = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    woken = models.DateTimeField(default=timezone.now, help_text="when the broker was last told of it")
    started = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "heartbeat"], name="job_state_heartbeat"),
            models.Index(fields=["owner", "-id"], name="job_owner"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="job_progress_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.title}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.SUCCEEDED, self.State.FAILED, self.State.CANCELLED)

    def ask_to_cancel(self) -> None:
        """A queued job is cancelled at once; a running one stops at its next check, within 2 s."""
        now = timezone.now()
        waiting = Job.objects.filter(pk=self.pk, state=self.State.QUEUED)
        if not waiting.update(state=self.State.CANCELLED, cancel_asked=True, finished=now, message="Cancelled"):
            Job.objects.filter(pk=self.pk, state=self.State.RUNNING).update(cancel_asked=True)
        self.refresh_from_db()
        if self.state == self.State.CANCELLED:
            endings.tell(self)

    def claim(self) -> bool:
        """Take this job for this worker; False where another has it or it is over. Safe under any number of claims."""
        now = timezone.now()
        taken = (
            Job.objects.claimable()
            .filter(pk=self.pk)
            .update(
                state=self.State.RUNNING,
                attempt=F("attempt") + 1,
                heartbeat=now,
                started=now,
                message="Started",
                error="",
            )
        )
        if taken:
            self.refresh_from_db()
        return bool(taken)


class AuditEntry(models.Model):
    """Who did what to which object. Holds no content of files, so that erasing a file leaves nothing here."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.object_type} {self.object_id}"


def record(action: str, subject: models.Model, *, by: Any, **detail: Any) -> AuditEntry:
    """Write the audit row of `action` on `subject`. `by` is a user, or None for the system itself."""
    return AuditEntry.objects.create(
        actor=by if by is not None and by.is_authenticated else None,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        detail=detail,
    )
