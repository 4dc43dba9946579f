"""The page of a dry run: what an import would do, and the button that does it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from files import importing
from files.import_asked import loads_named, once_more
from files.models import DataFile
from files.permissions import get_own_file
from project.common.htmx import wants_partial
from project.common.problems import BadQuery, Conflict
from project.core.job_rows import job_row
from project.core.models import Job
from variants.versions import data_version

ROWS_SHOWN = 100  # of each list on the page; the job's result has IMPORT_LISTED


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@vary_on_headers("HX-Request")
def tried(request: HttpRequest, pk: int, job: int) -> HttpResponse:
    """A dry run's page. POST: the import that it was for, with exactly what was asked; with `again`, another dry run of it
    that supersedes the loads `supersedes`."""
    file, done = _tried_of(request.user, pk, job)
    if request.method == "POST":
        return _import(request, file, done)
    context = _shown(file, done)
    return render(request, "files/_tried.html" if wants_partial(request) else "files/tried.html", context)


def _tried_of(user: Any, pk: int, number: int) -> tuple[DataFile, Job]:
    """The file and its dry run, where both are `user`'s to see. Raises Http404."""
    file = get_own_file(user, pk)
    job = (
        Job.objects.visible_to(user).filter(pk=number, file_id=file.pk, kind="import").first()
        if number < 2**63
        else None
    )
    if job is None or not job.params.get("dry_run"):
        raise Http404("There is no such dry run of this file.")
    return file, job


def _import(request: HttpRequest, file: DataFile, tried: Job) -> HttpResponse:
    try:
        if tried.params["reading"] != file.reading_number:
            raise Conflict("The file was read again since it was tried: its columns may be others. Try it again.")
        asked = once_more(tried.params, dry_run="again" in request.POST)
        if asked.dry_run:
            asked = replace(asked, supersedes=loads_named(request.POST.getlist("supersedes")))
        job = importing.start_import(file, asked, by=request.user)
    except (BadQuery, Conflict) as error:
        said = [s for said in error.errors.values() for s in said] if isinstance(error, BadQuery) else [str(error)]
        messages.error(request, " ".join(said))
        return redirect("files:tried", file.pk, tried.pk)
    return redirect("files:tried", file.pk, job.pk) if asked.dry_run else redirect("jobs:detail", job.pk)


def _shown(file: DataFile, job: Job) -> dict[str, Any]:
    result, params = job.result or {}, job.params
    is_read_again = params.get("reading", 0) != file.reading_number
    url = reverse("files:detail", args=[file.pk])

    def listed(name: str) -> list[dict[str, Any]]:
        return result[name]["listed"][:ROWS_SHOWN] if name in result else []

    return {
        "file": {"id": file.pk, "name": file.name}, "job": job_row(job), "polling": not job.is_over,
        "result": result if result.get("dry_run") else None,
        "asked": {"source": params.get("source"), "assembly": params.get("assembly")},
        "is_outdated": bool(result) and result.get("data_version") != data_version(),
        "is_read_again": is_read_again, "changes": listed("changes"), "genes": listed("unknown_genes"),
        "disagreements": [
            row | {"url": None if is_read_again else f"{url}?line={row['line']}#line-{row['line']}"}
            for row in listed("disagreements")
        ],
    }  # fmt: skip
