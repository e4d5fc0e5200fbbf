"""How often an address or an account may try something in a minute, in the current scope.

It is counted in Redis, for all processes together. While Redis is away each process counts for
itself and lets through its share only, so the limit becomes stricter and never opens.
"""

import math
import threading
import time
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core import shared_cache
from plexica.core.errors import PlexicaError
from plexica.core.scope import current_scope

WINDOW_SECONDS = 60
# So many processes may answer, and each lets its share through when it is on its own.
PROCESSES_ASSUMED = 4
MAX_COUNTED = 20_000
# Requests of these change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_lock = threading.Lock()
_window = 0
_counted: dict[str, int] = {}


class TooManyTries(PlexicaError):
    """Somebody tried too often.

    Attributes:
        retry_after: In how many seconds they may try again.
    """

    code: ClassVar[str] = "too-many-requests"
    title: ClassVar[str] = gettext_noop("There were too many tries")
    status: ClassVar[int] = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(_("Wait %(seconds)d seconds, and try again.") % {"seconds": retry_after})
        self.retry_after = retry_after


def count_try(what: str, *, address: str = "", account: str = "") -> None:
    """Count a try of an address, of an account, or of both.

    Args:
        what: What is tried, a name in `settings.PLEXICA_RATE_LIMITS`.
        address: Where it comes from, see `plexica.core.client_address`; empty if that does not
            count.
        account: Who tries, once they have proved it; empty if that is not known.

    Raises:
        TooManyTries: It is one too many.
    """
    for kind, who in (("address", address), ("account", account)):
        if who:
            name, window = f"{what}:{kind}:{who}", _present_window()
            shared = shared_cache.count(f"{name}:{window}", seconds=2 * WINDOW_SECONDS)
            own = _count_here(name, f"{what}:{kind}", window)
            _compare(what, kind, shared=shared, own=own)


def check_tries(what: str, *, address: str) -> None:
    """Make sure that an address may try once more, which is not counted by this.

    Raises:
        TooManyTries: It may not.
    """
    name, window = f"{what}:address:{address}", _present_window()
    shared = shared_cache.counted(f"{name}:{window}")
    own = _counted.get(_local(name), 0) if _window == window else 0
    _compare(what, "address", shared=None if shared is None else shared + 1, own=own + 1)


def forget_tries() -> None:
    """Forget what this process has counted; what Redis has counted stays."""
    with _lock:
        _counted.clear()


def _compare(what: str, kind: str, *, shared: int | None, own: int) -> None:
    allowed = settings.PLEXICA_RATE_LIMITS[what][kind] * settings.PLEXICA_RATE_LIMIT_FACTOR
    own_share = max(1, allowed // PROCESSES_ASSUMED)
    if own > own_share if shared is None else shared > allowed:
        raise TooManyTries(math.ceil(WINDOW_SECONDS - time.time() % WINDOW_SECONDS))


def _count_here(name: str, overflow: str, window: int) -> int:
    global _window  # noqa: PLW0603 (what is counted goes with its window)
    key = _local(name)
    with _lock:
        if _window != window:
            _window = window
            _counted.clear()
        if key not in _counted and len(_counted) >= MAX_COUNTED:
            # A flood of addresses: those that there is no room for are counted as one.
            key = _local(overflow)
        _counted[key] = _counted.get(key, 0) + 1
        return _counted[key]


def _local(name: str) -> str:
    return f"{current_scope().schema}:{name}"


def _present_window() -> int:
    return int(time.time() // WINDOW_SECONDS)
