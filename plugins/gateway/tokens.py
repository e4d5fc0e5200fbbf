"""Host tokens: what a backend calls the host with, for one installation and ten minutes.

They are of use for the host API only, and tell a backend nothing: whoever holds one can do there
what the installation may, while it is served.
"""

import threading
import time
from dataclasses import dataclass
from uuid import UUID

from django.core import signing

LIFETIME_SECONDS = 600
MAX_LENGTH = 500
# For how long one is handed out again: it is good for that much less than its lifetime.
AGAIN_SECONDS = 20.0
_MAX_KEPT = 2_000
# It is part of the key that they are signed with: nothing else that the host signs is one.
_PURPOSE = "plugins.host_token"


class HostTokenRefused(Exception):
    """It is none of ours, or its time is over."""


@dataclass(frozen=True, slots=True)
class HostToken:
    """What a host token says.

    Attributes:
        installation_id: The installation that it was given for.
        tenant_id: The installation's tenant.
    """

    installation_id: UUID
    tenant_id: UUID


_lock = threading.Lock()
_made: dict[HostToken, tuple[float, str]] = {}


def make_host_token(token: HostToken) -> str:
    """Return a host token: a new one, or one that was made for the same just now."""
    now = time.monotonic()
    until, text = _made.get(token, (0.0, ""))
    if now < until:
        return text
    text = signing.dumps([token.installation_id.hex, token.tenant_id.hex], salt=_PURPOSE)
    with _lock:
        if len(_made) >= _MAX_KEPT:
            _made.clear()
        _made[token] = (now + AGAIN_SECONDS, text)
    return text


def read_host_token(text: str) -> HostToken:
    """Return what a host token says.

    Raises:
        HostTokenRefused: It is none of ours, or its time is over.
    """
    if len(text) > MAX_LENGTH:
        raise HostTokenRefused("This is no host token.")
    try:
        installation, tenant = signing.loads(text, salt=_PURPOSE, max_age=LIFETIME_SECONDS)
        return HostToken(UUID(installation), UUID(tenant))
    except signing.SignatureExpired as error:
        raise HostTokenRefused("The token's ten minutes are over.") from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise HostTokenRefused("This is no host token.") from error
