"""The queues of jobs and the workers behind them, asked of the broker now and not for long."""

from dataclasses import dataclass
from functools import lru_cache

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from plexica.core.errors import TransientError

BROKER_SECONDS = 1.0
WORKERS_SECONDS = 1.0
# What more than this many messages wait for is not keeping up.
MANY = 100


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue.

    Attributes:
        name: Its name.
        depth: How many messages wait in it.
        workers: How many workers read it; None where that is not known.
    """

    name: str
    depth: int
    workers: int | None

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody reads it."""
        return self.workers == 0

    @property
    def is_long(self) -> bool:
        """Whether more waits than is usual."""
        return self.depth > MANY


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker that has answered.

    Attributes:
        name: Its name.
        queues: The names of the queues that it reads.
    """

    name: str
    queues: tuple[str, ...]


def queue_names() -> list[str]:
    """Return the names of all queues that tasks are sent to."""
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted(routed | {settings.CELERY_TASK_DEFAULT_QUEUE})


def queue_depths() -> dict[str, int]:
    """Return how many messages wait in each queue.

    Raises:
        TransientError: The broker does not answer.
    """
    try:
        with _broker().pipeline(transaction=False) as pipeline:
            for name in queue_names():
                pipeline.llen(name)
            return dict(zip(queue_names(), pipeline.execute(), strict=True))
    except (RedisError, OSError) as error:
        raise TransientError("The broker does not answer.") from error


def oldest_messages() -> dict[str, bytes | None]:
    """Return the message of each queue that has waited longest; None where none waits.

    Raises:
        TransientError: The broker does not answer.
    """
    try:
        with _broker().pipeline(transaction=False) as pipeline:
            for name in queue_names():
                pipeline.lindex(name, -1)
            return dict(zip(queue_names(), pipeline.execute(), strict=True))
    except (RedisError, OSError) as error:
        raise TransientError("The broker does not answer.") from error


def list_workers() -> list[WorkerState]:
    """Return the workers that answer within a second, by name.

    Raises:
        TransientError: The broker does not answer.
    """
    try:
        # Not worth the time if the broker itself is away: the call below would try again for long.
        _broker().ping()
        # A connection of its own: those that are kept may be of a broker that was restarted.
        with current_app.connection_for_write() as connection:
            inspect = current_app.control.inspect(timeout=WORKERS_SECONDS, connection=connection)
            found = inspect.active_queues() or {}
    except (OperationalError, RedisError, OSError) as error:
        raise TransientError("The broker does not answer.") from error
    return [
        WorkerState(name, tuple(sorted(queue["name"] for queue in queues)))
        for name, queues in sorted(found.items())
    ]


def join(depths: dict[str, int], workers: list[WorkerState] | None) -> list[QueueState]:
    """Return the queues, each with the number of those who read it."""
    return [
        QueueState(
            name,
            depth,
            None if workers is None else sum(name in worker.queues for worker in workers),
        )
        for name, depth in depths.items()
    ]


@lru_cache(maxsize=1)
def _broker() -> Redis:
    return Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_connect_timeout=BROKER_SECONDS,
        socket_timeout=BROKER_SECONDS,
        # Once more at once, as a connection that was kept may be of a broker that was restarted.
        # The default waits between its tries, for longer than anybody waits for the answer.
        retry=Retry(NoBackoff(), 1),
    )
