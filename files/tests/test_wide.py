"""Tables of very many columns, and very long cells: what a page and an answer hold of them."""

import re

import pytest

from files.store import Cut
from files.tables import LONGEST_CELL, rows_table

pytestmark = pytest.mark.django_db
WIDTH = 1_000


@pytest.fixture
def wide(read):
    header = "\t".join(f"GENE{n}" for n in range(1, WIDTH + 1))
    rows = "".join("\t".join(f"{row}:{n}" for n in range(1, WIDTH + 1)) + "\n" for row in range(3))
    return read(f"{header}\n{rows}", name="wide.tsv")


@pytest.fixture
def page(client, owner, wide):
    client.force_login(owner)
    return lambda query: client.get(f"/files/{wide.pk}/{query}").content.decode()


@pytest.fixture
def rows(api, owner, wide):
    return lambda query: api(owner).get(f"/api/v1/files/{wide.pk}/rows/{query}")


@pytest.mark.parametrize(
    ("query", "said", "first", "last"),
    [
        ("", "Columns 1 to 100 of 1,000", 1, 100),
        ("?columns=101-200", "Columns 101 to 200 of 1,000", 101, 200),
        ("?columns=950", "Columns 950 to 1,000 of 1,000", 950, 1000),
        ("?columns=GENE77", "Columns 77 to 176 of 1,000", 77, 176),
        ("?columns=gene99", "Columns 99 to 198 of 1,000", 99, 198),
        ("?columns=5-8", "Columns 5 to 8 of 1,000", 5, 8),
        ("?columns=5-900", "Columns 5 to 104 of 1,000", 5, 104),
        ("?columns=none+such", "No column is called", 1, 100),
        ("?columns=0", "No column is called", 1, 100),
        ("?columns=99999-1", "No column is called", 1, 100),
    ],
)
def test_a_page_shows_some_columns_and_leads_to_the_others(page, query, said, first, last):
    text = page(query)
    assert said in text
    shown = [int(n) for n in re.findall(r'<th scope="col">GENE(\d+)</th>', text)]
    assert (shown[0], shown[-1], len(shown)) == (first, last, last - first + 1)
    assert f"<td>2:{first}</td>" in text
    assert f"<td>2:{last}</td>" in text


def test_the_columns_before_and_after_are_one_click_away(page):
    text = page("?columns=101-200")
    assert "?columns=1-100" in text
    assert "?columns=201-300" in text
    assert "Columns before" not in page("")
    assert "Columns after" not in page("?columns=901-1000")


def test_the_page_of_a_wide_table_names_its_columns_once_for_the_import(page):
    text = page("")
    assert text.count('<option value="GENE500">') == 1
    assert len(text) < 200_000


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?columns=2-4", ["GENE2", "GENE3", "GENE4"]),
        ("?columns=GENE900&columns=1", ["GENE900", "GENE1"]),
        ("?columns=3&columns=2-3", ["GENE3", "GENE2"]),
        ("?columns=999-5000", ["GENE999", "GENE1000"]),
    ],
)
def test_an_answer_holds_the_columns_that_were_asked_for(rows, query, names):
    body = rows(query).json()
    assert [column["name"] for column in body["columns"]] == names
    assert body["rows"][1] == [f"1:{name.removeprefix('GENE')}" for name in names]


def test_an_answer_holds_all_columns_by_default(rows):
    assert len(rows("?limit=1").json()["rows"][0]) == WIDTH


def test_rows_are_sorted_by_a_column_that_is_not_shown(rows):
    body = rows("?columns=1&sort=-GENE700").json()
    assert body["rows"] == [["2:1"], ["1:1"], ["0:1"]]


@pytest.mark.parametrize("asked", ["none", "0", "5-2", "1001", "", "-", "1-x"])
def test_columns_that_are_none_are_400(rows, asked):
    answer = rows(f"?columns={asked}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["columns"])


def test_a_column_whose_name_looks_like_a_place_is_that_column(read, api, owner):
    file = read("id\t2\t1\n" + "a\tb\tc\n" * 5, name="t.tsv")
    body = api(owner).get(f"/api/v1/files/{file.pk}/rows/?columns=1").json()
    assert [column["name"] for column in body["columns"]] in (["1"], [file.columns[0]["name"]])


def test_a_long_cell_is_cut_before_it_leaves_the_table(read, client, owner):
    file = read("a,b\n" + "1,2\n" * 5 + f"x,{'y' * 1_000_000}\n")
    client.force_login(owner)
    text = client.get(f"/files/{file.pk}/").content.decode()
    assert "… (1,000,000 characters)" in text
    assert len(text) < 40_000


def test_a_cut_cell_says_how_long_it_was():
    html = rows_table([{"name": "a", "type": "text"}], [(2, [Cut("x" * LONGEST_CELL, 5000)])])
    assert "… (5,000 characters)" in html
