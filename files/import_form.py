"""What the form of an import shows: as proposed, or as it was sent and refused. One function for each of its parts."""

from collections.abc import Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict

from files import importing, sample_columns, vcf_mapping
from files.import_asked import samples_sent, sent_mapping
from files.mapping import LABELS, NAMING
from files.mapping_proposal import Proposal, Proposed, as_sent, own_names, proposal
from files.models import DataFile
from files.store import Table
from variants import releases
from variants.load_access import named_for
from variants.models import ASSEMBLIES

COLUMNS_TO_CHOOSE = 300  # with more, the form has boxes to type in: 25 lists of 5,000 names are no page


def import_form(
    file: DataFile, sent: Mapping[str, str] | None, user: Any = None, *, is_own: bool = False
) -> dict[str, Any]:
    """The context of `files/_import.html`. `sent`: the form's fields as they came, when they were refused.

    `is_own`: Vardesk's own proposal, whatever `user` chose for the same header before.
    """
    if sent is None:
        shown = proposal(file, by=user, is_own=is_own)
    else:
        mapping = sent_mapping(sent) | (vcf_mapping.FIXED if file.is_vcf else {})
        shown = as_sent(file, mapping, int(sent["base"]) if sent.get("base") in ("0", "1") else None)
    sent = sent or {}
    return (
        mapping_part(file, shown)
        | base_part(file, shown)
        | assembly_part(file, shown.mapping, sent)
        | samples_part(file, own_names(file), sent)
        | {"source": sent.get("source", "")}
        | release_part(file, sent, user)
    )


def mapping_part(file: DataFile, shown: Proposal) -> dict[str, Any]:
    names = own_names(file)
    is_wide = len(names) > COLUMNS_TO_CHOOSE
    columns = [] if is_wide else names
    return {
        "mapping": [
            field_row(one, shown.mapping) | {"columns": columns}
            for one in shown.fields.values()
            if not file.is_vcf or one.field in vcf_mapping.chosen()
        ],
        "is_vcf": file.is_vcf,
        "column_names": names if is_wide else [],
        "is_recognised": any(shown.mapping[field] for field in ("gene", *NAMING)),
        "mapping_from": shown.origin, "mapping_at": shown.at, "mapping_notes": shown.notes,
    }  # fmt: skip


def field_row(one: Proposed, mapping: Mapping[str, str | None]) -> dict[str, Any]:
    """A field as `files/_mapping_row.html` shows it."""
    also = [
        LABELS[field] for field, column in mapping.items() if one.column and column == one.column and field != one.field
    ]
    return {
        "field": one.field, "label": one.label, "column": one.column, "examples": one.examples,
        "confidence": one.confidence, "why": one.why, "also": also,
    }  # fmt: skip


def base_part(file: DataFile, shown: Proposal) -> dict[str, Any]:
    return {"has_base": not file.is_vcf, "base": shown.base, "base_chosen": shown.base.chosen}


def assembly_part(file: DataFile, mapping: dict[str, str | None], sent: Mapping[str, str]) -> dict[str, Any]:
    """The assembly that is decided, with why; the conflict where there is one, and whether insisting would help.

    What was sent is judged as it was sent: a refused choice is explained again, with the box to insist on it.
    """
    known = {field: column if column in own_names(file) else None for field, column in mapping.items()}
    evidence = importing.assembly_seen(file, known)
    asked = sent.get("assembly", "")
    decision = evidence.decide(asked if asked in ASSEMBLIES else "")
    is_open = bool(decision.problem and not evidence.clues)  # nothing says: a question, not a conflict
    return {
        "assemblies": ASSEMBLIES, "assembly": asked,
        "assembly_detected": evidence.decide().assembly or ("row by row" if evidence.placed and not evidence.unsaid else ""),
        "assembly_evidence": evidence.sentences, "assembly_problem": "" if is_open else decision.problem,
        "is_insisting_possible": decision.insisting_helps, "is_assembly_needed": is_open,
    }  # fmt: skip


def release_part(file: DataFile, sent: Mapping[str, str], user: Any) -> dict[str, Any]:
    """Earlier releases that this file may supersede: of the source that was typed, or of a file called alike."""
    source = sent.get("source", "").replace("\0", "")  # a form that was refused for it is shown again
    found = releases.earlier_releases(user, source=source, name=file.name, checksum=file.sha256)
    claims = releases.claims_of(found)
    chosen = sent.getlist("supersedes") if isinstance(sent, MultiValueDict) else []
    labels = named_for(user, found)
    return {
        "earlier_releases": [
            {
                "id": load.pk, "label": labels[load.pk], "source": load.source, "created": load.created,
                "claims": claims[load.pk], "checked": str(load.pk) in chosen,
            }
            for load in found
        ]
    }  # fmt: skip


def samples_part(file: DataFile, names: list[str], sent: Mapping[str, str]) -> dict[str, Any]:
    """What is kept of samples: those of a VCF's header, or the columns that tell of the sample of each row."""
    if file.is_vcf:
        return {"sample_count": len(file.header.get("samples", [])), "sample_rows": [], "is_vcf": True}
    chosen = samples_sent(sent) or sample_columns.detect(names)
    table = Table(file.table_path, file.columns)
    shown = [] if len(names) > COLUMNS_TO_CHOOSE else names
    rows = [
        {
            "field": field, "label": label, "column": chosen.get(field), "columns": shown,
            "example": _example(table, chosen.get(field)),
        }
        for field, label in sample_columns.LABELS.items()
    ]  # fmt: skip
    return {"sample_rows": rows, "has_sample_columns": any(row["column"] for row in rows)}


def _example(table: Table, column: str | None) -> str:
    known = column in {known["name"] for known in table.columns}
    return next(iter(table.first_values(column, 1)), "") if column and known else ""
