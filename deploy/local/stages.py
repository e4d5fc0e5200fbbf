"""Says what was done and how long it took, a line a stage."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.errors import AbandonedError

_SILENCE_SECONDS = 15.0


class Stages:
    """Prints a line when a stage ends, and in long silences what is still being done."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._started = time.monotonic()
        self._last_line = self._started
        self._lock = threading.Lock()
        self._open: dict[str, float] = {}
        self._done = threading.Event()
        if not quiet:
            threading.Thread(target=self._break_silence, daemon=True).start()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a stage; several may run at once in threads."""
        started = time.monotonic()
        with self._lock:
            self._open[name] = started
        outcome = ""
        try:
            yield
        except AbandonedError:
            outcome = " - no longer waited for"
            raise
        except Exception as error:
            outcome = f" - failed: {str(error).partition(chr(10))[0]}"
            raise
        finally:
            seconds = time.monotonic() - started
            with self._lock:
                self._open.pop(name, None)
            self._print(f"  {seconds:6.1f} s  {name}{outcome}")

    def close(self) -> float:
        """Stop speaking.

        Returns:
            Seconds since the first stage could have begun.
        """
        self._done.set()
        return time.monotonic() - self._started

    def _print(self, line: str) -> None:
        with self._lock:
            self._last_line = time.monotonic()
            if not self._quiet:
                print(line, flush=True, file=sys.stdout)

    def _break_silence(self) -> None:
        while not self._done.wait(1.0):
            with self._lock:
                silent = time.monotonic() - self._last_line > _SILENCE_SECONDS
                names = ", ".join(self._open)
            if silent and names:
                self._print(f"       …    still at: {names}")
