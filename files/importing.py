"""From a file's Parquet table into the variant database: asked for (`start_import`) and done (`import_file`)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction

from files import assembly_evidence, sample_columns, store, vcf_cells, vcf_mapping
from files import mapping as mappings
from files.import_asked import Asked
from files.mapping_proposal import own_names, proposal, said_base
from files.models import DataFile
from files.permissions import locked
from files.remembered import forget, header_digest, remember
from project.common.problems import BadQuery, Conflict
from project.core import jobs
from project.core.audit import record
from project.core.models import Job
from variants.normalising import FIELDS
from variants.releases import checked as checked_releases

IMPORT_TASK = "files.import"
VCF_BASE = 1  # what POS counts from, whatever names in the file may seem to say


def start_import(file: DataFile, asked: Asked = Asked(), *, by: Any) -> Job:  # noqa: B008 - it is frozen
    """Queue an import, or its dry run. Raises BadQuery where the mapping is wrong or nothing says which assembly positions are on."""
    _refuse_unless_ready(file)
    if file.is_vcf and asked.base not in (None, VCF_BASE):
        raise BadQuery({"base": "Positions of a VCF count from 1."})
    if file.is_vcf and any((asked.samples or {}).values()):
        raise BadQuery({"samples": "A VCF names its samples itself; leave this out."})
    mapping, base = _columns_and_base(file, asked, by)
    samples = sample_columns.checked(
        asked.samples if asked.samples is not None else proposed_samples(file), own_names(file)
    )
    evidence = assembly_seen(file, mapping)
    decision = evidence.decide(asked.assembly, insists=asked.insist)
    if decision.problem:
        raise BadQuery({"assembly": decision.problem})
    supersedes = checked_releases(asked.supersedes, by=by)
    params = asdict(asked) | {
        "mapping": mapping, "base": base, "samples": samples, "assembly": decision.assembly,
        "reading": file.reading_number, "supersedes": supersedes, "not_rcrs": evidence.not_rcrs, "notes": decision.notes,
    }  # fmt: skip
    done = "Try to import" if asked.dry_run else "Import"
    with transaction.atomic():
        hold_reading(file.pk, file.reading_number)
        job = jobs.enqueue(
            IMPORT_TASK, kind="import", title=f"{done} {file.name}", owner=by, file_id=file.pk, params=params,
            heavy=file.size > settings.HEAVY_BYTES,
        )  # fmt: skip
        action = "import tried" if asked.dry_run else "import started"
        after = {"assembly": decision.assembly, "source": asked.source, "supersedes": supersedes}
        record(action, file, by=by, after=after, job=job.pk)
        if asked.mapping is not None and not asked.dry_run:
            _keep_in_mind(file, mapping, asked.base, by)
    return job


def proposed_samples(file: DataFile) -> dict[str, str | None]:
    """Which columns tell of a row's sample; a VCF says so itself."""
    return {} if file.is_vcf else sample_columns.detect(own_names(file))


def _columns_and_base(file: DataFile, asked: Asked, by: Any) -> tuple[dict[str, str | None], int | None]:
    """Field -> column, and what positions count from (None: as the rows tell), as asked or as `by` is shown them."""
    check = vcf_mapping.checked if file.is_vcf else mappings.checked
    if asked.mapping is None:
        shown = proposal(file, by=by)
        return check(shown.mapping, own_names(file)), shown.base.chosen if asked.base is None else asked.base
    mapping = check(asked.mapping, own_names(file))
    if file.is_vcf or asked.base is not None:
        return mapping, asked.base
    return mapping, said_base(file, mapping)


def _keep_in_mind(file: DataFile, mapping: dict[str, str | None], base: int | None, by: Any) -> None:
    """What differs from Vardesk's own proposal is proposed to this person again; what does not is no longer."""
    if by is None or not by.is_authenticated:
        return
    own, names = proposal(file, is_own=True), own_names(file)
    what = {"header": header_digest(names)[:16], "base": base}
    if mapping != own.mapping or base not in (None, own.base.chosen):
        remember(by, names, mapping, base)
        record("mapping remembered", file, by=by, after=what)
    elif forget(by, names):
        record("mapping forgotten", file, by=by, before=what)


def _refuse_unless_ready(file: DataFile) -> None:
    if file.state != DataFile.State.READY:
        raise Conflict(f"The file is {file.state}; it can be imported when it is ready.")


def hold_reading(file_id: int, number: int) -> None:
    """In the transaction that queues an import: from then on nobody reads the file again until the import is over.

    Raises Conflict where the file is being read, or was read again since.
    """
    file = locked(file_id)
    _refuse_unless_ready(file)
    if file.reading_number != number:
        raise Conflict("The file was read again in the meantime: its columns may be others. Start the import anew.")


def cells_sql(file: DataFile, mapping: dict[str, str | None], lines: tuple[int, int] | None = None) -> str:
    """A SELECT of `line` and every field, from the file's own columns; no name of a column enters the SQL."""
    places: dict[str | None, int] = {column["name"]: column.get("at", n) for n, column in enumerate(file.columns)}
    chosen = [
        f"c{places[column]} AS {field}" if (column := mapping.get(field)) in places else f"NULL::VARCHAR AS {field}"
        for field in FIELDS
    ]
    table = store.relation(file.table_path, needed_places(file, mapping), lines)
    return f"SELECT line, NULL::INTEGER AS alt_number, {', '.join(chosen)} FROM {table}"


def needed_places(file: DataFile, mapping: Mapping[str, str | None]) -> set[int]:
    """Where the columns that an import reads lie in the table."""
    if file.is_vcf:
        return vcf_cells.needed(file, mapping)
    places: dict[str | None, int] = {column["name"]: column.get("at", n) for n, column in enumerate(file.columns)}
    return {places[column] for column in mapping.values() if column in places}


def assembly_seen(file: DataFile, mapping: dict[str, str | None]) -> assembly_evidence.Evidence:
    """What says which assembly the positions of this file are on."""
    try:
        cells = cells_sql(file, mapping)
    except FileNotFoundError:  # whoever imports it is told so by the job
        cells = ""
    return assembly_evidence.seen(file, cells, mapping)
