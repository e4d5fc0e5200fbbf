"""Power over one realm for the account of the master realm, for as long as it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient
from tenants.models import RealmAccess, Tenant


@contextmanager
def power_over(tenant: Tenant) -> Iterator[RealmClient]:
    """Manage a tenant's realm from outside while a block runs.

    For what the account inside the realm cannot do: mend itself. An operator's own access to the
    realm, which ends by itself, is left alone.

    Raises:
        KeycloakForbidden: Plexica has nothing that could give it the power.
    """
    master = master_client(tenant.keycloak)
    if not master.count_powers(tenant.realm):
        master.take_power(tenant.realm)
    try:
        yield RealmClient(master.account, realm=tenant.realm)
    finally:
        if not is_access_open(tenant):
            master.give_power_away(tenant.realm)


def is_access_open(tenant: Tenant) -> bool:
    """Return whether an operator has been given power over a tenant's realm for a while."""
    return RealmAccess.objects.filter(tenant=tenant).exists()
