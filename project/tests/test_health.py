import socket
import time
from uuid import uuid4

import pytest
from django.core.cache import cache

from project import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path):
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.STORAGE_DIR = tmp_path / "files"
    # A worker that beats on the same Redis must not be seen from here.
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": str(uuid4())}}


def test_ping_asks_no_server(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        reply = client.get("/ping/")
    assert reply.status_code == 200
    assert reply.json()["now"].endswith("+00:00")


def test_a_line_for_each_dependency(client):
    cache.set("worker-seen", time.time())
    reply = client.get("/healthz/")
    assert reply.status_code == 200
    assert set(reply.json()) == {"database", "cache", "broker", "worker", "storage", "hits"}
    assert all(reply.json()[name]["ok"] for name in ("database", "cache", "broker", "worker", "storage"))


@pytest.mark.parametrize("seen", [None, 31.0])
def test_a_silent_worker_is_said_but_pages_work(client, seen):
    if seen:
        cache.set("worker-seen", time.time() - seen)
    reply = client.get("/healthz/")
    assert reply.status_code == 200
    assert not reply.json()["worker"]["ok"]


def test_hits_that_wait_for_a_drainer_are_said(client):
    client.get("/ping/")
    found = client.get("/healthz/").json()["hits"]
    assert not found["ok"]
    assert "No drainer is at work" in found["detail"]


def test_lost_hits_are_said(client, settings):
    settings.SPOOL_DIR.write_text("a file where the folder should be")
    client.get("/ping/")
    assert "1 hits lost" in client.get("/healthz/").json()["hits"]["detail"]


def test_a_redis_that_is_away_is_503_and_names_no_secret(client, settings):
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:hush@127.0.0.1:1/0"
    reply = client.get("/healthz/")
    assert reply.status_code == 503
    assert not reply.json()["cache"]["ok"]
    assert not reply.json()["broker"]["ok"]
    assert b"hush" not in reply.content


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_server_that_never_answers_is_not_waited_for(client, settings, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CELERY_BROKER_URL = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"
        started = time.monotonic()
        reply = client.get("/healthz/")
    assert time.monotonic() - started < health.CHECK_S + 0.5
    assert reply.status_code == 503
    assert not reply.json()["broker"]["ok"]


def test_storage_that_cannot_be_written(client, settings):
    settings.STORAGE_DIR.write_text("a file where the folder should be")
    reply = client.get("/healthz/")
    assert reply.status_code == 503
    assert not reply.json()["storage"]["ok"]
