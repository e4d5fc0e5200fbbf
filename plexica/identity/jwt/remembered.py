"""Access tokens that were checked before, so that their signature need not be checked again.

That a realm signed a token, for us, until a moment, stays true until that moment. So a token is
remembered by its digest until it expires: in Redis, and in this process for a short time. Whether
whom it stands for may still come in is another question, asked anew at each request
(`plexica.identity.callers`).
"""

import hashlib
import threading
import time

from plexica.core import shared_cache
from plexica.core.scope import current_scope
from plexica.identity.jwt.tokens import Claims
from plexica.identity.metrics import TOKEN_IN_PROCESS, TOKEN_IN_REDIS, TOKEN_NOWHERE

PROCESS_SECONDS = 60.0
# A realm's people may let tokens live longer than Plexica does.
MAX_SECONDS = 60 * 60
MAX_KEPT = 5000

_lock = threading.Lock()
# By schema and digest: until when it is kept here (monotonic), when it expires (since 1970), and
# its claims.
_kept: dict[tuple[str, bytes], tuple[float, float, Claims]] = {}


def recall(token: str) -> Claims | None:
    """Return the claims of a token that was checked in this scope before and has not expired."""
    digest = _digest(token)
    key = (current_scope().schema, digest)
    kept = _kept.get(key)
    if kept is not None and kept[0] > time.monotonic():
        TOKEN_IN_PROCESS.inc()
        return kept[2] if kept[1] > time.time() else None
    claims = shared_cache.read(_name(digest))
    if not isinstance(claims, dict) or claims["exp"] <= time.time():
        TOKEN_NOWHERE.inc()
        return None
    TOKEN_IN_REDIS.inc()
    _keep(key, claims)
    return claims


def remember(token: str, claims: Claims) -> None:
    """Remember a token that has been checked in the current scope, until it expires."""
    digest = _digest(token)
    seconds = int(min(claims["exp"] - time.time(), MAX_SECONDS))
    # One that is accepted for the leeway alone is checked each time.
    if seconds <= 0:
        return
    _keep((current_scope().schema, digest), claims)
    shared_cache.write(_name(digest), claims, seconds=seconds)


def forget_tokens() -> None:
    """Forget what this process keeps; what Redis keeps stays."""
    with _lock:
        _kept.clear()


def _keep(key: tuple[str, bytes], claims: Claims) -> None:
    with _lock:
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        _kept[key] = (time.monotonic() + PROCESS_SECONDS, claims["exp"], claims)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _name(digest: bytes) -> str:
    return f"identity:token:{digest.hex()}"
