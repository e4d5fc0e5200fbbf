"""Values that are kept for a while, not too many of them."""

import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar

MAX_ENTRIES = 1000

_V = TypeVar("_V")


class Kept(Generic[_V]):
    """Values by installation, each until its time is over."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._values: OrderedDict[str, tuple[float, _V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, installation: str) -> _V | None:
        """Return what is kept for an installation, or None."""
        with self._lock:
            until, value = self._values.get(installation, (0.0, None))
            return value if time.monotonic() < until else None

    def put(self, installation: str, value: _V, *, seconds: float) -> None:
        """Keep a value.

        Args:
            installation: Whose it is.
            value: What to keep.
            seconds: For how long.
        """
        with self._lock:
            self._values[installation] = (time.monotonic() + seconds, value)
            self._values.move_to_end(installation)
            if len(self._values) > self._max_entries:
                self._values.popitem(last=False)

    def drop(self, installation: str) -> None:
        """Forget what is kept for an installation."""
        with self._lock:
            self._values.pop(installation, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
