"""Contexts as the host's gateway signs them, and wrong ones."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import jwt

from plexica_sdk.hosting.context import User
from plexica_sdk.hosting.environment import Backend
from plexica_sdk.hosting.verification import ALGORITHM, ISSUER, TYPE
from plexica_sdk.testing.host import FakeInstallation

LIFETIME_SECONDS = 30


def claims_of(
    backend: Backend,
    installation: FakeInstallation,
    *,
    method: str,
    target: str,
    user: User | None = None,
    permissions: Iterable[str] = (),
    via: str = "page",
) -> dict[str, Any]:
    """Return the claims of a context, which a test may change before it signs them.

    Args:
        backend: For whom it is.
        installation: The installation that is asked.
        method: The request's method.
        target: Its path and query.
        user: Who asks; None for the host itself.
        permissions: What they hold.
        via: What for.
    """
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": backend.id,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "via": via,
        "req": {"method": method, "target": target, "id": f"test-{secrets.token_hex(4)}"},
        "tenant": asdict(installation.tenant),
        "installation": installation.id,
        "user": asdict(user) if user else None,
        "permissions": list(permissions),
        "token": installation.token,
        "csrf": f"csrf-of-{user.id}" if user else None,
    }


def sign_claims(claims: dict[str, Any], secret: bytes, *, kind: str = TYPE) -> str:
    """Return a signed context.

    Args:
        claims: What it says.
        secret: The backend's.
        kind: What its header says that it is.
    """
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"typ": kind})
