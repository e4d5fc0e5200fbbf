"""Ada's browser, Keycloak's master realm, and a tenant whose realm a file's tests may spoil."""

from collections.abc import Iterator

import pytest

from plexica.core.scope import platform_scope
from plexica.identity.keycloak.master import MasterClient, master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.realm_part import RealmPart
from tenants.models import Tenant
from tenants.states import TenantState
from tests.conftest import Servers
from tests.integration.identity.browser import Browser
from tests.integration.identity.logins import logged_in
from tests.integration.identity.realms import add_program, tenant_with_realm


@pytest.fixture
def ada(acme: Tenant) -> Browser:
    """Ada's browser, logged in to acme."""
    return logged_in(acme)


@pytest.fixture
def master() -> MasterClient:
    """What acts in Keycloak's master realm."""
    return master_client("default")


@pytest.fixture(scope="module")
def tenant(platform: Servers) -> Iterator[Tenant]:
    """A tenant that has a realm, with a program of its people's in it, and nothing else."""
    with platform_scope(), tenant_with_realm(state=TenantState.ACTIVE) as made:
        add_program(realm_client(made), "robot")
        yield made


@pytest.fixture
def _realm_stays_whole(tenant: Tenant, _platform_scope: None) -> Iterator[None]:
    """See that nothing is wrong in that realm before a test, and nothing after it."""
    part = RealmPart()
    assert part.inspect(tenant) == []
    yield
    assert part.inspect(tenant) == []
