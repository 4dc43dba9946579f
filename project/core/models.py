"""What every app shares: long work as rows, and a trail of who changed what."""

import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from project.core import endings
from project.core.roles import is_administrator


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: Any) -> "JobQuerySet":
        """A person's own jobs; all of them for administrators."""
        if not user.is_authenticated:
            return self.none()
        return self if is_administrator(user) else self.filter(owner=user)

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
    retry_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="retries",
        help_text="the job that did not succeed and is done again by this one",
    )  # fmt: skip
    request_id = models.CharField(max_length=32, blank=True, help_text="the request that asked for it, as in the logs")
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

    @property
    def did_not_succeed(self) -> bool:
        return self.state in (self.State.FAILED, self.State.CANCELLED)

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


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def on(self, subject: models.Model) -> "AuditQuerySet":
        """What was done to this very object."""
        return self.filter(object_type=subject._meta.label_lower, object_id=str(subject.pk))


class AuditEntry(models.Model):
    """Who did what to which object. Written by `core.audit.record`; a trigger refuses to change or delete a row.

    Holds no content of files, so that erasing a file leaves nothing here.
    """

    class Origin(models.TextChoices):
        REQUEST = "request", "a page or the API"
        JOB = "job", "a job"
        SHELL = "shell", "a command"

    at = models.DateTimeField(default=timezone.now, db_index=True)
    # No constraint: a person who is deleted stays in the trail, and a row that must not change cannot be nulled.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False,
        related_name="+",
    )  # fmt: skip
    actor_name = models.CharField(max_length=150, blank=True, help_text="user name at that time")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.SHELL)
    network = models.CharField(max_length=49, blank=True, help_text="of the caller's address: IPv4 /24, IPv6 /48")
    request_id = models.CharField(max_length=32, blank=True, help_text="as in the logs")
    before = models.JSONField(null=True, blank=True, help_text="the changed fields as they were")
    after = models.JSONField(null=True, blank=True, help_text="the changed fields as they became")
    detail = models.JSONField(default=dict, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["actor_name", "-id"], name="audit_actor"),
            models.Index(fields=["action", "-id"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.object_type} {self.object_id}"
