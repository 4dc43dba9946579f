"""`/metrics` for Prometheus: what the web processes counted, and how jobs, statistics and the database stand."""

import logging
import math
import time
from collections.abc import Iterator

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from rest_framework.exceptions import APIException

from project.common.problems import problem_of, problem_response
from project.core.models import Job
from project.core.roles import Right, may
from stats import report
from stats.views import reader_of

STATEMENT_MS = 1000  # Prometheus gives up on a scrape after 10 s

log = logging.getLogger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """In the text format of Prometheus, for administrators."""
    if refused := refusal(request):
        return refused
    registry, states = CollectorRegistry(), States()
    try:
        MultiProcessCollector(registry)
    except ValueError:  # its folder was removed while we run
        states.failures = 1
        log.warning("Metrics are left out: there is no folder with counted requests", exc_info=True)
    registry.register(states)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """The answer to who may not read the metrics; None for those who may."""
    try:
        reader = reader_of(request)
    except APIException as error:
        return problem_of(error)
    if not reader.is_authenticated:
        return _unauthorized("Metrics are for administrators: log in, or send an API token.")
    return None if may(reader, Right.ADMINISTER) else problem_response(403, "Metrics are for administrators.")


def _unauthorized(detail: str) -> HttpResponse:
    response = problem_response(401, detail)
    response["WWW-Authenticate"] = "Token"
    return response


class States(Collector):
    """What is looked up at each scrape. A question that fails leaves its metrics out, and the rest is still given."""

    failures = 0  # before the first question

    def collect(self) -> Iterator[Metric]:
        failures = self.failures
        for ask in (jobs, queue, spool, database, worker):
            try:
                with transaction.atomic():
                    _limit_statements()
                    found = list(ask())
                yield from found
            except (DatabaseError, OSError):
                failures += 1
                log.warning("Metrics are left out: %s", ask.__name__, exc_info=True)
        yield gauge("vardesk_scrape_failures", "Questions of this scrape that had no answer in time.", failures)


def _limit_statements() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS:d}")


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def jobs() -> Iterator[Metric]:
    counted = dict(Job.objects.order_by().values_list("state").annotate(Count("pk")))
    family = GaugeMetricFamily("vardesk_jobs", "Jobs by state, all that were ever made.", labels=["state"])
    for state in Job.State.values:
        family.add_metric([state], counted.get(state, 0))
    yield family


def queue() -> Iterator[Metric]:
    since = Job.objects.filter(state=Job.State.QUEUED).aggregate(since=Min("created"))["since"]
    age_s = (timezone.now() - since).total_seconds() if since else 0
    yield gauge("vardesk_queue_oldest_seconds", "Age of the oldest job that waits for a worker; 0: none waits.", age_s)


def spool() -> Iterator[Metric]:
    losses = report.losses()
    yield gauge("vardesk_spool_waiting_bytes", "Counted hits that are not in the database yet.", report.waiting_bytes())
    yield gauge("vardesk_drainer_up", "1 while a drainer moves hits into the database.", report.is_drained())
    yield CounterMetricFamily("vardesk_lost_hits", "Hits that could not be written down.", value=losses.lost_hits)
    yield CounterMetricFamily("vardesk_bad_spool_lines", "Lines of the spool that nobody can read.", losses.bad_lines)


def database() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size_bytes = cursor.fetchone()[0]
    yield gauge("vardesk_database_bytes", "Size of the database on disk.", size_bytes)


def worker() -> Iterator[Metric]:
    """Beat sends a task every 5 s, and the worker notes when it did it; the note is forgotten after 5 minutes."""
    seen = cache.get("worker-seen")
    silent_s = math.inf if seen is None else max(time.time() - float(seen), 0)
    yield gauge("vardesk_worker_silent_seconds", "Since a worker was last seen; +Inf: none in 5 minutes.", silent_s)
