"""Claims as readers see them: with file, line and raw row for those who may read the file, without for others."""

from collections.abc import Iterable
from typing import Any

from variants.models import Record, slug_of
from variants.sources import FileRef, files


def claim_rows(records: Iterable[Record], user: Any, *, raw: bool = True) -> list[dict[str, Any]]:
    """The contract's record for each claim, in the order given. `records` come with `load` selected.

    One question to the files' app for all loads, and one for each reading of a file whose raw rows are wanted.
    """
    records = list(records)
    loads = {record.load_id: record.load for record in records}
    readable = files().readable(user, loads.values())
    lines: dict[FileRef, set[int]] = {}
    for record in records:
        if raw and (ref := readable.get(record.load_id)):
            lines.setdefault(ref, set()).add(record.line)
    texts = {ref: files().raw_lines(ref, wanted) for ref, wanted in lines.items()}
    return [_claim(record, readable.get(record.load_id), texts) for record in records]


def _web_address(text: str | None) -> str | None:
    """A link only where it leads to a web page: a file may say `javascript:` too."""
    return text if text and text.lower().startswith(("http://", "https://")) else None


def _claim(record: Record, ref: Any, texts: dict[FileRef, dict[int, dict]]) -> dict[str, Any]:
    return {
        "id": record.pk,
        "variant": record.variant_id,
        "file": ref.id if ref else None,
        "file_name": ref.name if ref else None,
        "line": record.line if ref else None,
        "load": record.load_id,
        "load_label": record.load.source or (record.load.label if ref else "A file of another user"),
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
        "raw": texts.get(ref, {}).get(record.line) if ref else None,
        "file_url": ref.url_of(record.line) if ref else None,
        "created": record.load.created,
    }
