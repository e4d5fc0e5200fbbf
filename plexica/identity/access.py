"""The steps that close and open a tenant's logins."""

from typing import Any

import structlog
from django.contrib.sessions.models import Session
from django.utils.translation import gettext_noop

from plexica.core.crypto import UndecryptableError
from plexica.core.errors import PermanentError
from plexica.core.fence import fenced_transaction
from plexica.identity.browser_sessions import note_all_ended
from plexica.identity.keycloak.errors import (
    KeycloakForbidden,
    KeycloakNotFound,
    KeycloakUnauthorized,
)
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import User, UserKind
from plexica.identity.providers import MANAGEMENT_CLIENT
from tenants.models import Tenant
from tenants.provisioning.step import Step
from tenants.scopes import tenant_scope

# Tells the clients that a suspension disabled from those that were disabled before.
SUSPENDED_ATTRIBUTE = "plexica.suspended"
# The first does everything in the realm, the resumption included. Nobody logs in with the other,
# which only holds the administrators' roles; Keycloak lets nobody change it from inside the realm.
KEPT_CLIENTS = frozenset({MANAGEMENT_CLIENT, "realm-management"})

logger = structlog.get_logger(__name__)


def is_marked(client: dict[str, Any]) -> bool:
    """Return whether a suspension disabled a client."""
    return bool(client.get("attributes", {}).get(SUSPENDED_ATTRIBUTE) == "true")


def is_open(client: dict[str, Any]) -> bool:
    """Return whether a suspension has to disable a client."""
    return bool(client["enabled"]) and client["clientId"] not in KEPT_CLIENTS


def close_client(realm: RealmClient, client: dict[str, Any]) -> None:
    """Disable a client and mark it, in one request."""
    _switch(realm, client, is_enabled=False, mark="true")


def open_client(realm: RealmClient, client: dict[str, Any]) -> None:
    """Enable a client and take its mark away, in one request."""
    # Keycloak removes an attribute that is set to nothing.
    _switch(realm, client, is_enabled=True, mark="")


class Access(Step):
    """A realm whose clients are disabled, so that nobody and no program gets a token."""

    name = "access"
    label = gettext_noop("Logins")

    def do(self, tenant: Tenant) -> None:
        """Disable the clients that are enabled, mark them, and end all sessions.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: The realm's own account cannot do it.
        """
        realm = _realm(tenant)
        try:
            for client in filter(is_open, realm.list_clients()):
                close_client(realm, client)
            # Only now, as a client that is still enabled could begin new ones.
            realm.end_all_sessions()
        except _REFUSALS as error:
            raise _broken(tenant) from error

    def undo(self, tenant: Tenant) -> None:
        """Enable the clients that are marked, and take their marks away.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: The realm's own account cannot do it.
        """
        realm = _realm(tenant)
        try:
            for client in filter(is_marked, realm.list_clients()):
                open_client(realm, client)
        except _REFUSALS as error:
            raise _broken(tenant) from error


class Opening(Step):
    """The way back from `Access`: what closes there opens here."""

    name = "opening"
    label = gettext_noop("Logins")
    _access = Access()

    def do(self, tenant: Tenant) -> None:
        """Enable what a suspension disabled.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: The realm's own account cannot do it.
        """
        self._access.undo(tenant)

    def undo(self, tenant: Tenant) -> None:
        """Disable it again.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: The realm's own account cannot do it.
        """
        self._access.do(tenant)


class Sessions(Step):
    """The end of the sessions that browsers have with the workspace itself."""

    name = "sessions"
    label = gettext_noop("Sessions")

    def do(self, tenant: Tenant) -> None:
        """Delete the sessions in the tenant's schema, and refuse the tokens of its people."""
        with tenant_scope(tenant), fenced_transaction():
            note_all_ended(User.objects.filter(kind=UserKind.PERSON))
            ended = Session.objects.count()
            Session.objects.all().delete()
        logger.info("sessions_ended", slug=tenant.slug, sessions=ended)

    def undo(self, tenant: Tenant) -> None:
        """Leave it: people log in again."""


_REFUSALS = (KeycloakUnauthorized, KeycloakForbidden, KeycloakNotFound)


def _realm(tenant: Tenant) -> RealmClient:
    try:
        return realm_client(tenant)
    except (KeyError, UndecryptableError) as error:
        raise _broken(tenant) from error


def _broken(tenant: Tenant) -> PermanentError:
    return PermanentError(
        "The account inside the tenant's realm does not work. "
        f"Run `manage.py tenant reconcile {tenant.slug} --repair`, then try again."
    )


def _switch(realm: RealmClient, client: dict[str, Any], *, is_enabled: bool, mark: str) -> None:
    # What is not named stays as it is, so nothing that changes meanwhile is overwritten.
    realm.update_client(
        {
            "id": client["id"],
            "clientId": client["clientId"],
            "enabled": is_enabled,
            "attributes": {SUSPENDED_ATTRIBUTE: mark},
        }
    )
