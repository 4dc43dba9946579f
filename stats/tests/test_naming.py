import pytest
from django.urls import resolve

from stats.naming import MAX_PATH_BYTES, counted_path, public_name, route_of


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/api/a/", "/api/a/"),
        ("/api/two words/", "/api/two words/"),
        ("/api/café/", "/api/café/"),
        ("/api/a\nb/", "/api/a%0Ab/"),
        ("/api/\x00/", "/api/%00/"),
        ("/api/\u2028\u202e/", "/api/%E2%80%A8%E2%80%AE/"),
        ("/api/\udcff/", "/api/%5Cudcff/"),
        ("/accounts/reset/Nw/die9t4-df9c36/", "/accounts/reset/Nw/.../"),
        ("/accounts/reset/Nw/die9t4-df9c36", "/accounts/reset/Nw/..."),
        ("/accounts/reset/sent/", "/accounts/reset/sent/"),
        ("/api/accounts/reset/Nw/a/", "/api/accounts/reset/Nw/a/"),
    ],
)
def test_a_path_is_counted_in_a_form_that_can_be_printed(path, counted):
    assert counted_path(path) == counted


@pytest.mark.parametrize("letter", ["a", "é", "€", "🧬"])
def test_long_paths_are_cut_and_stay_apart(letter):
    one, other = (counted_path("/api/" + letter * 600 + end) for end in ("/1", "/2"))
    assert one != other
    assert one.startswith("/api/" + letter * 100)
    assert len(one.encode()) <= MAX_PATH_BYTES


def test_512_bytes_are_not_cut():
    path = "/api/" + "é" * 253 + "a"
    assert len(path.encode()) == MAX_PATH_BYTES
    assert counted_path(path) == path


@pytest.mark.parametrize(
    ("path", "route"), [("/api/a/b", "/api/<rest>"), ("/stats/", "/stats/"), ("/api/schemas", "/api/<rest>")]
)
def test_the_route_is_a_template(path, route):
    assert route_of(resolve(path), has_simulated_api=True) == route


def test_without_the_simulated_api_its_paths_have_no_route():
    assert route_of(resolve("/api/secret"), has_simulated_api=False) == ""


def test_only_simulated_paths_are_public():
    assert public_name("/api/a", "/api/<rest>") == "/api/a"
    assert public_name("/variants/7/", "/variants/<pk>/") == "/variants/<pk>/"
    assert public_name("/secret/", "") == "(no such page)"
