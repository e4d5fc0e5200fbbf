"""Host tokens: what a backend calls the host with, for one installation and ten minutes.

They are of use for the host API only, and tell a backend nothing: whoever holds one can do there
what the installation may, while it is served.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing

LIFETIME_SECONDS = 600
MAX_LENGTH = 500
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


def make_host_token(token: HostToken) -> str:
    """Return a host token, good from now on."""
    return signing.dumps([token.installation_id.hex, token.tenant_id.hex], salt=_PURPOSE)


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
