"""What each process counts and times of itself (ADR 24).

No label has values that tenants, people or the outside choose: every combination stays in memory,
here and in Prometheus, for as long as the process lives.
"""

import threading
from collections.abc import Iterator

from django.conf import settings
from django.db import connections
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plexica.core.observe.definitions import Fact, counter, gauge, histogram, info, note_collected

# 0.2 s is what the load test asks of the slowest requests.
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)
_STATEMENT_BUCKETS = (0, 2, 4, 6, 8, 10, 15, 20, 30, 50, 100)
_TASK_BUCKETS = (0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300)

REQUESTS = counter(
    "plexica_http_requests",
    "Requests answered, by the name of their route and the class of their status.",
    ["site", "route", "method", "status"],
)
REQUEST_SECONDS = histogram(
    "plexica_http_request_seconds",
    "From a request to the head of its answer; what streams after that is not in it.",
    ["site", "route", "method"],
    buckets=_REQUEST_BUCKETS,
)
REQUESTS_NOW = gauge(
    "plexica_http_requests_now", "Requests that are being answered; each holds a thread."
)
STATEMENTS = counter(
    "plexica_db_statements", "Statements that requests sent to PostgreSQL.", ["site", "route"]
)
STATEMENT_SECONDS = counter(
    "plexica_db_seconds", "Time that requests waited for PostgreSQL.", ["site", "route"]
)
STATEMENTS_A_REQUEST = histogram(
    "plexica_db_statements_a_request",
    "How many statements one request sent.",
    ["site"],
    buckets=_STATEMENT_BUCKETS,
)
TASK_SECONDS = histogram(
    "plexica_task_seconds",
    "How long tasks ran, by how they ended: succeeded, retried, failed.",
    ["task", "outcome"],
    buckets=_TASK_BUCKETS,
)
TASK_WAIT_SECONDS = histogram(
    "plexica_task_wait_seconds",
    "How long messages waited in their queue before a worker began.",
    ["queue"],
    buckets=_TASK_BUCKETS,
)
CACHE_READS = counter(
    "plexica_cache_reads",
    "What was looked up before it was worked out, by where it was found: in the process, in Redis,"
    " nowhere.",
    ["cache", "found"],
)
PROCESS = info(
    "plexica_process", "Which program this is, and of which version.", ["program", "version"]
)
_THREADS = note_collected(Fact("plexica_threads", "Threads of this process."))
_CONNECTIONS = note_collected(
    Fact(
        "plexica_db_connections",
        "Connections of this process's pool: open, free, and requests that wait for one.",
        ("state",),
    )
)


class _Threads(Collector):
    """What is counted at the moment that somebody asks."""

    def describe(self) -> list[Metric]:
        """Return the metrics without values: they are registered before there is a database."""
        return [_family(_THREADS), _family(_CONNECTIONS)]

    def collect(self) -> Iterator[Metric]:
        """Return threads, and the connections of this process to PostgreSQL."""
        threads = _family(_THREADS)
        threads.add_metric([], threading.active_count())
        yield threads
        pool = _family(_CONNECTIONS)
        for state, name in (
            ("open", "pool_size"),
            ("free", "pool_available"),
            ("waited-for", "requests_waiting"),
        ):
            pool.add_metric([state], _pool_statistics().get(name, 0))
        yield pool


def _family(fact: Fact) -> GaugeMetricFamily:
    return GaugeMetricFamily(fact.name, fact.words, labels=fact.labels)


def _pool_statistics() -> dict[str, int]:
    pools = getattr(type(connections["default"]), "_connection_pools", {})
    pool = pools.get("default")
    return dict(pool.get_stats()) if pool is not None else {}


def name_process(program: str) -> None:
    """Say which program this process is of: web, worker, provisioner, beat, plugins."""
    PROCESS.info({"program": program, "version": settings.PLEXICA_VERSION})


REGISTRY.register(_Threads())
