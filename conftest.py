"""What the tests of every app share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from rest_framework.test import APIClient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what asks only the readers or the normalising: it says the same whatever PostgreSQL and Redis are there."""
    for item in items:
        fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        in_app = item.path.parts[-3:-1] in (("files", "tests"), ("variants", "tests"))
        if in_app and not fixtures and item.get_closest_marker("django_db") is None:
            item.add_marker("plain")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """A test's flush empties every table; the trigger that keeps the audit trail from that has a test of its own."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditentry DISABLE TRIGGER core_audit_no_truncate")


@pytest.fixture
def own_folders(settings, tmp_path) -> Path:
    """Everything that is written at run time goes to this test's own folder."""
    settings.VAR_DIR = tmp_path / "var"
    settings.STORAGE_DIR = settings.VAR_DIR / "files"
    settings.SPOOL_DIR = settings.VAR_DIR / "spool"
    settings.FILE_UPLOAD_TEMP_DIR = str(settings.VAR_DIR / "incoming")
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True)
    return settings.VAR_DIR


@pytest.fixture(autouse=True)
def quick_static_files(settings) -> None:
    """Without it every test client reads the whole of static/ again."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def quick_passwords(settings) -> None:
    """The real hasher takes half a second by design."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def make_user(db) -> Callable[..., Any]:
    """`make_user("ada", is_staff=True)`; an analyst unless `role` names another role."""

    def make_user(username: str, *, role: str = "analyst", **fields: Any) -> Any:
        if role == "administrator":
            fields["is_staff"] = True
        user = get_user_model().objects.create_user(username, **fields)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        return user

    return make_user


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(user)` is an API client of that user, `api()` an anonymous one."""

    def api(user: Any = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return api
