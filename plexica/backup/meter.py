"""How far something long is: counted by whoever works, shown by whoever looks."""

import threading
import time
from collections.abc import Callable

# Often enough for somebody who looks, and seldom enough for the database.
_SECONDS = 1.0

Watcher = Callable[[str, int], None]


class Meter:
    """Counts the bytes of a phase, and tells its watchers about once a second.

    Several threads may count at once.
    """

    def __init__(self, *watchers: Watcher) -> None:
        """Take whom to tell.

        Args:
            watchers: Called with the phase and its bytes.
        """
        self._watchers = list(watchers)
        self._lock = threading.Lock()
        self._phase = ""
        self._bytes = 0
        self._told_at = 0.0
        self.total = 0

    def watch(self, watcher: Watcher) -> None:
        """Tell one more."""
        self._watchers.append(watcher)

    def begin(self, phase: str) -> None:
        """Begin a phase."""
        with self._lock:
            self._phase, self._bytes = phase, 0
        self._tell(is_forced=True)

    def add(self, count: int) -> None:
        """Count some bytes."""
        with self._lock:
            self._bytes += count
            self.total += count
        self._tell()

    def _tell(self, *, is_forced: bool = False) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._told_at < _SECONDS and not is_forced:
                return
            self._told_at = now
            phase, count = self._phase, self._bytes
        for watcher in self._watchers:
            watcher(phase, count)
