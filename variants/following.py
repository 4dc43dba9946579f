"""Which loads a load follows: those of the same bytes it replaces, earlier releases it supersedes.

Replaced: the same bytes were read otherwise, so only the latest reading counts, for good. Superseded: the later release
speaks for the source now; withdrawing it brings the earlier one back. Every function is called in the transaction that
holds the merge's lock.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import transaction

from project.core.audit import record
from project.core.jobs import JobError
from variants.load_rights import may_withdraw
from variants.models import Load
from variants.sources import files

State = Load.State


def replaced_by(checksum: str, but: int | None) -> list[Load]:
    """Loads of the same bytes that a load of them replaces; `but`: the load itself, where it exists."""
    of_bytes = Load.objects.filter(checksum=checksum, state__in=(State.LIVE, State.SUPERSEDED))
    return list(of_bytes.exclude(pk=but or 0).order_by("pk"))


def refuse_foreign(replaced: Iterable[Load], by: Any) -> None:
    """Raises JobError where a load that would be replaced is not `by`'s to take back. `by` None: the command line."""
    foreign = [load for load in replaced if by is not None and not may_withdraw(by, load)]
    if foreign:
        raise JobError(
            "Somebody else imported this file before, with other columns or choices"
            f" ({', '.join(f'load {load.pk}' for load in foreign)}). Only they and curators can put another import of it"
            " in its place: ask one of them, or import it as they did. Nothing was changed."
        )


def superseded_by(asked: Iterable[int], replaced: Iterable[Load], but: int | None) -> list[Load]:
    """Of the loads that are to be superseded, those that are live still and are not replaced anyway."""
    loads = Load.objects.filter(pk__in=list(asked), state=State.LIVE)
    return list(loads.exclude(pk__in=[load.pk for load in replaced]).exclude(pk=but or 0).order_by("pk"))


def not_superseded(asked: Iterable[int], replaced: Iterable[Load]) -> list[str]:
    """Sentences about loads that were to be superseded and are gone since: what stands in their place counts on."""
    gone = Load.objects.filter(pk__in=list(asked), state__in=(State.REPLACED, State.WITHDRAWN))
    return [
        f"Load {one.pk} was to be superseded and is {one.state} by now"
        + (f": load {one.followed_by_id}, which replaced it, counts on." if one.state == State.REPLACED else ".")
        for one in gone.exclude(pk__in=[load.pk for load in replaced]).order_by("pk")
    ]


def let_go(load: Load, asked: Iterable[int], *, by: Any) -> tuple[list[int], list[str]]:
    """Give the loads that `load` follows their new state. Returns those that were live, and sentences about them
    all. Raises JobError where one of them is not `by`'s to replace."""
    replaced = replaced_by(load.checksum, load.pk)
    refuse_foreign(replaced, by)
    superseded = superseded_by(asked, replaced, load.pk)
    gone = not_superseded(asked, replaced)
    leaving = [one.pk for one in [*replaced, *superseded] if one.state == State.LIVE]
    for one in replaced:
        _follow(one, load, State.REPLACED, "load replaced", by)
        # What the replaced load had superseded is superseded by what stands in its place.
        Load.objects.filter(followed_by=one, state=State.SUPERSEDED).exclude(pk=load.pk).update(followed_by=load)
        if one.file_id is not None:
            transaction.on_commit(partial(files().withdrawn, one.file_id), robust=True)
    for one in superseded:
        _follow(one, load, State.SUPERSEDED, "load superseded", by)
    return leaving, [
        *(f"Takes the place of load {one.pk}: the same file, read otherwise." for one in replaced),
        *(f"Supersedes load {one.pk}{f' ({one.source})' if one.source else ''}." for one in superseded),
        *gone,
    ]


def _follow(one: Load, load: Load, state: Load.State, action: str, by: Any) -> None:
    before = {"state": one.state}
    one.state, one.followed_by = state, load
    one.save(update_fields=["state", "followed_by"])
    record(action, one, by=by, before=before, after={"state": state.value}, by_load=load.pk)


def given_back(load: Load) -> list[Load]:
    """The loads that come back when `load` is withdrawn: those that it superseded and whose files are kept."""
    if load.state != State.LIVE:
        return []
    superseded = list(Load.objects.filter(followed_by=load, state=State.SUPERSEDED).order_by("pk"))
    kept = files().kept(superseded)
    return [one for one in superseded if one.file_id is None or one.pk in kept]


def give_back(load: Load, *, by: Any) -> list[int]:
    """Before `load` is withdrawn: loads that it superseded are live again, or superseded by what superseded `load`."""
    if load.state == State.SUPERSEDED:
        Load.objects.filter(followed_by=load, state=State.SUPERSEDED).update(followed_by=load.followed_by_id)
        return []
    back = given_back(load)
    for one in back:
        one.state, one.followed_by = State.LIVE, None
        one.save(update_fields=["state", "followed_by"])
        record("load restored", one, by=by, before={"state": State.SUPERSEDED.value}, after={"state": one.state},
               by_withdrawing=load.pk)  # fmt: skip
    return [one.pk for one in back]
