"""A file staged in parts ends in the same rows as in one, wherever it is cut."""

import random

import pytest
from django.db import connection, transaction

from variants import staging
from variants.models import (
    ClassificationChange,
    Gene,
    LoadIssue,
    Record,
    ReportedWord,
    Variant,
    VariantGene,
    VariantName,
)
from variants.tests.conftest import end_of_transaction

CELLS = {
    "classification": ["Pathogenic", "Benign", "VUS", "odd words", None],
    "gene": ["BRCA1", "brca1", "NEWGENE|BRCA1", "newgene", 'ODD"\\{},', "x" * 90, None],
    "rsid": ["rs1", "rs2", "rs1,rs3", None],
    "hgvs_c": ["NM_1.1:c.1A>T", "NM_2.1:c.7dup", None],
    "hgvs_p": ["p.V600E", "NP_1.1:p.Val600Glu", None],
    "consequence": ["missense", "stop", None],
    "last_evaluated": ["2020-01-02", "2024-05-06", None],
    "source": ["one", "two", None],
    "comment": ['a "b", c\\n', "\\N", "", None],
}
# The same alleles with and without their padding base, multi-allelic lines, names alone, lines that are refused.
PLACES = [
    {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}, {"chrom": "7", "start": "100", "ref": "A", "alt": "T,G,*"},
    {"chrom": "7", "start": "101", "ref": "C", "alt": "-"}, {"chrom": "7", "start": "100", "ref": "AC", "alt": "A"},
    {"chrom": "7", "start": "99", "ref": "GA", "alt": "GT"}, {"chrom": "X", "start": "5000000"}, {}, {}, {},
    {"chrom": "7", "start": "x"}, {"chrom": "7", "start": "100", "ref": "A", "alt": "C\0"},
    {"chrom": "7", "start": "100", "ref": "A", "alt": "R"}, {"chrom": "GL000192.1", "start": "5", "ref": "A", "alt": "T"},
]  # fmt: skip


def rows_of(chance: random.Random, count: int) -> list[dict]:
    return [
        chance.choice(PLACES) | {name: chance.choice([None, *values]) for name, values in CELLS.items()}
        for _ in range(count)
    ]


def told() -> dict:
    """Everything that a load may write, without the numbers that the database gives."""
    variant = [f.name for f in Variant._meta.concrete_fields if f.name not in ("id", "gene")]
    record = [f.name for f in Record._meta.concrete_fields if f.name not in ("id", "load", "variant")]
    names: dict = {}
    for key, load, kind, text in VariantName.objects.order_by("pk").values_list(
        "variant__key", "load__fingerprint", "kind", "text"
    ):
        names.setdefault((key, load), []).append((kind, text))
    sets = {
        "variants": Variant.objects.values_list(*variant, "gene__symbol"),
        "records": Record.objects.values_list(*record, "variant__key", "load__fingerprint"),
        "links": VariantGene.objects.values_list("variant__key", "gene__symbol", "named"),
        "issues": LoadIssue.objects.values_list("load__fingerprint", "line", "kind", "reason"),
        "words": ReportedWord.objects.values_list("load__fingerprint", "text", "classification", "known", "claims"),
        "genes": Gene.objects.values_list("symbol", "listed", "variant_count"),
        "history": ClassificationChange.objects.values_list("variant__key", "before", "after", "conflict_after"),
    }
    return {"names": names} | {name: sorted(map(repr, rows)) for name, rows in sets.items()}


@pytest.fixture
def cut(monkeypatch):
    """cut(lines): from now on alleles are copied in parts, each up to one of these lines; the last part comes first."""
    copy = staging.copy_part

    def cut_at(lines: list[int]) -> None:
        def copy_parts(db, cursor, table, part, attempt):
            db.execute("CREATE OR REPLACE TEMP TABLE every AS FROM alleles")
            copied = 0
            for number, (start, end) in reversed(list(enumerate(zip([0, *lines], [*lines, 1 << 40], strict=True)))):
                db.execute(f"CREATE OR REPLACE TEMP TABLE alleles AS FROM every WHERE line >= {start} AND line < {end}")
                copied += copy(db, cursor, table, number, attempt)
            db.execute("CREATE OR REPLACE TEMP TABLE alleles AS FROM every")
            return copied

        monkeypatch.setattr(staging, "copy_part", copy_parts)

    return cut_at


@pytest.mark.parametrize("seed", range(3))
def test_parts_end_in_the_same_rows_as_the_whole(load, make_gene, cut, seed):
    chance = random.Random(seed)
    make_gene("BRCA1", aliases=("OLDNAME",), chrom="7", start=50, end=150, coding=True)
    make_gene("INNER", chrom="7", start=90, end=101)
    load(rows_of(chance, 8), source="before")
    rows = rows_of(chance, 40)
    found = []
    for lines in ([], sorted(chance.sample(range(3, 42), 1)), sorted(chance.sample(range(3, 42), 7))):
        with transaction.atomic():
            cut(lines)
            done = load(rows)
            again = load(rows)
            result = {name: value for name, value in done.job.result.items() if name != "load"}
            found.append((told(), done.counts, result, again.job.counts))
            transaction.set_rollback(True)
        end_of_transaction()
    assert found[0][1]["imported"]
    assert found[0][1]["merged"]
    assert found[0][1]["rejected"]
    assert found[0][1]["skipped"]
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_rows_of_every_staging_table_are_counted(db):
    with connection.cursor() as cursor:
        staging.make(cursor, "variants_staging_0")
        for number, suffix in enumerate(("", "_keys", "_issues"), start=1):
            cursor.execute(f"INSERT INTO variants_staging_0{suffix} DEFAULT VALUES")
            assert staging.rows_in(cursor, "variants_staging_0") == number
        staging.drop(cursor, "variants_staging_0")
