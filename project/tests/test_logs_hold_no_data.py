"""All processes of Vardesk, as `make run` starts them, are given secrets in every place; no line of their logs holds one."""

import contextlib
import http.client
import io
import json
import re
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
import pytest

from project import supervisor
from project.console import Console
from project.embedded.state import URL_NAMES
from project.env import BASE_DIR
from project.processes import Child, Family
from project.services import services
from project.tests.conftest import awkward_var_dir

pytestmark = pytest.mark.embedded

CANARY = "CANARY"
COLUMNS = ["gene", "assembly", "chrom", "pos", "ref", "alt", "classification", "submitter_comment"]
FILE_NAME = "CANARY-file-name.tsv"
# PostgreSQL quotes the row in the DETAIL of such an error, and psycopg2 in the text of the exception.
CONSTRAINTS = """
ALTER TABLE variants_record ADD CONSTRAINT no_trap CHECK (submitter_comment NOT LIKE '%trap%');
ALTER TABLE files_datafile ADD CONSTRAINT no_trap_name CHECK (name NOT LIKE '%trap%');
"""


class Site:
    """A running Vardesk with the lines that its processes wrote."""

    def __init__(self, family: Family, stream: io.StringIO, port: int, token: str, urls: dict[str, str]) -> None:
        self.family, self.stream, self.port, self.token, self.urls = family, stream, port, token, urls

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        """One request; the answer, read to its end. The processes' output is read meanwhile."""

        def do() -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            answer.text = answer.read().decode()  # type: ignore[attr-defined]
            connection.close()
            return answer

        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(do)
            self.family.wait_until(asked.done, 40)
            return asked.result(0)

    def as_owner(self, method: str, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        return self.ask(method, path, body, Authorization=f"Token {self.token}", **headers)

    def upload(self, comment: str) -> http.client.HTTPResponse:
        """A table of one row, read and imported."""
        cells = ["BRCA1", "GRCh38", "17", "43045712", "A", "G", "CANARY-class", comment]
        table = "\t".join(COLUMNS) + "\n" + "\t".join(cells) + "\n" + "CANARY-broken-row\t1\n"
        parts = {f'name="file"; filename="{FILE_NAME}"': table, 'name="import"': "1"}
        mark = secrets.token_hex(8)
        body = "".join(f"--{mark}\r\nContent-Disposition: form-data; {n}\r\n\r\n{v}\r\n" for n, v in parts.items())
        kind = f"multipart/form-data; boundary={mark}"
        return self.as_owner("POST", "/api/v1/files/", f"{body}--{mark}--\r\n", Content_Type=kind)

    def jobs_of(self, file_id: int) -> list[dict]:
        found = json.loads(self.as_owner("GET", "/api/v1/jobs/").text)["results"]  # type: ignore[attr-defined]
        return [job for job in found if job["file"] == file_id]

    def until(self, is_so: Callable[[], bool], timeout_s: float = 30) -> None:
        end = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < end, self.stream.getvalue()[-5000:]
            self.family.pump(0.1)

    def lines(self, process: str = "") -> list[dict]:
        found = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [line for line in found if not process or line["process"] == process]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    port, stream = free_port(), io.StringIO()
    family = Family(Console(stream, as_json=True))
    with awkward_var_dir(is_private=False) as var_dir, pytest.MonkeyPatch.context() as patch:
        for name in URL_NAMES:
            patch.setenv(name, "")
        patch.setenv("VAR_DIR", str(var_dir))
        patch.setenv("SLOW_QUERY_MS", "1")
        patch.setenv("DJANGO_SETTINGS_MODULE", "project.settings")
        with services(family, var_dir, is_durable=False) as found:
            env = supervisor.child_env(found.urls, "127.0.0.1", port)
            manage(family, env, "migrate", "--verbosity=0")
            token = manage(family, env, "create_token", "olga")[-1]
            with contextlib.closing(psycopg2.connect(found.urls["DATABASE_URL"])) as database, database:
                database.cursor().execute(CONSTRAINTS)
            children = supervisor.application(env, "127.0.0.1", port)
            for child in children:
                family.start(child)
            site = Site(family, stream, port, token, found.urls)
            site.until(lambda: supervisor.answers("127.0.0.1", port))
            yield site
            family.stop(children)


def manage(family: Family, env: dict[str, str], *arguments: str) -> list[str]:
    child = Child("manage", [sys.executable, "manage.py", *arguments], env, BASE_DIR, is_quiet=True)
    assert family.run(child) == 0, child.last_lines
    return list(child.last_lines)


def passwords_of(site: Site) -> set[str]:
    return {password for url in site.urls.values() for password in re.findall(r":([^:@/]+)@", url)} | {site.token}


def send_secrets(site: Site) -> list[int]:
    """Everything that a person could type, in every place that a request has; the statuses."""
    login = site.ask("GET", "/accounts/login/")
    cookie = login.headers["Set-Cookie"].partition(";")[0]
    form = {"username": "CANARY-user", "password": "CANARY-password", "csrfmiddlewaretoken": cookie.partition("=")[2]}
    kind = "application/x-www-form-urlencoded"
    answers = [
        site.ask("POST", "/accounts/login/", urlencode(form), Content_Type=kind, Cookie=cookie),
        site.ask("POST", "/accounts/login/", urlencode(form), Content_Type=kind, Cookie="sessionid=CANARY-session"),
        site.ask("GET", "/variants/?q=CANARY-query"),
        site.ask("GET", "/CANARY-path/"),
        site.ask("GET", "/api/v1/genes/CANARY-gene/"),
        site.ask("GET", "/api/CANARY-simulated"),
        site.ask("GET", f"/{quote('CANARY-Zoë/%2e%2e')}"),
        site.ask("GET", "/api/v1/files/", Authorization="Token CANARY-token"),
        site.ask("GET", "/", Host="CANARY.example"),
        site.ask("GET", "/", User_Agent="CANARY-agent", Referer="http://CANARY/", X_Forwarded_For="CANARY"),
        site.ask("CANARYMETHOD", "/variants/"),
        site.as_owner("POST", "/api/v1/files/", '{"CANARY-json', Content_Type="application/json"),
        site.as_owner("GET", "/api/v1/variants/?cursor=CANARY-cursor"),
    ]
    return [answer.status for answer in answers]


@dataclass(frozen=True)
class Story:
    """What was done to the site, once for every process that runs tests of this file."""

    statuses: list[int]
    good: http.client.HTTPResponse
    good_id: int
    refused: http.client.HTTPResponse


@pytest.fixture(scope="module")
def story(site) -> Story:
    """Secrets in every place, an import that works, one that breaks in the database, an upload that does."""
    statuses = send_secrets(site)
    good = site.upload("CANARY-patient")
    good_id = json.loads(good.text)["id"]
    site.until(lambda: [job["state"] for job in site.jobs_of(good_id)] == ["succeeded"] * 2)
    bad_id = json.loads(site.upload("CANARY-trap").text)["id"]
    site.until(lambda: "failed" in [job["state"] for job in site.jobs_of(bad_id)])
    form = "multipart/form-data; boundary=x"
    name = '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nCANARY-trap.tsv\r\n'
    name += '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n\r\n--x--\r\n'
    refused = site.as_owner("POST", "/api/v1/files/", name, Content_Type=form)
    site.family.pump(1.0)
    return Story(statuses, good, good_id, refused)


def test_no_line_holds_what_people_typed_and_a_job_names_its_request(site, story):
    assert 500 not in story.statuses
    assert story.refused.status == 500
    text = site.stream.getvalue()
    assert CANARY not in text
    assert [secret for secret in passwords_of(site) if secret in text] == []
    everything = site.lines()  # each line is JSON
    for process in ("web", "worker"):
        assert [line for line in site.lines(process) if not {"time", "level", "logger", "message"} <= set(line)] == []

    job_ids = {job["id"] for job in site.jobs_of(story.good_id)}
    of_upload = [line for line in everything if line.get("request_id") == story.good.headers["X-Request-ID"]]
    assert {line["process"] for line in of_upload} == {"web", "worker"}
    ended = {line["job_id"]: line["state"] for line in of_upload if line.get("event") == "job_ended"}
    assert ended == dict.fromkeys(job_ids, "succeeded")
    assert all("user_id" in line for line in of_upload if line["process"] == "worker")


def test_an_error_of_the_database_is_told_once_by_type_code_and_place(site, story):
    for process, event in (("web", "request"), ("worker", "job_ended")):
        lines = site.lines(process)
        failures = [line for line in lines if "IntegrityError" in str(line.get("exceptions"))]
        assert len(failures) == 1, failures
        found = failures[0]["exceptions"]
        assert found[0]["type"] == "django.db.utils.IntegrityError"
        assert (found[-1]["sqlstate"], found[-1]["constraint"][:7]) == ("23514", "no_trap")
        assert any(re.match(r"(files|variants)/\w+\.py:\d+ \w+$", frame) for frame in found[0]["frames"])
        same_work = [line for line in lines if line.get("request_id") == failures[0]["request_id"]]
        assert event in [line.get("event") for line in same_work]


def test_a_slow_statement_is_told_without_values_and_with_its_route_or_job(site, story):
    slow = [line for line in site.lines() if line.get("event") == "slow_query"]
    assert {"web", "worker"} <= {line["process"] for line in slow}
    assert any("%s" in line["sql"] for line in slow)
    assert any(line.get("route", "").startswith("/api/v1/") for line in slow)
    assert any(line.get("job_id") for line in slow)


def test_a_request_is_one_line(site):
    answer = site.as_owner("GET", "/api/v1/variants/?q=BRCA1")
    request_id = answer.headers["X-Request-ID"]
    site.until(lambda: bool([line for line in site.lines("web") if line.get("request_id") == request_id]))
    [line] = [
        line for line in site.lines("web") if line.get("request_id") == request_id and line.get("event") == "request"
    ]
    assert line.pop("time").endswith("Z")
    assert line.pop("duration_ms") > 0
    assert line == {
        "level": "INFO", "logger": "vardesk.request", "message": "request", "event": "request", "process": "web",
        "method": "GET", "route": "/api/v1/variants/", "status": 200, "bytes": len(answer.text.encode()),
        "network": "127.0.0.0/24", "request_id": request_id, "user_id": line["user_id"],
    }  # fmt: skip


def test_what_machines_ask_every_few_seconds_is_not_told(site):
    before = len(site.lines("web"))
    for path in ("/ping/", "/metrics", "/static/vardesk/icon.svg"):
        site.ask("GET", path)
    site.family.pump(0.5)
    assert len(site.lines("web")) == before
    assert Path(BASE_DIR / "static/vardesk/icon.svg").exists()
