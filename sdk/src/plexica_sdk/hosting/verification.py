"""Whether a request comes from the host's gateway, and what it says."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import jwt

from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.context import Context, Tenant, User

TYPE = "plexica-context+jwt"
ISSUER = "plexica"
ALGORITHM = "HS256"
GRACE_SECONDS = 5
# The host says 30; this only bounds how long an id is remembered.
MAX_SECONDS = 60
MAX_REMEMBERED = 100_000
MAX_LENGTH = 65_536

# The claims are checked here: the library would let `exp` have the grace that `iat` has.
_ONLY_SIGNATURE: Any = dict.fromkeys(
    ("verify_exp", "verify_iat", "verify_nbf", "verify_aud", "verify_iss"), False
)


class ContextRefused(PluginError):
    """A request has no context, or one that is not to be believed."""


class Verifier:
    """Believes each context once, if it was made for this backend and this request."""

    def __init__(
        self, *, secret: bytes, audience: str, max_remembered: int = MAX_REMEMBERED
    ) -> None:
        self._key = secret
        self._audience = audience
        self._seen = _Seen(max_remembered)

    def verify(self, text: str, *, method: str, target: str, now: float) -> Context:
        """Return what a context says.

        Args:
            text: What came in the header.
            method: The request's method.
            target: Its path and query, as they came.
            now: Seconds since the epoch.

        Raises:
            ContextRefused: It is not to be believed.
        """
        claims = self._claims(text)
        if claims.get("iss") != ISSUER or claims.get("aud") != self._audience:
            raise ContextRefused("The context is for somebody else.")
        issued, expires = _number(claims, "iat"), _number(claims, "exp")
        if not issued - GRACE_SECONDS <= now < expires <= now + MAX_SECONDS:
            raise ContextRefused("The context's time is over, or has not come.")
        request = _table(claims, "req")
        if _text(request, "method") != method or _text(request, "target") != target:
            raise ContextRefused("The context is for another request.")
        context = context_of(claims)
        self._seen.add(_text(claims, "jti"), expires=expires, now=now)
        return context

    def _claims(self, text: str) -> Mapping[str, Any]:
        if not text:
            raise ContextRefused("The context is missing.")
        if len(text) > MAX_LENGTH:
            raise ContextRefused("The context is too long.")
        try:
            token = jwt.decode_complete(text, self._key, [ALGORITHM], options=_ONLY_SIGNATURE)
        except jwt.InvalidTokenError as error:
            raise ContextRefused("The context is not signed by the host.") from error
        if token["header"].get("typ") != TYPE:
            raise ContextRefused("The context is not signed by the host.")
        claims: Mapping[str, Any] = token["payload"]
        return claims


class _Seen:
    """The ids of contexts whose time is not over, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._expiries: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, identifier: str, *, expires: float, now: float) -> None:
        with self._lock:
            while self._expiries and next(iter(self._expiries.values())) <= now:
                self._expiries.popitem(last=False)
            if identifier in self._expiries:
                raise ContextRefused("The context was used before.")
            if len(self._expiries) >= self._room:
                # Forgetting one would let it in twice.
                raise ContextRefused("There are too many requests at once.")
            self._expiries[identifier] = expires


def context_of(claims: Mapping[str, Any]) -> Context:
    """Return what verified claims say.

    Raises:
        ContextRefused: They are not of the contract's form.
    """
    tenant = _table(claims, "tenant")
    permissions = claims.get("permissions")
    if not isinstance(permissions, list) or not all(isinstance(key, str) for key in permissions):
        raise ContextRefused("The context has no right permissions.")
    return Context(
        via=_text(claims, "via"),
        request_id=_text(_table(claims, "req"), "id"),
        tenant=Tenant(**{name: _text(tenant, name) for name in Tenant.__dataclass_fields__}),
        installation=_text(claims, "installation"),
        user=None if claims.get("user") is None else _user(_table(claims, "user")),
        permissions=frozenset(permissions),
        token=_text(claims, "token"),
        csrf=_text(claims, "csrf") if claims.get("csrf") is not None else "",
    )


def _user(claims: Mapping[str, Any]) -> User:
    return User(**{name: _text(claims, name) for name in User.__dataclass_fields__})


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise ContextRefused(f"The context has no right {name}.")
    return value


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContextRefused(f"The context has no right {name}.")
    return value


def _table(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    if not isinstance(value, dict):
        raise ContextRefused(f"The context has no right {name}.")
    return value
