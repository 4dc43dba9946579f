"""The audit trail: every write by anybody, who, when, what, from where, and what it was before."""

import datetime
import getpass
import os
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from project.common.origin import current
from project.core.models import AuditEntry


def record(
    action: str,
    subject: models.Model,
    *,
    by: Any,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **detail: Any,
) -> AuditEntry:
    """Write the audit row of `action` on `subject`, best in the transaction of the write itself.

    `by` is a user, or None for the system itself (a command in a shell, a worker). `before` and `after` hold the
    fields that changed, never a password, a token or a cell of a file.
    """
    if current().kind == "shell" and by is None:
        detail["system_user"] = _system_user()
    known = by is not None and by.is_authenticated
    origin = current()
    return AuditEntry.objects.create(
        actor=by if known else None,
        actor_name=by.get_username() if known else "",
        action=action,
        object_type=subject._meta.label_lower,
        object_id="" if subject.pk is None else str(subject.pk),  # a whole table has none
        origin=origin.kind,
        network=origin.network,
        request_id=origin.request_id,
        before=before,
        after=after,
        detail=detail,
    )


def _system_user() -> str:
    """Who runs this process: a command has no other name for itself."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        return str(os.getuid())


def changes(subject: models.Model, new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the fields in `new`, those that differ from `subject`'s: (as they were, as they will be)."""
    before = {name: getattr(subject, name) for name in new if getattr(subject, name) != new[name]}
    return before, {name: new[name] for name in before}


def fields_of(subject: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """The named fields as JSON can hold them."""
    return {name: _plain(getattr(subject, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
