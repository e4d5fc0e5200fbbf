"""The step that gives a tenant its realm."""

from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.errors import PermanentError, TransientError
from plexica.identity.jwt.keys import forget_keys
from plexica.identity.keycloak.errors import (
    KeycloakConflict,
    KeycloakForbidden,
    KeycloakNotFound,
    KeycloakUnauthorized,
)
from plexica.identity.keycloak.master import MasterClient, master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.keycloak.tokens import drop_tokens_of_realm
from plexica.identity.providers import MANAGEMENT_SECRET, WORKSPACE_SECRET, tenant_provider
from plexica.identity.realm_representation import (
    LOGIN_THEME,
    TENANT_ATTRIBUTE,
    realm_digest,
    tenant_realm,
)
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.provisioning.step import Step
from tenants.scopes import tenant_scope
from tenants.secrets import delete_secrets, ensure_secret

logger = structlog.get_logger(__name__)


class Realm(Step):
    """A realm of the tenant's own, managed by an account inside it."""

    name = "realm"
    label = gettext_noop("Login realm")

    def do(self, tenant: Tenant) -> None:
        """Make the realm in one request, then let only the account inside it manage it.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: A realm of this name belongs to somebody else, or Keycloak refuses.
        """
        # The secrets come first: if the answer is lost, the next try knows them.
        workspace_secret = ensure_secret(tenant=tenant, name=WORKSPACE_SECRET)
        management_secret = ensure_secret(tenant=tenant, name=MANAGEMENT_SECRET)
        master = master_client(tenant.keycloak)
        representation = self.represent(
            tenant, workspace_secret=workspace_secret, management_secret=management_secret
        )
        try:
            master.create_realm(representation)
        except KeycloakConflict as error:
            if not self._is_finished_one(tenant, master):
                if not _is_ours(tenant, master):
                    raise PermanentError(
                        gettext_noop("A realm of this name belongs to somebody else.")
                    ) from error
                # It carries this tenant's mark, and nobody knows the secrets that it was made
                # with: a leftover that no one has used.
                logger.warning("realm_made_anew", realm=tenant.realm)
                master.delete_realm(tenant.realm)
                master.create_realm(representation)
        master.give_power_away(tenant.realm)
        if not _manages(realm_client(tenant), tenant):
            raise PermanentError(
                gettext_noop("The realm was made, but its own account cannot manage it.")
            )
        note_digest(tenant=tenant, field="realm_digest", digest=realm_digest())

    def represent(
        self, tenant: Tenant, *, workspace_secret: str, management_secret: str
    ) -> dict[str, Any]:
        """Return the realm that is made, with the clients and the account that Plexica needs.

        Args:
            tenant: Whose realm it is.
            workspace_secret: The secret of the client that logs browsers in.
            management_secret: The secret of the account that manages the realm.
        """
        return tenant_realm(
            tenant,
            workspace_secret=workspace_secret,
            management_secret=management_secret,
            login_theme=_login_theme(tenant.keycloak),
        )

    def undo(self, tenant: Tenant) -> None:
        """Delete the realm if it is this tenant's, and forget its secrets, tokens and keys.

        Raises:
            TransientError: Keycloak does not answer.
            PermanentError: Keycloak refuses to delete it.
        """
        master = master_client(tenant.keycloak)
        if master.exists(tenant.realm):
            self._delete(tenant, master)
        if not master.exists(tenant.realm):
            master.remove_leftovers(tenant.realm)
        drop_tokens_of_realm(
            base_url=settings.KEYCLOAK_SERVERS[tenant.keycloak].internal_url, realm=tenant.realm
        )
        with tenant_scope(tenant):
            forget_keys(tenant_provider(tenant))
        delete_secrets(tenant=tenant, names=(MANAGEMENT_SECRET, WORKSPACE_SECRET))
        note_digest(tenant=tenant, field="realm_digest", digest="")

    def _is_finished_one(self, tenant: Tenant, master: MasterClient) -> bool:
        """Return whether the realm that is there is this tenant's, with a working account."""
        if not master.exists(tenant.realm):
            # Keycloak reports a conflict inside the representation the same way.
            raise PermanentError(
                gettext_noop("Keycloak refused the realm as conflicting with itself.")
            )
        return _manages(realm_client(tenant), tenant)

    def _delete(self, tenant: Tenant, master: MasterClient) -> None:
        try:
            account = realm_client(tenant)
            if _manages(account, tenant):
                account.delete()
                return
        except KeyError:
            logger.info("realm_account_unknown", realm=tenant.realm)
        except KeycloakNotFound:
            return
        except TransientError:
            raise
        except PermanentError:
            logger.warning("realm_account_broken", realm=tenant.realm, exc_info=True)
        if _is_ours(tenant, master):
            master.delete_realm(tenant.realm)
        else:
            logger.warning("realm_of_somebody_else_kept", realm=tenant.realm)


def _manages(account: RealmClient, tenant: Tenant) -> bool:
    """Return whether the account opens the realm, and the realm carries the tenant's mark."""
    try:
        found = account.get_settings()
    except (KeycloakUnauthorized, KeycloakForbidden):
        return False
    return _marked_for(found) == str(tenant.id)


def _is_ours(tenant: Tenant, master: MasterClient) -> bool:
    """Return whether a realm carries the tenant's mark, and if so keep the power over it."""
    try:
        return _marked_for(master.get_realm(tenant.realm)) == str(tenant.id)
    except KeycloakForbidden:
        pass
    try:
        master.take_power(tenant.realm)
    except KeycloakForbidden:
        # There is no spare account, and every realm that Plexica makes has one.
        return False
    is_ours = _marked_for(master.get_realm(tenant.realm)) == str(tenant.id)
    if not is_ours:
        master.give_power_away(tenant.realm)
    return is_ours


def _marked_for(realm: dict[str, object]) -> str | None:
    attributes = realm.get("attributes")
    return attributes.get(TENANT_ATTRIBUTE) if isinstance(attributes, dict) else None


@lru_cache
def _login_theme(server_key: str) -> str | None:
    return LOGIN_THEME if master_client(server_key).has_login_theme(LOGIN_THEME) else None
