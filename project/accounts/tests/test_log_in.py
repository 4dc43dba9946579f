"""Logging in: what is bounded, and what is kept of a try."""

import datetime
import re

import pytest
from django.utils import timezone

from project.accounts.models import FailedTry
from project.accounts.tests.conftest import PASSWORD, done, log_in


def test_log_in_and_out_are_in_the_audit_trail(client, ada):
    assert log_in(client, REMOTE_ADDR="192.0.2.9").status_code == 302
    client.post("/accounts/logout/")
    assert [row.actor_name for row in done("logged in") + done("logged out")] == ["ada", "ada"]
    assert done("logged in")[0].network == "192.0.2.0/24"


def test_a_wrong_password_is_said_and_not_whether_the_account_exists(client, ada):
    wrong, nobody = log_in(client, password="x"), log_in(client, name="nobody")
    assert "No account has this user name and password" in wrong.content.decode()
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong.content.decode()) == strip.sub("", nobody.content.decode())


def test_an_account_is_locked_after_its_tries_wherever_they_come_from(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 3
    for n in range(3):
        assert log_in(client, password="x", REMOTE_ADDR=f"192.0.{n}.1").status_code == 200
    locked = log_in(client)  # the right password
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= settings.LOGIN_WINDOW_SECONDS
    assert "Too many log-ins failed" in locked.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_letters_case_of_the_name_is_no_way_around(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 2
    for name in ("ada", "ADA"):
        log_in(client, name=name, password="x")
    assert log_in(client, name="Ada", password="x").status_code == 429


def test_an_address_is_locked_after_its_tries_whatever_the_names(client, ada, settings):
    settings.LOGIN_TRIES_PER_ADDRESS = 3
    for n in range(3):
        log_in(client, name=f"guess{n}", password="x")
    assert log_in(client).status_code == 429
    assert log_in(client, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_addresses_of_one_ipv6_network_count_as_one(client, ada, settings):
    settings.LOGIN_TRIES_PER_ADDRESS = 2
    for n in range(2):
        log_in(client, name=f"guess{n}", password="x", REMOTE_ADDR=f"2001:db8::{n}")
    assert log_in(client, REMOTE_ADDR="2001:db8::99").status_code == 429


def test_waiting_helps_even_if_somebody_goes_on_trying(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 2
    for _ in range(6):
        log_in(client, password="x")
    assert FailedTry.objects.count() == 4  # two of the account, two of the address: refused ones do not count
    FailedTry.objects.update(at=timezone.now() - datetime.timedelta(seconds=settings.LOGIN_WINDOW_SECONDS + 1))
    assert log_in(client).status_code == 302


def test_the_right_password_forgives_earlier_slips(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 3
    for _ in range(3):
        log_in(client, password="x")
        log_in(client, password="y")
        assert log_in(client).status_code == 302


def test_ones_own_log_in_hides_no_guesses_at_others(client, ada, settings):
    settings.LOGIN_TRIES_PER_ADDRESS = 4
    for n in range(4):
        log_in(client, name=f"guess{n}", password="x")
        FailedTry.objects.count()
        log_in(client)
    assert log_in(client, name="guess9", password="x").status_code == 429


def test_no_name_and_no_address_is_kept_with_the_tries(client, ada):
    log_in(client, name="ada@lab", password="x", REMOTE_ADDR="192.0.2.9")
    kept = " ".join(FailedTry.objects.values_list("key", flat=True))
    assert "ada@lab" not in kept  # no hexadecimal digits, which could stand there by chance
    assert "192.0" not in kept


def test_the_admins_log_in_is_the_same_door(client, ada):
    assert client.get("/admin/login/?next=/admin/").url == "/accounts/login/?next=/admin/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_log_in_leads_to_no_other_host(client, ada, target):
    assert client.post("/accounts/login/", {"username": "ada", "password": PASSWORD, "next": target}).url == "/"
