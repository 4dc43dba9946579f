"""What follows from the environment: who may read, which hosts are answered, what HTTPS turns on."""

import json
import os
import re
import subprocess
import sys

import pytest

from project.env import BASE_DIR

NAMES = (
    "HOST", "HTTPS", "PUBLIC_READ", "SIMULATED_API", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "DEBUG", "DEFAULT_ASSEMBLY",
    "EMAIL_URL", "SECRET_KEY",
)  # fmt: skip
SHOW = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
from django.conf import settings
names = json.loads(os.environ["SHOWN"])
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


def run(tmp_path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A process whose settings come from `env` alone: an empty variable is none, and wins over a .env."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [sys.executable, *command], cwd=BASE_DIR, env=clean | {"VAR_DIR": str(tmp_path / "var")} | env,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def shown(tmp_path, *names: str, **env: str) -> dict:
    done = run(tmp_path, "-c", SHOW, SHOWN=json.dumps(names), **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("host", "is_open"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.0.0.9", True), ("0.0.0.0", False), ("::", False),
     ("192.0.2.7", False), ("vardesk.lab", False)],
)  # fmt: skip
def test_only_a_loopback_server_is_open_by_default(tmp_path, host, is_open):
    found = shown(tmp_path, "PUBLIC_READ", "SIMULATED_API", HOST=host)
    assert found == {"PUBLIC_READ": is_open, "SIMULATED_API": is_open}


def test_a_server_that_others_reach_is_opened_by_saying_so(tmp_path):
    assert shown(tmp_path, "PUBLIC_READ", HOST="0.0.0.0", PUBLIC_READ="1") == {"PUBLIC_READ": True}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "127.0.0.1"])
def test_it_answers_for_the_bound_name_and_loopback_only(tmp_path, host):
    allowed = set(shown(tmp_path, "ALLOWED_HOSTS", HOST=host)["ALLOWED_HOSTS"])
    assert allowed == {"127.0.0.1", "localhost", "[::1]"} | ({host} - {"0.0.0.0", "::"})


@pytest.mark.parametrize(
    ("name", "value"), [("ALLOWED_HOSTS", "*"), ("ALLOWED_HOSTS", "lab.example,*"), ("DEFAULT_ASSEMBLY", "GRCh99"), ("TRUSTED_PROXIES", "proxy")]
)  # fmt: skip
def test_what_contradicts_itself_stops_the_start(tmp_path, name, value):
    done = run(tmp_path, "manage.py", "check", **{name: value})
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_https_turns_on_what_it_should(tmp_path):
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS")
    assert all(shown(tmp_path, *names, HTTPS="1").values())
    assert not any(shown(tmp_path, *names, HTTPS="0").values())


def test_a_proxy_on_this_machine_is_believed_under_https_only(tmp_path):
    assert shown(tmp_path, "TRUSTED_PROXIES", HTTPS="0") == {"TRUSTED_PROXIES": []}
    assert shown(tmp_path, "TRUSTED_PROXIES", HTTPS="1") == {"TRUSTED_PROXIES": ["127.0.0.1/32", "::1/128"]}


def test_the_deploy_check_is_clean_under_https(tmp_path):
    done = run(
        tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING",
        HTTPS="1", ALLOWED_HOSTS="vardesk.example", SECRET_KEY="k9-" * 20 + "zyxwvutsrq",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_setting_is_in_the_example(tmp_path):
    """What settings.py reads, `.env.example` explains."""
    source = (BASE_DIR / "project" / "settings.py").read_text()
    example = (BASE_DIR / ".env.example").read_text()

    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source))
    assert {name for name in read if not re.search(rf"^#?{name}=", example, re.MULTILINE)} == set()
