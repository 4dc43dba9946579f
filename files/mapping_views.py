"""The part of an import's form that a changed column changes."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from files.import_asked import sent_mapping
from files.import_form import field_row
from files.mapping import LABELS
from files.mapping_proposal import chosen_field
from files.mapping_sample import Sample
from files.models import DataFile
from files.permissions import get_own_file


@require_GET
@login_required
def field(request: HttpRequest, pk: int) -> HttpResponse:
    """What is in the column that `map_<field>` names, and whether it fits; `map_...`: the other fields of the form."""
    file = get_own_file(request.user, pk)
    name = request.GET.get("field", "")
    if name not in LABELS or file.state != DataFile.State.READY:
        raise Http404("There is no such field, or the file is not read.")
    mapping = sent_mapping(request.GET)
    one = chosen_field(Sample(file), name, mapping[name], "as you chose")
    return render(request, "files/_mapping_says.html", {"row": field_row(one, mapping)})
