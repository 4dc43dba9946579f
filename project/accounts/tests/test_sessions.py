"""Sessions: listed, ended, swept."""

import datetime

import pytest
from django.utils import timezone
from knox.models import AuthToken

from project.accounts import tasks, tokens
from project.accounts.models import FailedTry, Session
from project.accounts.sessions import agent_in_words
from project.accounts.tests.conftest import done, log_in


def test_sessions_are_listed_and_can_be_ended(client, ada, client_of):
    other = client_of()
    log_in(other, HTTP_USER_AGENT="Mozilla/5.0 (iPhone; ...) Safari/604.1", REMOTE_ADDR="192.0.2.9")
    log_in(client, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    page = client.get("/accounts/").content.decode()
    assert "Safari on iPhone" in page
    assert "192.0.2.0/24" in page
    assert "Firefox on Linux" in page
    theirs = next(one for one in Session.objects.filter(user=ada) if "iPhone" in one.agent)
    assert theirs.session_key not in page
    client.post(f"/accounts/sessions/{theirs.handle}/end/")
    assert other.get("/accounts/").status_code == 302
    assert client.get("/accounts/").status_code == 200
    assert done("session ended")[0].before["session"] == theirs.handle


def test_nobody_ends_anothers_session(client, ada, make_user, client_of):
    other = client_of()
    other.force_login(ada)
    client.force_login(make_user("eve"))
    theirs = Session.objects.get(user=ada)
    assert client.post(f"/accounts/sessions/{theirs.handle}/end/").status_code == 404
    assert other.get("/accounts/").status_code == 200


def test_a_session_is_seen_to_within_five_minutes(client, ada, django_assert_max_num_queries):
    client.force_login(ada)
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    Session.objects.update(seen=long_ago)
    client.get("/accounts/")
    seen = Session.objects.get(user=ada).seen
    assert seen > long_ago
    client.get("/accounts/")
    assert Session.objects.get(user=ada).seen == seen


def test_what_has_expired_is_swept(client, ada):
    client.force_login(ada)
    tokens.make_token(ada, name="x", days=1, by=ada)
    past = timezone.now() - datetime.timedelta(days=1)
    Session.objects.update(expire_date=past)
    AuthToken.objects.update(expiry=past)
    FailedTry.objects.create(key="x", at=past)
    tasks.sweep()
    assert not FailedTry.objects.exists()
    assert not Session.objects.exists()
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize("cookie", ['"abcdefgh\\000"', '"abcdefgh\\377"', "x" * 5000, "short", "abcdefgh%00"])
def test_a_made_up_cookie_is_nobodys_session(client, db, cookie):
    assert client.get("/accounts/", HTTP_COOKIE=f"sessionid={cookie}").status_code == 302
    assert log_in(client, HTTP_COOKIE=f"sessionid={cookie}").status_code == 200


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)  # fmt: skip
def test_a_browser_in_words(header, words):
    assert agent_in_words(header) == words
