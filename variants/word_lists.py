"""What is written, and what it is read as: the lists behind the pages and the API of classifications."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from variants.classification import WORDS, Classification, classify, folded
from variants.load_access import named_for
from variants.models import ClassificationTermChange, Load, ReportedWord, slug_of
from variants.terms import current_terms
from variants.words import REST

LOADS_SHOWN = 3  # of those that write a text nobody knows
_LIVE = Q(load__state=Load.State.LIVE)


def met(*, known: bool | None = None, q: str = "") -> QuerySet[Any, Any]:
    """Texts that loads write, as dicts with `claims` (current ones): unknown ones first, then the most frequent."""
    words = ReportedWord.objects.exclude(text=REST)
    words = words.filter(known=known) if known is not None else words
    words = words.filter(text__icontains=q) if q else words
    return (
        words.values("text", "classification", "known")
        .annotate(claims=Coalesce(Sum("claims", filter=_LIVE), 0), loads=Count("load", filter=_LIVE))
        .order_by("known", "-claims", "text")
    )


def rows_of(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `met` as pages and API show them. `term` is what a curator's reading is kept under, None where too long."""
    terms = current_terms()
    return [row | _reading(row["text"], terms) | {"classification": slug_of(row["classification"])} for row in found]


def _reading(text: str, terms: dict[str, Classification]) -> dict[str, Any]:
    term, (own, own_known) = folded(text), classify(text)
    return {
        "term": term if 0 < len(term) <= 200 else None,
        "curated": slug_of(terms.get(term)),
        "vardesk": own.slug if own_known else None,
    }


def unlisted() -> int:
    """Current claims whose texts are counted together: loads with more spellings than are listed one by one."""
    return ReportedWord.objects.filter(_LIVE, text=REST).aggregate(n=Coalesce(Sum("claims"), 0))["n"]


def unknown_claims() -> int:
    return (
        ReportedWord.objects.filter(_LIVE, known=False).exclude(text=REST).aggregate(n=Coalesce(Sum("claims"), 0))["n"]
    )


def table_rows(q: str = "") -> list[dict[str, Any]]:
    """The whole table, what curators say before Vardesk's own words; each with its class."""
    terms, wanted = current_terms(), folded(q)
    words = {term: WORDS.get(term) for term in (*terms, *WORDS) if term and wanted in term}
    rows = [
        {"term": term, "text": term, "curated": slug_of(terms.get(term)), "vardesk": slug_of(own),
         "classification": slug_of(terms.get(term, own))}
        for term, own in words.items()
    ]  # fmt: skip
    order = {c.slug: number for number, c in enumerate(Classification)}
    return sorted(rows, key=lambda row: (row["curated"] is None, order[str(row["classification"])], row["term"]))


def with_loads(rows: list[dict[str, Any]], user: Any) -> list[dict[str, Any]]:
    """To rows with an unknown text: `named`, the loads that `user` may see by name, and `others`, how many more."""
    texts = [row["text"] for row in rows if not row["known"]]
    found = ReportedWord.objects.filter(_LIVE, text__in=texts).values("text")
    ids = dict(found.annotate(ids=ArrayAgg("load_id", order_by="-load_id")).values_list("text", "ids"))
    nearest = {text: all_ids[:20] for text, all_ids in ids.items()}
    loads = Load.objects.filter(pk__in={pk for some in nearest.values() for pk in some})
    visible = named_for(user, loads)
    for row in rows:
        named = [{"pk": pk, "label": visible[pk]} for pk in nearest.get(row["text"], []) if pk in visible][:LOADS_SHOWN]
        row |= {"named": named, "others": len(ids.get(row["text"], [])) - len(named)}
    return rows


def written_as(term: str) -> list[dict[str, Any]]:
    """The texts that fold to `term`, as rows of `met`, at most 50: other cases, blanks, underscores."""
    between = "[[:space:]_,‐-―−-]+"
    parts = [r"\s*/\s*".join(re.sub(r"(\W)", r"\\\1", bit) for bit in part.split("/")) for part in term.split(" ")]
    around = "[[:space:]_,.‐-―−-]*"  # what folding takes away at both ends
    texts = met().filter(text__iregex=f"^{around}{between.join(parts)}{around}$")[:200]
    return [row for row in rows_of(texts) if row["term"] == term][:50]


def history(term: str) -> list[dict[str, Any]]:
    """Who changed the reading of `term`, newest first; null stands for "as Vardesk has it"."""
    changes = ClassificationTermChange.objects.filter(term=term).select_related("by")
    return [
        {"at": c.at, "by": c.by.get_username() if c.by else None, "before": slug_of(c.before), "after": slug_of(c.after), "note": c.note}
        for c in changes[:200]
    ]  # fmt: skip


def words_of_load(load: Load) -> list[dict[str, Any]]:
    """A load's texts, unknown ones first; the last, with text None, stands for the claims with any other text."""
    words = load.words.order_by("known", "-claims", "text")
    found = [
        {"text": w.text, "classification": slug_of(w.classification), "known": w.known, "claims": w.claims}
        for w in words.exclude(text=REST)
    ]
    rest = words.filter(text=REST).first()
    return [*found, {"text": None, "classification": None, "known": False, "claims": rest.claims}] if rest else found
