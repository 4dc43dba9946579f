"""The page on which a person says how a file is to be read, with a preview of what that gives."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from files import actions, previewed, read_form, read_options
from files.models import DataFile
from files.permissions import get_own_file
from files.preview import Preview, preview
from files.read_form import Filled
from project.common.htmx import wants_partial
from project.common.problems import BadQuery, Busy, Conflict
from variants.models import Load


@require_http_methods(["GET", "POST"])
@login_required
def options(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; sent, it has the file read again."""
    file = get_own_file(request.user, pk)
    if request.method == "GET":
        if file.in_work:
            messages.info(request, "The file is being read; what was guessed can be changed when that is done.")
            return redirect("files:detail", pk)
        failed = read_options.choices_that_failed(file)
        choices = {} if "guesses" in request.GET else file.choices if failed is None else failed
        said = file.error if failed is not None else ""
        return _page(request, file, read_form.from_choices(choices, _listed(file)), said=said)
    filled = read_form.from_post(request.POST)
    try:
        read_options.read_again(file, read_form.options_of(filled, read_options.options_for(file)), by=request.user)
    except BadQuery as error:
        return _page(request, file, filled, errors=error.errors, status=400)
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("files:detail", pk)


@require_POST
@login_required
@vary_on_headers("HX-Request")
def options_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The first rows as the sent options read them; changes nothing."""
    file = get_own_file(request.user, pk)
    filled = read_form.from_post(request.POST)
    found, errors, busy, wait_s = None, {}, "", 0
    try:
        found = preview(file, read_form.options_of(filled, read_options.options_for(file)))
    except BadQuery as error:
        errors = error.errors
    except Busy as error:
        busy, wait_s = str(error.detail), error.wait
    # For htmx a refusal is an answer like any other: it stands where the rows would.
    status = (503 if busy else 400 if errors else 200) if not wants_partial(request) else 200
    answer = _page(request, file, filled, found=found, errors=errors, busy=busy, status=status)
    if busy:
        answer["Retry-After"] = str(wait_s)
    return answer


def _page(
    request: HttpRequest, file: DataFile, filled: Filled, *, found: Preview | None = None,
    errors: Mapping[str, list[str]] | None = None, busy: str = "", said: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    errors, listed = errors or {}, _listed(file)
    has_parts = len(listed["member"]) > 1 or "member" in file.choices
    names = [name for name in read_options.options_for(file) if name != "member" or has_parts]
    columns = previewed.typed_columns(found, file) if found else file.columns
    types = read_form.types(filled, columns, listed.get("types", []), errors) if "types" in names else None
    context = {
        "file": file, "is_first": not file.has_table, "loads_sentence": _loads_sentence(file), "types": types,
        "fields": read_form.fields(filled, names, listed, found.reading if found else file.reading, errors),
        # What is there stays where it can: it may have the focus, and has been scrolled.
        "is_swap": found and types and (types["key"] != filled.types_of or types["is_wide"] and filled.listed_full),
        "preview": _shown(file, found, errors), "busy": busy, "error": said,
    }  # fmt: skip
    template = "files/_preview.html" if wants_partial(request) else "files/read_options.html"
    return render(request, template, context, status=status)


def _listed(file: DataFile) -> dict[str, Sequence[tuple[str, str]]]:
    """What each select offers: value and label; of an archive or workbook its parts."""
    members = file.reading.get("members") or [{"name": member.name} for member in actions.members_of(file)]
    names = [member["name"] for member in members]
    if (chosen := file.choices.get("member")) and chosen not in names:  # of a file that could not be read so
        names.append(chosen)
    return read_options.allowed() | {"member": [(name, name) for name in names]}


def _shown(file: DataFile, found: Preview | None, errors: Mapping[str, list[str]]) -> dict[str, Any] | None:
    if found is not None:
        return previewed.shown(found, file)
    return {"error": " ".join(sentence for said in errors.values() for sentence in said)} if errors else None


def _loads_sentence(file: DataFile) -> str:
    count = Load.objects.filter(file_id=file.pk, state=Load.State.LIVE).count()
    if not count:
        return ""
    came, they, them = (
        ("1 load came", "it keeps", "it") if count == 1 else (f"{count:,} loads came", "they keep", "them")
    )
    return (
        f"{came} from this file; {they} the reading that {they.split()[0]} came from. To replace {them}, import again and"
        f" withdraw {them}."
    )
