"""What every app shares: long work as rows, and a trail of who changed what."""

import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from project.core import endings
from project.core.locks import Locked, lock_timeout
from project.core.roles import is_administrator

CANCEL_WAIT_S = 0.8  # a page waits for it
CLAIM_WAIT_S = 1.0


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
        return self.filter(state=Job.State.RUNNING, heartbeat__lt=_stale())

    def claimable(self) -> "JobQuerySet":
        """Jobs that any worker may take: queued, abandoned by a worker that died, or resting with all parts done."""
        undone = JobPart.objects.undone().filter(job=OuterRef("pk"))
        abandoned = Q(state=Job.State.RUNNING, heartbeat__lt=_stale())
        rested = Q(~Exists(undone), state=Job.State.RUNNING, resting=True)
        return self.filter(Q(state=Job.State.QUEUED) | abandoned | rested)

    def lost(self, seconds: float) -> "JobQuerySet":
        """Claimable, and nobody came for so long: the broker's message may have been lost."""
        return self.claimable().filter(woken__lt=Now() - datetime.timedelta(seconds=seconds))

    def in_queue(self, queue: str) -> "JobQuerySet":
        """Claimable jobs of a queue, in the order in which they are taken."""
        return self.claimable().filter(queue=queue).order_by("pk")

    def ahead_of(self, job: "Job") -> int:
        """How many queued jobs of the same queue are taken before this one."""
        return self.filter(state=Job.State.QUEUED, queue=job.queue, pk__lt=job.pk).count()


def _stale() -> Combinable:
    """By PostgreSQL's clock, as every time of a job: the clocks of hosts differ and jump."""
    return Now() - datetime.timedelta(seconds=settings.JOB_STALE_SECONDS)


class Job(models.Model):
    """One piece of long work. This row is the truth about it; the broker only wakes a worker."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Queue(models.TextChoices):
        LIGHT = "light"
        HEAVY = "heavy"

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    task = models.CharField(max_length=100, help_text="name of the Celery task that does it")
    params = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    # Defaults of the database: while `make restart` changes the tables, the code from before still makes jobs.
    queue = models.CharField(
        max_length=5, choices=Queue, default=Queue.LIGHT, db_default=Queue.LIGHT, help_text="which workers do it"
    )
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
    dismissed = models.DateTimeField(null=True, blank=True, help_text="when a person put this failure aside")
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    attempt = models.PositiveIntegerField(default=0, help_text="raised at each claim; an older attempt may not write")
    deaths = models.PositiveIntegerField(
        default=0, db_default=0, help_text="workers that were not heard of any more while doing it"
    )
    resting = models.BooleanField(
        default=False, db_default=False, help_text="running, but held by nobody: others do its last parts"
    )
    plan = models.JSONField(null=True, blank=True, help_text="what its parts have in common; see core/parts.py")
    cancel_asked = models.BooleanField(default=False)
    created = models.DateTimeField(db_default=Now())
    woken = models.DateTimeField(db_default=Now(), help_text="when the broker was last told of it")
    started = models.DateTimeField(null=True, blank=True, help_text="by the first worker")
    updated = models.DateTimeField(null=True, blank=True, help_text="when the work last said something")
    phase_began = models.DateTimeField(null=True, blank=True, help_text="when `message` became what it is")
    phase_rows = models.BigIntegerField(default=0, db_default=0, help_text="rows done when the phase began")
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

    def ask_to_cancel(self) -> bool:
        """A job in nobody's hands is cancelled at once; another stops within 2 s.

        Waits for 1 s at most. False: too late, its result is there or is being committed at this very moment, and nothing
        is changed. Work commits its result with all else that it made: where the worker died after that, what remains
        is to say so.
        """
        try:
            with lock_timeout(CANCEL_WAIT_S):
                this = {"pk": self.pk, "result__isnull": True}
                over = {"state": self.State.CANCELLED, "finished": Now(), "message": "Cancelled", "cancel_asked": True}
                if Job.objects.claimable().filter(**this).update(**over):
                    self.parts.all().delete()
                else:
                    Job.objects.filter(**this, state=self.State.RUNNING).update(cancel_asked=True)
        except Locked:
            return False
        self.refresh_from_db()
        if self.state == self.State.CANCELLED:
            endings.tell(self)
        return self.is_over or self.cancel_asked

    def claim(self) -> bool:
        """Take this job for this worker; False where another has it or it is over. Safe under any number of claims."""
        died = Q(state=self.State.RUNNING, resting=False)
        try:
            with lock_timeout(CLAIM_WAIT_S):
                taken = (
                    Job.objects.claimable()
                    .filter(pk=self.pk)
                    .update(
                        state=self.State.RUNNING,
                        attempt=F("attempt") + 1,
                        deaths=F("deaths") + Case(When(died, then=1), default=0),
                        message=Case(When(resting=True, then=F("message")), default=Value("Started")),
                        resting=False,
                        heartbeat=Now(),
                        updated=Now(),
                        started=Coalesce("started", Now()),
                        error="",
                    )
                )
        except Locked:  # somebody is at it this very moment
            return False
        if taken:
            self.refresh_from_db()
        return bool(taken)


class JobPartQuerySet(models.QuerySet["JobPart"]):
    def undone(self) -> "JobPartQuerySet":
        return self.exclude(state=JobPart.State.DONE)

    def abandoned(self) -> "JobPartQuerySet":
        return self.filter(state=JobPart.State.RUNNING, heartbeat__lt=_stale())

    def claimable(self) -> "JobPartQuerySet":
        return self.filter(Q(state=JobPart.State.QUEUED) | Q(state=JobPart.State.RUNNING, heartbeat__lt=_stale()))


class JobPart(models.Model):
    """A piece of a job's work that any worker may do, claimed like a job. Gone when the job is over."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField(help_text="from 0")
    params = models.JSONField(default=dict)
    rows = models.BigIntegerField(default=0, help_text="how much of the work it is")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0, help_text="raised at each claim; an older attempt may not write")
    deaths = models.PositiveIntegerField(default=0, help_text="workers that were not heard of any more while doing it")
    heartbeat = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    objects = JobPartQuerySet.as_manager()

    class Meta:
        ordering = ["job", "number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="job_part_number")]

    def __str__(self) -> str:
        return f"part {self.number} of job {self.job_id}"


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
