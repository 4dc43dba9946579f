"""The jobs pages."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from project.common.htmx import wants_partial
from project.common.paging import url_with
from project.common.params import whole_number
from project.common.problems import BadQuery, Conflict
from project.core import attention
from project.core import jobs as work
from project.core.api import cancel as cancel_job
from project.core.api import get_job_for
from project.core.job_list import failed_on_page, listing
from project.core.job_rows import job_row
from project.core.models import Job


@require_GET
@login_required
@vary_on_headers("HX-Request")
def job_list(request: HttpRequest) -> HttpResponse:
    partial = wants_partial(request)
    try:
        context = listing(request, with_form=not partial) | {"put_aside": _put_aside(request)}
    except BadQuery as bad:
        said = " ".join(said for each in bad.errors.values() for said in each)
        return render(request, "core/jobs.html", {"error": said}, status=400)
    return render(request, "core/_jobs.html" if partial else "core/jobs.html", context)


def _put_aside(request: HttpRequest) -> Job | None:
    """The job that was dismissed a moment ago: the page offers to undo that."""
    number = whole_number(request.GET, "dismissed", default=0)
    return (
        Job.objects.visible_to(request.user).filter(pk=number, dismissed__isnull=False).first()
        if 0 < number < 2**63
        else None
    )


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


def _back(request: HttpRequest) -> str:
    """Where the button was: `next`, where that is a page of this site."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}) else reverse("jobs:list")


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_job_for(request.user, pk)
    if job.is_over:
        messages.info(request, f"“{job.title}” is over already: {job.get_state_display().lower()}.")
        return redirect(_back(request))
    try:
        cancel_job(job, by=request.user)
        said = "is cancelled" if job.state == Job.State.CANCELLED else "is being cancelled"
        messages.info(request, f"“{job.title}” {said}.")
    except Conflict as conflict:
        messages.error(request, str(conflict.detail))
    return redirect(_back(request))


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


@require_POST
@login_required
def dismiss_job(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        attention.dismiss(get_job_for(request.user, pk), by=request.user)
    except Conflict as conflict:
        messages.error(request, str(conflict.detail))
        return redirect("jobs:detail", pk)
    return redirect(url_with(reverse("jobs:list"), request.GET, dismissed=str(pk)))


@require_POST
@login_required
def put_back_job(request: HttpRequest, pk: int) -> HttpResponse:
    attention.put_back(get_job_for(request.user, pk), by=request.user)
    return redirect(_back(request))


def _failed_on_page(request: HttpRequest) -> list[Job]:
    try:
        return list(failed_on_page(request))
    except BadQuery as bad:
        messages.error(request, str(bad))
        return []


@require_POST
@login_required
def retry_failed(request: HttpRequest) -> HttpResponse:
    done, refused = attention.retry_all(_failed_on_page(request), by=request.user)
    if done:
        messages.success(request, f"{done} job{' is' if done == 1 else 's are'} being tried again.")
    for said in refused[:5]:
        messages.warning(request, said)
    if len(refused) > 5:
        messages.warning(request, f"{len(refused) - 5} more could not be tried again.")
    return redirect(url_with(reverse("jobs:list"), request.GET, cursor=None))


@require_POST
@login_required
def dismiss_failed(request: HttpRequest) -> HttpResponse:
    jobs = _failed_on_page(request)
    for job in jobs:
        attention.dismiss(job, by=request.user)
    if jobs:
        count = "1 job is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
        messages.info(request, f"{count} dismissed: found under Done, where each can be put back.")
    return redirect(url_with(reverse("jobs:list"), request.GET, cursor=None))
