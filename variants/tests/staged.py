"""Cells of a test through staging into the variant database: what an import does, with the whole file as one part."""

import duckdb
from django.db import connection

from project.core import parts
from project.core.jobs import Run
from variants import staging
from variants.load_spec import LoadSpec
from variants.loading import load_claims
from variants.models import Load
from variants.normalising import Told, bases_of
from variants.part_loading import Staged, bases_told, bring, gathered, opened_for, rules_for


def staged_cells(db: duckdb.DuckDBPyConnection, spec: LoadSpec, run: Run) -> Staged:
    """The relation `cells` of `db`, normalised and staged as the one part of a file."""
    table = staging.name(run.job.pk)
    with connection.cursor() as cursor:
        staging.drop(cursor, table)
        staging.make(cursor, table)
    with opened_for(spec) as (spec, opened):
        bases = bases_told(spec, [db]) if spec.base is None else bases_of(spec.base, Told())
        (rows,) = db.execute("SELECT count(DISTINCT line) FROM cells").fetchone() or (0,)
        parts.plan(run, [({}, rows)], task="test", message="Normalising and copying")
        parts.work(run, lambda part: bring(db, part, rules_for(spec, opened, bases)))
    return gathered(run.job.pk, spec, bases, parts.results(run.job))


def load_cells(db: duckdb.DuckDBPyConnection, spec: LoadSpec, run: Run) -> Load:
    staged = staged_cells(db, spec, run)
    load = load_claims(run, staged)
    with connection.cursor() as cursor:
        staging.drop(cursor, staged.table)
    return load
