"""Profiles, roles, and accounts that are opened and closed."""

import pytest
from django.core import mail
from django.core.management import call_command
from knox.models import AuthToken

from project.accounts import actions, throttle, tokens
from project.accounts.models import Session
from project.accounts.tests.conftest import NEW, PASSWORD, done, log_in
from project.common.problems import BadQuery
from project.core.models import Job
from project.core.roles import Role, role_of


def test_the_profile_is_changed_and_the_trail_has_both_values(client, ada):
    client.force_login(ada)
    form = {"first_name": "Ada", "last_name": "", "email": "ada@new.example", "password": PASSWORD}
    assert client.post("/accounts/", form).status_code == 302
    ada.refresh_from_db()
    assert (ada.first_name, ada.email) == ("Ada", "ada@new.example")
    row = done("profile changed")[0]
    assert (row.before["email"], row.after["email"]) == ("ada@lab.example", "ada@new.example")


def test_another_address_needs_the_password_whose_guessing_is_bounded(client, ada, settings):
    """Else an open session, without the password, would be enough to have a new one sent."""
    settings.LOGIN_TRIES_PER_ACCOUNT = 2
    client.force_login(ada)
    form = {"email": "eve@evil.example", "password": "x"}
    assert [client.post("/accounts/", form).status_code for _ in range(3)] == [400, 400, 429]
    assert client.post("/accounts/", {"email": ada.email, "first_name": "Ada"}).status_code == 302
    ada.refresh_from_db()
    assert (ada.email, ada.first_name) == ("ada@lab.example", "Ada")


@pytest.mark.django_db(transaction=True)
def test_the_old_address_is_told(client, ada):
    client.force_login(ada)
    client.post("/accounts/", {"email": "ada@new.example", "password": PASSWORD})
    assert [(m.to, "was changed" in m.subject) for m in mail.outbox] == [(["ada@lab.example"], True)]


def test_a_password_set_from_the_shell_leaves_a_row_and_ends_the_sessions(client, ada, monkeypatch):
    client.force_login(ada)
    monkeypatch.setattr("getpass.getpass", lambda *args, **options: NEW)
    call_command("changepassword", "ada")
    assert client.get("/accounts/").status_code == 302
    assert done("password changed")[0].detail["how"] == "from the shell"


def test_a_superuser_from_the_shell_is_an_administrator_with_a_row(db, django_user_model, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    call_command("createsuperuser", "--noinput", username="root2", email="")
    user = django_user_model.objects.get(username="root2")
    assert role_of(user) == Role.ADMINISTRATOR
    assert [row.object_id for row in done("user created")] == [str(user.pk)]


def test_two_accounts_have_no_mail_address_in_common(client, ada, make_user):
    eve = make_user("eve")
    client.force_login(eve)
    assert client.post("/accounts/", {"email": "Ada@Lab.example"}).status_code == 400
    eve.refresh_from_db()
    assert eve.email == ""


def test_nobody_makes_themselves_more_than_they_are(client, ada):
    client.force_login(ada)
    client.post("/accounts/", {"email": "a@b.example", "is_staff": "1", "is_superuser": "1", "groups": "4"})
    ada.refresh_from_db()
    assert role_of(ada) == Role.ANALYST


def test_a_role_is_given_and_the_trail_has_both(ada, make_user):
    actions.give_role(ada, Role.ADMINISTRATOR, by=make_user("boss", role="administrator"))
    ada.refresh_from_db()
    assert ada.is_staff
    assert [group.name for group in ada.groups.all()] == ["administrator"]
    row = done("role given")[0]
    assert (row.actor_name, row.before, row.after) == ("boss", {"role": "analyst"}, {"role": "administrator"})


def test_the_last_administrator_stays_one(make_user):
    boss = make_user("boss", role="administrator")
    make_user("gone", role="administrator", is_active=False)
    with pytest.raises(BadQuery, match="last administrator"):
        actions.give_role(boss, Role.ANALYST, by=boss)
    make_user("second", role="administrator")
    actions.give_role(boss, Role.ANALYST, by=boss)
    assert not type(boss).objects.get(pk=boss.pk).is_staff


def test_the_token_of_a_new_user_from_the_shell_is_an_analysts(db, capsys, django_user_model):
    call_command("create_token", "olga")
    assert role_of(django_user_model.objects.get(username="olga")) == Role.ANALYST
    call_command("create_token", "olga", "--role", "viewer")
    assert role_of(django_user_model.objects.get(username="olga")) == Role.VIEWER
    call_command("create_token", "olga")  # says nothing of the role: it stays
    assert role_of(django_user_model.objects.get(username="olga")) == Role.VIEWER
    call_command("create_token", "olga", "--staff")
    assert role_of(django_user_model.objects.get(username="olga")) == Role.ADMINISTRATOR


def test_a_deactivated_account_is_shut_out(client, ada, make_user):
    boss = make_user("stella", role="administrator")
    tokens.make_token(ada, name="t", days=1, by=ada)
    log_in(client)
    actions.deactivate(ada, by=boss)
    assert (Session.objects.filter(user=ada).count(), AuthToken.objects.filter(user=ada).count()) == (0, 0)
    assert (log_in(client).status_code, done("user deactivated")[0].actor) == (200, boss)
    actions.activate(ada, by=boss)
    assert log_in(client).status_code == 302


def test_the_last_administrator_is_neither_deactivated_nor_deleted(make_user):
    stella = make_user("stella", role="administrator")
    for close in (actions.deactivate, actions.delete_person):
        with pytest.raises(BadQuery, match="last administrator"):
            close(stella, by=stella)


def test_an_account_with_work_stays(ada, make_user):
    Job.objects.create(kind="read", title="t", task="x", owner=ada)
    with pytest.raises(BadQuery, match="ada has 1 job, which would belong to nobody"):
        actions.delete_person(ada, by=make_user("stella", role="administrator"))


def test_locked_accounts_are_known_by_name(ada, make_user, settings):
    make_user("bob")
    for n in range(settings.LOGIN_TRIES_PER_ACCOUNT):
        assert throttle.locked_accounts() == [], n
        throttle.note(throttle.by_account("login", "ADA"))
    assert throttle.locked_accounts() == [ada.pk]
    actions.let_log_in(ada, by=None)
    assert throttle.locked_accounts() == []
