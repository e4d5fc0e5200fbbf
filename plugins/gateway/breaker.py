"""Leaves a backend alone for a while that fails again and again."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MAX_FAILURES = 3
OPEN_SECONDS = 30.0
MAX_KEPT = 1_000


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    # Until when nothing is asked; who comes first after that tries, and the others wait on.
    closed_until: float = 0.0


class Breaker:
    """Counts the failures in a row of each backend, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[Hashable, _Circuit] = {}

    def may_ask(self, key: Hashable) -> bool:
        """Return whether a backend may be asked now; whoever asks tells then how it went."""
        if key not in self._circuits:
            return True
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None or circuit.failures < MAX_FAILURES:
                return True
            now = self._clock()
            if now < circuit.closed_until:
                return False
            circuit.closed_until = now + OPEN_SECONDS
            return True

    def succeeded(self, key: Hashable) -> None:
        """Note that a backend has answered."""
        if key in self._circuits:
            with self._lock:
                self._circuits.pop(key, None)

    def failed(self, key: Hashable) -> bool:
        """Note that a backend has failed.

        Returns:
            Whether it is left alone now.
        """
        with self._lock:
            if key not in self._circuits and len(self._circuits) >= MAX_KEPT:
                self._circuits.clear()
            circuit = self._circuits.setdefault(key, _Circuit())
            circuit.failures += 1
            is_left_alone = circuit.failures >= MAX_FAILURES
            if is_left_alone:
                circuit.closed_until = self._clock() + OPEN_SECONDS
            return is_left_alone

    def forget(self) -> None:
        """Let every backend be asked again."""
        with self._lock:
            self._circuits.clear()


breaker = Breaker()
