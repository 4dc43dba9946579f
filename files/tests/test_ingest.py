import dataclasses
import gzip
import zlib

import pytest
from django.db.models import F

from files import actions, ingest
from files.models import DataFile
from files.readers.choices import Limits
from files.readers.findings import REJECT_COLUMNS
from files.store import Table
from files.tests.conftest import do_read, read_job
from project.core import jobs
from project.core.models import Job

pytestmark = pytest.mark.django_db


def rows_of(file: DataFile) -> list[tuple[int, list]]:
    return Table(file.table_path, file.columns).slice(limit=1000).rows


def rejects_of(file: DataFile) -> list[tuple[int, str, str]]:
    """Line, reason and text of each."""
    rows = Table(file.rejects_path, REJECT_COLUMNS).slice(limit=1000).rows
    return [(line, cells[2], cells[3]) for line, cells in rows]


def names_of(file: DataFile) -> list[str]:
    return [column["name"] for column in file.columns]


def warning(file: DataFile, kind: str) -> dict:
    return next(found for found in file.warnings if found["kind"] == kind)


def test_a_table_is_read_with_its_lines(read):
    file = read('gene,comment\nA,"one\ntwo"\n\nB,x\n')
    assert (file.state, file.progress, file.row_count) == ("ready", 1.0, 2)
    assert rows_of(file) == [(2, ["A", "one\ntwo"]), (5, ["B", "x"])]


def test_a_quoted_cell_may_hold_any_line_end(read):
    file = read('a,b\r\n1,"LF\nin it"\r\n2,"CR\rin it"\r\n3,"CRLF\r\nin it"\r\n')
    assert (file.state, file.error) == ("ready", "")
    assert [cells[1] for _, cells in rows_of(file)] == ["LF\nin it", "CR\rin it", "CRLF\r\nin it"]


def test_quotes_that_first_appear_late_in_a_long_file_are_quotes_too(read):
    file = read("gene,comment\n" + "A,x\n" * 80_000 + 'B,"one, two"\n')
    assert file.rejected_count == 0
    assert Table(file.table_path, file.columns).lines([80_002]) == {80_002: {"gene": "B", "comment": "one, two"}}


def test_a_row_with_fewer_cells_is_kept_and_counted_with_its_first_line(read):
    file = read("a,b,c\n1,2,3\n4,5\n6\n")
    assert rows_of(file) == [(2, ["1", "2", "3"]), (3, ["4", "5", None]), (4, ["6", None, None])]
    assert file.padded == 2
    assert warning(file, "padded")["count"] == 2
    assert warning(file, "padded")["first_line"] == 3


def test_a_row_with_more_cells_is_rejected_with_line_reason_and_text(read):
    file = read("a,b\n1,2\n3,4,5\n6,7\n")
    assert rows_of(file) == [(2, ["1", "2"]), (4, ["6", "7"])]
    [(line, reason, text)] = rejects_of(file)
    assert (line, text) == (3, "3,4,5")
    assert "3 cells" in reason
    assert (file.rejected_count, file.reasons) == (1, {"more cells than columns": 1})


def test_the_text_of_a_rejected_row_is_that_of_the_file(read):
    file = read('a,b\n1,2\n"x, y",4,"say ""no"""\n')
    assert rejects_of(file)[0][2] == '"x, y",4,"say ""no"""'


def test_empty_cells_too_many_are_no_reason_to_reject(read):
    file = read("a,b\n1,2,,\n3,4, \n")
    assert (file.rejected_count, [cells for _, cells in rows_of(file)]) == (0, [["1", "2"], ["3", "4"]])


@pytest.mark.parametrize(
    ("content", "records"),
    [
        ("a,b\n1,2\n3\n4,5,6\n7,8,\n", 4),
        ("a,b\n", 0),
        ("1,2\n3,4\n5,6,7\n", 3),
        ('a,b\n"x\ny",2\n\n\n3,4\n', 2),
        ("a,b\n,\n , \n1,2\n", 3),
        ("a\n1\n2\n", 2),
    ],
)
def test_rows_and_rejects_are_all_the_records(read, content, records):
    file = read(content)
    assert file.row_count + file.rejected_count == records
    assert (len(rows_of(file)), len(rejects_of(file))) == (file.row_count, file.rejected_count)


def test_columns_without_a_name_get_one_and_it_is_said(read):
    file = read("gene,,pos\nA,x,1\n")
    assert names_of(file) == ["gene", "column_2", "pos"]
    assert warning(file, "unnamed_columns") == {
        "kind": "unnamed_columns",
        "message": "Columns without a name were called column_2.",
        "count": 1,
        "first_line": 1,
    }


@pytest.mark.parametrize(
    ("header", "names"), [("Gene,gene", ["Gene", "gene_2"]), ("score,score", ["score", "score_2"])]
)
def test_columns_with_the_same_name_are_told_apart_and_it_is_said(read, header, names):
    file = read(f"{header}\n1,2\n3,4\n")
    assert (names_of(file), file.row_count, warning(file, "repeated_names")["count"]) == (names, 2, 1)


def test_a_table_without_header_keeps_its_first_row_and_says_so(read):
    file = read("17,43057062,T\n13,32316461,A\n")
    assert names_of(file) == ["column_1", "column_2", "column_3"]
    assert rows_of(file)[0] == (1, ["17", "43057062", "T"])
    assert warning(file, "no_header")["first_line"] == 1


def test_every_warning_has_the_shape_of_the_contract(read):
    file = read(("gene,,name\nA,1,M\xfcller\nB\n" + "D,1,2\n" * 9 + "C,1,2,3\n").encode("latin-1"))
    assert {found["kind"] for found in file.warnings} == {"encoding", "unnamed_columns", "padded"}
    for found in file.warnings:
        assert found.keys() == {"kind", "message", "count", "first_line"}
        assert isinstance(found["message"], str)
        assert isinstance(found["count"], int)
        assert found["first_line"] is None or isinstance(found["first_line"], int)


def test_a_clean_file_has_no_warnings(read):
    assert read("gene,pos\nA,1\n").warnings == []


def test_how_it_was_read_is_kept(read):
    file = read(gzip.compress("gene;name\nA;Müller\n".encode("utf-16")), name="x.csv.gz")
    known = {"compression": "gzip", "encoding": "utf-16-le", "delimiter": ";", "header": True, "header_line": 1}
    assert known.items() <= file.reading.items()
    assert rows_of(file) == [(2, ["A", "Müller"])]


@pytest.mark.parametrize(
    ("content", "name", "kind"), [("a\tb\n1\t2\n", "x.csv", "tsv"), ("a,b\n1,2\n", "x.tsv", "csv")]
)
def test_format_is_what_the_bytes_say_and_not_the_name(read, content, name, kind):
    assert read(content, name=name).format == kind


# --- what cannot be read


BAD = {
    "empty": b"",
    "blank lines": b"\n\n\n",
    "only delimiters": b",,,\n,,,\n",
    "a byte-order mark and no more": b"\xef\xbb\xbf",
    "UTF-16 of blank lines": "\n\n".encode("utf-16"),
    "png": b"\x89PNG\r\n\x1a\n",
    "zip": b"PK\x03\x04....",
    "cut gzip": gzip.compress(b"a,b\n1,2\n")[:10],
    "broken gzip": gzip.compress(b"a,b\n1,2\n")[:10] + b"\xff" * 20,
}


# The line of the reject; what stands before and behind it is read.
DAMAGED = {
    "NUL": (b"a,b\n1,2\n1,\0\n3,4\n", 3),
    "endless quote": (b'a,b,c\n1,2,3\n3,4,5\n1,"x\n2,y,z\n3,z,z\n', 4),
    "broken UTF-8 after its mark": (b"\xef\xbb\xbfa,b\n1,2\n1,\xff\n3,4\n", 3),
}


@pytest.mark.parametrize(("content", "line"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_line_that_cannot_be_read_is_named_and_takes_no_other_along(read, content, line):
    file = read(content)
    assert (file.state, [reject[0] for reject in rejects_of(file)]) == ("ready", [line])
    assert file.row_count == content.count(b"\n") - 2
    assert sum(file.reasons.values()) == 1


def test_a_gzip_that_is_cut_off_keeps_the_rows_before_the_cut(read):
    lines = "".join(f"{n},{n * 7919 % 10007}\n" for n in range(20_000))
    file = read(gzip.compress(f"a,b\n{lines}".encode())[:-5000])
    assert file.state == "ready"
    assert 1000 < (file.row_count or 0) < 20_000
    assert warning(file, "truncated")["message"]


def test_the_line_within_which_a_gzip_is_cut_off_is_no_row_and_is_named(read):
    lines = "".join(f"{n},{n * 7919 % 10007}\n" for n in range(20_000))
    packed = gzip.compress(f"a,b\n{lines}".encode())
    for cut in range(5000, 5050):
        left = zlib.decompressobj(31).decompress(packed[:-cut])
        if not left.endswith(b"\n"):
            break
    file = read(packed[:-cut])
    whole, _, begun = left.rpartition(b"\n")
    assert file.row_count == whole.count(b"\n")
    [(line, _, text)] = rejects_of(file)
    assert (line, text) == (whole.count(b"\n") + 2, begun.decode())


@pytest.fixture(params=BAD.values(), ids=BAD.keys())
def bad_content(request) -> bytes:
    return request.param


def read_quietly(file: DataFile) -> DataFile:
    """Read as a worker does, which logs what rises and goes on."""
    try:
        return do_read(file)
    except Exception:
        file.refresh_from_db()
        return file


def test_a_file_that_cannot_be_read_is_failed_and_not_left_in_work(upload, bad_content):
    file = read_quietly(upload(bad_content))
    assert (file.state, read_job(file).state) == ("failed", "failed")


def test_a_file_that_cannot_be_read_says_why_in_words(upload, bad_content):
    file = read_quietly(upload(bad_content))
    assert file.error
    assert "Error" not in file.error  # no name of an exception: those are for the log
    assert read_job(file).error == file.error


def test_a_file_that_cannot_be_read_keeps_its_original(upload, bad_content):
    file = read_quietly(upload(bad_content))
    assert file.original_path.read_bytes() == bad_content


def test_reading_leaves_the_original_as_it_was(read):
    file = read("a,b\n1,2\n")
    assert file.original_path.read_bytes() == b"a,b\n1,2\n"
    assert file.original_path.stat().st_mode & 0o777 == 0o400


def test_a_file_that_was_deleted_meanwhile_is_said(upload):
    file = upload("a,b\n1,2\n")
    job = read_job(file)
    DataFile.objects.all().delete()
    jobs.run_now(job)
    assert (job.state, job.error) == ("failed", "The file was deleted before it was read.")


def test_deleting_a_file_cancels_its_waiting_job_and_removes_its_bytes(
    upload, owner, django_capture_on_commit_callbacks
):
    file = upload("a,b\n1,2\n")
    job, folder = read_job(file), file.folder
    with django_capture_on_commit_callbacks(execute=True):
        actions.delete(file, by=owner)
    job.refresh_from_db()
    assert (job.state, folder.exists()) == ("cancelled", False)


def test_reading_twice_does_nothing_the_second_time(read):
    file = read("a,b\n1,2\n")
    before = (file.table_path.stat().st_mtime_ns, Job.objects.values().get())
    jobs.run_now(read_job(file))
    assert (file.table_path.stat().st_mtime_ns, Job.objects.values().get()) == before


def test_reading_again_after_a_worker_died_gives_the_same_table(read):
    file = read("a,b\n1,2\n3,4,5\n")
    first = rows_of(file), rejects_of(file)
    Job.objects.update(state="queued")
    DataFile.objects.update(state="processing")
    do_read(file)
    assert (rows_of(file), rejects_of(file), file.row_count, file.rejected_count) == (*first, 1, 1)


def test_nothing_but_the_original_and_its_tables_stays_in_the_folder(upload):
    file = upload("a,b\n1,2\n")
    left = file.folder / "scratch-0"  # what a worker that was killed leaves
    left.mkdir()
    (left / "rows.csv").write_text('"2","=1","=2"\n')
    do_read(file)
    assert sorted(path.name for path in file.folder.iterdir()) == ["original", "rejects", "table"]


# --- cancelling


def test_a_reading_that_is_cancelled_in_work_leaves_the_file_cancelled(upload):
    file = upload("a,b\n1,2\n")
    Job.objects.update(cancel_asked=True)
    do_read(file)
    assert (file.state, read_job(file).state) == ("cancelled", "cancelled")
    assert file.original_path.exists()


def test_a_reading_that_is_cancelled_before_it_began_leaves_the_file_cancelled(upload):
    file = upload("a,b\n1,2\n")
    read_job(file).ask_to_cancel()
    do_read(file)
    assert (read_job(file).state, file.state) == ("cancelled", "cancelled")


# --- an import right after


def test_then_import_queues_the_import(read):
    file = read("gene,hgvs_c\nBRCA1,NM_007294.4:c.5266dup\n", then_import={})
    job = Job.objects.get(kind="import")
    assert (job.state, job.file_id, job.owner_id) == ("queued", file.pk, file.owner_id)
    assert read_job(file).result == {"import_job": job.pk}


def test_then_import_queues_one_import_however_often_the_reading_is_done(read):
    file = read("gene,hgvs_c\nBRCA1,NM_007294.4:c.5266dup\n", then_import={})
    Job.objects.filter(kind="read").update(state="queued")
    jobs.run_now(read_job(file))
    assert Job.objects.filter(kind="import").count() == 1


def test_then_import_without_an_assembly_asks_for_it_in_words(upload):
    file = read_quietly(upload("chrom,pos,ref,alt\n17,43057062,T,C\n", then_import={}))
    assert file.state == "ready"
    assert "GRCh37 or GRCh38" in read_job(file).error


# --- limits


def test_limits_of_reading_come_from_the_settings(read, settings):
    settings.READ_LIMITS = {"columns": 3, "cell_bytes": 10}
    wide = read("a,b,c,d\n1,2,3,4\n")
    assert (wide.state, "limit is 3" in wide.error) == ("failed", True)
    long = read("a,b\n1," + "x" * 11 + "\n2,y\n")
    assert (long.row_count, long.reasons) == (1, {"cell too long": 1})


def test_every_limit_of_the_settings_is_one_of_the_reader(settings):
    assert settings.READ_LIMITS.keys() <= {field.name for field in dataclasses.fields(Limits)}


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_slept_while_another_went_on_starts_no_second_import(upload, monkeypatch):
    file = upload("gene,hgvs_c\nBRCA1,NM_007294.4:c.5266dup\n", then_import={})
    real = ingest.start_import

    def slept(*args, **more):
        job = real(*args, **more)
        Job.objects.filter(kind="read").update(attempt=F("attempt") + 1)
        return job

    monkeypatch.setattr(ingest, "start_import", slept)
    jobs.run_now(read_job(file))
    assert not Job.objects.filter(kind="import").exists()
