"""What the tests of every app share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient


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
    """`make_user("ada", is_staff=True)`"""

    def make_user(username: str, **fields: Any) -> Any:
        return get_user_model().objects.create_user(username, **fields)

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
