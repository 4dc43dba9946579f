"""The jobs pages."""

import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from project.common.htmx import wants_partial
from project.common.problems import Conflict
from project.core import jobs as work
from project.core.api import cancel as cancel_job
from project.core.api import get_job_for
from project.core.models import Job

SHOWN = 100  # jobs of each group on the page; the API pages through all


def _file_url(file_id: int | None) -> str | None:
    """The page of a file, by its URL name: core knows no other app."""
    try:
        return reverse("files:detail", args=[file_id]) if file_id else None
    except NoReverseMatch:
        return None


def _load_url(job: Job) -> str | None:
    """The page of what an import brought in."""
    load = (job.result or {}).get("load")
    try:
        return reverse("variants:load", args=[load]) if load else None
    except NoReverseMatch:
        return None


def _seconds_left(job: Job) -> int | None:
    """How long a running job still needs if it goes on as it did so far."""
    if job.state != Job.State.RUNNING or not job.started or job.progress < 0.05:
        return None
    spent = (timezone.now() - job.started).total_seconds()
    return round(spent / job.progress - spent)


def _rows_per_second(job: Job) -> int | None:
    rows = job.counts.get("rows_done") or job.counts.get("lines_read")
    if not rows or not job.started:
        return None
    seconds = ((job.finished or timezone.now()) - job.started).total_seconds()
    return round(rows / seconds) if seconds >= 0.5 else None


def job_row(job: Job) -> dict[str, Any]:
    """One job as the templates show it. Times in seconds."""
    result = job.result or {}
    return {
        "id": job.pk, "kind": job.kind, "title": job.title, "state": job.state, "phase": job.message,
        "progress": job.progress, "percent": round(job.progress * 100), "message": job.message,
        "counts": job.counts, "rows_per_second": _rows_per_second(job),
        "seconds_left": _seconds_left(job), "error": job.error, "created": job.created, "started": job.started,
        "finished": job.finished, "url": reverse("jobs:detail", args=[job.pk]),
        "file_url": _file_url(job.file_id), "result_url": _file_url(job.result_file) or result.get("url"),
        "owner": job.owner.get_username() if job.owner else "", "can_cancel": not job.is_over, "can_retry": job.did_not_succeed,
        "reasons": [{"reason": reason, "count": count} for reason, count in result.get("reasons", {}).items()],
        "remarks": [{"reason": remark, "count": count} for remark, count in result.get("remarks", {}).items()],
        "load_url": _load_url(job),
        "notes": result.get("notes", []),
    }  # fmt: skip


@require_GET
@login_required
@vary_on_headers("HX-Request")
def job_list(request: HttpRequest) -> HttpResponse:
    mine = Job.objects.visible_to(request.user).select_related("owner")
    lately = timezone.now() - datetime.timedelta(days=7)
    failed = mine.filter(Q(state=Job.State.FAILED, finished__gte=lately))
    done = mine.exclude(pk__in=failed.values("pk")).exclude(pk__in=Job.objects.in_work().values("pk"))
    groups = {"attention": failed, "in_progress": mine.in_work(), "done": done}
    context: dict[str, Any] = {name: [job_row(job) for job in jobs[:SHOWN]] for name, jobs in groups.items()}
    context["polling"] = bool(context["in_progress"])
    return render(request, "core/_jobs.html" if wants_partial(request) else "core/jobs.html", context)


@require_GET
@login_required
@vary_on_headers("HX-Request")
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_job_for(request.user, pk)
    again = job.retries.order_by("-pk").first()
    context = {
        "job": job_row(job) | {"retry_of": job.retry_of_id, "retried_by": again and again.pk},
        "polling": not job.is_over,
    }
    return render(request, "core/_job.html" if wants_partial(request) else "core/job.html", context)


@require_GET
def badge(request: HttpRequest) -> HttpResponse:
    return render(request, "core/_badge.html")


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_job_for(request.user, pk)
    if job.is_over:
        messages.info(request, f"“{job.title}” is over already: {job.get_state_display().lower()}.")
    else:
        cancel_job(job, by=request.user)
        messages.info(request, f"“{job.title}” is being cancelled.")
    return redirect("jobs:list")


@require_POST
@login_required
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        again = work.retry(get_job_for(request.user, pk), by=request.user)
    except Conflict as conflict:
        messages.error(request, str(conflict.detail))
        return redirect("jobs:detail", pk)
    messages.success(request, f"“{again.title}” is being tried again.")
    return redirect("jobs:detail", again.pk)
