"""Is it up (`/ping/`), and does everything behind it work (`/healthz/`)?"""

import logging
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from datetime import UTC, datetime

import kombu
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from stats import report

CHECK_S = 1.0
WORKER_SEEN_S = 30.0

log = logging.getLogger(__name__)
# Checks that hang end by their own timeouts; until then they hold these threads and no others.
_threads = ThreadPoolExecutor(max_workers=12, thread_name_prefix="health")


class NotWell(Exception):
    """A check failed; str() is fit for everybody to read."""


@require_safe
@never_cache
def ping(request: HttpRequest) -> JsonResponse:
    """Says the time, and asks no server for it."""
    return JsonResponse({"now": datetime.now(UTC).isoformat()})


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all that pages and jobs need answers within a second, else 503; a line for each either way.

    A silent worker and lost hits are said but keep the 200: pages work, queued jobs wait and run later, and
    to take the server out of a load balancer would help neither.
    """
    asked = {name: _threads.submit(_check, check) for name, check in CHECKS.items()}
    give_up = time.monotonic() + CHECK_S
    found = {name: _outcome(name, future, give_up) for name, future in asked.items()}
    is_well = all(found[name]["ok"] for name in NEEDED)
    return JsonResponse(found, status=200 if is_well else 503)


def _check(check: Callable[[], str]) -> str:
    try:
        return check()
    finally:
        connection.close()  # this thread's own


def _outcome(name: str, future: Future[str], give_up: float) -> dict:
    """`detail` never repeats what a driver said: that may name hosts and users. The log has it."""
    try:
        return {"ok": True, "detail": future.result(max(give_up - time.monotonic(), 0))}
    except NotWell as error:
        return {"ok": False, "detail": str(error)}
    except TookTooLong:
        future.cancel()
        return {"ok": False, "detail": f"No answer within {CHECK_S:.0f} s."}
    except Exception as error:
        log.warning("The check of %s failed", name, exc_info=error)
        return {"ok": False, "detail": f"Does not work ({type(error).__name__}); the log says more."}


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "PostgreSQL answers."


def redis_cache() -> str:
    _ping_redis(settings.REDIS_URL)
    return "Redis answers."


def broker() -> str:
    if settings.CELERY_BROKER_URL.startswith(("redis", "unix")):
        _ping_redis(settings.CELERY_BROKER_URL)
    else:
        with kombu.Connection(settings.CELERY_BROKER_URL, connect_timeout=CHECK_S) as found:
            found.connect()
    return "The broker takes connections."


def _ping_redis(url: str) -> None:
    with redis.Redis.from_url(
        url, socket_timeout=CHECK_S, socket_connect_timeout=CHECK_S, retry=Retry(NoBackoff(), 0)
    ) as client:
        client.ping()


def worker() -> str:
    """By the time that a beat task notes every 5 s; to ask all workers would take a second each time."""
    seen = cache.get("worker-seen")
    if seen is None:
        raise NotWell("No worker has been seen; jobs wait.")
    silent_s = time.time() - float(seen)
    if silent_s > WORKER_SEEN_S:
        raise NotWell(f"No worker has been seen for {silent_s:.0f} s; jobs wait.")
    return f"A worker was seen {max(silent_s, 0):.0f} s ago."


def storage() -> str:
    settings.STORAGE_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.STORAGE_DIR) as stream:
        stream.write(b"x")
    return "The folder for files can be written."


def hits() -> str:
    losses, waiting = report.losses(), report.waiting_bytes()
    said = f"{losses.lost_hits} hits lost, {losses.bad_lines} lines unreadable, {waiting} bytes waiting"
    if losses.lost_hits or losses.bad_lines:
        raise NotWell(f"The statistics are incomplete: {said}.")
    if not report.is_drained():
        raise NotWell(f"No drainer is at work; hits wait in the spool: {said}.")
    return f"Every hit is counted: {said}."


CHECKS: dict[str, Callable[[], str]] = {
    "database": database,
    "cache": redis_cache,
    "broker": broker,
    "worker": worker,
    "storage": storage,
    "hits": hits,
}
NEEDED = ("database", "cache", "broker", "storage")
