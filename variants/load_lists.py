"""Loads as their list and their page show them: only those that the reader may see, and of others not even the number."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from variants import following
from variants.load_access import WITHDRAWABLE, label_for, may_read_lines
from variants.load_rights import may_withdraw, withdrawable_by
from variants.models import Load
from variants.sources import FileRef, files


def loads_for(user: Any) -> QuerySet[Load]:
    """All loads that `user` may see, newest first: those that `visible_loads` would leave of them."""
    return Load.objects.filter(Q(pk__in=withdrawable_by(user)) | files().readable_loads(user))


def visible_loads(user: Any, loads: Iterable[Load]) -> dict[int, FileRef | None]:
    """Load id -> its file where `user` may read it. The rule of `load_access.get_load_for`, for many at once."""
    loads = list(loads)
    found: dict[int, FileRef | None] = dict(files().readable(user, loads))
    mine = withdrawable_by(user).filter(pk__in=[load.pk for load in loads if load.pk not in found])
    return found | dict.fromkeys(mine.values_list("pk", flat=True))


def load_rows(loads: Iterable[Load], user: Any) -> list[dict[str, Any]]:
    """The API's shape of each, in the order given; loads come with `created_by` selected."""
    loads = list(loads)
    others = list(Load.objects.filter(followed_by__in=loads).order_by("pk"))
    followers: dict[int, list[Load]] = {load.pk: [] for load in loads}
    for one in others:
        followers[one.followed_by_id].append(one)  # type: ignore[index]
    others += list(Load.objects.filter(pk__in=[load.followed_by_id for load in loads if load.followed_by_id]))
    seen = visible_loads(user, [*loads, *others])
    return [_row(load, seen, followers[load.pk], user) for load in loads]


def _row(load: Load, seen: dict[int, FileRef | None], followers: list[Load], user: Any) -> dict[str, Any]:
    ref = seen.get(load.pk)
    return {
        "id": load.pk, "label": label_for(user, load, ref), "source": load.source or None, "assembly": load.assembly or None,
        "state": load.state, "followed_by": load.followed_by_id if load.followed_by_id in seen else None,
        "follows": [one.pk for one in followers if one.pk in seen], "counts": load.counts,
        "notes": load.notes if may_read_lines(user, load, ref) else [],
        "file": ref.id if ref else None, "file_name": ref.name if ref else None, "created": load.created,
        "created_by": load.created_by.get_username() if load.created_by else None,
        "may_withdraw": may_withdraw(user, load) and load.state in WITHDRAWABLE, "url": f"/loads/{load.pk}/",
    }  # fmt: skip


def relations(load: Load, user: Any) -> dict[str, Any]:
    """For its page: what it follows, what follows it, and what comes back when it is withdrawn."""
    follows = list(load.follows.order_by("pk"))
    back = {one.pk for one in following.given_back(load)}
    ahead = load.followed_by
    seen = visible_loads(user, [*follows, *([ahead] if ahead else [])])

    def named(one: Load) -> dict[str, Any]:
        label = label_for(user, one, seen[one.pk])
        return {"pk": one.pk, "label": label, "state": one.state, "created": one.created}

    return {
        "followed_by": named(ahead) if ahead and ahead.pk in seen else None,
        "follows": [named(one) for one in follows if one.pk in seen],
        "comes_back": [named(one) if one.pk in seen else None for one in follows if one.pk in back],
    }
