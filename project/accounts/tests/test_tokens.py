"""API tokens: made, shown once, used, revoked, and guessed at."""

import datetime
import re

import pytest
from django.utils import timezone
from knox.models import AuthToken

from project.accounts import actions, tokens
from project.accounts.tests.conftest import done


def test_a_token_is_made_with_name_and_expiry_shown_once_and_works(client, api, ada):
    client.force_login(ada)
    page = client.post("/accounts/tokens/", {"name": "nightly", "days": "30"}).content.decode()
    key = re.search(r'id="new-key">([0-9a-f]{64})<', page).group(1)
    shown_again = client.get("/accounts/").content.decode()
    assert key not in shown_again
    assert "nightly" in shown_again
    token = AuthToken.objects.get()
    assert (token.expiry - timezone.now()).days in (29, 30)
    assert api().get("/api/v1/files/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 200
    assert tokens.tokens_of(ada)[0]["used"] is not None
    row = done("token created")[0]
    assert row.after == {"token": key[:8], "name": "nightly", "days": 30}
    assert key not in str(row.__dict__)


def test_a_revoked_token_is_refused(client, api, ada):
    client.force_login(ada)
    key = tokens.make_token(ada, name="x", days=1, by=ada)
    client.post(f"/accounts/tokens/{tokens.tokens_of(ada)[0]['handle']}/revoke/")
    assert api().get("/api/v1/files/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 401
    assert done("token revoked")[0].before["name"] == "x"


def test_nobody_revokes_anothers_token(client, ada, make_user):
    tokens.make_token(ada, name="x", days=1, by=ada)
    client.force_login(make_user("eve"))
    assert client.post(f"/accounts/tokens/{tokens.tokens_of(ada)[0]['handle']}/revoke/").status_code == 404
    assert AuthToken.objects.count() == 1


def test_an_expired_token_is_refused_and_not_listed(api, ada):
    key = tokens.make_token(ada, name="x", days=1, by=ada)
    AuthToken.objects.update(expiry=timezone.now() - datetime.timedelta(seconds=1))
    assert tokens.tokens_of(ada) == []
    assert api().get("/api/v1/files/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 401


@pytest.mark.parametrize(
    "form", [{"name": "", "days": "30"}, {"name": "x", "days": "9999"}, {"name": "x"}, {"name": "x", "days": "y"}]
)
def test_a_token_needs_a_name_and_an_end(client, ada, form):
    client.force_login(ada)
    assert client.post("/accounts/tokens/", form).status_code == 400
    assert not AuthToken.objects.exists()


def test_no_token_lives_longer_than_the_limit(ada, settings):
    settings.TOKEN_MAX_DAYS = 7
    tokens.make_token(ada, name="x", days=365, by=ada)
    assert (AuthToken.objects.get().expiry - timezone.now()).days <= 7


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token " + "f" * 64, "Token zz", "Token \xff\xfe", "Token a\0b"]
)
def test_a_bad_token_is_a_401_that_says_so(api, db, header):
    answer = api().get("/api/v1/files/", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


def test_bad_tokens_of_an_address_are_bounded_and_good_ones_still_work(api, ada, settings):
    settings.LOGIN_TRIES_PER_ADDRESS = 3
    key = tokens.make_token(ada, name="x", days=1, by=ada)
    codes = [api().get("/api/v1/files/", HTTP_AUTHORIZATION="Token " + "0" * 64).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    assert api().get("/api/v1/files/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 200


def test_a_shut_out_person_has_no_session_and_no_token(client, api, ada):
    client.force_login(ada)
    key = tokens.make_token(ada, name="x", days=1, by=ada)
    actions.shut_out(ada, by=None)
    assert client.get("/accounts/").status_code == 302
    assert api().get("/api/v1/files/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 401


def test_the_api_schema_knows_the_token(client, db):
    schemes = client.get("/api/schema/", headers={"accept": "application/json"}).json()["components"]["securitySchemes"]
    assert schemes["token"]["name"] == "Authorization"


@pytest.mark.parametrize("path", ["/stats/", "/metrics", "/api/v1/files/"])
def test_too_many_bad_tokens_are_a_429_everywhere(client, db, settings, path):
    settings.LOGIN_TRIES_PER_ADDRESS = 1
    codes = [client.get(path, HTTP_AUTHORIZATION="Token " + "0" * 64).status_code for _ in range(3)]
    assert codes == [401, 429, 429]
