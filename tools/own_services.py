"""Run a command against the PostgreSQL, Redis and RabbitMQ of this machine, where they answer on their usual ports.

python tools/own_services.py -- python -m pytest -m "not browser and not embedded"

The command gets a database, a prefix for its Redis keys and a RabbitMQ vhost of its own; they are dropped
afterwards, whatever became of it, and nothing else on those servers is touched: no flush, no purge. Without
PostgreSQL or Redis nothing is run and the exit code is 0; without RabbitMQ, Redis is the broker.
"""

import contextlib
import getpass
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import redis
from psycopg2 import sql

HOST = "127.0.0.1"
REDIS = f"redis://{HOST}:6379/0"


def main(command: list[str]) -> int:
    name = f"vardesk_own_{os.getpid()}"
    # The `finally` of each context must run when a runner gives up on us.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(own_database(name))
        prefix = stack.enter_context(own_keys(name)) if database else None
        if not database or not prefix:
            print(f"skipped: no {'Redis' if database else 'PostgreSQL'} to use on {HOST}", flush=True)
            return 0
        env = os.environ | {"DATABASE_URL": database, "REDIS_URL": REDIS, "REDIS_KEY_PREFIX": prefix}
        broker = stack.enter_context(own_vhost(name))
        env["CELERY_BROKER_URL"] = broker or REDIS
        print(f"PostgreSQL {server_version(database)}, Redis, broker {'RabbitMQ' if broker else 'Redis'}", flush=True)
        return subprocess.run(command, env=env, check=False).returncode


@contextlib.contextmanager
def own_database(name: str) -> Iterator[str | None]:
    """The URL of a new database; with it go those that Django's test runner made beside it. None without a server."""
    server = reachable_server()
    if server is None:
        yield None
        return
    base = f"postgres://{server}@{HOST}:5432"
    execute(base, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield f"{base}/{name}"
    finally:
        ours = re.compile(rf"(test_)?{name}(_\w+)?")
        for found in execute(base, sql.SQL("SELECT datname FROM pg_database")):
            if ours.fullmatch(found[0]):
                execute(base, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(found[0])))


def reachable_server() -> str | None:
    """`user` or `user:password` that may make databases."""
    password = os.environ.get("PGPASSWORD", "")
    for user in dict.fromkeys([os.environ.get("PGUSER", ""), getpass.getuser(), "postgres"]):
        server = f"{user}:{password}" if password else user
        with contextlib.suppress(psycopg2.Error):
            if user and execute(f"postgres://{server}@{HOST}:5432", sql.SQL(MAY_CREATE))[0][0]:
                return server
    return None


MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"


def execute(base: str, statement: sql.Composable) -> list[tuple]:
    connection = psycopg2.connect(f"{base}/postgres", connect_timeout=3)
    connection.autocommit = True  # databases are made and dropped outside of transactions
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def server_version(url: str) -> str:
    with contextlib.closing(psycopg2.connect(url)) as connection:
        return connection.get_parameter_status("server_version")


@contextlib.contextmanager
def own_keys(name: str) -> Iterator[str | None]:
    """A prefix of our own; its keys are deleted one by one. None without a server."""
    client = redis.Redis.from_url(REDIS, socket_timeout=5)
    try:
        client.ping()
    except redis.RedisError:
        yield None
        return
    try:
        yield name
    finally:
        ours = re.compile(rf"{name}(?!\d)".encode())  # `vardesk_own_12` is not `vardesk_own_123`
        for key in client.scan_iter(f"*{name}*", count=1000):
            if ours.search(key):
                client.delete(key)
        client.close()


@contextlib.contextmanager
def own_vhost(name: str) -> Iterator[str | None]:
    """The URL of a new vhost; None where RabbitMQ does not answer or does not let us make one."""
    control = shutil.which("rabbitmqctl") or "/usr/sbin/rabbitmqctl"

    def rabbitmqctl(*arguments: str) -> bool:
        try:
            done = subprocess.run([control, "-q", *arguments], capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    if not rabbitmqctl("add_vhost", name):
        yield None
        return
    try:
        allowed = rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        yield f"amqp://guest:guest@{HOST}:5672/{name}" if allowed else None
    finally:
        rabbitmqctl("delete_vhost", name)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] != ["--"] or len(arguments) < 2:
        sys.exit(__doc__)
    sys.exit(main(arguments[1:]))
