import ipaddress

import pytest
from django.test import RequestFactory

from project.common.origin import Origin, client_address, current, network_of, template_of, user_of, working_for

PROXIES = [ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),  # no proxy of ours: it may say what it likes
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.1", "192.0.2.1"),  # the client wrote the first one
        ("127.0.0.1", "192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::ffff:127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("", "192.0.2.1", ""),
    ],
)
def test_the_client_is_the_last_one_that_no_proxy_of_ours_wrote(settings, peer, forwarded, address):
    settings.TRUSTED_PROXIES = PROXIES
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert client_address(request) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", ""),
        ("me", ""),
    ],
)
def test_only_the_network_of_an_address_is_kept(address, network):
    assert network_of(address) == network


def test_every_answer_names_its_request(client):
    first, second = client.get("/ping/")["X-Request-ID"], client.get("/ping/")["X-Request-ID"]
    assert len(first) == len(second) == 32
    assert first != second


def test_work_outside_of_a_request_is_a_shells():
    with working_for(Origin("job", job_id=7)):
        assert current().job_id == 7
    assert current() == Origin("shell")


@pytest.mark.parametrize(
    ("route", "template"),
    [
        ("variants/<int:pk>/", "/variants/<pk>/"),
        (r"^api/v1/(?P<rest>.*)$", "/api/v1/<rest>"),
        (r"^api/(?!(?:v1|docs)(?:/|$))(?P<rest>[\s\S]+)$", "/api/<rest>"),
        ("", "/"),
    ],
)
def test_a_route_is_known_by_its_template(route, template):
    assert template_of(route) == template


def test_the_user_is_known_once_the_view_has_asked_and_the_request_is_not_kept_alive(rf, make_user):
    request, ada = rf.get("/"), make_user("ada")
    whose = user_of(request)
    assert whose() is None
    request.user = ada
    assert whose() == ada.pk
    del request
    assert whose() is None
