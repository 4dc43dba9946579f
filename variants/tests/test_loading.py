"""Rows into the database: nothing lost, nothing doubled, every count adds up."""

import time

import pytest
from django.db import DatabaseError, connection, transaction

from project.core.jobs import Cancelled, Run, TakenOver
from project.core.models import Job
from project.core.outcomes import has_lost_database
from variants import merging
from variants.identity import allele_key
from variants.loading import withdraw
from variants.merging import take_merge_lock
from variants.models import Gene, Load, LoadIssue, Record, Variant, VariantName, slug_of
from variants.tests.conftest import end_of_transaction, new_job

SNV = {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}
OTHER = SNV | {"start": "200"}


def claims(*words: str | None, **cells: str) -> list[dict]:
    """One allele, one claim for each word."""
    return [SNV | {"classification": word} | cells for word in words]


def contents() -> dict:
    """Everything that a load may change."""
    models = {
        model: list(model.objects.order_by("pk").values()) for model in (Variant, Record, VariantName, Gene, LoadIssue)
    }
    return models | {"history": list(Variant.changes.rel.related_model.objects.order_by("pk").values())}


# --- accounting --------------------------------------------------------------------------------------


def test_lines_read_are_imported_merged_rejected_or_skipped(load):
    rows = [
        SNV, SNV | {"ref": "GA", "start": "99", "alt": "GT"}, SNV | {"alt": "T,G"}, OTHER | {"alt": "<DEL>,*"},
        SNV | {"start": "x"}, SNV | {"chrom": "GL000192.1"}, OTHER | {"alt": "C,<DEL>"}, {},
    ]  # fmt: skip
    done = load(rows, rejected_by_reader=2)
    assert done.counts == {
        "lines_read": 10, "imported": 3, "merged": 1, "rejected": 3, "skipped": 3,
        "alleles_imported": 3, "alleles_merged": 2, "alleles_skipped": 5, "flagged": 0,
    }  # fmt: skip
    assert done.job.counts == done.counts


def test_each_line_that_became_no_claim_is_listed_with_its_reason(load):
    done = load([SNV, SNV | {"start": "x"}, SNV | {"chrom": "GL000192.1"}, SNV | {"alt": "R", "rsid": "rs1"}])
    assert list(done.issues.values_list("line", "kind", "reason")) == [
        (3, "rejected", "position 'x' is not a whole number"),
        (4, "skipped", "GL000192.1 is an unlocalised scaffold of GRCh37; only chromosomes are loaded"),
        (5, "flagged", "alleles A > R are not plain bases; kept by name"),
    ]


def test_the_job_says_why_by_reason(load):
    done = load([SNV, SNV | {"start": "x"}, SNV | {"start": "x"}, SNV | {"alt": "*"}])
    assert done.job.result["load"] == done.pk
    assert done.job.result["reasons"] == {
        "position 'x' is not a whole number": 2, "ALT * (spanning deletion) is no allele of its own": 1,
    }  # fmt: skip


def test_a_file_without_rows_is_a_load_of_nothing(load):
    assert load([]).counts["lines_read"] == 0


def test_every_claim_has_the_line_that_it_came_from(load):
    load([SNV | {"line": 7}, SNV | {"line": 12, "alt": "G,C"}])
    assert list(Record.objects.values_list("line", "alt_index")) == [(7, 1), (12, 1), (12, 2)]


def test_one_absurd_position_does_not_sink_the_file(load):
    done = load([SNV, {"chrom": "7", "start": "2147483640", "ref": "A" * 50 + "C", "alt": "A" * 50 + "T"}])
    assert (done.counts["imported"], done.counts["rejected"]) == (1, 1)


def test_a_nul_character_in_a_text_does_not_sink_the_file(load):
    done = load([SNV, OTHER | {"comment": "a\0b"}])
    assert (done.counts["lines_read"], Variant.objects.filter(pos=100).count()) == (2, 1)


# --- loading twice -----------------------------------------------------------------------------------


def test_importing_the_same_again_imports_nothing_and_changes_nothing(load):
    rows = [
        SNV | {"gene": "BRAF", "hgvs_c": "c.1A>T", "classification": "Benign"},
        OTHER,
        {"gene": "HBB"},
        SNV | {"start": "x"},
    ]
    first = load(rows)
    before = {model: rows for model, rows in contents().items() if model is not LoadIssue}
    again = load(rows)
    assert again.pk == first.pk
    counts = Job.objects.latest("pk").counts
    assert [counts[name] for name in ("lines_read", "imported", "merged", "rejected")] == [4, 0, 3, 1]
    assert again.counts == first.counts  # what the load itself brought
    assert {model: rows for model, rows in contents().items() if model is not LoadIssue} == before
    assert LoadIssue.objects.count() == 1


def test_a_second_file_merges_into_the_variants_of_the_first(load):
    load([SNV, OTHER])
    done = load([SNV | {"classification": "Benign"}, SNV | {"start": "300"}])
    assert [done.counts[name] for name in ("imported", "merged")] == [1, 1]
    assert Variant.objects.get(pos=100).record_count == 2
    assert Variant.objects.count() == 3


def test_rows_that_only_name_a_gene_are_merged_with_themselves_and_with_no_other_files(load):
    load([{"gene": "HBB"}])
    load([{"gene": "HBB"}])
    load([{"gene": "HBB"}, {"gene": "HBB"}])
    assert Variant.objects.count() == 3


def test_a_file_read_as_another_assembly_replaces_its_earlier_reading(load):
    load([SNV], assembly="GRCh37", checksum="same bytes")
    load([SNV], assembly="GRCh38", checksum="same bytes")
    assert list(Variant.objects.current().values_list("assembly", flat=True)) == ["GRCh38"]
    assert list(Load.objects.order_by("pk").values_list("assembly", "state")) == [
        ("GRCh37", "replaced"),
        ("GRCh38", "live"),
    ]


# --- aggregates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cases", [[
    (["Pathogenic"], "pathogenic", False),
    (["Likely pathogenic"], "likely_pathogenic", False),
    (["Pathogenic", "Likely pathogenic"], "pathogenic_or_likely", False),
    (["P/LP", "Pathogenic"], "pathogenic_or_likely", False),
    (["P/LP"], "pathogenic_or_likely", False),
    (["VUS", "VUS"], "uncertain", False),
    (["Benign"], "benign", False),
    (["Likely benign"], "likely_benign", False),
    (["Likely benign", "Benign"], "benign_or_likely", False),
    (["Pathogenic", "VUS"], "conflicting", True),
    (["Likely pathogenic", "Benign"], "conflicting", True),
    (["P/LP", "B/LB"], "conflicting", True),
    (["VUS", "Likely benign"], "conflicting", True),
    (["Pathogenic", "VUS", "Benign"], "conflicting", True),
    (["Pathogenic", "risk factor"], "pathogenic", False),
    (["Benign", "drug response", "not provided", "protective"], "benign", False),
    (["conflicting"], "conflicting", False),
    (["conflicting", "Pathogenic"], "conflicting", False),
    (["risk factor", "drug response"], "risk_factor", False),
    (["drug response", "other"], "drug_response", False),
    (["an unknown word", "not provided"], "other", False),
    (["not provided"], "not_provided", False),
    ([None], "not_provided", False),
]])  # fmt: skip
def test_aggregate_and_conflict(load, cases):
    rows = [
        SNV | {"start": str(n), "classification": word}
        for n, (words, _, _) in enumerate(cases, start=1)
        for word in words
    ]
    load(rows)
    found = {v.pos: (slug_of(v.classification), v.conflict, v.record_count) for v in Variant.objects.all()}
    assert found == {n: (slug, conflict, len(words)) for n, (words, slug, conflict) in enumerate(cases, start=1)}


def test_unknown_words_are_kept_as_written_and_named_in_the_notes(load):
    done = load(claims("Quite bad"))
    assert Record.objects.get().reported_classification == "Quite bad"
    assert any("“Quite bad”" in note for note in done.notes)


def test_the_last_evaluation_is_the_newest_of_all_claims(load):
    load([SNV | {"last_evaluated": day} for day in ("2019-01-01", "Dec 15, 2024", "-", "2020/02/02")])
    assert str(Variant.objects.get().last_evaluated) == "2024-12-15"


def test_a_changed_aggregate_is_written_to_the_history(load):
    load(claims("Pathogenic"))
    second = load(claims("Benign"))
    changes = Variant.objects.get().changes.values_list("before", "after", "conflict_before", "conflict_after", "load")
    assert list(changes) == [(1, 8, False, True, second.pk)]


def test_a_load_that_agrees_writes_no_history(load):
    load(claims("Pathogenic"))
    load(claims("Pathogenic", comment="again"))
    assert not Variant.objects.get().changes.exists()


# --- withdrawing -------------------------------------------------------------------------------------


def test_a_withdrawn_load_leaves_counts_aggregate_and_lists_but_not_the_history(load):
    load(claims("Pathogenic", gene="BRAF"))
    second = load(claims("Benign", gene="BRAF") + [OTHER | {"gene": "BRAF"}])
    with transaction.atomic():
        withdraw(second)
    variant = Variant.objects.get(pos=100)
    assert (slug_of(variant.classification), variant.conflict, variant.record_count) == ("pathogenic", False, 1)
    assert list(Variant.objects.current()) == [variant]
    assert Gene.objects.get(symbol="BRAF").variant_count == 1
    assert Record.objects.count() == 3
    assert Record.objects.current().count() == 1


def test_a_withdrawn_load_can_be_imported_again(load):
    first = load(claims("Pathogenic", gene="BRAF"))
    with transaction.atomic():
        withdraw(first)
    assert not Variant.objects.current().exists()
    again = load(claims("Pathogenic", gene="BRAF"))
    variant = Variant.objects.current().get()
    assert (again.pk, slug_of(variant.classification), variant.record_count) == (first.pk, "pathogenic", 1)
    assert Gene.objects.get().variant_count == 1


def test_the_history_ends_with_what_the_variant_is_now(load):
    first = load(claims("Pathogenic"))
    with transaction.atomic():
        withdraw(first)
    load(claims("Pathogenic"))
    variant = Variant.objects.get()
    assert variant.changes.first().after == variant.classification


# --- display fields ----------------------------------------------------------------------------------


def test_a_later_claim_fills_what_was_empty_and_overwrites_nothing(load):
    load([SNV | {"transcript": "NM_1.1", "hgvs_c": "c.1A>T"}])
    load(
        [
            SNV
            | {
                "transcript": "NM_2.1",
                "hgvs_c": "c.2A>T",
                "hgvs_p": "NP_2.1:p.Lys1Ter",
                "rsid": "rs5",
                "consequence": "stop_gained",
            }
        ]
    )
    variant = Variant.objects.get()
    assert (variant.transcript, variant.hgvs_c) == ("NM_1.1", "NM_1.1:c.1A>T")
    assert (variant.hgvs_p, variant.rsid, variant.consequence) == ("NP_2.1:p.Lys1Ter", "rs5", "stop_gained")


def test_every_name_that_a_claim_gave_is_kept(load):
    load(
        [
            SNV | {"hgvs_c": "NM_1.1:c.1A>T", "rsid": "rs5"},
            SNV | {"hgvs_c": "NM_2.1:c.2A>T", "url": "https://x/RCV000000007"},
        ]
    )
    assert set(Variant.objects.get().names.values_list("kind", "text")) == {
        ("c", "NM_1.1:c.1A>T"), ("c", "NM_2.1:c.2A>T"), ("rsid", "rs5"), ("clinvar", "RCV000000007"),
    }  # fmt: skip


def test_padding_that_a_later_claim_gives_completes_the_variant(load):
    maf = {"chrom": "7", "start": "100", "stop": "101", "ref": "AC", "alt": "-"}
    load([maf])
    assert Variant.objects.values_list("pos", "ref", "alt", "padding").get() == (100, "AC", None, False)
    load([{"chrom": "7", "start": "99", "ref": "GAC", "alt": "G"}])
    assert Variant.objects.values_list("pos", "ref", "alt", "padding").get() == (99, "GAC", "G", True)
    load([maf | {"comment": "later"}])
    assert Variant.objects.values_list("pos", "ref", "alt", "padding").get() == (99, "GAC", "G", True)


def test_a_later_claim_gives_a_place_to_a_variant_that_had_only_a_name(load):
    load([{"rsid": "rs5"}])
    load([{"rsid": "rs5", "chrom": "7", "start": "100"}])
    assert Variant.objects.values_list("assembly", "chrom", "pos", "ref").get() == ("GRCh38", "7", 100, None)


def test_the_stored_key_is_the_one_that_a_search_asks_for(load):
    load([{"chrom": "7", "start": "97", "ref": "TTGAC", "alt": "TTG"}])
    assert Variant.objects.get().key == allele_key("GRCh38", "7", 99, "GAC", "G")


# --- genes -------------------------------------------------------------------------------------------


def test_genes_that_claims_name(load, make_gene):
    make_gene("BRAF", aliases=("BRAF1", "SHARED"))
    make_gene("KRAS", aliases=("KRAS2", "SHARED", "BRAF"))
    load([{"gene": name, "rsid": f"rs{n}"} for n, name in enumerate(
        ["braf", "Braf1", "SHARED", "unheardOf", "BRAF;KRAS2"], start=1)])  # fmt: skip
    found = {v.rsid: sorted(v.genes.values_list("symbol", flat=True)) for v in Variant.objects.all()}
    assert found == {"rs1": ["BRAF"], "rs2": ["BRAF"], "rs3": ["SHARED"], "rs4": ["unheardOf"], "rs5": ["BRAF", "KRAS"]}
    assert set(Gene.objects.filter(listed=False).values_list("symbol", flat=True)) == {"SHARED", "unheardOf"}
    assert dict(Gene.objects.values_list("symbol", "variant_count")) == {
        "BRAF": 3,
        "KRAS": 1,
        "SHARED": 1,
        "unheardOf": 1,
    }


def test_a_claim_keeps_the_name_of_the_gene_as_it_wrote_it(load, make_gene):
    make_gene("BRAF", aliases=("BRAF1",))
    load([{"gene": "BRAF1", "rsid": "rs1"}])
    assert Record.objects.get().named_genes == ["BRAF1"]


def test_genes_are_found_by_place_on_the_assembly_of_the_gene_table_only(load, make_gene):
    make_gene("NEAR", chrom="7", start=100, end=250_000)
    make_gene("FAR", chrom="7", start=300_000, end=400_000)
    make_gene("ELSEWHERE", chrom="8", start=1, end=400_000)
    places = ["99", "100", "150000", "250000", "250001"]
    load([SNV | {"start": pos} for pos in places] + [SNV | {"start": "150000", "assembly": "GRCh37"}])
    found = [
        (v.assembly, v.pos, list(v.genes.values_list("symbol", flat=True)))
        for v in Variant.objects.order_by("assembly", "pos")
    ]
    assert found == [
        ("GRCh37", 150_000, []), ("GRCh38", 99, []), ("GRCh38", 100, ["NEAR"]), ("GRCh38", 150_000, ["NEAR"]),
        ("GRCh38", 250_000, ["NEAR"]), ("GRCh38", 250_001, []),
    ]  # fmt: skip


def test_the_gene_by_place_does_not_depend_on_the_padding_of_a_deletion(load, make_gene):
    make_gene("NEAR", chrom="7", start=100, end=200)
    load(
        [
            {"chrom": "7", "start": "99", "ref": "GAC", "alt": "G"},
            {"chrom": "7", "start": "100", "ref": "AC", "alt": "GT"},
        ]
    )
    assert [list(v.genes.values_list("symbol", flat=True)) for v in Variant.objects.all()] == [["NEAR"], ["NEAR"]]


def test_a_gene_that_a_claim_names_is_shown_before_one_found_by_place(load, make_gene):
    make_gene("PLACE", chrom="7", start=1, end=500, coding=True)
    make_gene("NAMED")
    load([SNV | {"gene": "NAMED"}, OTHER])
    assert dict(Variant.objects.values_list("pos", "gene__symbol")) == {100: "NAMED", 200: "PLACE"}


def test_of_genes_by_place_the_one_with_an_exon_there_is_shown(load, make_gene):
    make_gene("SMALL", chrom="7", start=90, end=110, coding=True)
    make_gene("EXON", chrom="7", start=1, end=500, exons="{[95,105)}")
    load([SNV])
    assert Variant.objects.get().gene.symbol == "EXON"


# --- texts -------------------------------------------------------------------------------------------

HOSTILE = [
    'say "this"', "two\nlines", "carriage\r\nreturn", "tab\there", r"\N", r"\.", "a\n\\.\nb", r"back\slash\n", "comma, here", '"', '""',
    "«наследие» 遺伝 🧬", "e\u0301", "{}", "NULL and void", "'; DROP TABLE variants_record; --", "%s %(load)s {staging}", "\ufeffBOM",
]  # fmt: skip


def test_comments_arrive_exactly_as_written(load):
    load([SNV | {"start": str(n), "comment": text} for n, text in enumerate(HOSTILE, start=1)])
    assert list(Record.objects.order_by("line").values_list("submitter_comment", flat=True)) == HOSTILE


def test_other_texts_arrive_exactly_as_written(load):
    texts = [text for text in HOSTILE if text != '"' and "," not in text and ";" not in text]
    load([SNV | {"start": str(n), "gene": text, "consequence": text, "classification": text, "source": text, "url": text}
          for n, text in enumerate(texts, start=1)])  # fmt: skip
    found = Record.objects.order_by("line").values_list(
        "reported_classification", "source", "source_url", "variant__consequence"
    )
    assert list(found) == [(text,) * 4 for text in texts]
    assert [gene for (gene,) in Record.objects.order_by("line").values_list("named_genes", flat=True)] == [
        t.upper() for t in texts
    ]


def test_a_source_of_the_row_outweighs_that_of_the_load(load):
    load([SNV | {"source": "ENIGMA"}, OTHER], source="Our lab")
    assert list(Record.objects.order_by("line").values_list("source", flat=True)) == ["ENIGMA", "Our lab"]


# --- jobs that are killed, cancelled or taken over ---------------------------------------------------


def test_a_job_killed_after_its_commit_is_finished_without_doubling(load):
    first = load(claims("Pathogenic"))
    before = contents()
    again = load(claims("Pathogenic"), job=first.job)
    assert again.pk == first.pk
    assert contents() == before
    assert again.job.counts["imported"] == 1


class TakenOverWhen(Run):
    """An attempt whose job another worker claims as soon as this one says `moment`."""

    moment = "Merging"

    def report(self, progress: float, message: str, **counts: int) -> None:
        super().report(progress, message, **counts)
        if message == self.moment:
            self.interrupt()

    def interrupt(self) -> None:
        type(self.job).objects.filter(pk=self.job.pk).update(attempt=self.job.attempt + 1)


class CancelledWhen(TakenOverWhen):
    def interrupt(self) -> None:
        type(self.job).objects.filter(pk=self.job.pk).update(cancel_asked=True)


@pytest.mark.parametrize(
    ("kind", "moment", "error"),
    [
        (TakenOverWhen, "Normalising and copying", TakenOver),
        (CancelledWhen, "Normalising and copying", Cancelled),
        (TakenOverWhen, "Merging", TakenOver),
        (CancelledWhen, "Merging", Cancelled),
    ],
)
def test_an_attempt_that_is_taken_over_or_cancelled_writes_nothing(load, kind, moment, error):
    run = kind(new_job())
    run.moment = moment
    with pytest.raises(error):
        load(claims("Pathogenic", gene="BRAF"), run=run)
    assert not Load.objects.exists()
    assert contents() == dict.fromkeys(contents(), [])


@pytest.mark.django_db(transaction=True)
def test_a_load_commits_on_its_own_and_the_next_finds_it(load):
    load([SNV], checksum="one")
    load([SNV], checksum="two")
    assert Variant.objects.get().record_count == 2


def test_withdrawing_two_loads_in_one_transaction(load):
    loads = [load(claims("Pathogenic")), load(claims("Benign"))]
    for found in loads:
        withdraw(found)
    end_of_transaction()
    assert not Variant.objects.current().exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_sleeps_in_a_merge_loses_the_merge_lock(monkeypatch):
    """Else nobody could import until it wakes up. Its job is taken up by another, as after any lost connection."""
    monkeypatch.setattr(merging, "PAUSE_S", 0.3)

    def sleep() -> None:
        with transaction.atomic():
            take_merge_lock()
            time.sleep(1.5)
            Load.objects.exists()

    with pytest.raises(DatabaseError) as lost:
        sleep()
    assert has_lost_database(lost.value)
    connection.close()
    with transaction.atomic():
        take_merge_lock()
