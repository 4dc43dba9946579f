"""What scripts and readers get: the contract's shapes, every filter, every page of every order, and nobody else's files."""

import datetime
from itertools import pairwise

import duckdb
import pytest
from django.apps import apps
from django.conf import settings as live_settings
from django.http import QueryDict

from project.common.paging import encode_cursor
from variants.classification import SLUGS, Classification
from variants.models import ClassificationChange, Gene, Load, Record, Variant
from variants.questions import ORDERINGS

VARIANT = [
    "id", "assembly", "chrom", "pos", "ref", "alt", "gene", "genes", "transcript", "hgvs_c", "hgvs_p", "hgvs_g", "rsid",
    "consequence", "classification", "conflict", "lab_classification", "padding", "names", "record_count", "last_evaluated", "url",
]  # fmt: skip
RECORD = {
    "file", "file_name", "line", "source", "classification", "reported_classification", "last_evaluated", "submitter_comment",
    "source_url", "raw",
}  # fmt: skip
LIST = "/api/v1/variants/"


@pytest.fixture
def get(api):
    """get(path, user=..., **parameters): the answer's JSON; an error's status is in its `status`."""

    def get(path: str, user=None, **params):
        response = api(user).get(path, params)
        assert response["Content-Type"].startswith("application/"), response.content[:300]
        return response.json()

    return get


@pytest.fixture
def make_file(db, own_folders):
    """A file that is ready, one column `Note`, its rows given as line -> text."""

    def make(owner, checksum: str = "sum", visibility: str = "private", rows: dict | None = None):
        file = apps.get_model("files.DataFile").objects.create(
            name="mine.tsv", size=1, sha256=checksum, state="ready", row_count=len(rows or {}), owner=owner, visibility=visibility,
            columns=[{"name": "Note", "type": "text"}],
        )  # fmt: skip
        file.table_path.mkdir(parents=True)
        with duckdb.connect() as db:
            db.execute("CREATE TABLE t (line BIGINT, c0 VARCHAR)")
            for line, text in (rows or {}).items():
                db.execute("INSERT INTO t VALUES (?, ?)", [line, text])
            db.execute(f"COPY t TO '{file.table_path}/00000-00.parquet' (FORMAT parquet)")
        return file

    return make


def ids(answer: dict) -> list[int]:
    return [row["id"] for row in answer["results"]]


# --- shapes ------------------------------------------------------------------------------------------


def test_an_empty_database_gives_an_empty_list(get, db):
    assert get(LIST) == {
        "count": 0, "count_is_exact": True, "next": None, "previous": None, "interpretation": None, "results": [],
    }  # fmt: skip


def test_a_variant_has_every_field_of_the_contract(get, make_variant, make_gene):
    variant = make_variant(
        99, "GAC", "G", gene=make_gene("BRAF"), names=(("rsid", "rs5"), ("c", "NM_1.1:c.1del")), rsid="rs5",
        classification=Classification.LIKELY_PATHOGENIC, last_evaluated=datetime.date(2024, 12, 15),
    )  # fmt: skip
    (row,) = get(LIST)["results"]
    assert list(row) == VARIANT
    assert row == dict.fromkeys(VARIANT) | {
        "id": variant.pk, "assembly": "GRCh38", "chrom": "7", "pos": 99, "ref": "GAC", "alt": "G", "gene": "BRAF", "genes": ["BRAF"],
        "rsid": "rs5", "classification": "likely_pathogenic", "conflict": False, "padding": True,
        "names": ["NM_1.1:c.1del", "rs5"], "record_count": 1, "last_evaluated": "2024-12-15", "url": f"/variants/{variant.pk}/",
    }  # fmt: skip


def test_what_the_source_did_not_give_is_null_and_never_empty(get, load):
    load(
        [
            {"chrom": "7", "start": "100", "ref": "A", "alt": "T", "comment": "", "url": " ", "source": ""},
            {"gene": "HBB", "rsid": "rs1"},
        ]
    )
    rows = get(LIST)["results"]
    records = get("/api/v1/records/")["results"]
    assert not [(name, row) for row in rows + records for name, value in row.items() if value == ""]


def test_a_variant_in_detail_has_its_claims_and_its_history(get, make_variant):
    variant = make_variant(claims=2, claim={"submitter_comment": "seen twice", "reported_classification": "VUS"})
    ClassificationChange.objects.create(variant=variant, before=1, after=4, load=Load.objects.get())
    found = get(f"{LIST}{variant.pk}/")
    assert set(VARIANT) | {"records", "earlier_records", "history"} == set(found)
    assert len(found["records"]) == 2
    for record in found["records"]:
        assert set(record) >= RECORD
    assert [record["submitter_comment"] for record in found["records"]] == ["seen twice"] * 2
    assert [(c["before"], c["after"]) for c in found["history"]] == [("pathogenic", "uncertain")]


def test_a_gene_has_its_counts_by_classification(get, make_gene, make_variant):
    gene = make_gene("BRAF", aliases=("BRAF1",), chrom="7", start=1, end=9)
    for pos, value in ((1, 1), (2, 4), (3, 4)):
        make_variant(pos, gene=gene, classification=Classification(value))
    make_variant(4, gene=gene, claims=0)
    found = get("/api/v1/genes/braf1/")
    assert (found["symbol"], found["chrom"], found["variant_count"]) == ("BRAF", "7", 3)
    assert list(found["classifications"]) == SLUGS
    assert {slug: n for slug, n in found["classifications"].items() if n} == {"pathogenic": 1, "uncertain": 2}


def test_suggestions(get, make_gene):
    make_gene("BRCA1", name="BRCA1 DNA repair", variant_count=12)
    assert get("/api/v1/genes/suggest/", q="br") == {
        "results": [
            {"symbol": "BRCA1", "name": "BRCA1 DNA repair", "match": "BRCA1", "kind": "symbol", "variant_count": 12}
        ]
    }


def test_claims_are_a_list_of_their_own(get, make_variant, make_gene):
    gene = make_gene("BRAF")
    one = make_variant(1, gene=gene, claims=2, claim={"source": "ENIGMA"})
    other = make_variant(2, classification=Classification.BENIGN)
    records = "/api/v1/records/"
    assert get(records)["count"] == 3
    assert [r["variant"] for r in get(records, gene="braf")["results"]] == [one.pk] * 2
    assert [r["variant"] for r in get(records, variant=other.pk)["results"]] == [other.pk]
    assert get(records, source="enigma")["count"] == 2
    assert get(records, classification="benign")["count"] == 1
    assert set(get(records)["results"][0]) >= RECORD


# --- filters -----------------------------------------------------------------------------------------


@pytest.fixture
def five(make_gene, make_variant):
    braf, kras = make_gene("BRAF", aliases=("BRAF1",)), make_gene("KRAS")
    day = datetime.date
    return {
        "a": make_variant(
            100,
            gene=braf,
            classification=Classification.PATHOGENIC,
            last_evaluated=day(2020, 1, 1),
            consequence="stop_gained",
        ),
        "b": make_variant(
            200, gene=kras, names=(("rsid", "rs5"),), last_evaluated=day(2022, 1, 1), claim={"source": "ENIGMA"}
        ),
        "c": make_variant(100, assembly="GRCh37", classification=Classification.CONFLICTING, conflict=True),
        "d": make_variant(100, chrom="X", classification=Classification.BENIGN, consequence="Missense_Mutation"),
        "e": make_variant(chrom=None, gene=braf, names=(("p", "BRAF:p.V600E"),)),
        "gone": make_variant(300, gene=braf, claims=0),
    }


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", "abcde"), ("gene=braf", "ae"), ("gene=BRAF1", "ae"), ("gene=braf,kras", "abe"), ("gene=braf&gene=kras", "abe"), ("gene=nobody", ""),
        ("assembly=GRCh37", "c"), ("assembly=GRCh38", "abd"), ("region=7:100-200", "ab"), ("region=7:101-199", ""),
        ("region=7:100&assembly=GRCh37", "c"), ("region=chrX:1-100", "d"), ("rsid=rs5", "b"), ("rsid=RS5", "b"), ("rsid=5", "b"),
        ("classification=pathogenic", "a"), ("classification=pathogenic&classification=benign", "ad"),
        ("classification=pathogenic,benign", "ad"), ("conflict=true", "c"), ("conflict=1", "c"), ("conflict=false", "abcde"),
        ("consequence=stop_gained", "a"), ("consequence=missense", "d"), ("source=enigma", "b"), ("source=nobody", ""),
        ("evaluated_after=2022-01-01", "b"), ("evaluated_before=2020-01-01", "a"), ("evaluated_after=2020-01-02", "b"),
        ("q=BRAF", "ae"), ("q=rs5", "b"), ("q=7-100-A-T", "a"), ("q=7-100-A-T&assembly=GRCh37", "c"), ("q=7:100-200", "ab"),
        ("q=BRAF p.V600E", "e"), ("q=nonsense", ""), ("q=BRAF&classification=pathogenic", "a"), ("unheard_of=1", "abcde"),
    ],
)  # fmt: skip
def test_filters(api, five, question, expected):
    answer = api().get(f"{LIST}?{question}").json()
    assert sorted(ids(answer)) == sorted(five[name].pk for name in expected)
    assert (answer["count"], answer["count_is_exact"]) == (len(expected), True)


def test_the_answer_says_how_the_text_was_read(get, five):
    assert get(LIST, q="7:100")["interpretation"] | {"sentence": ""} == {
        "kind": "region", "value": "GRCh38 7:100", "sentence": "", "alternatives": [{"kind": "region", "value": "GRCh37 7:100"}],
    }  # fmt: skip
    nothing = get(LIST, q="nonsense")
    assert (nothing["count"], nothing["interpretation"]["kind"]) == (0, "unknown")


def test_a_file_shows_the_variants_and_claims_of_its_bytes(get, make_user, make_file, make_variant):
    ada = make_user("ada")
    variant, _ = make_variant(1, checksum="mine"), make_variant(2, checksum="other")
    for file in (make_file(ada, "mine"), make_file(ada, "mine")):
        assert ids(get(LIST, ada, file=file.pk)) == [variant.pk]
        assert [r["variant"] for r in get("/api/v1/records/", ada, file=file.pk)["results"]] == [variant.pk]


# --- pages -------------------------------------------------------------------------------------------


@pytest.fixture
def many(make_gene, make_variant):
    """Eleven variants with ties and nulls in every column that sorts."""
    genes = [make_gene("BRAF"), make_gene("KRAS"), None]
    for n in range(9):
        make_variant(
            100 + n // 3, alt="CGT"[n % 3], chrom="7" if n < 6 else "X", gene=genes[n % 3], classification=Classification(1 + n % 2),
            last_evaluated=None if n % 4 == 0 else datetime.date(2020 + n % 2, 1, 1),
        )  # fmt: skip
    make_variant(chrom=None, gene=genes[0])
    make_variant(chrom=None, last_evaluated=datetime.date(2020, 1, 1))


@pytest.mark.parametrize("ordering", ["", *ORDERINGS])
@pytest.mark.parametrize("size", [2, 3])
def test_every_order_walks_all_rows_once_forwards_and_backwards(api, many, ordering, size):
    client, forwards = api(), []
    url = f"{LIST}?page_size={size}" + (f"&ordering={ordering}" if ordering else "")
    while url:
        answer = client.get(url).json()
        forwards.append(ids(answer))
        last, url = url, answer["next"]
    assert sorted(sum(forwards, [])) == list(Variant.objects.order_by("pk").values_list("pk", flat=True))
    backwards, url = [], last
    while url:
        answer = client.get(url).json()
        backwards.append(ids(answer))
        url = answer["previous"]
    assert sum(reversed(backwards), []) == sum(forwards, [])


@pytest.mark.parametrize(
    ("ordering", "value"),
    [
        ("position", lambda row: (row["chrom"] is None, ["7", "X", None].index(row["chrom"]), row["pos"] or 0)),
        ("classification", lambda row: SLUGS.index(row["classification"])),
        ("-classification", lambda row: -SLUGS.index(row["classification"])),
        ("last_evaluated", lambda row: (row["last_evaluated"] is None, row["last_evaluated"] or "")),
        ("-last_evaluated", lambda row: (row["last_evaluated"] is None, -int((row["last_evaluated"] or "0")[:4]))),
        ("gene", lambda row: (row["gene"] is None, row["gene"] or "")),
    ],
)
def test_orders_put_nulls_last(get, many, ordering, value):
    rows = get(LIST, ordering=ordering)["results"]
    assert all(value(one) <= value(other) for one, other in pairwise(rows))
    assert len(rows) == 11


def test_the_reverse_of_position_has_nulls_last_too(get, many):
    places = [(row["chrom"], row["pos"]) for row in get(LIST, ordering="-position")["results"]]
    assert places == [("X", 102)] * 3 + [("7", 101)] * 3 + [("7", 100)] * 3 + [(None, None)] * 2


def test_the_first_page_has_no_previous_and_the_last_no_next(get, many):
    first = get(LIST, page_size=100)
    assert (first["next"], first["previous"]) == (None, None)
    assert get(LIST, page_size=11)["next"] is None
    assert get(LIST, page_size=10)["next"]


def test_links_keep_the_question(api, five):
    answer = api().get(f"{LIST}?gene=braf&gene=kras&page_size=1&ordering=-position").json()
    following = api().get(answer["next"]).json()
    assert "gene=braf&gene=kras" in answer["next"]
    assert ids(following) != ids(answer)
    assert following["count"] == 3


def test_claims_are_walked_once(api, make_variant):
    make_variant(claims=5)
    url, found = "/api/v1/records/?page_size=2", []
    while url:
        answer = api().get(url).json()
        found += ids(answer)
        url = answer["next"]
    assert found == list(Record.objects.order_by("pk").values_list("pk", flat=True))


# --- questions that cannot be answered ---------------------------------------------------------------

NUMBERS = ["x", "-1", "1.5", "1_0", "٣", " 5", "9" * 30]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        *[(LIST, "page_size", value) for value in [*NUMBERS, "0", "1001"]],
        *[("/api/v1/records/", "page_size", value) for value in ["x", "0", "1001"]],
        *[("/api/v1/genes/suggest/?q=b", "limit", value) for value in [*NUMBERS, "0", "501"]],
        *[("/api/v1/genes/suggest/", "q", value) for value in ["", " ", "\0", "b" * 2001]],
        *[(LIST, "region", value) for value in ["1:9-3", "1:0", "99:1-2", "1", "BRAF", "1:1-" + "9" * 30, "\0"]],
        *[(LIST, "ordering", value) for value in ["pos", "-gene", "id", "position "]],
        *[(LIST, "assembly", value) for value in ["hg19", "grch38", "T2T"]],
        *[(LIST, "classification", value) for value in ["Pathogenic", "bad", "1"]],
        *[(LIST, "conflict", value) for value in ["maybe", "2"]],
        *[(LIST, "rsid", value) for value in ["x", "rs", "rs" + "9" * 16]],
        *[(LIST, name, value) for name in ("evaluated_after", "evaluated_before") for value in ["x", "2024-13-01", "2024-02-30", "1.1.2024"]],
        *[(path, "file", value) for path in (LIST, "/api/v1/records/") for value in ["x", "0", "-1", "9" * 18, "9" * 30, "²"]],
        *[("/api/v1/records/", "variant", value) for value in ["x", "-1", "9" * 30]],
        ("/api/v1/records/", "classification", "bad"),
        *[(path, "cursor", value) for path in (LIST, "/api/v1/records/") for value in ["@@@", "x", "é", "W10", "bnVsbA", "a" * 4000]],
        *[(LIST, "cursor", encode_cursor(values, backwards=False)) for values in [
            [1], [1, 2], [1, 2, 3, 4], [{}, 1, 1], [[1], 1, 1], ["x", 1, 1], [1, "\0", 1], [True, 1, {}]]],
        (LIST, "q", "\0"), (LIST, "gene", "\0"), (LIST, "source", "\0"), ("/api/v1/records/", "source", "\0"),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_named(api, db, path, name, value):
    response = api().get(path, {name: value} | ({"q": "b"} if "suggest" in path and name != "q" else {}))
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert list(response.json()["errors"]) == [name]
    assert response.json()["status"] == 400


def test_all_errors_are_told_at_once(get, db):
    assert set(get(LIST, region="x", rsid="x", evaluated_after="x")["errors"]) == {"region", "rsid", "evaluated_after"}


@pytest.mark.parametrize("one", ORDERINGS)
def test_a_cursor_of_another_ordering_is_refused(api, many, one):
    client = api()
    following = client.get(LIST, {"ordering": one, "page_size": 4}).json()["next"]
    cursor = QueryDict(following.partition("?")[2])["cursor"]
    accepted = [
        other for other in ORDERINGS if client.get(LIST, {"ordering": other, "cursor": cursor, "page_size": 4}).status_code != 400
    ]  # fmt: skip
    assert accepted == [one]


@pytest.mark.parametrize("ordering", ["gene", "last_evaluated", "position"])
def test_no_cursor_is_a_server_error(api, many, ordering):
    client = api()
    for value in ["\0", 10**18, -1, 0.5, 1e30, None, True, "9999-12-31", "' OR 1=1"]:
        for backwards in (False, True):
            cursor = encode_cursor([value] * (len(ORDERINGS[ordering]) - 1) + [1], backwards=backwards)
            assert client.get(LIST, {"ordering": ordering, "cursor": cursor}).status_code in (200, 400), value


def test_any_text_may_be_searched_for(api, five):
    for text in [
        "%",
        "_",
        "\\",
        "'",
        '"',
        "';--",
        "%s",
        "{}",
        "<script>",
        "é",
        "\ud7ff",
        "a" * 3000,
        "rs" * 400,
        "1" * 2000,
        "(" * 500,
    ]:
        for path in (LIST, "/variants/"):
            assert api().get(path, {"q": text}).status_code == 200, text


@pytest.mark.parametrize("path", [
    f"{LIST}0/", f"{LIST}{10**9}/", f"{LIST}{'9' * 30}/", f"{LIST}x/", "/api/v1/genes/NOBODY/", "/api/v1/genes/%25/", "/api/v1/genes/%00/",
    "/api/v1/genes/a%2Fb/", f"/api/v1/genes/{'x' * 500}/", "/api/v1/nothing/",
])  # fmt: skip
def test_what_is_not_there_is_a_404_problem(api, db, path):
    response = api().get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_variants_are_read_only(api, make_user, make_variant, method):
    variant = make_variant()
    for path in (LIST, f"{LIST}{variant.pk}/"):
        assert (
            getattr(api(make_user(f"ada{len(path)}", is_staff=True)), method)(path, {}, format="json").status_code
            == 405
        )


# --- who sees what -----------------------------------------------------------------------------------

READING = [LIST, f"{LIST}1/", "/api/v1/records/", "/api/v1/genes/suggest/?q=b", "/api/v1/genes/BRAF/"]


@pytest.mark.parametrize("path", READING)
def test_without_public_read_the_api_asks_who_reads(api, db, settings, path):
    settings.PUBLIC_READ = False
    assert api().get(path).status_code in (401, 403)


def test_without_public_read_a_user_reads(get, make_user, make_variant, settings):
    settings.PUBLIC_READ = False
    make_variant()
    assert get(LIST, make_user("ada"))["count"] == 1


@pytest.mark.parametrize("path", ["/", "/variants/", "/variants/1/", "/variants/?q=BRAF"])
def test_without_public_read_the_pages_lead_to_the_login(client, db, settings, path):
    settings.PUBLIC_READ = False
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")


def test_line_raw_and_file_name_are_for_those_who_may_read_the_file(get, make_user, make_file, make_variant):
    ada, eve, root = make_user("ada"), make_user("eve"), make_user("root", is_staff=True)
    variant = make_variant()
    line = Record.objects.get().line
    file = make_file(ada, rows={line: "as written"})
    everything = {"file": file.pk, "file_name": "mine.tsv", "line": line, "raw": {"Note": "as written"}}
    nothing = dict.fromkeys(everything)
    for user, seen in ((ada, everything), (root, everything), (eve, nothing), (None, nothing)):
        for records in (get(f"{LIST}{variant.pk}/", user)["records"], get("/api/v1/records/", user)["results"]):
            assert [{name: record[name] for name in everything} for record in records] == [seen], user
            assert ("mine.tsv" in str(records)) == (seen is everything)
            assert "rows.tsv" not in str(records)  # the label of the load: a name of another file with the same bytes


@pytest.mark.parametrize(
    ("visibility", "anonymous", "other"), [("private", False, False), ("shared", False, True), ("public", True, True)]
)
def test_visibility_decides_who_reads_the_row(get, make_user, make_file, make_variant, visibility, anonymous, other):
    make_variant()
    make_file(make_user("ada"), visibility=visibility)
    seen = [get("/api/v1/records/", user)["results"][0]["line"] is not None for user in (None, make_user("eve"))]
    assert seen == [anonymous, other]


def test_a_file_of_another_user_cannot_be_asked_for(api, make_user, make_file, make_variant):
    make_variant()
    file, eve = make_file(make_user("ada")), make_user("eve")
    for user in (None, eve):
        for path in (LIST, "/api/v1/records/"):
            response = api(user).get(path, {"file": file.pk})
            assert (response.status_code, list(response.json()["errors"])) == (400, ["file"])


def test_the_pages_name_no_file_of_another_user(client, make_user, make_file, make_variant):
    variant = make_variant()
    make_file(make_user("ada"), rows={Record.objects.get().line: "as written"})
    for path in ("/", "/variants/", f"/variants/{variant.pk}/"):
        text = client.get(path).content.decode()
        assert "mine.tsv" not in text
        assert "rows.tsv" not in text
        assert "as written" not in text


# --- cost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "most"), [(LIST, 5), ("/api/v1/records/", 6), ("/variants/", 12), ("/variants/1/", 14)]
)
def test_50_rows_take_as_many_queries_as_5(client, make_variant, make_gene, django_assert_max_num_queries, path, most):
    variant = make_variant(1000, names=(("rsid", "rs1"),), claims=5)
    path = f"/variants/{variant.pk}/" if path == "/variants/1/" else path
    with django_assert_max_num_queries(most) as few:
        assert client.get(path).status_code == 200
    for n in range(50):
        make_variant(n + 1, gene=make_gene(f"G{n}"), names=(("rsid", f"rs{n}"),), claims=2, checksum=f"file {n}")
        Record.objects.filter(variant__pos=n + 1).update(variant=variant) if n % 2 else None
    with django_assert_max_num_queries(most) as many:
        assert client.get(path).status_code == 200
    assert len(many) <= len(few) + 1  # genes are asked for once there are any


# --- pages -------------------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.fixture
def hostile(make_gene, make_variant):
    return make_variant(
        gene=make_gene(HOSTILE, name=HOSTILE, aliases=("ALIAS<b>",)), consequence=HOSTILE, hgvs_c=f"NM_1.1:c.{HOSTILE}", hgvs_p=HOSTILE,
        transcript=HOSTILE, rsid="rs<b>", names=(("c", HOSTILE), ("rsid", "rs<b>")),
        claim={"submitter_comment": HOSTILE, "source": HOSTILE, "reported_classification": HOSTILE, "source_url": f"https://x/{HOSTILE}"},
    )  # fmt: skip


@pytest.mark.parametrize("path", [
    "/", "/variants/", "/variants/?gene=<script>alert('x')</script>\"%26", "/variants/?q=<script>alert('x')</script>", "/variants/?q=ALIAS<b>",
    "/variants/?consequence=<script>", "/variants/?source=<script>", "/variants/?region=<script>", "/variants/?ordering=<script>&q=<script>",
    "/variants/{pk}/",
])  # fmt: skip
def test_no_value_becomes_markup(client, hostile, path):
    response = client.get(path.format(pk=hostile.pk))
    assert response.status_code in (200, 400)
    for markup in ("<script>", "rs<b>", "ALIAS<b>"):
        assert markup not in response.content.decode()


def test_the_detail_page_shows_the_claim(client, hostile):
    assert (
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in client.get(f"/variants/{hostile.pk}/").content.decode()
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:alert(1)", "file:///etc/passwd"]
)
def test_only_a_web_address_becomes_a_link(client, make_variant, url):
    variant = make_variant(claim={"source_url": url})
    assert f'href="{url}' not in client.get(f"/variants/{variant.pk}/").content.decode()


@pytest.mark.parametrize(
    "path", ["/", "/variants/", "/variants/?q=BRAF", "/variants/?gene=BRAF", "/variants/?q=17:1-9&assembly=GRCh37"]
)
def test_pages_of_an_empty_database(client, db, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/variants/", "/variants/?gene=BRAF", "/variants/?q=KRAS", "/variants/?q=nonsense", "/variants/?page_size=1"],
)
def test_pages_with_variants(client, five, path):
    assert client.get(path).status_code == 200


def test_every_variant_has_a_page(client, five):
    for variant in five.values():
        assert client.get(f"/variants/{variant.pk}/").status_code == 200


@pytest.mark.parametrize("pk", [10**9, 2**63, "9" * 30])
def test_a_page_of_no_variant_is_a_404(client, db, pk):
    assert client.get(f"/variants/{pk}/").status_code == 404


def test_a_page_for_a_bad_question_is_a_400_that_names_it(client, db):
    response = client.get("/variants/?region=1:9-3&page_size=2")
    assert response.status_code == 400
    assert "region" in response.content.decode()


def test_htmx_gets_the_table_and_going_back_gets_the_page(client, five):
    whole = client.get("/variants/")
    part = client.get("/variants/", headers={"HX-Request": "true"})
    back = client.get("/variants/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert [b"<html" in response.content for response in (whole, part, back)] == [True, False, True]
    assert b'id="results"' in part.content
    assert "HX-Request" in part["Vary"]


def test_a_bad_question_of_htmx_gets_the_part_too(client, db):
    response = client.get("/variants/?ordering=x", headers={"HX-Request": "true"})
    assert response.status_code == 400
    assert b"<html" not in response.content


def test_a_page_leads_to_the_next_and_back(client, five):
    first = client.get("/variants/?page_size=2").context["page"]
    second = client.get(first["next_url"]).context["page"]
    assert (first["previous_url"], first["shown"], second["shown"]) == (None, 2, 2)
    assert client.get(second["previous_url"]).context["page"]["shown"] == 2


def test_pages_ask_no_other_host(client, five):
    for path in ("/", "/variants/", f"/variants/{five['a'].pk}/"):
        text = client.get(path).content.decode()
        assert not [part for part in text.split('src="')[1:] if part.startswith(("http", "//"))]
        assert f'href="{live_settings.STATIC_URL}' in text


def test_a_withdrawn_variant_is_in_no_list_but_keeps_its_address(get, five):
    assert five["gone"].pk not in ids(get(LIST))
    assert get(f"{LIST}{five['gone'].pk}/")["record_count"] == 0
    assert Gene.objects.get(symbol="BRAF").variant_count == 2
