"""What the web processes count for Prometheus, in files that all of them share (prometheus_client's multiprocess mode).

A metric's file is made at its first count, so a process that answers no requests makes none.
"""

from functools import lru_cache

from django.conf import settings
from prometheus_client import Counter, Histogram

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

settings.METRICS_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
REQUESTS = Counter(
    "vardesk_requests", "Requests answered, without /ping/, /metrics and static files.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "vardesk_request_seconds", "Time to answer; of a streamed answer, to its beginning.", ["route"], buckets=BUCKETS_S
)


@lru_cache(maxsize=4096)
def _of(method: str, route: str, status_class: str) -> tuple:
    """The counter and the histogram of these labels: to look them up costs more than to raise them."""
    return REQUESTS.labels(method, route, status_class), REQUEST_SECONDS.labels(route)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    counter, histogram = _of(method, route, f"{status // 100}xx")
    counter.inc()
    histogram.observe(seconds)
