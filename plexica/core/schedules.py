"""What runs by the clock: each task's schedule, when it ran last, and when it is due again.

Beat knows when it sent something, and only in its own file. Whoever runs a scheduled task notes
that in Redis, so that every process can tell whether the clock still goes.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from celery.schedules import BaseSchedule, maybe_schedule
from django.conf import settings

from plexica.core import shared_cache
from plexica.core.scope import platform_scope

# Longer than the longest schedule, so that what stopped is seen to have stopped.
KEPT_SECONDS = 7 * 24 * 60 * 60
# Workers may be busy for a while; what is due for longer than this is late.
LATE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """One entry of the schedule.

    Attributes:
        name: The entry's name.
        task: The task that it runs.
        last_at: When the task began last; None where nobody knows.
        seconds: How long it took; None where nobody knows.
        has_failed: Whether it ended in an error.
        next_at: When it is due again; None where the last time is not known and needed.
        is_late: Whether it has been due for longer than workers may be busy.
    """

    name: str
    task: str
    last_at: datetime | None
    seconds: float | None
    has_failed: bool
    next_at: datetime | None
    is_late: bool


def is_scheduled(task: str) -> bool:
    """Return whether a task runs by the clock."""
    return any(entry["task"] == task for entry in settings.CELERY_BEAT_SCHEDULE.values())


def note_run(task: str, *, began: float, has_failed: bool) -> None:
    """Note that a task of the schedule ran; without Redis that is not known, and nothing else.

    Args:
        task: Its name.
        began: When it began, as `time.time()` has it.
        has_failed: Whether it raised.
    """
    facts = {"at": began, "seconds": round(time.time() - began, 3), "has_failed": has_failed}
    with platform_scope():
        shared_cache.write(_key(task), facts, seconds=KEPT_SECONDS)


def list_schedules() -> list[ScheduleState]:
    """Return all that runs by the clock, by name."""
    entries: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    with platform_scope():
        return [
            _state(name, entry["task"], cast("BaseSchedule", maybe_schedule(entry["schedule"])))
            for name, entry in sorted(entries.items())
        ]


def _state(name: str, task: str, schedule: BaseSchedule) -> ScheduleState:
    facts: dict[str, Any] = shared_cache.read(_key(task)) or {}
    last_at = datetime.fromtimestamp(facts["at"], UTC) if facts else None
    now = datetime.now(UTC)
    next_at = None
    if last_at:
        # To the second, as what is left is told from a moment after this one.
        next_at = now + schedule.remaining_estimate(last_at) + timedelta(seconds=0.5)
        next_at = next_at.replace(microsecond=0)
    return ScheduleState(
        name=name,
        task=task,
        last_at=last_at,
        seconds=facts.get("seconds"),
        has_failed=facts.get("has_failed", False),
        next_at=next_at,
        is_late=next_at is not None and now - next_at > LATE_AFTER,
    )


def _key(task: str) -> str:
    return f"schedule:{task}"
