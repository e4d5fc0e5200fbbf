"""Logins that have begun: what must be known when the browser comes back from the realm.

Each login has a cookie of its own instead of an entry in the session: two tabs that begin at once
would overwrite each other's entry, or, in a fresh browser, each other's session. The cookie is
encrypted, bound to the host, its realm and its `state`, and gone when the browser comes back.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from plexica.core.crypto import UndecryptableError, decrypt, encrypt

# As long as Keycloak's login page waits for somebody.
MAX_AGE_SECONDS = 30 * 60
MAX_PENDING = 8
# Browsers refuse a cookie of more than 4 kB, and servers a request that brings too much of them.
MAX_BYTES = 6000
_NAME = "login-"
_HOST_PREFIX = "__Host-"


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that has begun.

    Attributes:
        state: What the realm must send back.
        issuer: The realm that the browser was sent to.
        nonce: What the ID token must carry.
        code_verifier: The secret half of PKCE (RFC 7636).
        next_path: Where the person wanted to go on this host.
        started_at: When, in seconds since 1970.
        is_second_try: Whether it began by itself after another one that had expired.
        action: What the realm is to have the person do; empty for a login alone.
    """

    state: str
    issuer: str
    nonce: str
    code_verifier: str
    next_path: str
    started_at: float
    is_second_try: bool = False
    action: str = ""


def remember(request: HttpRequest, response: HttpResponseBase, login: PendingLogin) -> None:
    """Give the browser a login's cookie, and take back the oldest if it has too many."""
    names = sorted(
        (name for name in request.COOKIES if name.startswith(_prefix())), key=_time_in_name
    )
    value = encrypt(json.dumps(asdict(login)))
    room = MAX_BYTES - len(value)
    for count, name in enumerate(reversed(names), start=1):
        room -= len(request.COOKIES[name])
        if count >= MAX_PENDING or room < 0:
            _delete(response, name)
    response.set_cookie(
        f"{_prefix()}{int(login.started_at)}-{_digest(login.state)}",
        value,
        max_age=MAX_AGE_SECONDS,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        # The realm sends the browser back by a top-level navigation, which Lax allows.
        samesite="Lax",
    )


def recall(request: HttpRequest, *, issuer: str, state: str) -> PendingLogin | None:
    """Return the login that a state belongs to, if this browser began it at this host's realm."""
    for name in _names(request, state):
        try:
            login = PendingLogin(**json.loads(decrypt(request.COOKIES[name])))
        except (UndecryptableError, ValueError, TypeError):
            continue
        is_fresh = 0 <= time.time() - login.started_at <= MAX_AGE_SECONDS
        if login.state == state and login.issuer == issuer and is_fresh:
            return login
    return None


def forget(request: HttpRequest, response: HttpResponseBase, state: str) -> None:
    """Take a login's cookie back, so that its state is good once."""
    for name in _names(request, state):
        _delete(response, name)


def _names(request: HttpRequest, state: str) -> list[str]:
    suffix = f"-{_digest(state)}"
    return [
        name for name in request.COOKIES if name.startswith(_prefix()) and name.endswith(suffix)
    ]


def _delete(response: HttpResponseBase, name: str) -> None:
    response.delete_cookie(name, samesite="Lax")


def _prefix() -> str:
    return f"{_HOST_PREFIX if settings.SESSION_COOKIE_SECURE else ''}{_NAME}"


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:16]


def _time_in_name(name: str) -> str:
    return name.removeprefix(_prefix())
