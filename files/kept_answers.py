"""What the rows of a file answered, kept for a day: to ask millions of rows takes seconds, and pages ask every time.

A reading never changes, so an answer stays right as long as file, reading and question are the same; all three are in the
digest that finds it again. It is content of the file: it is forgotten with the file. A cache that is away costs time only.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache

from files.models import DataFile

KEPT_FOR = 24 * 60 * 60  # seconds
MOST = 16  # answers of one file, the latest


def kept(file: DataFile, question: Any, ask: Callable[[], Any]) -> Any:
    """The answer to `question` of this reading of the file: the kept one, or what `ask()` says. All is JSON."""
    digest = _digest(file, question)
    answers = _answers(file.pk)
    if digest in answers:
        return answers[digest]
    answer = ask()
    latest = list((_answers(file.pk) | {digest: answer}).items())[-MOST:]
    cache.set(_key(file.pk), json.dumps(dict(latest)), timeout=KEPT_FOR)
    if not DataFile.objects.filter(pk=file.pk).exists():  # deleted while its rows were asked
        forget(file.pk)
    return answer


def forget(file_id: int) -> None:
    cache.delete(_key(file_id))


def _key(file_id: int) -> str:
    return f"file-answers:{file_id:d}"


def _answers(file_id: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cache.get(_key(file_id)) or "{}")
    return found


def _digest(file: DataFile, question: Any) -> str:
    """Made of the bytes and how they were read, not of numbers alone: in another database file 7 is another file."""
    reading = [file.sha256, file.reading_number, file.reading, file.choices, file.columns, file.row_count]
    return hashlib.sha256(json.dumps([settings.VERSION, reading, question], sort_keys=True).encode()).hexdigest()
