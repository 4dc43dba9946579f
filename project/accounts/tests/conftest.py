from collections.abc import Callable

import pytest
from django.test import Client

from project.core.models import AuditEntry

PASSWORD = "a horse, a battery"
NEW = "another battery, another horse"


@pytest.fixture
def client_of() -> Callable[[], Client]:
    """Another browser."""
    return Client


@pytest.fixture
def ada(make_user):
    return make_user("ada", password=PASSWORD, email="ada@lab.example")


def log_in(client, name="ada", password=PASSWORD, **more):
    return client.post("/accounts/login/", {"username": name, "password": password}, **more)


def done(action):
    return list(AuditEntry.objects.filter(action=action))
