"""Who may look at a load and who may withdraw it: the one place that decides. What is not yours is a 404."""

from typing import Any

from django.db import transaction
from django.http import Http404

from project.core.models import record
from variants.loading import withdraw
from variants.models import Load
from variants.sources import FileRef, files


def get_load_for(user: Any, pk: int) -> tuple[Load, FileRef | None]:
    """The load, and its file where `user` may read it. Raises Http404 unless they may, or made the load, or are staff."""
    load = Load.objects.select_related("created_by").filter(pk=pk).first() if pk < 2**63 else None
    ref = files().readable(user, [load]).get(load.pk) if load else None
    if load is None or not (ref or may_withdraw(user, load)):
        raise Http404("There is no such load, or its file is not shared with you.")
    return load, ref


def may_withdraw(user: Any, load: Load) -> bool:
    return user.is_authenticated and (user.is_staff or load.created_by_id == user.pk)


def withdraw_load(load: Load, *, by: Any) -> None:
    """Take the load's claims out of the database; importing its file again brings them back."""
    with transaction.atomic():
        withdraw(load)
        record("load withdrawn", load, by=by)
