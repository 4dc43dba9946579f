"""The dry run says what the import then does: the same counts, the same changes; and it changes nothing."""

import hashlib
from typing import Any

import pytest
from django.db import connection, transaction

from project.core.jobs import Run
from variants.forecast import forecast_claims
from variants.load_spec import LoadSpec
from variants.loading import withdraw
from variants.models import ClassificationChange, Gene, Load, Variant, slug_of
from variants.tests.cells import cells_of
from variants.tests.conftest import end_of_transaction, new_job
from variants.tests.staged import staged_cells
from variants.tests.test_loading import contents
from variants.versions import data_version

SNV = {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}


def at(pos: int, said: str | None = None, **more: str) -> dict:
    return SNV | {"start": str(pos), "classification": said} | more


@pytest.fixture
def forecast(db):
    """forecast(rows, **LoadSpec fields): the job of the dry run."""

    def of(rows: list[dict], **spec: Any) -> Any:
        checksum = hashlib.sha256(repr(rows).encode()).hexdigest()
        job = new_job(params={"dry_run": True}, owner=spec.pop("owner", None))
        before = contents(), list(Load.objects.order_by("pk").values()), data_version()
        with cells_of(rows) as cells:
            known = {"label": "rows.tsv", "checksum": checksum, "assembly": "GRCh38"} | spec
            run = Run(job)
            forecast_claims(run, staged_cells(cells, LoadSpec(**known), run))
        end_of_transaction()
        assert (contents(), list(Load.objects.order_by("pk").values()), data_version()) == before
        job.refresh_from_db()
        return job

    return of


def changes_made(since: int) -> list[tuple]:
    made = ClassificationChange.objects.filter(pk__gt=since).order_by("variant")
    return [
        (c.variant_id, slug_of(c.before), slug_of(c.after), c.conflict_before, c.conflict_after, c.variant.record_count)
        for c in made.select_related("variant")
    ]


def changes_told(result: dict) -> list[tuple]:
    names = ("variant", "before", "after", "conflict_before", "conflict_after", "claims_after")
    assert result["changes"]["count"] == len(result["changes"]["listed"])
    return sorted(tuple(change[name] for name in names) for change in result["changes"]["listed"])


BASE = [at(100, "Pathogenic", gene="AAA"), at(200, "Benign"), at(300, "VUS"), at(400, "drug response"), at(500)]
TABLES = {
    "agrees": [at(100, "Likely pathogenic"), at(200, "Benign"), at(600, "Benign")],
    "disagrees": [at(100, "Benign"), at(200, "VUS"), at(300, "Likely benign"), at(400, "Pathogenic"), at(500, "risk factor")],
    "disagrees with itself": [at(700, "Benign"), at(700, "Pathogenic"), at(200, "Benign"), at(200, "Pathogenic")],
    "is full of holes": [at(100, alt="R", rsid="rs1"), at(0), {"gene": "ZZZ"}, {}, at(1, chrom="GL000192.1"), at(100, "x", alt="T,G")],
    "says that others disagree": [at(100, "conflicting data from submitters"), at(300, "conflicting")],
    "has no rows": [],
}  # fmt: skip


@pytest.mark.parametrize("rows", TABLES.values(), ids=list(TABLES))
@pytest.mark.parametrize("follows", ["nothing", "replaces", "supersedes", "comes back"])
def test_the_forecast_is_what_the_import_then_does(load, forecast, rows, follows):
    base = load(BASE, source="ClinVar")
    spec: dict[str, Any] = {"source": "ClinVar"}
    if follows == "replaces":
        spec |= {"checksum": base.checksum, "options": {"mapping": {"gene": "b"}}}
    elif follows == "supersedes":
        spec |= {"supersedes": (base.pk,)}
    elif follows == "comes back":
        load(rows, **spec)
        with transaction.atomic():
            withdraw(Load.objects.latest("pk"))
        end_of_transaction()
    told = forecast(rows, **spec)
    since = getattr(ClassificationChange.objects.order_by("-pk").first(), "pk", 0)
    variants = set(Variant.objects.values_list("pk", flat=True))
    done = load(rows, **spec)
    assert told.counts == done.job.counts
    for name in ("reasons", "remarks"):
        assert told.result[name] == done.job.result[name]
    assert changes_told(told.result) == changes_made(since)
    assert told.result["variants"]["new"] == len(set(Variant.objects.values_list("pk", flat=True)) - variants)
    base.refresh_from_db()
    state = {"replaces": "replaced", "supersedes": "superseded"}.get(follows, "live")
    assert base.state == state
    assert [one["load"] for one in told.result.get(follows, [])] == ([] if state == "live" else [base.pk])


def test_claims_on_another_side_are_listed_the_farthest_apart_first(load, forecast):
    load(BASE, source="ClinVar")
    rows = [at(300, "Benign(2)"), at(100, "Benign"), at(100, "LP"), at(400, "Pathogenic"), at(200, "VUS")]
    found = forecast(rows, source="our lab").result["disagreements"]
    assert (found["count"], found["variants"]) == (3, 3)
    first = found["listed"][0]
    assert first == {
        "line": 3, "alt_index": 1, "variant": Variant.objects.get(pos=100).pk, "name": "7:100 A>T",
        "reported_classification": "Benign", "classification": "benign",
        "database": {"classification": "pathogenic", "conflict": False, "claims": 1},
    }  # fmt: skip
    assert [row["line"] for row in found["listed"]] == [3, 2, 6]


def test_a_claim_does_not_disagree_with_what_the_import_itself_replaces_or_supersedes(load, forecast):
    base = load(BASE, source="ClinVar")
    rows = [at(100, "Benign")]
    assert forecast(rows).result["disagreements"]["count"] == 1
    assert forecast(rows, supersedes=(base.pk,)).result["disagreements"]["count"] == 0
    assert forecast(rows, checksum=base.checksum).result["disagreements"]["count"] == 0


def test_lists_are_cut_and_counts_are_not(load, forecast, settings):
    settings.IMPORT_LISTED = 2
    load([at(pos, "Benign", gene=f"OLD{pos}") for pos in range(100, 110)])
    result = forecast([at(pos, "Pathogenic", gene=f"NEW{pos}") for pos in range(100, 110)]).result
    for name in ("changes", "disagreements", "unknown_genes"):
        assert (result[name]["count"], len(result[name]["listed"])) == (10, 2)
    assert result["changes"]["new_conflicts"] == 10


def test_genes_that_the_gene_table_does_not_know_are_named(load, forecast, make_gene):
    make_gene("BRCA1", aliases=("RNF53",), listed=True)
    result = forecast([at(1, gene="BRCA1"), at(2, gene="rnf53"), at(3, gene="BRAC1"), at(4, gene="BRAC1")]).result
    assert result["unknown_genes"] == {"count": 1, "claims": 2, "listed": [{"name": "BRAC1", "claims": 2}]}
    assert not Gene.objects.filter(symbol="BRAC1").exists()


def test_earlier_releases_of_the_source_or_of_a_file_called_alike_are_offered(load, forecast, make_user):
    ada = make_user("ada")
    for label, source in (("clinvar_2026-01.tsv", ""), ("other.tsv", "CLINVAR"), ("third.tsv", "HGMD")):
        one = load([at(1, label)], label=label, source=source)
        Load.objects.filter(pk=one.pk).update(created_by=ada)
    rows = [at(1, "Benign")]
    asked = {"label": "ClinVar_2026-02.tsv", "source": "ClinVar"}
    assert [one["label"] for one in forecast(rows, owner=ada, **asked).result["earlier_releases"]] == [
        "other.tsv", "clinvar_2026-01.tsv",  # who made a load knows its name, though its file is gone
    ]  # fmt: skip
    assert forecast(rows, owner=make_user("eve"), **asked).result["earlier_releases"] == []


def test_the_same_once_more_is_said_to_bring_nothing(load, forecast):
    first = load(BASE)
    told = forecast(BASE)
    assert told.counts["imported"] == 0
    assert any(f"load {first.pk}" in note and "nothing new" in note for note in told.result["notes"])


def test_a_dry_run_takes_no_lock_of_the_merge(forecast):
    with connection.cursor() as cursor:
        forecast(BASE)
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone()[0] == 0
