"""Every address, asked by everybody: what each of seven readers gets. `docs/permissions.md` says the same in words.

An address that is in no row of the table fails the last test: a new one is decided, not forgotten.
"""

import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, get_resolver

from files.mapping import detect
from files.models import DataFile
from files.tests.conftest import do_import, zip_of
from project.accounts import tokens
from project.accounts.models import Session
from project.core import jobs
from project.core.models import AuditEntry, Job
from variants.models import Load, Variant

READERS = ("nobody", "closed", "viewer", "other", "curator", "administrator", "owner")
TABLE = """
# nobody: anonymous with PUBLIC_READ=1. closed: anonymous with PUBLIC_READ=0. other: an analyst whose the things are not.
# owner: the analyst who owns the file, its jobs, its load, the token and the session.
# in: sent to the log-in. A write that succeeds must leave a row in the audit trail; w! marks one that need not.
#      address                              nobody closed viewer other curator administrator owner
GET    /ping/                               200    200    200    200   200     200           200
GET    /metrics                             401    401    403    403   403     200           403
GET    /healthz/                            200    200    200    200   200     200           200
GET    /                                    200    in     200    200   200     200           200
GET    /variants/                           200    in     200    200   200     200           200
GET    /variants/{variant}/                 200    in     200    200   200     200           200
GET    /stats/                              200    401    200    200   200     200           200
GET    /loads/                              200    in     200    200   200     200           200
GET    /loads/{load}/                       404    in     404    404   200     200           200
POST   /loads/{load}/withdraw/              in     in     404    404   302     302           302
GET    /classifications/                    200    in     200    200   200     200           200
GET    /classifications/term/?term=benign   200    in     200    200   200     200           200
POST   /classifications/term/               in     in     403    403   302     302           403
POST   /classifications/reread/             in     in     403    403   302     302           403
GET    /files/                              in     in     200    200   200     200           200
GET    /files/{file}/                       404    in     404    404   404     200           200
GET    /files/{file}/rejects/               404    in     404    404   404     200           200
GET    /files/{file}/read-options/          in     in     404    404   404     200           200
POST   /files/{lost}/read-options/          in     in     404    404   404     302           302
POSTw! /files/{file}/read-options/preview/  in     in     404    404   404     200           200
POST   /files/upload/                       in     in     403    302   302     302           302
POST   /files/{file}/import/                in     in     404    404   404     302           302
GET    /files/{file}/imports/{tried}/       in     in     404    404   404     200           200
POST   /files/{file}/imports/{tried}/       in     in     404    404   404     302           302
GET    /files/{file}/mapping/?field=gene    in     in     404    404   404     200           200
POST   /files/{file}/rename/                in     in     404    404   404     302           302
POST   /files/{file}/delete/                in     in     404    404   404     302           302
POST   /files/{file}/cancel/                in     in     404    404   404     302           302
POST   /files/{lost}/again/                 in     in     404    404   404     302           302
POST   /files/{zip}/members/                in     in     404    404   404     302           302
GET    /jobs/                               in     in     200    200   200     200           200
GET    /jobs/badge/                         200    200    200    200   200     200           200
GET    /jobs/{job}/                         in     in     404    404   404     200           200
POST   /jobs/{job}/cancel/                  in     in     404    404   404     302           302
POST   /jobs/{failed}/retry/                in     in     404    404   404     302           302
POST   /jobs/{failed}/dismiss/              in     in     404    404   404     302           302
POSTw! /jobs/{failed}/put-back/             in     in     404    404   404     302           302
POSTw! /jobs/retry-failed/                  in     in     302    302   302     302           302
POSTw! /jobs/dismiss-failed/                in     in     302    302   302     302           302
GET    /audit/                              in     in     403    403   403     200           403
GET    /audit/export/                       in     in     403    403   403     200           403
GET    /admin/                              in     in     403    403   403     200           403
GET    /admin/login/                        302    302    302    302   302     302           302
GET    /accounts/                           in     in     200    200   200     200           200
POST   /accounts/                           in     in     302    302   302     302           302
POST   /accounts/tokens/                    in     in     200    200   200     200           200
POST   /accounts/tokens/{token}/revoke/     in     in     404    404   404     404           302
POST   /accounts/sessions/{session}/end/    in     in     404    404   404     404           302
GET    /accounts/login/                     200    200    200    200   200     200           200
POSTw! /accounts/login/                     200    200    200    200   200     200           200
POST   /accounts/logout/                    302w!  302w!  302    302   302     302           302
GET    /accounts/password/                  in     in     200    200   200     200           200
POSTw! /accounts/password/                  in     in     200    200   200     200           200
GET    /accounts/reset/                     200    200    200    200   200     200           200
POSTw! /accounts/reset/                     302    302    302    302   302     302           302
GET    /accounts/reset/sent/                200    200    200    200   200     200           200
GET    /accounts/reset/MQ/no-token/         200    200    200    200   200     200           200
GET    /accounts/reset/done/                200    200    200    200   200     200           200
GET    /api/schema/                         200    200    200    200   200     200           200
GET    /api/docs/                           200    200    200    200   200     200           200
GET    /api/v1/audit/                       401    401    403    403   403     200           403
GET    /api/v1/jobs/                        401    401    200    200   200     200           200
GET    /api/v1/jobs/{job}/                  401    401    404    404   404     200           200
POST   /api/v1/jobs/{job}/cancel/           401    401    404    404   404     200           200
POST   /api/v1/jobs/{failed}/retry/         401    401    404    404   404     202           202
POST   /api/v1/jobs/{failed}/dismiss/       401    401    404    404   404     200           200
DELETEw! /api/v1/jobs/{failed}/dismiss/     401    401    404    404   404     200           200
GET    /api/v1/genes/suggest/?q=b           200    401    200    200   200     200           200
GET    /api/v1/genes/BRCA1/                 200    401    200    200   200     200           200
GET    /api/v1/variants/                    200    401    200    200   200     200           200
GET    /api/v1/variants/{variant}/          200    401    200    200   200     200           200
GET    /api/v1/records/                     200    401    200    200   200     200           200
GET    /api/v1/loads/                       200    401    200    200   200     200           200
GET    /api/v1/loads/{load}/                404    401    404    404   200     200           200
POST   /api/v1/loads/{load}/withdraw/       401    401    404    404   200     200           200
GET    /api/v1/loads/{load}/issues/         404    401    404    404   404     200           200
GET    /api/v1/loads/{load}/words/          404    401    404    404   200     200           200
GET    /api/v1/classifications/             200    401    200    200   200     200           200
GET    /api/v1/classifications/benign/      200    401    200    200   200     200           200
PUT    /api/v1/classifications/class_iv/    401    401    403    403   200     200           403
DELETE /api/v1/classifications/class_iv/    401    401    403    403   404     404           403
GET    /api/v1/files/                       401    401    200    200   200     200           200
POST   /api/v1/files/                       401    401    403    201   201     201           201
GET    /api/v1/files/{file}/                401    401    404    404   404     200           200
PATCH  /api/v1/files/{file}/                401    401    404    404   404     200           200
DELETE /api/v1/files/{file}/?withdraw=1     401    401    404    404   404     204           204
GET    /api/v1/files/{file}/rows/           401    401    404    404   404     200           200
GET    /api/v1/files/{file}/rejects/        401    401    404    404   404     200           200
GET    /api/v1/files/{file}/header/         401    401    404    404   404     200           200
GET    /api/v1/files/{zip}/members/         401    401    404    404   404     200           200
POST   /api/v1/files/{zip}/members/         401    401    404    404   404     201           201
GET    /api/v1/files/{file}/download/       401    401    404    404   404     200           200
GET    /api/v1/files/{file}/mapping/        401    401    404    404   404     200           200
GET    /api/v1/files/{file}/read-options/   401    401    404    404   404     200           200
PATCH  /api/v1/files/{lost}/read-options/   401    401    404    404   404     202           202
POST   /api/v1/files/{file}/read-options/preview/  401  401 404    404   404     200w!         200w!
POST   /api/v1/files/{file}/import/         401    401    404    404   404     202           202
GET    /api/v1/nothing/                     404    404    404    404   404     404           404
GET    /api/a/b/                            200    200    200    200   200     200           200
"""
COLUMNS = ["Gene", "Chr", "Start", "Ref", "Alt", "Assembly", "Classification"]
FORMS: dict[str, dict[str, Any]] = {
    "/files/{file}/rename/": {"name": "new.csv"},
    "/files/{file}/delete/": {"withdraw": "1"},
    "/files/{file}/import/": {f"map_{field}": column for field, column in detect(COLUMNS).items() if column},
    "/files/{zip}/members/": {"member": "small.csv"},
    "/files/{lost}/read-options/": {"header": "no"},
    "/classifications/term/": {"term": "Class IV", "classification": "likely_pathogenic"},
    "/accounts/": {"first_name": "New", "last_name": "Name", "email": "new@lab.example"},
    "/accounts/tokens/": {"name": "nightly", "days": "30"},
    "/accounts/reset/": {"email": "nobody@lab.example"},
}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/classifications/class_iv/": {"classification": "likely_pathogenic"},
    "/api/v1/files/{file}/": {"name": "new.csv"},
    "/api/v1/files/{file}/import/": {},
    "/api/v1/files/{zip}/members/": {"member": "small.csv"},
    "/api/v1/files/{lost}/read-options/": {"delimiter": ";"},
    "/api/v1/files/{file}/read-options/preview/": {"delimiter": ","},
}
UPLOADS = ("/files/upload/", "/api/v1/files/")
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Row:
    method: str
    address: str
    expected: dict[str, str]
    is_audited: bool


def rows() -> Iterator[Row]:
    for line in TABLE.splitlines():
        if line and not line.startswith("#"):
            method, address, *expected = line.split()
            assert len(expected) == len(READERS), line
            is_audited = not method.endswith("w!")
            yield Row(method.removesuffix("w!"), address, dict(zip(READERS, expected, strict=True)), is_audited)


ROWS = list(rows())
CSV = f"{','.join(COLUMNS)}\nBRCA1,17,43057062,T,TG,GRCh38,Pathogenic\nX,1,x,A,G,GRCh38,Benign,9\n"


@pytest.fixture
def things(own_folders, make_user) -> dict[str, Any]:
    """A private file with a load, a job in work, a token and a session, all of one analyst."""
    from files import actions, importing
    from files.import_asked import Asked

    owner = make_user("owner")
    file = actions.upload(name="private.csv", chunks=[CSV.encode()], by=owner)
    jobs.run_now(Job.objects.get(file_id=file.pk))
    do_import(DataFile.objects.get(pk=file.pk))
    packed = actions.upload(
        name="two.zip", chunks=[zip_of({"small.csv": b"a,b\n1,2\n", "large.csv": CSV.encode()})], by=owner
    )
    waiting = Job.objects.create(kind="read", title="Read it", task="x", owner=owner, file_id=file.pk)
    failed = Job.objects.create(
        kind="import", title="Import it", task="files.import", owner=owner, file_id=file.pk, state="failed"
    )
    tried = jobs.run_now(importing.start_import(DataFile.objects.get(pk=file.pk), Asked(dry_run=True), by=owner))
    lost = actions.upload(name="empty.csv", chunks=[b""], by=owner)
    jobs.run_now(Job.objects.get(file_id=lost.pk))
    tokens.make_token(owner, name="mine", days=1, by=owner)
    elsewhere = Client()
    elsewhere.force_login(owner)
    return {
        "owner": owner, "file": file.pk, "zip": packed.pk, "lost": lost.pk, "load": Load.objects.get().pk, "variant": Variant.objects.get().pk,
        "job": waiting.pk, "failed": failed.pk, "tried": tried.pk, "token": tokens.tokens_of(owner)[0]["handle"], "session": Session.objects.get().handle,
    }  # fmt: skip


def client_of(reader: str, things: dict, make_user) -> Client:
    client = Client()
    if reader == "owner":
        client.force_login(things["owner"])
    elif reader not in ("nobody", "closed"):
        client.force_login(make_user(reader, role={"other": "analyst"}.get(reader, reader)))
    return client


def ask(client: Client, row: Row, things: dict) -> HttpResponseBase:
    address = row.address.format(**things)
    if row.method == "POST" and row.address in UPLOADS:
        return client.post(address, {"file": io.BytesIO(b"a,b\n1,2\n")})
    if row.address in FORMS:
        return client.post(address, FORMS[row.address]) if row.method == "POST" else client.get(address)
    send = getattr(client, row.method.lower())
    return send(address, BODIES.get(row.address, {}), "application/json") if row.method in WRITES else send(address)


def said(response: HttpResponseBase) -> str:
    location = response.headers.get("Location", "")
    if response.status_code == 302 and location.startswith(("/accounts/login/", "/admin/login/")):
        return "in" if "next=" in location else "302"
    return str(response.status_code)


@pytest.mark.parametrize("reader", READERS)
def test_what_everybody_gets(things, make_user, settings, reader):
    settings.PUBLIC_READ = reader != "closed"
    client, wrong = client_of(reader, things, make_user), []
    for row in ROWS:
        before, cookies = AuditEntry.objects.count(), copy.deepcopy(client.cookies)
        with transaction.atomic():  # each question finds the things as they were
            found = said(ask(client, row, things))
            written = AuditEntry.objects.count() - before
            transaction.set_rollback(True)
        client.cookies = cookies  # logging out takes them away
        expected = row.expected[reader]
        name = f"{row.method} {row.address}: {found}, {written} audit rows"
        if found != expected.removesuffix("w!"):
            wrong.append(f"{name}; expected {expected}")
        is_done = found in ("200", "201", "202", "204", "302") and row.method in WRITES
        must_be_audited = is_done and row.is_audited and not expected.endswith("w!")
        if must_be_audited and not written:
            wrong.append(f"{name}: a write without one")
        if written and not is_done:
            wrong.append(f"{name}: a refusal with one")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("reader", ["viewer", "other", "curator", "owner"])
def test_the_admin_is_for_administrators(things, make_user, reader):
    client = client_of(reader, things, make_user)
    for model in admin.site._registry:
        for page in ("", "add/", "1/change/", "1/delete/", "1/history/"):
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"
            response = client.get(address)
            assert response.status_code in (302, 403, 404), address
            assert response.status_code != 302 or "/login/" in response["Location"], address


def test_an_anonymous_reader_learns_no_line_of_a_private_file(things, settings):
    settings.PUBLIC_READ = True
    records = Client().get(f"/api/v1/variants/{things['variant']}/").json()["records"]
    assert [(r["raw"], r["line"], r["file_name"]) for r in records] == [(None, None, None)]
    assert "private.csv" not in Client().get(f"/variants/{things['variant']}/").content.decode()


def test_an_analyst_who_became_a_viewer_keeps_reading_and_changes_nothing(things):
    things["owner"].groups.clear()
    client = Client()
    client.force_login(things["owner"])
    assert client.get(f"/files/{things['file']}/").status_code == 200
    assert client.post(f"/files/{things['file']}/rename/", {"name": "x.csv"}).status_code == 403
    assert client.delete(f"/api/v1/files/{things['file']}/?withdraw=1").status_code == 403
    assert client.post(f"/loads/{things['load']}/withdraw/").status_code == 404
    assert client.post(f"/jobs/{things['job']}/cancel/").status_code == 302  # to stop one's own work needs no role


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for one in (resolver or get_resolver()).url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route.replace("^", "")
        elif route != "admin/":  # walked by a test of its own
            yield from patterns(one, route)


def test_every_address_is_in_the_table():
    resolver, handled = get_resolver(), set()
    things = dict.fromkeys(("file", "zip", "lost", "load", "variant", "job", "failed", "tried"), 1) | {
        "token": "0" * 16,
        "session": "0" * 16,
    }
    for row in ROWS:
        path = row.address.partition("?")[0].format(**things)
        handled.add(resolver.resolve(path).route.replace("^", ""))
    assert set(patterns()) - handled == set()


def test_the_anonymous_user_has_no_role():
    from project.core.roles import role_of

    assert role_of(AnonymousUser()) is None
