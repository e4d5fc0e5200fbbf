"""A realm's public keys, from Redis or from the realm, and in this process while Redis is down.

Keys are fetched anew when a token names one that is not known, as a realm may have changed its
keys; but not more than once in `FETCH_FLOOR_SECONDS` for a realm, so that junk tokens cannot make
Plexica hammer Keycloak.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache
from django.utils.translation import gettext_noop
from django_redis.exceptions import ConnectionInterrupted
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from redis.exceptions import RedisError

from plexica.core.errors import PermanentError, TransientError
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.keycloak.transport import Transport
from plexica.identity.metrics import KEYS_IN_PROCESS, KEYS_IN_REDIS, KEYS_NOWHERE
from plexica.identity.providers import Provider

FETCH_FLOOR_SECONDS = 10
# A key that the realm no longer publishes is accepted for this long at most.
KEYS_MAX_AGE_SECONDS = 600
READ_SECONDS = 5.0
MAX_REALMS = 2000
MIN_KEY_BITS = 2048
ALGORITHM = "RS256"

_REDIS_ERRORS = (ConnectionInterrupted, RedisError, OSError)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Keys:
    by_id: dict[str, RSAKey]
    fetched_at: float

    @property
    def is_fresh(self) -> bool:
        return 0 <= time.time() - self.fetched_at < KEYS_MAX_AGE_SECONDS


_lock = threading.Lock()
# One fetch a realm at a time; realms share few enough locks, and a server that hangs holds few.
_fetching = tuple(threading.Lock() for _ in range(64))
_known: dict[str, _Keys] = {}
_last_fetch: dict[str, float] = {}


def signing_key(provider: Provider, key_id: str, *, came_from_realm: bool = False) -> RSAKey:
    """Return the public key that a realm signs with under an id.

    Args:
        provider: The realm.
        key_id: What the token's header names as `kid`.
        came_from_realm: Whether the realm itself has just given the token. Nobody can make us ask
            for keys with such tokens, so there is no floor for them.

    Raises:
        TokenRefused: The realm has no such key.
        TransientError: The realm's keys are not known and Keycloak does not answer.
    """
    kept = _kept_keys(provider, key_id)
    if kept and key_id in kept.by_id:
        return kept.by_id[key_id]
    with _fetching[hash(provider.issuer) % len(_fetching)]:
        # Somebody else may have fetched them while this one waited.
        kept = _kept_keys(provider, key_id)
        if kept and key_id in kept.by_id:
            return kept.by_id[key_id]
        if not _may_fetch(provider) and not came_from_realm:
            if kept:
                raise TokenRefused("The token is signed with a key that is not the realm's.")
            raise TransientError(
                gettext_noop("The keys that tokens are checked with are not at hand.")
            )
        fetched = _fetch(provider)
    if key_id not in fetched.by_id:
        raise TokenRefused("The token is signed with a key that is not the realm's.")
    return fetched.by_id[key_id]


def forget_keys(provider: Provider) -> None:
    """Drop what is kept of a realm's keys, here and in Redis, in the current scope."""
    with _lock:
        _known.pop(provider.issuer, None)
        _last_fetch.pop(provider.issuer, None)
    try:
        cache.delete_many([_cache_key(provider), _floor_key(provider)])
    except _REDIS_ERRORS:
        # They expire by themselves; a new realm of this name signs with other keys.
        logger.warning("keys_not_forgotten_in_redis", realm=provider.realm)


def forget_keys_here() -> None:
    """Forget what this process keeps of all realms; what Redis keeps stays."""
    with _lock:
        _known.clear()
        _last_fetch.clear()


def _kept_keys(provider: Provider, key_id: str) -> _Keys | None:
    """Return keys that are fresh, from this process or else from Redis; if possible with the id."""
    kept = _known.get(provider.issuer)
    if kept and kept.is_fresh and key_id in kept.by_id:
        KEYS_IN_PROCESS.inc()
        return kept
    shared = _from_redis(provider)
    if shared and shared.is_fresh and key_id in shared.by_id:
        KEYS_IN_REDIS.inc()
        _remember(provider, shared)
        return shared
    KEYS_NOWHERE.inc()
    return next((keys for keys in (kept, shared) if keys and keys.is_fresh), None)


def _fetch(provider: Provider) -> _Keys:
    try:
        answer = Transport(provider.jwks_endpoint).call("GET", "", read_seconds=READ_SECONDS)
    except PermanentError as error:
        raise TransientError(gettext_noop("The realm does not give its keys.")) from error
    keys = _parse(answer.body, fetched_at=time.time())
    _remember(provider, keys)
    try:
        cache.set(
            _cache_key(provider),
            {"jwks": answer.body, "fetched_at": keys.fetched_at},
            timeout=KEYS_MAX_AGE_SECONDS,
        )
    except _REDIS_ERRORS:
        logger.warning("keys_not_kept_in_redis", realm=provider.realm)
    return keys


def _from_redis(provider: Provider) -> _Keys | None:
    try:
        found = cache.get(_cache_key(provider))
    except _REDIS_ERRORS:
        logger.warning("keys_not_read_from_redis", realm=provider.realm)
        return None
    return _parse(found["jwks"], fetched_at=found["fetched_at"]) if found else None


def _may_fetch(provider: Provider) -> bool:
    """Return whether it is long enough since the last fetch, and count this one."""
    with _lock:
        now = time.monotonic()
        last = _last_fetch.get(provider.issuer)
        if last is not None and now - last < FETCH_FLOOR_SECONDS:
            return False
        if len(_last_fetch) >= MAX_REALMS:
            _last_fetch.clear()
        _last_fetch[provider.issuer] = now
    try:
        return bool(cache.add(_floor_key(provider), 1, timeout=FETCH_FLOOR_SECONDS))
    except _REDIS_ERRORS:
        return True


def _remember(provider: Provider, keys: _Keys) -> None:
    with _lock:
        if len(_known) >= MAX_REALMS:
            _known.clear()
        _known[provider.issuer] = keys


def _parse(jwks: Any, *, fetched_at: float) -> _Keys:
    by_id: dict[str, RSAKey] = {}
    published = jwks.get("keys") if isinstance(jwks, dict) else None
    for data in published if isinstance(published, list) else []:
        is_usable = (
            isinstance(data, dict)
            and data.get("kty") == "RSA"
            and data.get("use", "sig") == "sig"
            and data.get("alg", ALGORITHM) == ALGORITHM
            and isinstance(data.get("kid"), str)
        )
        if not is_usable:
            continue
        try:
            key = RSAKey.import_key({"kty": "RSA", "n": data["n"], "e": data["e"]})
        except (JoseError, KeyError, ValueError):
            logger.warning("key_not_understood", kid=data["kid"])
            continue
        if key.public_key.key_size >= MIN_KEY_BITS:
            by_id[data["kid"]] = key
    return _Keys(by_id=by_id, fetched_at=fetched_at)


def _cache_key(provider: Provider) -> str:
    return f"identity:keys:{provider.issuer}"


def _floor_key(provider: Provider) -> str:
    return f"identity:keys-fetched:{provider.issuer}"
