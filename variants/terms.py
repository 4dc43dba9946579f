"""What curators say that a written classification means: kept with its history, before Vardesk's own table."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from project.common.problems import BadQuery
from project.common.rendering import to_json
from project.core import jobs
from project.core.audit import record
from project.core.models import Job
from project.core.roles import Right, require
from variants.classification import Classification, folded
from variants.models import ClassificationTerm, ClassificationTermChange, slug_of

REREAD_TASK = "variants.reclassify"
LONGEST_TERM = 200
LONGEST_NOTE = 300
_TERMS_LOCK = 7_236_402  # one change at a time, so that each "before" is true


def current_terms() -> dict[str, Classification]:
    """Folded text -> class, as curators have it now."""
    return {
        term: Classification(value) for term, value in ClassificationTerm.objects.values_list("term", "classification")
    }


def terms_digest(terms: Mapping[str, Classification]) -> str:
    """Equal for equal tables."""
    return hashlib.sha256(to_json({term: int(value) for term, value in sorted(terms.items())})).hexdigest()[:16]


def checked_term(text: str) -> str:
    """`text` folded, fit to be a term. Raises BadQuery."""
    term = folded(text)
    if "\0" in text or not term:
        raise BadQuery(
            {"term": "A spelling has at least one letter, digit or sign other than blanks, dashes and dots."}
        )
    if len(term) > LONGEST_TERM:
        raise BadQuery({"term": f"A spelling has at most {LONGEST_TERM} characters; this one has {len(term):,}."})
    return term


def set_term(text: str, value: Classification | None, *, by: Any, note: str = "") -> Job | None:
    """Read `text`, in any case and with any blanks, as `value` from now on; None: as Vardesk has it.

    Queues the job that reads the stored claims again; returns None where nothing changes.
    Raises BadQuery, and PermissionDenied where `by` is no curator.
    """
    require(by, Right.CURATE)
    term, note = checked_term(text), _checked_note(note)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TERMS_LOCK])
        before = ClassificationTerm.objects.filter(term=term).values_list("classification", flat=True).first()
        if before == value:
            return None
        if value is None:
            ClassificationTerm.objects.filter(term=term).delete()
        else:
            ClassificationTerm.objects.update_or_create(term=term, defaults={"classification": value})
        change = ClassificationTermChange.objects.create(term=term, before=before, after=value, note=note, by=by)
        record(
            "classification reading changed", change, by=by, before={"classification": slug_of(before)},
            after={"classification": slug_of(value)}, term=term, note=note,
        )  # fmt: skip
        return start_rereading(f"Read “{term[:80]}” as {value.label if value else 'Vardesk has it'}", by=by)


def start_rereading(title: str, *, by: Any) -> Job:
    """Queue a comparison of every stored claim with the table as it is when the job runs."""
    return jobs.enqueue(REREAD_TASK, kind="reclassify", title=title, owner=by, heavy=True)


def _checked_note(note: str) -> str:
    note = note.strip()
    if "\0" in note:
        raise BadQuery({"note": "A NUL character is no part of a text."})
    if len(note) > LONGEST_NOTE:
        raise BadQuery({"note": f"A note has at most {LONGEST_NOTE} characters; this one has {len(note):,}."})
    return note
