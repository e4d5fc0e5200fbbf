"""What the platform's servers, queues and schedules are like, for Prometheus."""

import json
import time
from collections.abc import Iterator

from plexica.core.health import measure_each
from plexica.core.jobs import SENT_HEADER
from plexica.core.observe.definitions import Fact, Sample
from plexica.core.observe.sources import register_source
from plexica.core.queues import list_workers, oldest_messages, queue_depths, queue_names
from plexica.core.schedules import list_schedules

DEPENDENCY_UP = Fact(
    "plexica_dependency_up",
    "Whether a server answered, as the console's page Health has it.",
    ("dependency",),
)
DEPENDENCY_SECONDS = Fact(
    "plexica_dependency_seconds", "How long the answer of a server took.", ("dependency",)
)
QUEUE_MESSAGES = Fact(
    "plexica_queue_messages", "Messages that wait in a queue of jobs.", ("queue",)
)
QUEUE_OLDEST_SECONDS = Fact(
    "plexica_queue_oldest_seconds",
    "How long the oldest message of a queue has waited; 0 where none does.",
    ("queue",),
)
QUEUE_WORKERS = Fact(
    "plexica_queue_workers", "Workers that read a queue and answer within a second.", ("queue",)
)
SCHEDULE_LAST = Fact(
    "plexica_schedule_last_run_timestamp_seconds",
    "When a worker last began what runs by the clock, in Unix time.",
    ("schedule",),
)
SCHEDULE_LATE = Fact(
    "plexica_schedule_late", "Whether it has been due for more than two minutes.", ("schedule",)
)
SCHEDULE_FAILED = Fact(
    "plexica_schedule_failed", "Whether its last run ended in an error.", ("schedule",)
)


def tell_dependencies() -> Iterator[Sample]:
    """Tell which servers answer."""
    for found in measure_each():
        yield DEPENDENCY_UP.is_now(found.is_up, found.name)
        yield DEPENDENCY_SECONDS.is_now(found.latency_ms / 1000, found.name)


def tell_queues() -> Iterator[Sample]:
    """Tell how much waits in the queues, and for how long."""
    for name, depth in queue_depths().items():
        yield QUEUE_MESSAGES.is_now(depth, name)
    for name, message in oldest_messages().items():
        yield QUEUE_OLDEST_SECONDS.is_now(_age(message), name)


def tell_workers() -> Iterator[Sample]:
    """Tell who reads the queues."""
    workers = list_workers()
    for name in queue_names():
        yield QUEUE_WORKERS.is_now(sum(name in worker.queues for worker in workers), name)


def tell_schedules() -> Iterator[Sample]:
    """Tell whether the clock still goes."""
    for found in list_schedules():
        if found.last_at is not None:
            yield SCHEDULE_LAST.is_now(found.last_at.timestamp(), found.name)
        yield SCHEDULE_LATE.is_now(found.is_late, found.name)
        yield SCHEDULE_FAILED.is_now(found.has_failed, found.name)


def register() -> None:
    """Register these sources."""
    register_source("dependencies", [DEPENDENCY_UP, DEPENDENCY_SECONDS], tell_dependencies)
    register_source("queues", [QUEUE_MESSAGES, QUEUE_OLDEST_SECONDS], tell_queues)
    register_source("workers", [QUEUE_WORKERS], tell_workers)
    register_source("schedules", [SCHEDULE_LAST, SCHEDULE_LATE, SCHEDULE_FAILED], tell_schedules)


def _age(message: bytes | None) -> float:
    """Return how long a message has waited, as it says itself; 0 where it does not."""
    try:
        sent_at = json.loads(message or b"{}")["headers"][SENT_HEADER]
        return max(0.0, time.time() - float(sent_at))
    except (KeyError, TypeError, ValueError):
        return 0.0
