"""How many requests may be with backends at once, so that those that hang leave the host threads.

A web process answers 16 requests at once. One that waits for a backend holds one of them.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable

PER_BACKEND = 6
IN_ALL = 12
# Backends that answer make room within milliseconds.
WAIT_SECONDS = 1.0


class Slots:
    """Counts the requests that are with each backend, in this process."""

    def __init__(self, per_backend: int = PER_BACKEND, in_all: int = IN_ALL) -> None:
        self._per_backend = per_backend
        self._in_all = in_all
        self._taken: Counter[Hashable] = Counter()
        self._changed = threading.Condition()

    def take(self, key: Hashable, *, wait: float | None = None) -> Callable[[], None] | None:
        """Take a slot of a backend.

        Args:
            key: The backend.
            wait: How long to wait for one at most; `WAIT_SECONDS` where nothing else is said.

        Returns:
            What gives it back, which may be called again; None where none has become free.
        """
        until = time.monotonic() + (WAIT_SECONDS if wait is None else wait)
        with self._changed:
            while self._is_full(key):
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None
            self._taken[key] += 1
        return _once(lambda: self._give_back(key))

    def _is_full(self, key: Hashable) -> bool:
        return self._taken[key] >= self._per_backend or self._taken.total() >= self._in_all

    def _give_back(self, key: Hashable) -> None:
        with self._changed:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
            self._changed.notify_all()


def _once(act: Callable[[], None]) -> Callable[[], None]:
    lock = threading.Lock()

    def first() -> None:
        if lock.acquire(blocking=False):
            act()

    return first


slots = Slots()
