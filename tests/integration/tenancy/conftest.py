"""People who are really logged in to their workspaces, by their realms."""

import pytest

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tests.integration.identity.browser import Browser, host_of, set_password


def log_in(tenant: Tenant) -> Browser:
    """Return the browser of a tenant's owner, logged in."""
    with platform_scope():
        set_password(tenant, tenant.owner_email)
    browser = Browser(host_of(tenant.workspace_url))
    assert browser.log_in(tenant.owner_email).status_code == 302
    return browser


@pytest.fixture(scope="module")
def ada(acme: Tenant) -> Browser:
    """The owner of acme."""
    return log_in(acme)


@pytest.fixture(scope="module")
def cy(globex: Tenant) -> Browser:
    """The owner of globex, and the intruder elsewhere."""
    return log_in(globex)
