"""Redis as a help that may be away: nothing fails because of it, and nothing waits long for it.

After a call that failed, no process asks again for a moment, so that a server that hangs costs one
time-out a moment and not one for each call.
"""

import time
from typing import Any

import structlog
from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

AWAY_SECONDS = 2.0
_ERRORS = (ConnectionInterrupted, RedisError, OSError)

logger = structlog.get_logger(__name__)

_away_until = 0.0


def read(name: str) -> Any:
    """Return what is kept under a name in the current scope; None without it or without Redis."""
    if _is_away():
        return None
    try:
        return cache.get(name)
    except _ERRORS as error:
        _leave_alone(error)
        return None


def write(name: str, value: Any, *, seconds: int) -> None:
    """Keep a value under a name in the current scope for some seconds, if Redis is there."""
    if _is_away() or seconds <= 0:
        return
    try:
        cache.set(name, value, timeout=seconds)
    except _ERRORS as error:
        _leave_alone(error)


def count(name: str, *, seconds: int) -> int | None:
    """Count one more under a name in the current scope.

    Args:
        name: What is counted.
        seconds: How long after the first one the count is kept.

    Returns:
        How many there are with this one, or None if Redis is away.
    """
    if _is_away():
        return None
    try:
        if cache.add(name, 1, timeout=seconds):
            return 1
        return int(cache.incr(name))
    except ValueError:
        # It expired between the two.
        return 1
    except _ERRORS as error:
        _leave_alone(error)
        return None


def counted(name: str) -> int | None:
    """Return how many have been counted under a name, or None if Redis is away."""
    if _is_away():
        return None
    try:
        return int(cache.get(name, 0))
    except _ERRORS as error:
        _leave_alone(error)
        return None


def _is_away() -> bool:
    return time.monotonic() < _away_until


def _leave_alone(error: Exception) -> None:
    global _away_until  # noqa: PLW0603 (what the process knows of its one Redis)
    _away_until = time.monotonic() + AWAY_SECONDS
    logger.warning("redis_away", error=type(error).__name__)
