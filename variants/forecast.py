"""The dry run: what an import would do if it were done now. Writes nothing to the variant tables and waits for nobody."""

from typing import Any

from django.conf import settings
from django.db import connection, transaction

from project.core.jobs import Run
from variants import following, forecast_sql, releases
from variants.load_access import label_for
from variants.load_lists import visible_loads
from variants.merging import counted, refuse_half, why
from variants.models import Load, Variant, slug_of
from variants.part_loading import Staged
from variants.questions import COLUMNS, variant_rows
from variants.tables import best_name
from variants.versions import data_version
from variants.words import read_staged_again, unknown_note

NAME_CHARACTERS, ALLELE_BASES, WRITTEN_CHARACTERS = 120, 12, 300
_TEMPORARY = "DROP TABLE IF EXISTS seen, known"


def forecast_claims(run: Run, staged: Staged, *, url: str = "") -> None:
    """Save on the job what a merge of the staging table would do now.

    The job's result: `dry_run` true, `data_version` of the state that was compared with, `reasons`, `remarks` and `notes` as
    an import has them; `variants` new and known; `disagreements`, `changes` and `unknown_genes`, each a `count` with the first
    IMPORT_LISTED of them as `listed`; `replaces`, `supersedes` and `earlier_releases` as loads; `url` of its page.
    Raises StagingLost, Cancelled, TakenOver.
    """
    run.report(0.6, "Comparing", lines_read=staged.lines)
    connection.ensure_connection()
    with run.stoppable(connection.connection.cancel):
        counts, result = _compared(run, staged)
    run.save(counts=counts, result={"dry_run": True, "url": url, **result})


def _compared(run: Run, staged: Staged) -> tuple[dict[str, int], dict[str, Any]]:
    spec, is_outermost = staged.spec, not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:  # every question is asked of one state of the database, whoever commits meanwhile
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        version = data_version()
        refuse_half(cursor, staged)
        read_staged_again(cursor, staged.table, staged.terms)
        before = Load.objects.filter(fingerprint=spec.fingerprint).first()
        notes = [*staged.notes, *unknown_note(cursor, staged.table), *_about(before)]
        this = before.pk if before else None
        replaced = following.replaced_by(spec.checksum, this)
        following.refuse_foreign(replaced, run.job.owner)
        superseded = following.superseded_by(spec.supersedes, replaced, this)
        notes += following.not_superseded(spec.supersedes, [*replaced, *([before] if before else [])])
        leaving = [one.pk for one in [*replaced, *superseded] if one.state == Load.State.LIVE]
        cursor.execute(_TEMPORARY)
        cursor.execute(forecast_sql.FORECAST.format(staging=staged.table), {"leaving": leaving, "this": this})
        counts = counted(cursor, staged.table, spec.rejected_by_reader)
        earlier = releases.earlier_releases(run.job.owner, source=spec.source, name=spec.label, checksum=spec.checksum)
        chosen = {one.pk for one in superseded}
        result = {
            "data_version": version, **why(cursor, staged.table), "notes": notes,
            **_asked(cursor, staged.table),
            "replaces": _shown(replaced, run.job.owner), "supersedes": _shown(superseded, run.job.owner),
            "earlier_releases": _shown([one for one in earlier if one.pk not in chosen], run.job.owner),
        }  # fmt: skip
        cursor.execute(_TEMPORARY)
    return counts, result


def _about(before: Load | None) -> list[str]:
    """What is to be known where the same import was made before."""
    if before is None:
        return []
    when = f"{before.created:%-d %B %Y}"
    if before.state == Load.State.LIVE:
        return [f"The same was imported on {when} (load {before.pk}): nothing new comes in."]
    return [f"The same was imported on {when} (load {before.pk}) and is {before.state}: its claims come back."]


def _asked(cursor: Any, staging: str) -> dict[str, Any]:
    most = {"most": settings.IMPORT_LISTED}

    def rows(sql: str, **values: Any) -> list[dict[str, Any]]:
        cursor.execute(sql.format(staging=staging), values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def numbers(sql: str) -> tuple[int, int]:
        cursor.execute(sql.format(staging=staging))
        first, second = cursor.fetchone()
        return int(first), int(second)

    changed, in_conflict = numbers(forecast_sql.COUNT_CHANGES)
    claims, disagreed = numbers(forecast_sql.COUNT_DISAGREEMENTS)
    genes, naming = numbers(forecast_sql.COUNT_UNKNOWN_GENES)
    changes, disagreements = rows(forecast_sql.CHANGES, **most), rows(forecast_sql.DISAGREEMENTS, **most)
    names = _names({row["id"] for row in [*changes, *disagreements]})
    return {
        "variants": rows(forecast_sql.VARIANTS)[0],
        "changes": {"count": changed, "new_conflicts": in_conflict, "listed": [_change(row, names) for row in changes]},
        "disagreements": {
            "count": claims, "variants": disagreed, "listed": [_disagreement(row, names) for row in disagreements],
        },
        "unknown_genes": {
            "count": genes, "claims": naming,
            "listed": [{"name": row["written"], "claims": row["claims"]} for row in rows(forecast_sql.UNKNOWN_GENES, **most)],
        },
    }  # fmt: skip


def _names(ids: set[int]) -> dict[int, str]:
    rows = variant_rows(list(Variant.objects.filter(pk__in=ids).values(*COLUMNS)))
    return {row["id"]: plain_name(row) for row in rows}


def plain_name(row: dict[str, Any]) -> str:
    """`17:43,057,062 T>TG` as text, or the best of its names where it has no place. Long alleles are cut."""
    if row["chrom"] is None or row["pos"] is None:
        return best_name(row)[:NAME_CHARACTERS]
    ref, alt = (_cut(bases) if bases else "-" for bases in (row["ref"], row["alt"]))
    return f"{row['chrom']}:{row['pos']:,}" + ("" if row["ref"] is None and row["alt"] is None else f" {ref}>{alt}")


def _cut(bases: str) -> str:
    return bases if len(bases) <= ALLELE_BASES else f"{bases[:ALLELE_BASES]}… ({len(bases):,})"


def _change(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    return {
        "variant": row["id"], "name": names[row["id"]], "before": slug_of(row["before"]), "after": slug_of(row["after"]),
        "conflict_before": row["conflict_before"], "conflict_after": row["conflict_after"],
        "claims_before": row["claims_before"], "claims_after": row["claims_after"],
    }  # fmt: skip


def _disagreement(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    return {
        "line": row["line"], "alt_index": row["alt_index"], "variant": row["id"], "name": names[row["id"]],
        "reported_classification": row["reported"] and row["reported"][:WRITTEN_CHARACTERS],
        "classification": slug_of(row["class"]),
        "database": {
            "classification": slug_of(row["says"]), "conflict": row["is_conflict"], "claims": row["claims"],
        },
    }  # fmt: skip


def _shown(loads: list[Load], user: Any) -> list[dict[str, Any]]:
    """Loads as the person may see them: the label, which may be a file's name, only where its file is theirs to read."""
    seen = visible_loads(user, loads) if user is not None else dict.fromkeys(load.pk for load in loads)
    claims = releases.claims_of(loads)
    return [
        {
            "load": load.pk, "source": load.source or None, "state": load.state,
            "label": load.label if user is None else label_for(user, load, seen.get(load.pk)),
            "url": f"/loads/{load.pk}/" if load.pk in seen else None,
            "claims": claims[load.pk], "created": load.created.isoformat(),
        }
        for load in loads
    ]  # fmt: skip
