"""The signed context of a request: for whom it is, and what they may do (docs/plugins/contract.md).

A backend believes nothing else.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt

from plexica.identity.models import User, UserKind
from plexica.rbac.snapshot import Snapshot
from plexica_sdk.manifest import Manifest
from plugins.backends import Endpoint
from plugins.gateway.tokens import HostToken, make_host_token
from tenants.models import Tenant

LIFETIME_SECONDS = 30
ISSUER = "plexica"
_TYPE = "plexica-context+jwt"
_ID_BYTES = 16


class Via(StrEnum):
    """What a request is for."""

    PAGE = "page"
    FRAGMENT = "fragment"
    WIDGET = "widget"
    API = "api"
    EVENT = "event"
    LIFECYCLE = "lifecycle"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a backend gets it.

    Attributes:
        method: Its method.
        target: Path and query.
        id: The request's id, for log lines.
    """

    method: str
    target: str
    id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        user: The person, service account or visitor.
        permissions: Those of the plugin's permissions that they hold.
        csrf: What their forms have to carry; empty for programs.
    """

    user: User
    permissions: Sequence[str]
    csrf: str = ""


def permissions_held(manifest: Manifest, held: Snapshot) -> list[str]:
    """Return those of a plugin's permissions that somebody holds."""
    return [each.key for each in manifest.permissions if held.allows(each.key)]


def sign_context(
    *,
    endpoint: Endpoint,
    tenant: Tenant,
    installation_id: UUID,
    via: Via,
    asked: Asked,
    caller: Caller | None = None,
) -> str:
    """Return the context of one request.

    Args:
        endpoint: The backend that it is for, and whose secret signs it.
        tenant: The tenant that it is for.
        installation_id: The installation.
        via: What it is for.
        asked: The request that it is good for.
        caller: Who asks; None for the host itself.
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": str(endpoint.backend_id),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(_ID_BYTES),
        "via": via.value,
        "req": {"method": asked.method, "target": asked.target, "id": asked.id},
        "tenant": {
            "id": str(tenant.pk),
            "slug": tenant.slug,
            "name": tenant.name,
            "locale": tenant.locale,
            "time_zone": tenant.time_zone,
        },
        "installation": str(installation_id),
        "user": _user(caller.user) if caller else None,
        "permissions": list(caller.permissions) if caller else [],
        "token": make_host_token(HostToken(installation_id, tenant.pk)),
    }
    if caller and caller.csrf:
        claims["csrf"] = caller.csrf
    return jwt.encode(claims, endpoint.key, algorithm="HS256", headers={"typ": _TYPE})


def _user(user: User) -> dict[str, str]:
    return {
        "id": str(user.pk),
        "name": str(user),
        "kind": _kind(user),
        "locale": user.locale,
        "time_zone": user.time_zone,
    }


def _kind(user: User) -> str:
    if user.visit is not None:
        return "visitor"
    return "service" if user.kind == UserKind.SERVICE_ACCOUNT else "person"
