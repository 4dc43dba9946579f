"""The pages of the table of classifications: what is written, what it is read as, and a curator's say in it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from project.common.paging import url_with
from project.common.params import one_of, refuse_nul, whole_number
from project.common.problems import BadQuery
from project.core.audit import record
from project.core.models import Job
from project.core.permissions import needs, readers_only
from project.core.roles import Right, may
from variants import word_lists
from variants.classification import BY_SLUG, Classification, classify
from variants.terms import REREAD_TASK, checked_term, current_terms, set_term, start_rereading

SHOWN = 100


@require_GET
@readers_only
def classification_list(request: HttpRequest) -> HttpResponse:
    error = ""
    try:
        refuse_nul(request.GET)
        show = one_of(request.GET, "show", ["unknown", "table"])
        offset = whole_number(request.GET, "offset", default=0)
    except BadQuery as bad:
        error, show, offset = str(bad), "", 0
    q = "" if error else request.GET.get("q", "").strip()
    found = (
        word_lists.table_rows(q) if show == "table" else word_lists.met(known=False if show == "unknown" else None, q=q)
    )
    page = list(found[offset : offset + SHOWN + 1])
    rows = page if show == "table" else word_lists.with_loads(word_lists.rows_of(page), request.user)
    context = {
        "rows": rows[:SHOWN], "q": q, "show": show, "error": error, "is_filtered": bool(q),
        "unknown_claims": word_lists.unknown_claims(), "unlisted": word_lists.unlisted(),
        "next_url": url_with(request.path, request.GET, offset=str(offset + SHOWN)) if len(page) > SHOWN else None,
        "previous_url": url_with(request.path, request.GET, offset=str(max(0, offset - SHOWN))) if offset else None,
                **_for_curators(request.user),
    }  # fmt: skip
    return render(request, "variants/classifications.html", context, status=400 if error else 200)


def _for_curators(user: Any) -> dict[str, Any]:
    """What the forms need, and how the latest reading of the stored claims went."""
    last = Job.objects.filter(task=REREAD_TASK).order_by("-pk").first()
    return {
        "may_curate": may(user, Right.CURATE),
        "classes": [{"slug": c.slug, "label": c.label} for c in Classification],
        "rereading": last if last and not last.is_over else None,
        "is_behind": bool(last and last.did_not_succeed),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def classification_term(request: HttpRequest) -> HttpResponseBase:
    """One spelling: how it is read, who said so, and how often it is met. A POST changes its reading."""
    if request.method == "POST":
        return _change(request)
    return _term_page(request, request.GET.get("term", ""))


def _term_page(request: HttpRequest, text: str, *, error: str = "") -> HttpResponse:
    try:
        term = checked_term(text)
    except BadQuery as bad:
        context = {
            "rows": [],
            "q": "",
            "show": "",
            "error": error or " ".join(bad.errors["term"]),
            **_for_curators(request.user),
        }
        return render(request, "variants/classifications.html", context, status=400)
    own, is_known = classify(term)
    written = word_lists.written_as(term)
    context = {
        "term": term, "title": written[0]["text"] if written else term,
        "curated": BY_SLUG.get(_slug(current_terms().get(term))), "vardesk": own if is_known else None,
        "written": written, "history": word_lists.history(term), "error": error, **_for_curators(request.user),
    }  # fmt: skip
    return render(request, "variants/classification.html", context, status=400 if error else 200)


def _slug(value: Classification | None) -> str:
    return value.slug if value else ""


@needs(Right.CURATE)
def _change(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("term", "")
    try:
        value = asked_class(request.POST.get("classification", ""))
        job = set_term(text, value, by=request.user, note=request.POST.get("note", ""))
        term = checked_term(text)
    except BadQuery as bad:
        return _term_page(request, text, error=" ".join(said for each in bad.errors.values() for said in each))
    if job:
        said = f"read as {value.label.lower()}" if value else "read as Vardesk has it"
        messages.success(request, f"“{term}” is {said} from now on. The claims that say so are being read again.")
    else:
        messages.info(request, f"“{term}” is read so already; nothing changed.")
    if request.POST.get("back") == "list":
        return redirect(f"{reverse('variants:classifications')}?{urlencode({'q': request.POST.get('q', '')})}")
    return redirect(f"{reverse('variants:classification')}?{urlencode({'term': term})}")


def asked_class(slug: Any) -> Classification | None:
    """A class by its name in the API; None for an empty one. Raises BadQuery."""
    if slug in ("", None):
        return None
    if not isinstance(slug, str) or slug not in BY_SLUG:
        raise BadQuery({"classification": f"{str(slug)[:60]!r} is not one of {', '.join(BY_SLUG)}."})
    return BY_SLUG[slug]


@require_POST
@needs(Right.CURATE)
def classification_reread(request: HttpRequest) -> HttpResponse:
    """Read all stored claims again: after a job that failed or was cancelled, or an upgrade."""
    with transaction.atomic():
        job = start_rereading("Read all classifications again", by=request.user)
        record("claims read again", job, by=request.user)
    messages.success(request, "All claims are being read again.")
    return redirect("variants:classifications")
