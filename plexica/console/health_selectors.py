"""How the platform is: its servers, queues, workers, clock and realms, asked side by side."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from plexica.core.context import ContextThreadPool
from plexica.core.errors import TransientError
from plexica.core.health import Health, measure_each
from plexica.core.queues import QueueState, WorkerState, join, list_workers, queue_depths
from plexica.core.schedules import ScheduleState, list_schedules
from tenants.models import Tenant

T = TypeVar("T")

# All that is asked at once has this long; what has not answered then counts as away.
DEADLINE_SECONDS = 4.5
# However many people look, and however often, servers are asked no more often than this.
SHARED_SECONDS = 3.0
NEAR_CEILING = 0.9
_PARALLEL = 6

logger = structlog.get_logger(__name__)

_executor = ContextThreadPool(max_workers=_PARALLEL, thread_name_prefix="health-page")
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PlatformHealth:
    """How the platform is at one moment.

    Attributes:
        at: When it was asked.
        servers: The servers, each with its latency.
        queues: The queues; None if the broker does not answer.
        workers: The workers that answered; None if the broker does not answer.
        schedules: What runs by the clock.
    """

    at: datetime
    servers: list[Health]
    queues: list[QueueState] | None
    workers: list[WorkerState] | None
    schedules: list[ScheduleState]

    @property
    def has_no_beat(self) -> bool:
        """Whether nothing of the schedule ran for a while, so that nobody sends it."""
        known = [each for each in self.schedules if each.last_at]
        return bool(known) and all(each.is_late for each in known)


@dataclass(frozen=True, slots=True)
class RealmCount:
    """How many realms a Keycloak has of ours.

    Attributes:
        keycloak: The server's name.
        realms: How many tenants have their realm there, and the platform's own.
        ceiling: How many it should have at most.
    """

    keycloak: str
    realms: int
    ceiling: int

    @property
    def is_near(self) -> bool:
        """Whether it is time to think of another server."""
        return self.realms >= self.ceiling * NEAR_CEILING


_last: tuple[float, PlatformHealth] | None = None


def platform_health() -> PlatformHealth:
    """Ask everything side by side, unless somebody has asked just now."""
    global _last  # noqa: PLW0603 (what all requests of the process share)
    with _lock:
        if _last is None or time.monotonic() - _last[0] > SHARED_SECONDS:
            _last = (time.monotonic(), _ask_all())
            # Counted from the end, so that those who waited for it take it.
            _last = (time.monotonic(), _last[1])
        return _last[1]


def forget_health() -> None:
    """Ask anew the next time."""
    global _last  # noqa: PLW0603 (the same)
    with _lock:
        _last = None


def count_realms() -> list[RealmCount]:
    """Return how many realms each Keycloak has by our own rows; Keycloak is never asked to list."""
    counted: dict[str, int] = dict(
        Tenant.objects.exclude(realm_digest="")
        .values_list("keycloak")
        .annotate(realms=Count("pk"))
        .order_by("keycloak")
    )
    return [
        RealmCount(name, counted.get(name, 0) + (name == "default"), server.ceiling)
        for name, server in settings.KEYCLOAK_SERVERS.items()
    ]


def _ask_all() -> PlatformHealth:
    servers = _executor.submit(measure_each)
    depths = _executor.submit(_or_none, queue_depths)
    workers = _executor.submit(_or_none, list_workers)
    schedules = _executor.submit(list_schedules)
    asked: list[Future[Any]] = [servers, depths, workers, schedules]
    wait(asked, timeout=DEADLINE_SECONDS)
    found = workers.result() if workers.done() else None
    waiting = depths.result() if depths.done() else None
    return PlatformHealth(
        at=timezone.now(),
        servers=servers.result(),
        queues=None if waiting is None else join(waiting, found),
        workers=found,
        schedules=schedules.result() if schedules.done() else [],
    )


def _or_none(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except TransientError as error:
        logger.warning("broker_away", reason=str(error))
        return None
