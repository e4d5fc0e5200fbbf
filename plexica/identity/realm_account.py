"""The account inside a tenant's realm: whether it works, and mending it from outside."""

from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.crypto import UndecryptableError
from plexica.core.errors import PermanentError
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.keycloak.tokens import drop_tokens_of_realm
from plexica.identity.providers import MANAGEMENT_CLIENT, MANAGEMENT_SECRET
from plexica.identity.realm_clients import service_client
from plexica.identity.realm_power import power_over
from plexica.identity.realm_representation import MANAGEMENT_ROLES, TENANT_ATTRIBUTE
from tenants.models import Tenant
from tenants.secrets import delete_secrets, ensure_secret, get_secret

_ADMINISTRATION = "realm-management"

# The name of the client that a role belongs to, empty for the realm's own, and the role's name.
Role = tuple[str, str]


def kept_secret(tenant: Tenant, name: str) -> str | None:
    """Return a tenant's secret, or None if it is missing or no present key opens it."""
    try:
        return get_secret(tenant=tenant, name=name)
    except (KeyError, UndecryptableError):
        return None


def usable_secret(tenant: Tenant, name: str) -> str:
    """Return a tenant's secret, a new one if there is none that can be opened."""
    known = kept_secret(tenant, name)
    if known is not None:
        return known
    delete_secrets(tenant=tenant, names=[name])
    return ensure_secret(tenant=tenant, name=name)


def compare_roles(realm: RealmClient, client: str) -> tuple[set[Role], set[Role]]:
    """Return the roles that the realm's account lacks, and those that it should not have.

    Args:
        realm: The realm.
        client: The id of the account's client.
    """
    found = {
        (owner, role["name"])
        for owner, roles in realm.get_account_roles(client).items()
        for role in roles
    }
    wanted = {
        ("", f"default-roles-{realm.realm}"),
        *((_ADMINISTRATION, role) for role in MANAGEMENT_ROLES),
    }
    return wanted - found, found - wanted


def mend_roles(tenant: Tenant) -> None:
    """Give a realm's account the roles that it should have, and take all others from it.

    Raises:
        KeycloakForbidden: Plexica has nothing that could give it the power.
    """
    with power_over(tenant) as realm:
        client = realm.find_client(MANAGEMENT_CLIENT)
        if client is None:
            raise PermanentError(f"The realm has no client {MANAGEMENT_CLIENT}.")
        missing, extra = compare_roles(realm, client["id"])
        for owner in {owner for owner, _ in missing | extra}:
            realm.change_account_roles(
                client["id"],
                of=owner,
                give=[role for its_owner, role in missing if its_owner == owner],
                take=[role for its_owner, role in extra if its_owner == owner],
            )
    _forget_tokens(tenant)


def mend_account(tenant: Tenant) -> None:
    """Let the account inside a realm manage it again, whatever is wrong with it.

    Raises:
        KeycloakForbidden: Plexica has nothing that could give it the power.
        PermanentError: The realm does not bear the tenant's mark.
    """
    with power_over(tenant) as realm:
        found = realm.get_settings()
        if found.get("attributes", {}).get(TENANT_ATTRIBUTE) != str(tenant.id):
            raise PermanentError(
                gettext_noop("The realm of this name does not bear the tenant's mark.")
            )
        if not found["enabled"]:
            realm.update_settings({"enabled": True})
        wanted = service_client(
            MANAGEMENT_CLIENT, name="Management", secret=usable_secret(tenant, MANAGEMENT_SECRET)
        )
        client = realm.find_client(MANAGEMENT_CLIENT)
        if client is None:
            realm.create_client(wanted)
        else:
            realm.update_client(wanted | {"id": client["id"]})
    mend_roles(tenant)


def _forget_tokens(tenant: Tenant) -> None:
    server = settings.KEYCLOAK_SERVERS[tenant.keycloak]
    drop_tokens_of_realm(base_url=server.internal_url, realm=tenant.realm)
