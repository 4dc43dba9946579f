"""The files pages."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from files import actions, as_read, importing, read_options
from files.import_asked import from_form
from files.import_form import import_form
from files.models import DataFile, PastReading
from files.permissions import get_file_for, get_own_file, may_change
from files.readings import reading_of
from files.row_pages import reading_number, rows_of
from project.common.htmx import wants_partial
from project.common.paging import Key, keyset_page, url_with
from project.common.problems import BadQuery, Conflict
from project.core import api as jobs_api
from project.core import jobs
from project.core.job_rows import job_rows
from project.core.models import Job
from project.core.permissions import needs, readers_only
from project.core.roles import Right
from variants.load_access import label_for, may_read_lines
from variants.load_lists import visible_loads
from variants.models import Load

FILES_PAGE, MEMBERS_PAGE = 50, 200


@require_GET
@login_required
@vary_on_headers("HX-Request")
def file_list(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("search", "").replace("\0", "")
    files = DataFile.objects.readable_by(request.user).filter(name__icontains=search)
    keys = [Key("created", descending=True), Key("id", descending=True)]
    try:
        page = keyset_page(files.values("id", "created"), request.GET, keys, size=FILES_PAGE)
    except BadQuery:
        return redirect("files:list")
    found = DataFile.objects.select_related("owner").defer("header").in_bulk([row["id"] for row in page.rows])
    rows = [file_row(found[row["id"]]) for row in page.rows]
    context = {
        "files": rows,
        "query": search,
        "polling": any(found[row["id"]].in_work for row in page.rows),
        "page": {
            "next_url": page.next_cursor and url_with(request.path, request.GET, cursor=page.next_cursor),
            "previous_url": page.previous_cursor and url_with(request.path, request.GET, cursor=page.previous_cursor),
        },
    }
    return render(request, "files/_list.html" if wants_partial(request) else "files/list.html", context)


def file_row(file: DataFile) -> dict[str, Any]:
    """A file as the templates show it."""
    fields = ("id", "name", "size", "sha256", "format", "state", "progress", "row_count", "rejected_count", "columns",
              "padded", "warnings", "visibility", "created", "error", "has_table")  # fmt: skip
    return {name: getattr(file, name) for name in fields} | {
        "url": reverse("files:detail", args=[file.pk]),
        "owner": file.owner.get_username() if file.owner else "",
    }


@require_POST
@needs(Right.WORK_WITH_FILES)
def upload(request: HttpRequest) -> HttpResponse:
    """The plain form, for browsers without scripts; scripts use the API."""
    sent = request.FILES.getlist("file")
    if not sent:
        messages.error(request, "Choose a file first.")
        return redirect("files:list")
    last = None
    for one in sent:
        try:
            last = actions.upload(name=one.name or "", chunks=one.chunks(1 << 20), by=request.user)
        except BadQuery as error:
            messages.error(request, f"{one.name}: {error}")
    return redirect("files:detail", last.pk) if last and len(sent) == 1 else redirect("files:list")


@require_GET
@readers_only
@vary_on_headers("HX-Request")
def file_detail(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_file_for(request.user, pk)
    reading = reading_of(file, reading_number(request))
    if isinstance(reading, PastReading):
        context = _past(request, file, reading)
        return render(request, "files/_rows.html" if wants_partial(request) else "files/past.html", context)
    is_status = wants_partial(request) and request.headers.get("HX-Target") == "file-status"
    if is_status or (file.in_work and not file.has_table):
        template = "files/_status.html" if wants_partial(request) else "files/detail.html"
        return render(request, template, {"file": _with_job(file), "can_edit": may_change(request.user, file)})
    context = _page_of(request, file)
    return render(request, "files/_rows.html" if wants_partial(request) else "files/detail.html", context)


def _past(request: HttpRequest, file: DataFile, reading: PastReading) -> dict[str, Any]:
    """The page of a reading that is no longer in use: what it gave, and who still points to it."""
    number = reading.reading_number
    kept = (Load.State.LIVE, Load.State.SUPERSEDED)
    loads = Load.objects.filter(file_id=file.pk, reading=number, state__in=kept)
    return rows_of(request, reading) | {
        "file": file_row(file) | {"rejected_count": reading.rejected_count},
        "past": {"number": number, "at": reading.created, "loads": [
            {"label": load.source or load.label, "url": reverse("variants:load", args=[load.pk])} for load in loads
        ]},
        "reading_query": f"reading={number:d}&", "facts": as_read.facts(reading), "origin": as_read.origin(reading),
        "warnings": as_read.in_words(reading.warnings), "accounting": as_read.accounting(reading),
    }  # fmt: skip


def _with_job(file: DataFile) -> dict[str, Any]:
    job = Job.objects.filter(file_id=file.pk, kind="read").first()
    return file_row(file) | {"message": job.message if job and not job.is_over else ""}


def _page_of(
    request: HttpRequest, file: DataFile, *, error: str = "", sent: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Everything on a finished file's page."""
    mine = may_change(request.user, file)
    context: dict[str, Any] = _about(file, request.user) | {
        "file": _with_job(file) if file.in_work else file_row(file), "can_edit": mine, "import_error": error,
        "loads": _loads(file, request.user), "jobs": job_rows(Job.objects.visible_to(request.user).filter(file_id=file.pk).select_related("owner")[:10]),
    }  # fmt: skip
    if file.has_table:
        context |= rows_of(request, file) | {"accounting": as_read.accounting(file), "origin": as_read.origin(file)}
    if file.state == DataFile.State.READY and mine and file.row_count:
        is_own = request.GET.get("mapping") == "proposed"
        context |= import_form(file, sent, request.user, is_own=is_own)
    return context


def _loads(file: DataFile, user: Any) -> list[dict[str, Any]]:
    """Loads of these bytes that are live, or superseded by a later release: those that `user` may see."""
    loads = list(Load.objects.filter(checksum=file.sha256, state__in=(Load.State.LIVE, Load.State.SUPERSEDED)))
    seen = visible_loads(user, loads)
    return [
        {
            "label": load.source or label_for(user, load, seen[load.pk]),
            "created": load.created,
            "counts": load.counts,
            "notes": load.notes if may_read_lines(user, load, seen[load.pk]) else [],
            "is_past": load.file_id == file.pk and load.reading != file.reading_number,
            "reading": load.reading,
            "state": load.state,
            "url": reverse("variants:load", args=[load.pk]),
        }
        for load in loads
        if load.pk in seen
    ]


def _about(file: DataFile, user: Any) -> dict[str, Any]:
    """How the file was read, for its page."""
    has_members = file.reading.get("members") or file.state == DataFile.State.FAILED
    members = actions.members_of(file) if has_members else []
    # Of a file that was not read: what was asked for, if anything was.
    taken = file.reading.get("sheet") or file.reading.get("member") or file.choices.get("member")
    return {
        "facts": as_read.facts(file), "warnings": as_read.in_words(file.warnings), "vcf": as_read.vcf_header(file),
        "may_read_otherwise": not file.in_work and bool(read_options.options_for(file)),
        "members": [{"name": m.name, "size": m.size, "hidden": m.hidden, "is_this": m.name == taken} for m in members[:MEMBERS_PAGE]],
        "member_count": len(members), "is_workbook": "sheet" in file.reading, "show_members": len(members) > 1 or bool(members) and not file.has_table, "parent": DataFile.objects.readable_by(user).filter(pk=file.parent_id or 0).first(),
    }  # fmt: skip


@require_POST
@login_required
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_own_file(request.user, pk)
    if request.POST.get("check"):  # without scripts: only show what is in the columns that were chosen
        return render(request, "files/detail.html", _page_of(request, file, sent=request.POST))
    try:
        job = importing.start_import(file, from_form(request.POST), by=request.user)
    except (BadQuery, Conflict) as error:
        said = (
            " ".join(s for said in error.errors.values() for s in said) if isinstance(error, BadQuery) else str(error)
        )
        page = _page_of(request, file, error=said, sent=request.POST)
        return render(request, "files/detail.html", page, status=400)
    return redirect("files:tried", pk, job.pk) if job.params["dry_run"] else redirect("jobs:detail", job.pk)


@require_POST
@login_required
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_own_file(request.user, pk)
    try:
        actions.rename(file, request.POST.get("name", ""), by=request.user)
    except BadQuery as error:
        messages.error(request, str(error))
    return redirect("files:detail", pk)


@require_POST
@login_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_own_file(request.user, pk)
    try:
        actions.delete(file, by=request.user, withdraw_loads=request.POST.get("withdraw") == "1")
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("files:detail", pk)
    messages.success(request, f"“{file.name}” was deleted.")
    return redirect("files:list")


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop reading the file."""
    file = get_own_file(request.user, pk)
    for job in Job.objects.filter(file_id=file.pk, kind="read").in_work():
        jobs_api.cancel(job, by=request.user)
        messages.info(request, "Reading is being cancelled.")
    return redirect("files:detail", pk)


@require_POST
@login_required
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a file again whose reading failed or was cancelled."""
    file = get_own_file(request.user, pk)
    job = Job.objects.filter(file_id=file.pk, kind="read").first()
    try:
        if job is None:
            raise Conflict("Nothing is known of the reading of this file. Upload it again.")
        jobs.retry(job, by=request.user)
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("files:detail", pk)


@require_POST
@login_required
def open_member(request: HttpRequest, pk: int) -> HttpResponse:
    """Another file of a zip, or sheet of a workbook, as a file of its own."""
    file = get_own_file(request.user, pk)
    try:
        twin = actions.open_member(file, request.POST.get("member", "").replace("\0", ""), by=request.user)
    except BadQuery as error:
        messages.error(request, str(error))
        return redirect("files:detail", pk)
    return redirect("files:detail", twin.pk)
