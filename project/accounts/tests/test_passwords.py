"""Passwords: changed, reset by mail, and not to be guessed."""

import datetime
import re

import pytest
from django.core import mail
from django.utils import timezone

from project.accounts import actions
from project.accounts.models import FailedTry, Session
from project.accounts.tests.conftest import NEW, PASSWORD, done, log_in


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(client, ada, client_of):
    other = client_of()
    log_in(other)
    log_in(client)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/accounts/password/", form).status_code == 302
    assert client.get("/accounts/").status_code == 200
    assert other.get("/accounts/").status_code == 302
    assert Session.objects.filter(user=ada).count() == 1
    assert done("password changed")[0].detail == {"how": "changed", "sessions_ended": 1}


def test_the_old_password_is_asked_for(client, ada):
    client.force_login(ada)
    form = {"old_password": "x", "new_password1": NEW, "new_password2": NEW}
    assert "incorrectly" in client.post("/accounts/password/", form).content.decode()


def test_the_old_password_cannot_be_guessed_for_ever(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 3
    client.force_login(ada)
    form = {"old_password": "x", "new_password1": NEW, "new_password2": NEW}
    answers = [client.post("/accounts/password/", form) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert client.post("/accounts/password/", form | {"old_password": PASSWORD}).status_code == 429
    FailedTry.objects.update(at=timezone.now() - datetime.timedelta(seconds=settings.LOGIN_WINDOW_SECONDS + 1))
    assert client.post("/accounts/password/", form | {"old_password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_password_is_not_set_without_its_row_in_the_trail(client, ada, monkeypatch, way):
    monkeypatch.setattr(actions, "record", lambda *args, **kwargs: 1 / 0)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    address = "/accounts/password/"
    if way == "reset":
        client.post("/accounts/reset/", {"email": ada.email})
        address = client.get(re.search(r"http://testserver(/accounts/reset/\S+)", mail.outbox[0].body).group(1)).url
    else:
        client.force_login(ada)
    with pytest.raises(ZeroDivisionError):
        client.post(address, form)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_a_password_is_reset_by_mail(client, ada, client_of):
    other = client_of()
    log_in(other)
    assert client.post("/accounts/reset/", {"email": "ADA@lab.example"}).url == "/accounts/reset/sent/"
    link = re.search(r"http://testserver(/accounts/reset/\S+)", mail.outbox[0].body).group(1)
    form_at = client.get(link).url
    assert client.post(form_at, {"new_password1": NEW, "new_password2": NEW}).url == "/accounts/reset/done/"
    assert log_in(client, password=NEW).status_code == 302
    assert other.get("/accounts/").status_code == 302
    assert "This link does not work" in client_of().get(link).content.decode()
    assert done("password changed")[0].detail["how"] == "reset by e-mail"


def test_who_locked_themselves_out_and_resets_the_password_can_log_in(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 2
    for _ in range(2):
        log_in(client, password="forgotten")
    assert log_in(client).status_code == 429
    client.post("/accounts/reset/", {"email": ada.email})
    form_at = client.get(re.search(r"http://testserver(/accounts/reset/\S+)", mail.outbox[0].body).group(1)).url
    client.post(form_at, {"new_password1": NEW, "new_password2": NEW})
    assert log_in(client, password=NEW).status_code == 302


def test_a_reset_does_not_say_whether_the_address_is_known(client, ada):
    known, unknown = (client.post("/accounts/reset/", {"email": e}) for e in ("ada@lab.example", "eve@lab.example"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert len(mail.outbox) == 1


def test_mails_of_one_address_are_bounded(client, ada, settings):
    settings.LOGIN_TRIES_PER_ACCOUNT = 2
    codes = [client.post("/accounts/reset/", {"email": "ada@lab.example"}).status_code for _ in range(4)]
    assert codes == [302, 302, 429, 429]
    assert len(mail.outbox) == 2
