"""The list of loads: who finds which in it, asked of the database, and what it costs."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from files.models import DataFile, PastReading
from variants.load_lists import loads_for, visible_loads
from variants.models import Load

pytestmark = pytest.mark.django_db

COMMAS = {"delimiter": ",", "quote": '"', "header": ["a", "b"], "chosen": ["delimiter"]}
BYTES = "5" * 64


@pytest.fixture
def file(owner):
    def file(*columns: str, reading: dict | None = None, **fields) -> DataFile:
        return DataFile.objects.create(**{
            "name": "a.csv", "size": 9, "sha256": BYTES, "state": "ready", "owner": owner, "row_count": 1,
            "columns": [{"name": name, "type": "text"} for name in columns or ("gene", "start")],
            "reading": COMMAS if reading is None else reading,
        } | fields)  # fmt: skip

    return file


def load(options: dict | None = None, **fields) -> Load:
    """One that was made of `file()`'s bytes, read alike, of a file that is gone."""
    said = {"reading": COMMAS, "mapping": {"gene": "gene", "start": "start"}} if options is None else options
    number = Load.objects.count()
    return Load.objects.create(
        **{"label": f"{number}", "checksum": BYTES, "fingerprint": f"{number}", "options": said, "state": "live"}
        | fields
    )


def seen(user) -> list[int]:
    """The numbers of the loads in the list of `user`; the rule for single loads says the same."""
    found = list(loads_for(user).values_list("pk", flat=True))
    assert sorted(found) == sorted(visible_loads(user, Load.objects.all()))
    return found


@pytest.mark.parametrize(
    ("options", "is_seen"),
    [
        ({}, True),
        ({"reading": COMMAS | {"members": ["x"], "encoding_why": "y", "chosen": []}}, True),
        ({"reading": COMMAS | {"header": ["a"]}}, False),  # not all of a list is not the list
        ({"reading": COMMAS | {"delimiter": ";"}}, False),
        ({"reading": COMMAS | {"sheet": "one"}}, False),
        ({"reading": COMMAS | {"sheet": None}}, True),
        ({"reading": {}, "mapping": {"gene": "gene"}, "samples": {"sample": "start"}}, True),
        ({"reading": {}, "mapping": {"gene": "Gene"}}, False),
        ({"reading": {}, "mapping": {}, "samples": {"sample": "who"}}, False),
    ],
    ids=str,
)
def test_a_load_is_found_by_who_may_read_a_file_of_its_bytes_that_was_read_alike(
    file, owner, stranger, options, is_seen
):
    file()
    one = load(options)
    assert seen(owner) == ([one.pk] if is_seen else [])
    assert seen(stranger) == seen(AnonymousUser()) == []


def test_a_load_of_a_reading_is_found_while_that_reading_is_kept(file, owner):
    mine = file(reading_number=3)
    PastReading.objects.create(file=mine, reading_number=1)
    past, gone, current = (load(file_id=mine.pk, reading=number) for number in (1, 2, 3))
    assert gone.pk not in seen(owner)
    assert seen(owner) == [current.pk, past.pk]
    file()  # a twin: read as all three were
    assert seen(owner) == [current.pk, gone.pk, past.pk]


def test_a_load_is_found_by_its_maker_by_readers_of_the_file_and_by_curators(file, owner, stranger, make_user):
    mine = file(row_count=None)  # not read yet
    load(file_id=mine.pk, created_by=stranger)
    load(checksum="6" * 64)
    public = load(file_id=file(sha256="7" * 64, visibility="public").pk, checksum="7" * 64)
    assert [len(seen(user)) for user in (owner, stranger, AnonymousUser())] == [1, 2, 1]
    assert seen(AnonymousUser()) == [public.pk]
    assert len(seen(make_user("carla", role="curator"))) == 3


@pytest.mark.parametrize("path", ["/loads/", "/api/v1/loads/?limit=1000"])
def test_the_list_costs_the_same_for_any_number_of_loads(client, file, owner, path, django_assert_num_queries):
    mine = file()
    client.force_login(owner)

    def more(count: int) -> None:
        for _ in range(count):
            load(file_id=mine.pk, followed_by=Load.objects.first(), created_by=owner)

    more(5)
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        assert client.get(path).status_code == 200
    more(45)
    with django_assert_num_queries(len(few)):
        assert client.get(path).status_code == 200
