import threading
import time

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from knox.models import AuthToken

from stats import spool
from stats.models import Hit

pytestmark = pytest.mark.django_db
STATS = "/stats/"


def test_eight_threads_are_counted_exactly(client, drained):
    client.get("/api/warm/")  # loads the middleware, which all threads share

    def work(number):
        for _ in range(50):
            client.handler.get_response(RequestFactory().get(f"/api/{number}/"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drained() == {"/api/warm/": 1} | {f"/api/{number}/": 50 for number in range(8)}


def test_the_query_string_is_not_counted(client, drained, own_spool):
    client.get("/api/a/?secret=1")
    client.get("/api/a/?secret=2")
    assert b"secret" not in spool.segment_paths(own_spool)[0].read_bytes()
    assert drained() == {"/api/a/": 2}


def test_static_files_are_not_counted(client, drained):
    client.get("/static/nothing.css")
    client.get("/api/a/")
    assert drained() == {"/api/a/": 1}


def test_errors_and_every_method_are_counted(client, drained):
    client.post("/api/a/")
    client.delete("/api/a/")
    client.get("/there/is/nothing/")
    client.get(STATS, {"limit": "x"})
    assert drained() == {"/api/a/": 2, "/there/is/nothing/": 1, STATS: 1}
    assert sorted(Hit.objects.values_list("method", "status")) == [
        ("DELETE", 200), ("GET", 400), ("GET", 404), ("POST", 200),
    ]  # fmt: skip


def test_the_user_is_noted(admin_client, admin_user, drained):
    admin_client.get(STATS)
    drained()
    assert Hit.objects.get().user_id == admin_user.pk


def test_a_page_that_asks_for_no_user_costs_no_query(admin_client, django_assert_num_queries):
    admin_client.get("/api/a/")
    with django_assert_num_queries(0):
        admin_client.get("/api/a/")


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        ("/api/a%0Ab/", "/api/a%0Ab/"),
        ("/api/%FF/", "/api/%FF/"),
        ("/api/%00/", "/api/%00/"),
        ("/api/caf%C3%A9/", "/api/café/"),
        ("/api/a%22%5C/", '/api/a"\\/'),
    ],
)
def test_odd_paths(asked, counted, client, drained):
    assert client.get(asked).status_code == 200
    assert drained() == {counted: 1}


def test_long_paths(client, drained):
    client.get("/api/" + "a" * 5000)
    client.get("/api/" + "a" * 5001)
    assert [(len(path), count) for path, count in drained().items()] == [(499, 1), (499, 1)]


def test_json_shape_and_order(client, write, drained):
    write("/api/b/", 2)
    write("/api/a/", 2)
    write("/api/c/", 3)
    drained()
    reply = client.get(STATS)
    assert reply.json() == {
        "count": 3,
        "total": 7,
        "results": [
            {"path": "/api/c/", "count": 3},
            {"path": "/api/a/", "count": 2},
            {"path": "/api/b/", "count": 2},
        ],
        "lost": 0,
        "bad_lines": 0,
        "source": "boards",
    }
    assert "Accept" in reply["Vary"]


def test_paging(client, write, drained):
    for number in range(5):
        write(f"/api/{number}/", 5 - number)
    drained()
    reply = client.get(STATS, {"limit": 2, "offset": 2}).json()
    assert (reply["count"], reply["total"]) == (5, 15)
    assert [row["path"] for row in reply["results"]] == ["/api/2/", "/api/3/"]
    assert client.get(STATS, {"offset": 99}).json()["results"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "1001"), ("limit", "x"), ("offset", "-1"), ("format", "pdf")],
)
def test_bad_values_are_said(client, name, value):
    reply = client.get(STATS, {name: value})
    assert reply.status_code == 400
    assert reply["Content-Type"] == "application/problem+json"
    assert list(reply.json()["errors"]) == [name]


def names(reply):
    return [row["path"] for row in reply.json()["results"]]


@pytest.fixture
def three_kinds(write, drained):
    write("/api/a/", 3)
    write("/variants/1/", route="/variants/<pk>/")
    write("/variants/2/", route="/variants/<pk>/")
    write("/secret/", route="")
    drained()


PUBLIC = ["/api/a/", "/variants/<pk>/", "(no such page)"]
FULL = ["/api/a/", "/secret/", "/variants/1/", "/variants/2/"]


def test_anonymous_readers_see_templates(client, three_kinds):
    assert names(client.get(STATS)) == PUBLIC


def test_people_without_staff_see_templates(client, three_kinds):
    client.force_login(User.objects.create_user("analyst"))
    assert names(client.get(STATS)) == PUBLIC


def test_staff_see_paths(admin_client, three_kinds):
    assert names(admin_client.get(STATS)) == FULL


def test_a_token_of_staff_is_enough(client, admin_user, three_kinds):
    _, token = AuthToken.objects.create(admin_user)
    assert names(client.get(STATS, headers={"Authorization": f"Token {token}"})) == FULL
    assert client.get(STATS, headers={"Authorization": "Token wrong"}).status_code == 401


def test_private_statistics(client, admin_client, settings):
    settings.PUBLIC_READ = False
    assert client.get(STATS).status_code == 401
    page = client.get(STATS, headers={"Accept": "text/html"})
    assert (page.status_code, page["Location"]) == (302, f"{reverse('login')}?next=/stats/")
    assert admin_client.get(STATS).status_code == 200


def test_the_page_for_browsers(client, write, drained):
    for number in range(3):
        write(f"/api/{number}/<b>/", 3 - number)
    drained()
    page = client.get(STATS, {"limit": 1, "offset": 1}, headers={"Accept": "text/html,*/*;q=0.8"})
    text = page.content.decode()
    assert page["Content-Type"].startswith("text/html")
    assert "/api/1/&lt;b&gt;/" in text
    assert "offset=0" in text
    assert "offset=2" in text
    assert client.get(STATS, {"format": "json"}, headers={"Accept": "text/html"}).json()["count"] == 3


def test_without_redis_the_database_answers(client, write, drained, settings):
    write("/api/a/", 2)
    write("/variants/1/", route="/variants/<pk>/")
    drained()
    known = client.get(STATS).json()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    started = time.monotonic()
    assert client.get(STATS).json() == known | {"source": "database"}
    assert time.monotonic() - started < 1


def test_an_emptied_redis_is_not_believed(client, write, drained, redis_client, settings):
    write("/api/a/", 2)
    drained()
    for name in redis_client.scan_iter(f"{settings.HITS_KEY_PREFIX}*"):
        redis_client.delete(name)
    assert client.get(STATS).json()["total"] == 2


def test_lost_hits_are_shown_and_hurt_no_page(client, own_spool):
    own_spool.parent.mkdir(exist_ok=True)
    own_spool.write_text("a file where the folder should be")
    for _ in range(3):
        assert client.get("/api/a/").status_code == 200
    assert client.get(STATS).json()["lost"] == 3
    assert "4 requests could not be written down" in client.get(STATS, headers={"Accept": "text/html"}).content.decode()


def test_lost_hits_stay_known(client, own_spool, drained):
    own_spool.write_text("a file where the folder should be")
    client.get("/api/a/")
    own_spool.unlink()
    client.get("/api/b/")
    assert drained() == {"/api/b/": 1}
    assert client.get(STATS).json()["lost"] == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_the_simulated_api_answers_every_method(method):
    reply = Client(enforce_csrf_checks=True).generic(method, "/api/x/y/z/?q=1")
    assert (reply.status_code, reply.json()) == (200, {"path": "/api/x/y/z/", "method": method})


def test_the_simulated_api_can_be_off(client, settings, drained):
    settings.SIMULATED_API = False
    reply = client.get("/api/secret/")
    assert (reply.status_code, reply["Content-Type"]) == (404, "application/problem+json")
    drained()
    assert names(client.get(STATS)) == ["(no such page)"]


@pytest.mark.parametrize("path", ["/api/v1", "/api/schema", "/api/docs"])
def test_the_real_api_is_not_simulated(client, path):
    assert client.get(path).status_code != 200
