"""Whether the Keycloak servers answer."""

import requests
from django.conf import settings

from plexica.identity.providers import PLATFORM_REALM

TIMEOUT_SECONDS = 2.0


def check_keycloak() -> None:
    """Ask each server for the platform's realm; a server that is starting answers 503.

    Raises:
        requests.RequestException: One does not answer as it should.
    """
    for server in settings.KEYCLOAK_SERVERS.values():
        requests.get(
            f"{server.internal_url}/realms/{PLATFORM_REALM}",
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        ).raise_for_status()
