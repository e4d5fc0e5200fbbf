"""How many requests may be with backends at once, so that those that hang leave the host threads.

A web process answers 16 requests at once. One that waits for a backend holds one of them, and so
does one that waits for its turn: nobody waits where nothing moves.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable

PER_BACKEND = 6
IN_ALL = 10
# Backends that answer make room within milliseconds.
WAIT_SECONDS = 1.0
# A backend of which no request has ended for this long hangs, as far as others are concerned.
STALL_SECONDS = 0.2


class Slots:
    """Counts the requests that are with each backend, in this process."""

    def __init__(self, per_backend: int = PER_BACKEND, in_all: int = IN_ALL) -> None:
        self._per_backend = per_backend
        self._in_all = in_all
        self._taken: Counter[Hashable] = Counter()
        # When a slot of each was last taken or given back, and one of any.
        self._moved: dict[Hashable, float] = {}
        self._moved_last = 0.0
        self._changed = threading.Condition()

    def take(self, key: Hashable, *, wait: float | None = None) -> Callable[[], None] | None:
        """Take a slot of a backend.

        Args:
            key: The backend.
            wait: How long to wait for one at most; `WAIT_SECONDS` where nothing else is said.

        Returns:
            What gives it back, which may be called again; None where none has become free, or
            nothing moves that could make one free.
        """
        until = time.monotonic() + (WAIT_SECONDS if wait is None else wait)
        with self._changed:
            while self._is_full(key):
                left = min(until, self._stalls_at(key)) - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
            self._taken[key] += 1
            self._note(key)
        return _once(lambda: self._give_back(key))

    def _is_full(self, key: Hashable) -> bool:
        return self._taken[key] >= self._per_backend or self._taken.total() >= self._in_all

    def _stalls_at(self, key: Hashable) -> float:
        is_own = self._taken[key] >= self._per_backend
        moved = self._moved.get(key, 0.0) if is_own else self._moved_last
        return moved + STALL_SECONDS

    def _note(self, key: Hashable) -> None:
        self._moved[key] = self._moved_last = time.monotonic()

    def _give_back(self, key: Hashable) -> None:
        with self._changed:
            self._taken[key] -= 1
            self._note(key)
            if not self._taken[key]:
                del self._taken[key], self._moved[key]
            self._changed.notify_all()


def _once(act: Callable[[], None]) -> Callable[[], None]:
    lock = threading.Lock()

    def first() -> None:
        if lock.acquire(blocking=False):
            act()

    return first


slots = Slots()
