"""The page of the lines that were not read."""

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from files.models import DataFile, PastReading
from files.permissions import get_file_for
from files.readings import reading_of
from files.rejects import Reject, Rejects
from files.row_pages import reading_number
from files.written_header import name_of
from project.common.paging import url_with
from project.common.params import whole_number
from project.common.problems import BadQuery
from project.core.permissions import readers_only

REJECTS_PAGE = 100
LONGEST_TEXT = 600  # characters of a line on the page; the rest is in the downloads
BAR = 200  # width of the longest bar
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe]")


@require_GET
@readers_only
def rejects(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_file_for(request.user, pk)
    reading = reading_of(file, reading_number(request))
    past = {"reading": f"{reading.reading_number:d}"} if isinstance(reading, PastReading) else {}
    found = Rejects(reading.rejects_path, reading.reasons if file.has_table else {})
    kind = request.GET.get("reason", "").replace("\0", "")
    try:
        offset = whole_number(request.GET, "offset", default=0)
    except BadQuery:
        offset = 0
    rows = found.page(offset=offset, limit=REJECTS_PAGE, kind=kind, longest=LONGEST_TEXT)
    last, total = offset + len(rows), found.count(kind)
    page = {
        "next_url": url_with(request.path, request.GET, offset=str(last)) if rows and last < total else None,
        "previous_url": url_with(request.path, request.GET, offset=str(max(0, offset - REJECTS_PAGE)) if offset > REJECTS_PAGE else None)
        if offset else None,
    }  # fmt: skip
    context = {
        "file": file, "kind": kind, "total": found.count(), "count": total, "reasons": _bars(request.path, found, kind, past),
        "rejects": [_shown(file, reject, past) for reject in rows], "page": page,
        "sentence": f"{offset + 1:,} to {last:,} of {total:,}" if rows else "", "mended_name": name_of(reading, "rejected"),
        "query": urlencode(past | ({"reason": kind} if kind else {})), "past_query": urlencode(past), "reading": reading,
    }  # fmt: skip
    return render(request, "files/rejects.html", context)


def _bars(path: str, found: Rejects, kind: str, past: dict[str, str]) -> list[dict[str, Any]]:
    most = max(found.reasons.values(), default=1)
    return [
        {
            "reason": reason, "count": count, "width": max(2, round(BAR * count / most)), "is_chosen": reason == kind,
            "url": url_with(path, past, reason=None if reason == kind else reason),
        }
        for reason, count in found.reasons.items()
    ]  # fmt: skip


def _shown(file: DataFile, reject: Reject, past: dict[str, str]) -> dict[str, Any]:
    return {
        "line": reject.line, "offset": reject.offset, "column": reject.column, "reason": reject.reason,
        "text": visible(reject.text), "length": reject.length if reject.length > LONGEST_TEXT else None,
        "url": url_with(reverse("files:detail", args=[file.pk]), past, line=f"{reject.line:d}") + "#file-rows",
    }  # fmt: skip


def visible(text: str) -> list[tuple[bool, str]]:
    """The text in pieces, (True, a sign) for each control character and each mark that cannot be seen."""
    pieces: list[tuple[bool, str]] = []
    at = 0
    for found in _CONTROL.finditer(text):
        if found.start() > at:
            pieces.append((False, text[at : found.start()]))
        pieces.append((True, _sign(found[0])))
        at = found.end()
    return [*pieces, *([(False, text[at:])] if at < len(text) else [])]


def _sign(character: str) -> str:
    """`→` for a tab, `↵` and `␍` for line ends, the pictures of Unicode for other controls, else the code point."""
    code = ord(character)
    known = {"\t": "→", "\n": "↵\n", "\r": "␍"}
    return known.get(character) or (chr(0x2400 + code) if code < 0x20 else f"U+{code:04X}")
