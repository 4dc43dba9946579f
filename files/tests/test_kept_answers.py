"""What rows say of their assembly is kept: right for the reading and the columns it was asked of, gone with the file."""

import shutil
from uuid import uuid4

import pytest
from django.core.cache import cache

from files import actions
from files.importing import assembly_seen
from files.kept_answers import forget
from files.mapping_base import told_base
from files.mapping_proposal import proposal
from files.models import DataFile
from files.tests.test_read_again import again

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = "chrom,pos,ref,alt,where\n" + "NC_000007.14,1001,A,T,NC_000007.13\n" * 2
OTHER = TABLE.replace("NC_000007.14", "NC_000007.13")
NAMED = "2 rows name NC_000007.14 or the like, of GRCh38."
NAMED_OTHERWISE = "2 rows name NC_000007.13 or the like, of GRCh37."


@pytest.fixture(autouse=True)
def _own_cache(settings):
    """Of this test alone: the numbers of files are the same in every test. It may be slow, it must not forget."""
    ours = settings.CACHES["default"]
    patient = ours["OPTIONS"] | {"SOCKET_CONNECT_TIMEOUT": 30, "SOCKET_TIMEOUT": 30}
    settings.CACHES = {"default": ours | {"KEY_PREFIX": f"kept-answers-{uuid4()}", "OPTIONS": patient}}


def told(api, file: DataFile) -> list[str]:
    return api(file.owner).get(f"/api/v1/files/{file.pk}/mapping/").json()["assembly_evidence"]


@pytest.fixture
def file(read, api):
    """A file that was asked, and whose table was exchanged since: only what is asked anew is told of the new rows."""
    file, other = read(TABLE), read(OTHER)
    assert told(api, file) == [NAMED]
    shutil.rmtree(file.table_path)
    shutil.copytree(other.table_path, file.table_path)
    return file


def test_a_page_does_not_ask_the_rows_again_and_an_import_neither(file, api, client):
    assert told(api, file) == [NAMED]
    client.force_login(file.owner)
    assert NAMED in client.get(f"/files/{file.pk}/").content.decode()
    answer = api(file.owner).post(f"/api/v1/files/{file.pk}/import/", {"assembly": "GRCh37"}, format="json")
    assert NAMED.removesuffix(".") in " ".join(answer.json()["errors"]["assembly"])


def test_a_column_that_tells_of_no_assembly_changes_nothing_and_another_one_is_asked(file):
    mapping = proposal(file).mapping
    assert assembly_seen(file, mapping | {"comment": "where"}).sentences == [NAMED]
    assert assembly_seen(file, mapping | {"accession": "where"}).sentences != [NAMED]
    assert assembly_seen(file, mapping | {"chrom": None}).sentences == []


def test_another_reading_is_asked(file, api):
    forget(file.pk)
    assert told(api, file) == [NAMED_OTHERWISE]  # of the exchanged table
    again(file, types={"pos": "text"})
    assert told(api, file) == [NAMED]  # of the table that was made of the bytes again


def test_another_file_of_the_same_number_is_asked(file, api):
    """As after a new start with an empty database beside the same Redis."""
    DataFile.objects.filter(pk=file.pk).update(sha256="0" * 64)
    assert told(api, file) == [NAMED_OTHERWISE]


def test_what_was_kept_goes_with_the_file(file):
    key = f"file-answers:{file.pk}"
    assert "NC_000007.14" in cache.get(key)
    actions.delete(file, by=file.owner)
    assert cache.get(key) is None


def test_what_is_answered_while_the_file_is_deleted_is_not_kept(file):
    mapping = proposal(file).mapping | {"accession": "where"}
    forget(file.pk)
    DataFile.objects.filter(pk=file.pk).delete()
    assert assembly_seen(file, mapping).placed == 2
    assert cache.get(f"file-answers:{file.pk}") is None


@pytest.mark.parametrize("rows", [
    "GRCh37,7,1001,A,T,\nhg38,7,1001,A,T,\n,7,5,A,T,NC_000007.13:g.5A>T\n", ",chr6_apd_hap1,5,A,T,\n", ",,,A,T,\n", "x,7,5,A,T,\n",
])  # fmt: skip
def test_what_was_kept_is_what_was_answered(read, rows):
    file = read("assembly,chrom,pos,ref,alt,hgvs_g\n" + rows)
    mapping = proposal(file).mapping
    assert assembly_seen(file, mapping) == assembly_seen(file, mapping)


def test_a_cache_that_is_away_changes_no_answer(read, api, settings):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}  # nobody listens there
    }
    file = read(TABLE)
    assert told(api, file) == told(api, file) == [NAMED]
    actions.delete(file, by=file.owner)


def test_what_positions_count_from_is_kept_too(read):
    file = read("chrom,start,stop,ref,alt\n7,1000,1001,A,T\n")
    mapping = proposal(file).mapping
    first = told_base(file, mapping)
    other = read("chrom,start,stop,ref,alt\n7,1000,1000,A,T\n")
    shutil.rmtree(file.table_path)
    shutil.copytree(other.table_path, file.table_path)
    assert (first.value, told_base(other, mapping).value) == (0, 1)
    assert told_base(file, mapping) == first
    assert told_base(file, mapping | {"stop": None}) != first
    shutil.rmtree(file.table_path)
    with pytest.raises(FileNotFoundError):
        told_base(file, mapping)
