"""Who may look at a load and who may withdraw it: the one place that decides. What is not yours is a 404."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import Http404

from project.core.audit import record
from project.core.roles import is_administrator
from variants.load_rights import may_withdraw
from variants.loading import withdraw
from variants.models import Load
from variants.sources import FileRef, files

WITHDRAWABLE = (Load.State.LIVE, Load.State.SUPERSEDED)


def get_load_for(user: Any, pk: int) -> tuple[Load, FileRef | None]:
    """The load, and its file where `user` may read it. Raises Http404 unless they may, or made the load, or are curators."""
    load = Load.objects.select_related("created_by").filter(pk=pk).first() if pk < 2**63 else None
    ref = files().readable(user, [load]).get(load.pk) if load else None
    if load is None or not (ref or may_withdraw(user, load)):
        raise Http404("There is no such load, or its file is not shared with you.")
    return load, ref


def named_for(user: Any, loads: Iterable[Load]) -> dict[int, str]:
    """Of `loads`, by id, what those are called whose page `user` may see: the same that `get_load_for` gives."""
    loads = list(loads)
    readable = files().readable(user, loads)
    return {
        load.pk: label_for(user, load, readable.get(load.pk))
        for load in loads
        if load.pk in readable or may_withdraw(user, load)
    }


def get_own_load(user: Any, pk: int) -> Load:
    """The load where `user` may withdraw it. Raises Http404."""
    load, _ = get_load_for(user, pk)
    if not may_withdraw(user, load):
        raise Http404("There is no such load, or it is not yours.")
    return load


def may_read_lines(user: Any, load: Load, ref: FileRef | None) -> bool:
    """Whether `user` may see what quotes the file: the load's label, its notes, the lines and why they are no claims.

    A curator withdraws anybody's load and sees no more of a private file than its sums. Its maker and administrators
    keep seeing them when the file was deleted.
    """
    is_maker = user.is_authenticated and load.created_by_id == user.pk
    return ref is not None or is_maker or is_administrator(user)


def label_for(user: Any, load: Load, ref: FileRef | None) -> str:
    """What the load is called for `user`: its label is the name of a file, unless somebody gave another."""
    if may_read_lines(user, load, None):
        return load.label
    return ref.label_of(load) if ref else load.source or "A file of another user"


def withdraw_load(load: Load, *, by: Any) -> None:
    """Take the load's claims out of the database; importing its file again brings them back."""
    with transaction.atomic():
        before = {"state": load.state}
        back = withdraw(load, by=by)
        if back is not None:
            record("load withdrawn", load, by=by, before=before, after={"state": load.state}, restored=back)
