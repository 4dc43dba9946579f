import base64
import datetime

import pytest
from django.http import QueryDict

from project.common.paging import Key, decode_cursor, encode_cursor, keyset_page, order_name, url_with
from project.common.problems import BadQuery
from project.core.models import Job

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
ID = Key("id", descending=True)


def make_jobs(started: list[int | None]) -> None:
    """One job for each number: the hours after START at which it started."""
    Job.objects.bulk_create(
        Job(
            kind="k",
            title=str(n),
            task="t",
            started=hours if hours is None else START + datetime.timedelta(hours=hours),
        )
        for n, hours in enumerate(started)
    )


def titles(params: dict, keys: list[Key], size: int):
    fields = {"title", *(key.field for key in keys)}
    page = keyset_page(Job.objects.values(*fields), params, keys, size=size)
    return [row["title"] for row in page.rows], page


def walked(keys: list[Key], size: int, *, back: bool = False) -> list[str]:
    """Every row's title, from the first page to the last, or from the last back to the first."""
    found, page = titles({}, keys, size)
    seen = list(found)
    while page.next_cursor:
        found, page = titles({"cursor": page.next_cursor}, keys, size)
        seen += found
    if not back:
        return seen
    seen = list(found)
    while page.previous_cursor:
        found, page = titles({"cursor": page.previous_cursor}, keys, size)
        seen = found + seen
    return seen


def test_a_cursor_comes_back_as_it_was():
    values = ["Ä / +?", 12, None, 1.5]
    assert decode_cursor(encode_cursor(values, backwards=True), 4) == (True, values)


def test_a_cursor_is_fit_for_an_address():
    assert encode_cursor(["ÿ?>" * 20, 1], backwards=False).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "x", "!", "é", "=", "\0", "AAAA", "a" * 10_000,
        *(base64.urlsafe_b64encode(raw).decode() for raw in (
            b"null", b"{}", b"[]", b"[true]", b"[1, 2]", b"[true, [1]]", b"[true, {}]", b"[true, 1, 2]", b"\xff\xfe",
            b"[" * 5000, b'[true, "\\ud800"]', b"[true, NaN]",
        )),
    ],
    ids=lambda text: ascii(text)[:16],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(BadQuery, match="cursor"):
        decode_cursor(text, 1)


ORDERS = {
    "id": [ID],
    "nulls last": [Key("started", nullable=True), Key("id")],
    "nulls last, downwards": [Key("started", descending=True, nullable=True), Key("id", descending=True)],
    "mixed": [Key("started", descending=True, nullable=True), Key("id")],
}


@pytest.mark.django_db
@pytest.mark.parametrize("keys", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
def test_pages_together_are_every_row_once_in_order(keys, size, back):
    make_jobs([3, None, 1, 3, None, 2, 1, None, 3])
    assert walked(keys, size, back=back) == titles({}, keys, 1000)[0]


@pytest.mark.django_db
def test_the_only_page_leads_nowhere():
    make_jobs([1, 2])
    _, page = titles({}, [ID], 2)
    assert (page.next_cursor, page.previous_cursor) == (None, None)


@pytest.mark.django_db
def test_a_row_added_meanwhile_moves_no_page():
    make_jobs([1, 2, 3, 4])
    first, page = titles({}, [ID], 2)
    make_jobs([None])
    assert (first, titles({"cursor": page.next_cursor}, [ID], 2)[0]) == (["3", "2"], ["1", "0"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("keys", "values"),
    [
        ([ID], ["abc"]),
        ([ID], ["1; DROP TABLE core_job"]),
        ([Key("created"), ID], ["yesterday", 1]),
        ([Key("created"), ID], [5, 1]),
        ([Key("created"), ID], [True, 1]),
        ([Key("created"), ID], ["9999-12-31T23:59:59-23:59", 1]),
        ([Key("created"), ID], ["0001-01-01T00:00:00+23:59", 1]),
        ([Key("title"), ID], ["\0", 1]),
    ],
    ids=ascii,
)
def test_a_cursor_of_another_order_is_refused(keys, values):
    make_jobs([1])
    with pytest.raises(BadQuery, match="cursor"):
        titles({"cursor": encode_cursor(values, backwards=False, order=order_name(keys))}, keys, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [None, 2**63, 2**64 - 1, -(2**63), 1e300, 1.5, -1, True])
def test_a_cursor_beyond_every_row_is_answered(value):
    make_jobs([1, 2])
    for backwards in (False, True):
        cursor = encode_cursor([value], backwards=backwards, order=order_name([ID]))
        assert set(titles({"cursor": cursor}, [ID], 2)[0]) <= {"0", "1"}


def test_url_with_changes_and_takes_out_parameters():
    params = QueryDict("q=a b&tag=1&tag=2&cursor=old")
    assert url_with("/x/", params, cursor="new") == "/x/?q=a+b&tag=1&tag=2&cursor=new"
    assert url_with("/x/", QueryDict("cursor=old"), cursor=None) == "/x/"
