"""Claims as readers see them: with file, line and raw row for those who may read the file, without for others."""

from collections.abc import Iterable
from typing import Any

from variants.models import Load, Record, Variant, slug_of
from variants.sources import ClaimPlace, Evidence, FileRef, files


def claim_rows(records: Iterable[Record], user: Any) -> list[dict[str, Any]]:
    """The contract's record for each claim, in the order given. `records` come with `load` selected.

    One question to the files' app for all loads, and one for each load whose file `user` may read.
    """
    records = list(records)
    loads = {record.load_id: record.load for record in records}
    readable = files().readable(user, loads.values())
    shown = _evidence([record for record in records if record.load_id in readable], loads, readable)
    return [_claim(record, readable.get(record.load_id), shown.get(record.pk)) for record in records]


def _evidence(records: list[Record], loads: dict[int, Load], readable: dict[int, FileRef]) -> dict[int, Evidence]:
    """Record id -> what its line says."""
    variants = {record.variant_id for record in records}
    chroms = dict(Variant.objects.filter(pk__in=variants).values_list("pk", "chrom")) if variants else {}
    places = {record.pk: ClaimPlace(record.line, record.alt_index, chroms.get(record.variant_id)) for record in records}
    of_load: dict[int, list[ClaimPlace]] = {}
    for record in records:
        of_load.setdefault(record.load_id, []).append(places[record.pk])
    found = {pk: files().evidence(readable[pk], loads[pk], wanted) for pk, wanted in of_load.items()}
    said = {record.pk: found[record.load_id].get(places[record.pk]) for record in records}
    return {pk: evidence for pk, evidence in said.items() if evidence}


def _web_address(text: str | None) -> str | None:
    """A link only where it leads to a web page: a file may say `javascript:` too."""
    return text if text and text.lower().startswith(("http://", "https://")) else None


def _claim(record: Record, ref: FileRef | None, said: Evidence | None) -> dict[str, Any]:
    samples = said.samples if said else None
    return {
        "id": record.pk,
        "variant": record.variant_id,
        "file": ref.id if ref else None,
        "file_name": ref.name if ref else None,
        "line": record.line if ref else None,
        "load": record.load_id,
        "load_label": record.load.source or (ref.label_of(record.load) if ref else "A file of another user"),
        "source": record.source or None,
        "classification": slug_of(record.classification),
        "reported_classification": record.reported_classification,
        "review_status": record.review_status,
        "oncogenicity": record.oncogenicity,
        "somatic_impact": record.somatic_impact,
        "written": record.written,
        "last_evaluated": record.last_evaluated,
        "submitter_comment": record.submitter_comment,
        "source_url": record.source_url,
        "source_link": _web_address(record.source_url),
        "raw": said.raw if said else None,
        **(samples.as_json() if samples else {"samples": None, "sample_counts": None}),
        "file_url": ref.url_of(record.line) if ref else None,
        "created": record.load.created,
    }
