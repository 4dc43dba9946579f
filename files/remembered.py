"""What a person once said of a table's columns, for the next table with the same header."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from files.models import RememberedMapping
from variants.normalising import FIELDS


@dataclass(frozen=True)
class Remembered:
    """`mapping`: field -> column; `base`: 0, 1 or None, as the rows tell; `at`: when it was last said."""

    mapping: dict[str, str | None]
    base: int | None
    at: datetime


def header_digest(columns: Sequence[str]) -> str:
    """The same for the same names in the same order only: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(list(columns)).encode()).hexdigest()


def remembered(user: Any, columns: Sequence[str]) -> Remembered | None:
    """What this person said of a table with this header, if anything."""
    if user is None or not user.is_authenticated:
        return None
    found = RememberedMapping.objects.filter(user=user, header=header_digest(columns)).first()
    if found is None:
        return None
    # A field or a column that is no more, in another version of Vardesk, is left out.
    mapping = {field: found.mapping.get(field) for field in FIELDS}
    known = {field: column if column in columns else None for field, column in mapping.items()}
    return Remembered(known, found.base, found.at)


def remember(user: Any, columns: Sequence[str], mapping: dict[str, str | None], base: int | None) -> None:
    """Keep it in place of what was kept before."""
    said = {"mapping": {field: column for field, column in mapping.items() if column}, "base": base}
    RememberedMapping.objects.update_or_create(user=user, header=header_digest(columns), defaults=said)


def forget(user: Any, columns: Sequence[str]) -> bool:
    """Whether something was kept, and is no more."""
    return bool(RememberedMapping.objects.filter(user=user, header=header_digest(columns)).delete()[0])
