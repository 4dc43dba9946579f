"""The database, the Redis and the broker of one run: those named by URL, embedded ones for the rest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import redis

from project.embedded.place import find_place, prepare_var_dir
from project.embedded.postgres import start_postgres
from project.embedded.redis_server import start_redis
from project.embedded.state import (
    URL_NAMES,
    AlreadyRunning,
    forget_services,
    sole_supervisor,
    write_services,
)
from project.env import broker_beside
from project.processes import Child, Family, StartError


@dataclass(frozen=True)
class Services:
    urls: dict[str, str]
    children: tuple[Child, ...]  # of the embedded ones


@contextmanager
def services(family: Family, var_dir: Path, *, is_durable: bool = True) -> Iterator[Services]:
    """Start what the environment does not name, check the rest, and end what was started afterwards."""
    prepare_var_dir(var_dir)
    try:
        with sole_supervisor(var_dir):
            forget_services(var_dir)  # those of a supervisor that was killed
            try:
                yield start_services(family, var_dir, is_durable=is_durable)
            finally:
                forget_services(var_dir)
                family.stop(list(family.children))
    except AlreadyRunning as error:
        raise StartError(
            f"Vardesk already runs on {var_dir} (process {error.pid}); stop that one or set another VAR_DIR."
        ) from error


def start_services(family: Family, var_dir: Path, *, is_durable: bool) -> Services:
    urls = {name: os.environ[name] for name in URL_NAMES if os.environ.get(name)}
    if "REDIS_URL" in urls:
        urls.setdefault("CELERY_BROKER_URL", broker_beside(urls["REDIS_URL"]))
    check_database(urls.get("DATABASE_URL"))
    check_redis(urls.get("REDIS_URL"))
    children = start_embedded(family, var_dir, urls, is_durable=is_durable)
    write_services(var_dir, urls)
    return Services(urls, children)


def start_embedded(family: Family, var_dir: Path, urls: dict[str, str], *, is_durable: bool) -> tuple[Child, ...]:
    """Start what `urls` lacks and add it there."""
    if "DATABASE_URL" in urls and "REDIS_URL" in urls:
        return ()
    place = find_place(var_dir)
    for note in place.notes:
        family.console.say(note)
    children = []
    if "DATABASE_URL" not in urls:
        child, urls["DATABASE_URL"] = start_postgres(family, place, var_dir, is_durable=is_durable)
        children.append(child)
    if "REDIS_URL" not in urls:
        child, found = start_redis(family, place, var_dir)
        urls.update({**found, **urls})
        children.append(child)
    return tuple(children)


def check_database(url: str | None) -> None:
    if not url:
        return
    try:
        psycopg2.connect(libpq_url(url), connect_timeout=5).close()
    except psycopg2.Error as error:
        raise StartError(f"DATABASE_URL ({shown(url)}) cannot be reached: {first_line(error)}") from error


def libpq_url(url: str) -> str:
    """libpq knows two of the names that django-environ has for PostgreSQL."""
    return "postgresql:" + url.partition(":")[2] if url.startswith(("psql:", "pgsql:", "postgis:")) else url


def check_redis(url: str | None) -> None:
    if not url:
        return
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise StartError(f"REDIS_URL ({shown(url)}) cannot be reached: {first_line(error)}") from error


def shown(url: str) -> str:
    """`url` without its password and without the user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
