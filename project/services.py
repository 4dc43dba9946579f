"""The database, the Redis and the broker of one run: those named by URL, embedded ones for the rest."""

import contextlib
import os
from collections.abc import Iterator
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

OLDEST_POSTGRES = 15_00_00
OLDEST_REDIS = (6, 2)


@dataclass(frozen=True)
class Services:
    urls: dict[str, str]
    children: tuple[Child, ...]  # of the embedded ones


@contextlib.contextmanager
def services(family: Family, var_dir: Path, *, is_durable: bool = True) -> Iterator[Services]:
    """Start what the environment does not name, check the rest, and end what was started afterwards."""
    with sole_use(var_dir), started_services(family, var_dir, is_durable=is_durable) as found:
        yield found


@contextlib.contextmanager
def started_services(family: Family, var_dir: Path, *, is_durable: bool = True) -> Iterator[Services]:
    """`services` for who has the sole use of `var_dir` already."""
    forget_services(var_dir)  # those of a supervisor that was killed
    try:
        yield start_services(family, var_dir, is_durable=is_durable)
    finally:
        forget_services(var_dir)
        family.stop(list(family.children))


@contextlib.contextmanager
def sole_use(var_dir: Path) -> Iterator[None]:
    """Make `var_dir` where there is none and hold its lock."""
    prepare_var_dir(var_dir)
    try:
        with sole_supervisor(var_dir):
            yield
    except AlreadyRunning as error:
        raise StartError(
            f"Vardesk already runs on {var_dir} (process {error.pid}); stop that one or set another VAR_DIR."
        ) from error


def start_services(family: Family, var_dir: Path, *, is_durable: bool) -> Services:
    urls = {name: os.environ[name] for name in URL_NAMES if os.environ.get(name)}
    check_database(urls.get("DATABASE_URL"))
    check_redis("REDIS_URL", urls.get("REDIS_URL"))
    if "REDIS_URL" in urls and "CELERY_BROKER_URL" not in urls:
        urls["CELERY_BROKER_URL"] = broker_beside(urls["REDIS_URL"])
        # A broker of its own may be away at the start: jobs wait for it. This one can only be missing for good.
        check_redis("CELERY_BROKER_URL", urls["CELERY_BROKER_URL"])
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
        with contextlib.closing(psycopg2.connect(libpq_url(url), connect_timeout=5)) as connection:
            version = connection.server_version
    except psycopg2.Error as error:
        raise StartError(f"DATABASE_URL ({shown(url)}) cannot be reached: {reason(error)}.") from error
    if version < OLDEST_POSTGRES:
        raise StartError(f"DATABASE_URL ({shown(url)}) is PostgreSQL {version // 10000}; 15 or newer is needed.")


def libpq_url(url: str) -> str:
    """libpq knows two of the names that django-environ has for PostgreSQL."""
    return "postgresql:" + url.partition(":")[2] if url.startswith(("psql:", "pgsql:", "postgis:")) else url


def check_redis(name: str, url: str | None) -> None:
    if not url:
        return
    try:
        # Protocol 2: a Redis that is too old for the other one shall say its version, not that it knows no HELLO.
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5, protocol=2) as client:
            client.ping()
            version = redis_version(client)
    except (redis.RedisError, ValueError) as error:
        raise StartError(f"{name} ({shown(url)}) cannot be reached: {reason(error)}.") from error
    if version and tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise StartError(f"{name} ({shown(url)}) is Redis {version}; 6.2 or newer is needed.")


def redis_version(client: redis.Redis) -> str:
    """Such as "7.0.15"; "" where INFO is forbidden to us."""
    try:
        return str(client.info("server").get("redis_version", ""))
    except redis.ResponseError:
        return ""


def shown(url: str) -> str:
    """`url` without its password and without the user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def reason(error: Exception) -> str:
    """What a driver said, without the advice on further lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
