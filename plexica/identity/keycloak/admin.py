"""Calls of the admin API by a service account."""

from collections.abc import Mapping
from typing import Any

from plexica.identity.keycloak.errors import KeycloakUnauthorized
from plexica.identity.keycloak.tokens import ServiceAccount, drop_token, get_token
from plexica.identity.keycloak.transport import READ_SECONDS, Answer, Transport


class AdminClient:
    """What the clients of the master realm and of a tenant's realm have in common."""

    def __init__(self, account: ServiceAccount) -> None:
        self.account = account
        self._transport = Transport(account.base_url)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        read_seconds: float = READ_SECONDS,
    ) -> Answer:
        """Call the admin API; a token that is refused is replaced once.

        Args:
            method: The HTTP method.
            path: From `/admin/realms` on, beginning with a slash; empty to make a realm.
            params: The query.
            body: What to send as JSON.
            read_seconds: How long to wait for an answer, in seconds.

        Raises:
            TransientError: It may work the next time.
            PermanentError: It will not.
        """
        for is_last in (False, True):
            try:
                return self._transport.call(
                    method,
                    f"/admin/realms{path}",
                    token=get_token(self.account, read_seconds=min(read_seconds, READ_SECONDS)),
                    params=params,
                    body=body,
                    read_seconds=read_seconds,
                )
            except KeycloakUnauthorized:
                drop_token(self.account)
                if is_last:
                    raise
        raise AssertionError("The loop returns or raises.")
