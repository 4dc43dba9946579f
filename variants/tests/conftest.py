"""Small files loaded for real, and rows made by hand where only reading is tested."""

import hashlib
from typing import Any

import pytest
from django.db import connection

from project.core.jobs import Run
from project.core.models import Job
from variants.classification import Classification
from variants.identity import allele_key
from variants.load_spec import LoadSpec
from variants.models import CHROMOSOMES, Gene, GeneName, Load, Record, Variant, VariantGene, VariantName
from variants.tests.cells import cells_of
from variants.tests.staged import load_cells


@pytest.fixture(autouse=True)
def _readable_by_all(settings):
    settings.PUBLIC_READ = True
    settings.DEFAULT_ASSEMBLY = "GRCh38"
    settings.WHITENOISE_AUTOREFRESH = True  # else each test client reads every static file's state: 0.1 s


def new_job(**fields: Any) -> Job:
    return Job.objects.create(
        kind="import", title="Import rows.tsv", task="test", **({"state": "running", "attempt": 1} | fields)
    )


def end_of_transaction() -> None:
    """A test is one transaction; the temporary tables that a commit would drop are dropped here."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD TEMP")


@pytest.fixture
def load(db, own_folders):
    """load(rows, **LoadSpec fields): the rows loaded as one file, with the job that did it as `.job`."""

    def load_rows(rows: list[dict], *, job: Job | None = None, run: Run | None = None, **spec: Any) -> Any:
        checksum = hashlib.sha256(repr(rows).encode()).hexdigest()
        job = run.job if run else job or new_job()
        with cells_of(rows) as cells:
            found = load_cells(
                cells,
                LoadSpec(**({"label": "rows.tsv", "checksum": checksum, "assembly": "GRCh38"} | spec)),
                run or Run(job),
            )
        end_of_transaction()
        found.refresh_from_db()
        job.refresh_from_db()
        found.job = job
        return found

    return load_rows


@pytest.fixture
def make_gene(db):
    def make(symbol: str, *, aliases: tuple = (), previous: tuple = (), **fields: Any) -> Gene:
        gene = Gene.objects.create(symbol=symbol, **fields)
        for kind, names in (("symbol", [symbol]), ("alias", aliases), ("previous", previous)):
            for name in names:
                GeneName.objects.create(gene=gene, name=name.upper(), written=name, kind=kind)
        return gene

    return make


@pytest.fixture
def make_variant(db):
    """A variant with one claim of one live load; a place (chrom, pos, ref, alt) unless `chrom` is None."""
    live: dict[str, Load] = {}

    def load_of(checksum: str) -> Load:
        if checksum not in live:
            live[checksum] = Load.objects.create(
                label="rows.tsv", checksum=checksum, fingerprint=checksum, state="live"
            )
        return live[checksum]

    def make(
        pos: int | None = 100, ref: str = "A", alt: str = "T", *, chrom: str | None = "7", assembly: str = "GRCh38",
        gene: Gene | None = None, names: tuple = (), classification: Classification = Classification.UNCERTAIN,
        claims: int = 1, checksum: str = "sum", claim: dict | None = None, **fields: Any,
    ) -> Variant:  # fmt: skip
        number = Variant.objects.count() + 1
        if chrom:
            fields |= {
                "key": allele_key(assembly, chrom, pos, ref, alt), "assembly": assembly, "chrom": chrom, "pos": pos, "ref": ref,
                "alt": alt, "chrom_rank": CHROMOSOMES.index(chrom) + 1, "padding": True,
            }  # fmt: skip
        else:
            fields["key"] = hashlib.md5(str(number).encode()).hexdigest()
        variant = Variant.objects.create(gene=gene, classification=classification, record_count=claims, **fields)
        load = load_of(checksum)
        for n in range(claims):
            Record.objects.create(
                load=load, line=number * 1000 + n, variant=variant, classification=classification,
                named_genes=[gene.symbol.upper()] if gene else [], **(claim or {}),
            )  # fmt: skip
        if gene:
            VariantGene.objects.create(variant=variant, gene=gene, named=True)
            Gene.objects.filter(pk=gene.pk).update(variant_count=gene.variants.filter(record_count__gt=0).count())
        for kind, text in names:
            VariantName.objects.create(variant=variant, kind=kind, text=text, load=load)
        return variant

    return make
