"""What CI does on a machine's own servers leaves nothing there and takes nothing away."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from tools import own_services

pytestmark = pytest.mark.embedded

SCRIPT = Path(own_services.__file__)
USE = """
import os, sys, psycopg2, redis
with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
    connection.cursor().execute("CREATE TABLE used (id int)")
redis.Redis.from_url(os.environ["REDIS_URL"]).set(os.environ["REDIS_KEY_PREFIX"] + ":used", "1")
print(os.environ["REDIS_KEY_PREFIX"])
sys.exit(3)
"""


@pytest.fixture
def foreign_key():
    """Somebody else's key on this machine's Redis."""
    client = redis.Redis.from_url(own_services.REDIS, socket_timeout=5)
    try:
        client.ping()
    except redis.RedisError:
        pytest.skip("no Redis on its usual port")
    if own_services.reachable_server() is None:
        pytest.skip("no PostgreSQL on its usual port that lets us make a database")
    name = f"foreign-{uuid4()}"
    client.set(name, "1", ex=600)
    yield client, name
    client.delete(name)


def test_the_keys_of_a_run_with_a_longer_number_stay(foreign_key):
    client, _ = foreign_key
    theirs = f"vardesk_own_{uuid4().int}"
    ours = theirs[:-1]
    for name in (ours, theirs):
        client.set(f"{name}:used", "1", ex=600)
    try:
        with own_services.own_keys(ours):
            pass
        assert client.get(f"{theirs}:used") == b"1"
        assert client.get(f"{ours}:used") is None
    finally:
        client.delete(f"{theirs}:used", f"{ours}:used")


def test_what_was_made_is_dropped_and_the_rest_stays(foreign_key):
    client, foreign = foreign_key
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--", sys.executable, "-c", USE],
        capture_output=True, text=True, timeout=120, env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr  # the command's own exit code
    prefix = done.stdout.splitlines()[-1]
    base = f"postgres://{own_services.reachable_server()}@{own_services.HOST}:5432"
    names = own_services.execute(base, own_services.sql.SQL("SELECT datname FROM pg_database"))
    assert not [name for (name,) in names if prefix in name]
    assert list(client.scan_iter(f"*{prefix}*")) == []
    assert client.get(foreign) == b"1"
