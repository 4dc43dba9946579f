import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection

from stats import boards, rollups, spool
from stats.drain import Drainer, drain_all


@pytest.fixture(autouse=True)
def own_spool(settings, tmp_path) -> Iterator[Path]:
    """A spool folder and Redis keys of this test's own."""
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.HITS_KEY_PREFIX = f"{settings.REDIS_KEY_PREFIX}:test:{uuid4()}:"
    settings.SIMULATED_API = settings.PUBLIC_READ = True
    url = settings.REDIS_URL
    yield settings.SPOOL_DIR
    client = boards.connect(url)
    for name in client.scan_iter(f"{settings.HITS_KEY_PREFIX}*", count=1000):
        client.delete(name)


@pytest.fixture
def redis_client(settings) -> redis.Redis:
    return boards.connect(settings.REDIS_URL)


@pytest.fixture
def drainer(own_spool, redis_client) -> Drainer:
    return Drainer(own_spool, redis_client)


@pytest.fixture
def writer(own_spool) -> Iterator[spool.SpoolWriter]:
    writer = spool.SpoolWriter(own_spool)
    yield writer
    writer.close()


@pytest.fixture
def write(writer) -> Callable[..., None]:
    """`write("/api/a/", 3)` spools three hits of a simulated route."""

    def write(path: str, times: int = 1, *, route: str = "/api/<rest>", at_us: int = 1_780_000_000_000_000) -> None:
        for _ in range(times):
            writer.append(at_us, "GET", path, route, 200, 1500, None)

    return write


@pytest.fixture
def drained(drainer, redis_client) -> Callable[[], dict[str, int]]:
    """Drain everything; the counts by full path, after checking that Redis and PostgreSQL say the same."""

    def drained() -> dict[str, int]:
        drain_all(drainer)
        return checked_counts(redis_client)

    return drained


def checked_counts(client: redis.Redis) -> dict[str, int]:
    for board in boards.BOARDS:
        ranking = boards.ranking(client, board, limit=10_000, offset=0)
        assert ranking == rollups.ranking(board, limit=10_000, offset=0)
    names, hits, rows = rollups.ranking("paths", limit=10_000, offset=0)
    assert (names, hits) == (len(rows), sum(count for _, count in rows))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stats_hit")
        assert cursor.fetchone()[0] == hits
    return dict(rows)


@pytest.fixture
def start_child(tmp_path, settings) -> Iterator[Callable[..., subprocess.Popen]]:
    """`start_child("-m", "django", "drain_hits")`: a real process on this test's database, spool and keys."""
    (tmp_path / "child_settings.py").write_text(
        f"from {os.environ['DJANGO_SETTINGS_MODULE']} import *\n"
        f"DATABASES['default']['NAME'] = {connection.settings_dict['NAME']!r}\n"
        f"SPOOL_DIR = __import__('pathlib').Path({str(settings.SPOOL_DIR)!r})\n"
        f"HITS_KEY_PREFIX = {settings.HITS_KEY_PREFIX!r}\n"
    )
    root = str(Path(django_settings.BASE_DIR))
    paths = os.pathsep.join([str(tmp_path), root, os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "child_settings"}
    children = []

    def start_child(*arguments: str) -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            env=env,
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start_child
    for child in children:
        child.kill()
        child.communicate()
