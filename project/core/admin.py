from typing import Any

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from project.common.problems import Conflict
from project.core import jobs
from project.core.admin_base import (
    LookOnly,
    is_confirmed,
    link,
    one_of,
    page_url,
    row_link,
    too_many,
    whole_number,
)
from project.core.admin_site import FAILED_DAYS, Attention, failed_lately, watch
from project.core.api import cancel as cancel_job
from project.core.audit_views import actions_known, url_of
from project.core.durations import duration
from project.core.models import AuditEntry, Job

NEWEST = 1000  # jobs that are asked for their kinds


def _kinds() -> list[str]:
    newest = Job.objects.order_by("-pk").values_list("kind", flat=True)[:NEWEST]
    return sorted(set(newest))


@admin.register(Job)
class JobAdmin(LookOnly):
    group = "Work"
    purpose = "Reading, importing: what runs, what failed and why, whose it is. Try again or cancel here."
    list_display = ["id", "shown_title", "shown_state", "done", "file", "load", "owner", "created", "took"]
    list_display_links = ["id", "shown_title"]
    list_filter = ["state", one_of("kind", _kinds), ("finished", admin.DateFieldListFilter)]
    list_select_related = ["owner"]
    sortable_by = ["id"]
    search_hint = "A word of the title or the error, the number of a job or of a file."
    actions = ["retry", "cancel"]
    fieldsets = [
        (None, {"fields": ["title", "kind", "shown_state", "done", "message", "error"]}),
        ("Leads to", {"fields": ["site_page", "file", "load", "result_file_link", "retry_of", "retried_by", "audit"]}),
        ("When", {"fields": ["owner", "created", "started", "finished", "took", "heartbeat", "attempt"]}),
        ("What exactly", {"fields": ["task", "params", "counts", "result", "request_id"], "classes": ["collapse"]}),
    ]
    readonly_fields = [
        "shown_state", "done", "site_page", "file", "load", "result_file_link", "retried_by", "audit", "took",
    ]  # fmt: skip

    def find(self, queryset: Any, text: str) -> Any:
        matches = Q(title__icontains=text) | Q(error__icontains=text)
        if number := whole_number(text):
            matches |= Q(pk=number) | Q(file_id=number)
        return queryset.filter(matches)

    def view_on_site(self, job: Job) -> str | None:
        return page_url("jobs:detail", job.pk)

    @admin.display(description="title", ordering="title")
    def shown_title(self, job: Job) -> str:
        return job.title

    @admin.display(description="state")
    def shown_state(self, job: Job) -> str:
        return format_html('<span class="state state-{}">{}</span>', job.state, job.get_state_display())

    @admin.display(description="done")
    def done(self, job: Job) -> str:
        return f"{job.progress:.0%}"

    @admin.display(description="file")
    def file(self, job: Job) -> str:
        return row_link("files_datafile", job.file_id)

    @admin.display(description="load")
    def load(self, job: Job) -> str:
        return row_link("variants_load", (job.result or {}).get("load"))

    @admin.display(description="file that it made")
    def result_file_link(self, job: Job) -> str:
        return row_link("files_datafile", job.result_file)

    @admin.display(description="page")
    def site_page(self, job: Job) -> str:
        return link(page_url("jobs:detail", job.pk), "See it on the site")

    @admin.display(description="tried again as")
    def retried_by(self, job: Job) -> str:
        links = format_html_join(", ", "{}", ((row_link("core_job", later.pk),) for later in job.retries.all()))
        return links or "–"

    @admin.display(description="audit trail")
    def audit(self, job: Job) -> str:
        return link(f"{reverse('audit:list')}?object_type=core.job&object_id={job.pk}", "What was done to it")

    @admin.display(description="took")
    def took(self, job: Job) -> str:
        if not job.started:
            return "–"
        return duration(((job.finished or timezone.now()) - job.started).total_seconds())

    def object_actions(self, obj: Job) -> list[str]:
        if not obj.is_over:
            return ["cancel"]
        return ["retry"] if obj.did_not_succeed else []

    @admin.action(description="Try again …")
    def retry(self, request: HttpRequest, queryset: Any) -> Any:
        return self._each(
            request, queryset, "retry",
            title="Try these jobs again?",
            said=[
                "Each becomes a new job of the same owner; the old one stays as it ended.",
                "Jobs that are in work, succeeded or were tried again already are left out.",
            ],
            button="Try again",
        )  # fmt: skip

    @admin.action(description="Cancel …")
    def cancel(self, request: HttpRequest, queryset: Any) -> Any:
        return self._each(
            request, queryset, "cancel",
            title="Cancel these jobs?",
            said=[
                "A waiting job is cancelled at once, a running one stops within two seconds.",
                "An import that is cancelled leaves nothing behind. Jobs that are over stay as they are.",
            ],
            button="Cancel the jobs",
        )  # fmt: skip

    def _each(self, request: HttpRequest, queryset: Any, action: str, **question: Any) -> Any:
        if said := too_many(queryset.count()):
            return self.message_user(request, said, messages.ERROR)
        if not is_confirmed(request):
            rows = [(job.pk, f"{job.pk}: {job.title} ({job.state})") for job in queryset]
            return self.ask(request, action, rows=rows, is_grave=action == "cancel", **question)
        outcomes = [(_retried if action == "retry" else _cancelled)(job, request) for job in queryset]
        for refusal in [outcome for outcome in outcomes if outcome]:
            self.message_user(request, refusal, messages.WARNING)
        if done := outcomes.count(None):
            word = "tried again" if action == "retry" else "cancelled"
            self.message_user(request, f"{done} job{'s are' if done > 1 else ' is'} being {word}.", messages.SUCCESS)
        return None


def _retried(job: Job, request: HttpRequest) -> str | None:
    """None, or why not."""
    try:
        jobs.retry(job, by=request.user)
    except Conflict as conflict:
        return f"Job {job.pk}: {conflict.detail}"
    except (Http404, PermissionDenied) as refused:
        return f"Job {job.pk}: {refused}"
    return None


def _cancelled(job: Job, request: HttpRequest) -> str | None:
    if job.is_over:
        return f"Job {job.pk} is over already: {job.state}."
    try:
        cancel_job(job, by=request.user)
    except Conflict as conflict:
        return f"Job {job.pk}: {conflict.detail}"
    return None


def _jobs_that_need_somebody() -> list[Attention]:
    found, jobs_url = [], reverse("admin:core_job_changelist")
    failed, since = failed_lately()
    if failed:
        said = f"{failed} job{'s' if failed > 1 else ''} failed in the last {FAILED_DAYS} days"
        query = urlencode({"state__exact": "failed", "finished__gte": str(since)})
        found.append(Attention(said, f"{jobs_url}?{query}"))
    if abandoned := Job.objects.abandoned().count():
        said = f"{abandoned} running job{'s have' if abandoned > 1 else ' has'} no worker any more"
        found.append(Attention(said, f"{jobs_url}?state__exact=running"))
    if cache.get("worker-seen") is None:  # noted every 5 s and kept for 5 min, see core.tasks
        found.append(Attention("No worker has been seen for five minutes; jobs wait", reverse("healthz")))
    return found


watch(_jobs_that_need_somebody)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly):
    """A trail that can be edited is none; the page at /audit/ has filters by day and exports."""

    group, title = "History", "Audit trail"
    purpose = "Who did what, when and from where, with before and after. Never changed, never deleted."
    list_display = ["at", "actor_name", "action", "about", "origin", "network"]
    list_filter = [one_of("action", lambda: actions_known()), "origin"]
    ordering = ["-pk"]
    sortable_by = ["at"]
    search_hint = "A user name, or what a row is about, such as “files.datafile 12”."
    fields = [
        "at", "actor_name", "action", "about", "origin", "network", "request_id", "before", "after", "detail",
    ]  # fmt: skip
    readonly_fields = ["about"]

    def find(self, queryset: Any, text: str) -> Any:
        kind, _, pk = text.partition(" ")
        if "." in kind and pk:
            return queryset.filter(object_type=kind, object_id=pk.strip())
        return queryset.filter(actor_name=text)

    @admin.display(description="about")
    def about(self, entry: AuditEntry) -> str:
        return link(url_of(entry.object_type, entry.object_id), f"{entry.object_type} {entry.object_id}")
