import datetime

import pytest
from django.http import QueryDict

from project.common.params import day, flag, one_of, several, whole_number
from project.common.problems import BadQuery


@pytest.mark.parametrize(("text", "value"), [("", 7), ("0", 0), ("12", 12), ("007", 7), ("100", 100)])
def test_a_whole_number_is_read(text, value):
    assert whole_number({"n": text}, "n", default=7, most=100) == value


@pytest.mark.parametrize(
    "text", ["-1", "101", "1.5", "1e2", "1_0", " 1", "+1", "x", "٣", "²", "0x1", "9" * 19, "9" * 5000, "\0"], ids=ascii
)
def test_what_is_no_whole_number_in_range_is_named(text):
    with pytest.raises(BadQuery) as caught:
        whole_number({"n": text}, "n", default=7, most=100)
    assert list(caught.value.errors) == ["n"]


def test_the_least_value_is_held():
    with pytest.raises(BadQuery, match="1 to 10"):
        whole_number({"n": "0"}, "n", default=5, least=1, most=10)


def test_one_of_takes_a_choice_or_the_default():
    assert (one_of({"o": "a"}, "o", ("a", "b")), one_of({}, "o", ("a",), default="b")) == ("a", "b")


@pytest.mark.parametrize("text", ["A", "c", " a", "a,b", "\0"], ids=ascii)
def test_one_of_refuses_everything_else(text):
    with pytest.raises(BadQuery, match="not one of a, b"):
        one_of({"o": text}, "o", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False), ("", False)],
)
def test_a_flag_is_read(text, value):
    assert flag({"f": text}, "f") is value


@pytest.mark.parametrize("text", ["2", "on", "y", "wahr"])
def test_a_flag_that_is_none_is_named(text):
    with pytest.raises(BadQuery, match="neither true nor false"):
        flag({"f": text}, "f")


def test_a_day_is_read():
    assert (day({"d": "2024-02-29"}, "d"), day({}, "d")) == (datetime.date(2024, 2, 29), None)


@pytest.mark.parametrize("text", ["2023-02-29", "29.02.2024", "yesterday", "2024-13-01", "0000-01-01"])
def test_a_day_that_is_none_is_named(text):
    with pytest.raises(BadQuery, match="not a date"):
        day({"d": text}, "d")


def test_several_values_are_repeated_or_a_comma_list():
    assert several(QueryDict("a=x,y&a=z&a=,"), "a") == ["x", "y", "z"]
    assert several({}, "a", ["x"]) == []
    with pytest.raises(BadQuery, match="not one of x, y"):
        several(QueryDict("a=x,q"), "a", ["x", "y"])
