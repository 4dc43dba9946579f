"""The variant pages."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from project.common.htmx import wants_partial
from project.common.paging import page_size, url_with
from project.common.params import whole_number
from project.common.problems import BadQuery
from project.core.permissions import readers_only
from variants import pages
from variants.claims import claim_rows
from variants.load_access import (
    WITHDRAWABLE,
    get_load_for,
    get_own_load,
    label_for,
    may_read_lines,
    withdraw_load,
)
from variants.load_lists import load_rows, loads_for, relations
from variants.load_rights import may_withdraw
from variants.models import Load, Variant
from variants.questions import COLUMNS, ask, variant_rows
from variants.sample_words import with_words
from variants.sources import files
from variants.tables import position, variant_name, variant_table
from variants.word_lists import words_of_load

PAGE = 100
WORDS_SHOWN = 50  # on a load's page; the API has all
CLAIMS_SHOWN = 200  # on a variant's page; the API has all


@require_GET
@readers_only
def home(request: HttpRequest) -> HttpResponse:
    loads = list(Load.objects.filter(state=Load.State.LIVE)[:6])
    context = {
        "examples": pages.examples(),
        "totals": pages.totals(),
        "loads": pages.recent_loads(files().readable(request.user, loads), loads),
    }
    return render(request, "variants/home.html", context)


@require_GET
@readers_only
@vary_on_headers("HX-Request")
def variant_list(request: HttpRequest) -> HttpResponse:
    partial = wants_partial(request)
    template = "variants/_table.html" if partial else "variants/list.html"
    try:
        question = ask(request.GET, request.user).unmixed()
        page = question.page(page_size(request.GET, default=PAGE))
    except BadQuery as error:
        errors = [{"field": name, "message": " ".join(said)} for name, said in error.errors.items()]
        return render(request, template, {"error": errors, "query": request.GET.get("q", "")}, status=400)
    count, exact = question.count()
    path = request.path
    reading = question.reading
    context = {
        "query": question.q,
        "interpretation": reading and {
            "kind": reading.kind, "value": reading.value, "sentence": reading.sentence,
            "alternatives": pages.alternatives(question, path),
        },
        "sentence": pages.sentence(question, count, exact),
        "chips": pages.chips(question, path),
        "left_out": pages.left_out(question, path),
        "filters": pages.filters(question),
        "table": variant_table(
            page.rows,
            sort_links=pages.sort_links(question, path),
            show_assembly=len({row["assembly"] for row in page.rows}) > 1,
        ),
        "page": {
            "count_text": f"{count:,}" if exact else f"more than {count:,}",
            "shown": len(page.rows),
            "next_url": page.next_cursor and url_with(path, request.GET, cursor=page.next_cursor),
            "previous_url": page.previous_cursor and url_with(path, request.GET, cursor=page.previous_cursor),
        },
    }  # fmt: skip
    if not partial:
        context |= {"gene": pages.gene_head(question), "bar": pages.classification_bar(question, path)}
    return render(request, template, context)


@require_GET
@readers_only
def variant_detail(request: HttpRequest, pk: int) -> HttpResponse:
    found = Variant.objects.filter(pk=pk) if pk < 2**63 else Variant.objects.none()
    variant, values = found.first(), found.values(*COLUMNS).first()
    if variant is None or values is None:
        raise Http404("There is no such variant.")
    row = variant_rows([values])[0]
    records = variant.records.filter(load__state=Load.State.LIVE).select_related("load").order_by("-load", "line")
    total = records.count()
    context = {
        "variant": row,
        "title": variant_name(row),
        "position": position(row["pos"]),
        "consequence": (row["consequence"] or "").replace("_", " "),
        "reason": pages.reason(variant),
        "name_groups": pages.name_groups(variant),
        "claims": [with_words(claim) for claim in claim_rows(records[:CLAIMS_SHOWN], request.user)],
        "claims_total": total,
        "earlier": claim_rows(variant.records.earlier().order_by("-load", "line")[:CLAIMS_SHOWN], request.user),
        "claims_more_url": f"/api/v1/records/?variant={pk}" if total > CLAIMS_SHOWN else None,
        "history": pages.history(variant),
        "links": pages.links(row),
        "notes": pages.notes(row),
        "neighbours_url": row["chrom"] and _neighbours(row),
    }
    return render(request, "variants/detail.html", context)


@require_GET
@readers_only
def load_list(request: HttpRequest) -> HttpResponse:
    """Every load that the reader may see, newest first."""
    try:
        offset = whole_number(request.GET, "offset", default=0)
    except BadQuery:
        offset = 0
    found = loads_for(request.user).select_related("created_by")[offset : offset + PAGE + 1]
    context = {"loads": load_rows(found[:PAGE], request.user)} | _pages(request, offset, len(found) > PAGE)
    return render(request, "variants/loads.html", context)


def _pages(request: HttpRequest, offset: int, has_more: bool) -> dict[str, str | None]:
    return {
        "next_url": url_with(request.path, request.GET, offset=str(offset + PAGE)) if has_more else None,
        "previous_url": url_with(request.path, request.GET, offset=str(max(0, offset - PAGE))) if offset else None,
    }


@require_GET
@readers_only
def load_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of a load's lines: the sums, and each line that was rejected, skipped or remarked on."""
    load, ref = get_load_for(request.user, pk)
    try:
        offset = whole_number(request.GET, "offset", default=0)
    except BadQuery:
        offset = 0
    sees_lines = may_read_lines(request.user, load, ref)
    issues = list(load.issues.all()[offset : offset + PAGE + 1]) if sees_lines else []
    words = words_of_load(load)
    context = {
        "words": words[:WORDS_SHOWN],
        "more_words": max(0, len(words) - WORDS_SHOWN),
        "load": load,
        "label": label_for(request.user, load, ref),
        "ref": ref,
        "sees_lines": sees_lines,
        "may_withdraw": may_withdraw(request.user, load) and load.state in WITHDRAWABLE,
        "issues": [
            {
                "line": i.line,
                "kind": i.get_kind_display(),
                "reason": i.reason,
                "url": ref and ref.url_of(i.line),
            }
            for i in issues[:PAGE]
        ],
    }
    context |= relations(load, request.user) | _pages(request, offset, len(issues) > PAGE)
    return render(request, "variants/load.html", context)


@require_POST
@login_required
def load_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    load = get_own_load(request.user, pk)
    if load.state in WITHDRAWABLE:
        withdraw_load(load, by=request.user)
        messages.success(request, "The load was withdrawn. Importing its file again brings its claims back.")
    return redirect("variants:load", pk)


def _neighbours(row: dict) -> str:
    """The variants within 50 bases to either side."""
    start, end = max(1, row["pos"] - 50), row["pos"] + 50
    return f"{reverse('variants:list')}?region={row['chrom']}:{start}-{end}&assembly={row['assembly']}"
