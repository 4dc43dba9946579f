"""Whose load it is to take back or to put another in the place of: the one rule, below the merge that obeys it."""

from typing import Any

from django.db.models import QuerySet

from project.core.roles import Right, may
from variants.models import Load


def may_withdraw(user: Any, load: Load) -> bool:
    """Its maker may; a curator may take back anybody's."""
    if may(user, Right.CURATE):
        return True
    return user.is_authenticated and load.created_by_id == user.pk and may(user, Right.WORK_WITH_FILES)


def withdrawable_by(user: Any) -> QuerySet[Load]:
    """Loads that `user` may withdraw: the same as `may_withdraw` says of each."""
    if may(user, Right.CURATE):
        return Load.objects.all()
    is_maker = user.is_authenticated and may(user, Right.WORK_WITH_FILES)
    return Load.objects.filter(created_by=user) if is_maker else Load.objects.none()
