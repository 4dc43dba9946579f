"""The table of classifications: what curators change, and what becomes of stored claims."""

import threading
import time

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections, transaction

from project.common.problems import BadQuery
from project.core import jobs
from project.core.jobs import Run
from project.core.models import AuditEntry, Job
from variants import rereading, staging
from variants.classification import Classification as C
from variants.load_spec import LoadSpec
from variants.loading import withdraw
from variants.merging import MERGE_LOCK
from variants.models import ClassificationTerm, DataVersion, Load, Record, ReportedWord, Variant, slug_of
from variants.rereading import reread
from variants.terms import current_terms, set_term
from variants.tests.cells import cells_of
from variants.tests.conftest import end_of_transaction, new_job
from variants.tests.staged import load_cells
from variants.words import REST, classified

SNV = {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}


def claims(*words, **cells):
    return [SNV | {"classification": word} | cells for word in words]


@pytest.fixture
def curator(make_user):
    return make_user("cora", role="curator")


@pytest.fixture
def change(curator):
    """change("Class IV", C.BENIGN): the change made, and its job done."""

    def do(text, value, **more):
        job = set_term(text, value, by=curator, **more)
        assert job is not None
        job = jobs.run_now(job)
        end_of_transaction()
        assert job.state == "succeeded", job.error
        return job

    return do


def words_of(load):
    return {w.text: (slug_of(w.classification), w.known, w.claims) for w in load.words.all()}


def seen(**which):
    variant = Variant.objects.get(**which)
    return slug_of(variant.classification), variant.conflict


# --- while loading -----------------------------------------------------------------------------------


def test_a_load_lists_what_it_writes_with_the_number_of_claims(load):
    done = load(claims("Pathogenic", "Pathogenic", "Class IV", "Benign; a word", None, "-"))
    assert words_of(done) == {
        "Pathogenic": ("pathogenic", True, 2), "Class IV": ("other", False, 1), "Benign; a word": ("benign", False, 1),
        "-": ("not_provided", True, 1),
    }  # fmt: skip


def test_rows_that_are_not_kept_are_not_counted(load):
    done = load([*claims("Pathogenic"), SNV | {"start": "x", "classification": "Quite bad"}])
    assert words_of(done) == {"Pathogenic": ("pathogenic", True, 1)}
    assert not any("Quite bad" in note for note in done.notes)


def test_the_notes_count_claims_and_spellings_that_are_unknown(load):
    done = load(claims("Class IV", "Class IV", "bad", "Benign"))
    said = next(note for note in done.job.result["notes"] if "did not know" in note)
    assert said.startswith("3 claims had a classification with words that Vardesk did not know (2 spellings)")
    assert said.endswith("“Class IV”, “bad”")


def test_the_same_file_again_counts_the_same(load):
    rows = claims("Pathogenic", "Class IV")
    first = load(rows)
    assert (
        words_of(load(rows))
        == words_of(first)
        == {"Pathogenic": ("pathogenic", True, 1), "Class IV": ("other", False, 1)}
    )


def test_texts_beyond_the_limit_are_one_line_and_nothing_is_lost(load, settings):
    settings.MAX_REPORTED_WORDS = 2
    done = load(claims("a note", "another", "another", "Pathogenic", "a third", "x" * 1001))
    assert words_of(done) == {
        "Pathogenic": ("pathogenic", True, 1), "another": ("other", False, 2), REST: ("other", False, 3),
    }  # fmt: skip
    assert Record.objects.filter(reported_classification="a third").count() == 1


def test_a_very_long_text_is_not_provided_by_nobody(load):
    load(claims("x" * 5000))
    assert slug_of(Record.objects.get().classification) == "other"


def test_a_curators_word_is_read_by_the_next_import(load, curator):
    set_term("Class IV", C.LIKELY_PATHOGENIC, by=curator)
    done = load(claims("class_iv"))
    assert words_of(done) == {"class_iv": ("likely_pathogenic", True, 1)}
    assert seen() == ("likely_pathogenic", False)


def test_a_change_while_a_file_is_being_read_counts_in_its_merge(load, curator, monkeypatch):
    copy = staging.copy_part

    def copy_and_change(*args):
        copied = copy(*args)
        set_term("Class IV", C.BENIGN, by=curator)
        return copied

    monkeypatch.setattr(staging, "copy_part", copy_and_change)
    done = load(claims("Class IV", "Pathogenic"))
    assert words_of(done) == {"Class IV": ("benign", True, 1), "Pathogenic": ("pathogenic", True, 1)}
    assert not any("Class IV" in note for note in done.notes)
    assert seen() == ("conflicting", True)


@pytest.mark.parametrize("now", [C.PATHOGENIC, C.BENIGN])
def test_a_change_between_two_parts_counts_in_both(load, curator, monkeypatch, now):
    copy = staging.copy_part

    def copy_change_and_copy(db, cursor, table, part, attempt):
        db.execute("CREATE TEMP TABLE every AS FROM alleles")
        db.execute("CREATE OR REPLACE TEMP TABLE alleles AS FROM every WHERE line < 3")
        copied = copy(db, cursor, table, part, attempt)
        set_term("VUS", now, by=curator)
        db.execute("CREATE OR REPLACE TEMP TABLE alleles AS FROM every WHERE line >= 3")
        classified(db, current_terms(), lambda: None)
        return copied + copy(db, cursor, table, part + 1, attempt)

    monkeypatch.setattr(staging, "copy_part", copy_change_and_copy)
    done = load(claims("VUS", "VUS"))
    assert words_of(done) == {"VUS": (now.slug, True, 2)}
    assert [one.classification for one in Record.objects.all()] == [now, now]
    assert seen() == (now.slug, False)


# --- a change ----------------------------------------------------------------------------------------


def test_a_change_reads_stored_claims_again_and_writes_the_history(load, change):
    done = load(claims("Class IV", "CLASS_IV", "Benign"))
    before = DataVersion.objects.values_list("number", flat=True).first() or 0
    job = change("class iv", C.LIKELY_PATHOGENIC, note="IARC's Roman numbers")
    assert words_of(done)["Class IV"] == ("likely_pathogenic", True, 1)
    assert seen() == ("conflicting", True)
    history = Variant.objects.get().changes.get()
    assert (history.load, history.before, history.after) == (None, C.BENIGN, C.CONFLICTING)
    assert history.cause == "“CLASS_IV” is read as Likely pathogenic; “Class IV” is read as Likely pathogenic"
    assert job.counts == {"spellings": 2, "claims": 2, "variants": 1}
    assert DataVersion.objects.get().number > before


def test_the_undo_restores_everything(load, change):
    done = load(claims("Class IV", "Benign") + [SNV | {"start": "200", "classification": "Class IV"}])
    before = words_of(done), seen(pos=100), seen(pos=200)
    change("Class IV", C.PATHOGENIC)
    assert (seen(pos=100), seen(pos=200)) == (("conflicting", True), ("pathogenic", False))
    change("Class IV", None)
    assert (words_of(done), seen(pos=100), seen(pos=200)) == before
    assert not ClassificationTerm.objects.exists()
    assert [c.cause for c in Variant.objects.get(pos=200).changes.all()] == [
        "“Class IV” is read as Other",
        "“Class IV” is read as Pathogenic",
    ]


def test_two_changes_before_the_first_job_runs(load, curator):
    load(claims("Class IV") + [SNV | {"start": "200", "classification": "Class V"}])
    queued = [set_term("Class IV", C.LIKELY_PATHOGENIC, by=curator), set_term("Class V", C.PATHOGENIC, by=curator)]
    for job in queued:
        assert jobs.run_now(job).state == "succeeded"
        end_of_transaction()
    assert (seen(pos=100), seen(pos=200)) == (("likely_pathogenic", False), ("pathogenic", False))
    assert Variant.objects.get(pos=200).changes.get().cause == "“Class V” is read as Pathogenic"
    assert queued[1].counts == {"spellings": 0, "claims": 0, "variants": 0}


def test_doing_it_again_changes_nothing(load, change):
    load(claims("Class IV"))
    change("Class IV", C.BENIGN)
    history, version = Variant.objects.get().changes.count(), DataVersion.objects.get().number
    reread(Run(new_job()))
    end_of_transaction()
    assert (Variant.objects.get().changes.count(), DataVersion.objects.get().number) == (history, version)


def test_a_word_changes_lists_that_hold_it(load, change):
    load(claims("Class IV|risk factor"))
    change("Class IV", C.LIKELY_PATHOGENIC)
    assert seen() == ("likely_pathogenic", False)


def test_vardesks_own_words_can_be_read_otherwise(load, change):
    load(claims("Likely benign"))
    change("likely_benign", C.UNCERTAIN)
    assert seen() == ("uncertain", False)


def test_claims_of_a_withdrawn_load_are_right_when_they_come_back(load, change):
    rows = claims("Class IV")
    done = load(rows)
    with transaction.atomic():
        withdraw(done)
    end_of_transaction()
    change("Class IV", C.BENIGN)
    assert slug_of(Record.objects.get().classification) == "benign"
    load(rows)
    assert seen() == ("benign", False)


def test_texts_that_are_not_listed_are_read_again_too(load, change, settings):
    settings.MAX_REPORTED_WORDS = 1
    load(claims("Pathogenic", "Class IV"))
    change("Class IV", C.BENIGN)
    assert seen() == ("conflicting", True)


def test_loads_from_before_words_were_counted_get_their_words(load, change):
    done = load(claims("Class IV", "Pathogenic"))
    ReportedWord.objects.all().delete()
    change("Class IV", C.BENIGN)
    assert words_of(done) == {"Class IV": ("benign", True, 1), "Pathogenic": ("pathogenic", True, 1)}


def test_the_same_file_again_after_a_change_of_vardesks_table(load):
    rows = claims("Pathogenic")
    load(rows)
    Record.objects.update(classification=C.OTHER)  # as an earlier Vardesk read it
    load(rows)
    assert slug_of(Record.objects.get().classification) == "pathogenic"
    assert seen() == ("pathogenic", False)


# --- who and what ------------------------------------------------------------------------------------


def test_a_change_is_in_the_history_and_in_the_audit_trail(db, curator):
    set_term(" Class_IV ", C.BENIGN, by=curator, note="our numbers")
    entry = AuditEntry.objects.get(action="classification reading changed")
    assert (entry.before, entry.after) == ({"classification": None}, {"classification": "benign"})
    assert (entry.actor, entry.detail["term"], entry.detail["note"]) == (curator, "class iv", "our numbers")


def test_what_is_so_already_is_no_change(db, curator):
    set_term("Class IV", C.BENIGN, by=curator)
    assert set_term("class iv", C.BENIGN, by=curator) is None
    assert set_term("Class V", None, by=curator) is None
    assert Job.objects.count() == 1


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_curators_change_it(make_user, role):
    with pytest.raises(PermissionDenied):
        set_term("Class IV", C.BENIGN, by=make_user("ann", role=role))


@pytest.mark.parametrize("text", ["", " - ", "_", "x" * 201, "a\0b"])
def test_what_can_be_no_term(db, curator, text):
    with pytest.raises(BadQuery):
        set_term(text, C.BENIGN, by=curator)
    assert not Job.objects.exists()


# --- side by side with others ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_cancel_is_heard_in_the_midst_of_a_statement(monkeypatch):
    job = new_job(state="queued")
    monkeypatch.setattr(rereading, "_bring_in_line", lambda cursor, run: cursor.execute("SELECT pg_sleep(30)"))

    def ask() -> None:
        Job.objects.get(pk=job.pk).ask_to_cancel()
        connections.close_all()

    asking, began = threading.Timer(1.0, ask), time.monotonic()
    asking.start()
    jobs.run(job.pk, reread)
    asking.join()
    job.refresh_from_db()
    assert (job.state, time.monotonic() - began < 10) == ("cancelled", True)


@pytest.mark.django_db(transaction=True)
def test_a_cancel_is_heard_while_an_import_holds_the_lock(make_user):
    job = new_job()
    asked, ended = threading.Event(), []

    def work():
        try:
            reread(Run(Job.objects.get(pk=job.pk)))
        except jobs.Cancelled:
            ended.append("cancelled")
        finally:
            connections.close_all()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        thread = threading.Thread(target=work)
        thread.start()
        asked.wait(1)
        other = connections.create_connection("default")
        try:
            with other.cursor() as elsewhere:
                elsewhere.execute("UPDATE core_job SET cancel_asked = true WHERE id = %s", [job.pk])
        finally:
            other.close()
        thread.join(timeout=5)
        assert ended == ["cancelled"]


@pytest.mark.django_db(transaction=True)
def test_a_change_after_an_import_read_the_table_waits_for_it_and_ends_right(make_user, monkeypatch):
    """The import has read the terms under the lock; the change and its job come before its commit."""
    import variants.merging

    curator, done = make_user("cora", role="curator"), []
    keep = variants.merging.keep_words

    def keep_then_be_overtaken(cursor, staging, load_id):
        keep(cursor, staging, load_id)

        def change():
            try:
                job = set_term("Class IV", C.BENIGN, by=curator)
                done.append(jobs.run_now(job).state)
            finally:
                connections.close_all()

        thread = threading.Thread(target=change)
        thread.start()
        thread.join(timeout=1)  # it waits for our lock
        assert done == []
        threads.append(thread)

    threads: list[threading.Thread] = []
    monkeypatch.setattr(variants.merging, "keep_words", keep_then_be_overtaken)
    with cells_of(claims("Class IV")) as cells:
        load_cells(cells, LoadSpec(label="rows.tsv", checksum="0" * 64, assembly="GRCh38"), Run(new_job()))
    threads[0].join(timeout=20)
    assert done == ["succeeded"]
    assert words_of(Load.objects.get()) == {"Class IV": ("benign", True, 1)}
    assert seen() == ("benign", False)
