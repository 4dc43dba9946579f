"""Who may do what: the one table of roles and rights. `docs/permissions.md` shows it for people.

A role is a Django group of the same name; who is in none is a viewer. Administrators are staff as well, because
Django's admin asks for that. What belongs to one person (a private file, a job) is decided beside its model.
"""

from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import TextChoices


class Role(TextChoices):
    """From the least to the most; each may do what the ones before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What needs a role. The text completes "may ..."."""

    WORK_WITH_FILES = "add files, import and enrich them, and change or delete their own"
    CURATE = "classify variants and withdraw anybody's load"
    ADMINISTER = "see everybody's files and jobs, give roles, read the audit trail and the metrics, start load tests"


LEAST_ROLE = {
    Right.WORK_WITH_FILES: Role.ANALYST,
    Right.CURATE: Role.CURATOR,
    Right.ADMINISTER: Role.ADMINISTRATOR,
}
_RANK = {role: rank for rank, role in enumerate(Role)}


def is_administrator(user: Any) -> bool:
    """Asked for every list of files and jobs, so it costs no query."""
    return bool(user and user.is_active and (user.is_staff or user.is_superuser))


def role_of(user: Any) -> Role | None:
    """The highest role of `user`, None for somebody who is not logged in. One query a user object at most."""
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    if is_administrator(user):
        return Role.ADMINISTRATOR
    if not hasattr(user, "_role"):
        named = set(user.groups.values_list("name", flat=True)) & {Role.ANALYST.value, Role.CURATOR.value}
        user._role = max((Role(name) for name in named), key=_RANK.__getitem__, default=Role.VIEWER)
    return user._role


def may(user: Any, right: Right) -> bool:
    if right is Right.ADMINISTER:
        return is_administrator(user)
    role = role_of(user)
    return role is not None and _RANK[role] >= _RANK[LEAST_ROLE[right]]


def require(user: Any, right: Right) -> None:
    """Raises PermissionDenied with a sentence that says which role is missing."""
    if not may(user, right):
        raise PermissionDenied(
            f"This needs the role {LEAST_ROLE[right]} or a higher one; yours is {role_of(user) or 'none'}."
            " An administrator can give it."
        )


def rights_of(role: Role) -> list[Right]:
    return [right for right, least in LEAST_ROLE.items() if _RANK[role] >= _RANK[least]]
