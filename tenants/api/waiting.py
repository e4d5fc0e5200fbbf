"""`Prefer: wait=N` (RFC 7240): to hold the answer back until a run has ended, within bounds.

A waiter holds a thread of the web server, so there may be few of them at once, and neither a
transaction nor, between two looks, a database connection.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from tenants.models import ProvisioningRun
from tenants.selectors import get_run

MAX_WAIT_SECONDS = 30
POLL_SECONDS = 0.1
# A preference is a token, perhaps with a value, perhaps with parameters (RFC 7240, section 2).
_WAIT = re.compile(r'\s*wait\s*=\s*("?)([0-9]{1,9})\1\s*(?:;.*)?', re.IGNORECASE | re.ASCII)


def preferred_wait(header: str) -> int | None:
    """Return how long a caller prefers to wait, in whole seconds, at most `MAX_WAIT_SECONDS`.

    What cannot be understood counts as not said, as RFC 7240 wants it; the first `wait` counts.

    Args:
        header: The `Prefer` header, several of them joined by commas.

    Returns:
        The seconds, or None when nothing was said.
    """
    for preference in header.split(","):
        if match := _WAIT.fullmatch(preference):
            return min(int(match[2]), MAX_WAIT_SECONDS)
    return None


class _WaitingRoom:
    """Counts those who wait in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present = 0

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Have a place while a block runs, or be told that there is none."""
        with self._lock:
            has_place = self._present < settings.PLEXICA_MAX_WAITERS
            self._present += has_place
        try:
            yield has_place
        finally:
            if has_place:
                with self._lock:
                    self._present -= 1


_room = _WaitingRoom()


def wait_for_run(*, run: ProvisioningRun, seconds: int) -> tuple[ProvisioningRun, bool]:
    """Wait until a run has ended, but not longer than asked, and not if too many wait already.

    Args:
        run: The run.
        seconds: How long at most.

    Returns:
        The run as it is now, with its tenant, and whether the preference to wait was honoured.
    """
    tenant = run.tenant
    deadline = time.monotonic() + seconds
    with _room.place() as has_place:
        while has_place and not run.is_finished and (left := deadline - time.monotonic()) > 0:
            # Back to the pool: others need it more than somebody who sleeps.
            connection.close()
            time.sleep(min(POLL_SECONDS, left))
            run = get_run(tenant=tenant, run_id=run.id)
        return run, has_place or run.is_finished
