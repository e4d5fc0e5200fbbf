"""Whatever address a workspace has: the intruder and strangers get nothing there."""

import pytest
from django.test import Client

from tenants.models import Tenant
from tests.integration.identity.browser import Browser, host_of
from tests.integration.tenancy.addresses import Address, addresses

# Who is not logged in must be able to log in, and out.
_OPEN = {
    "oidc_authentication_init",
    "oidc_authentication_callback",
    "oidc_logout",
    "oidc_logout_everywhere",
    "oidc_logged_out",
}
# These answer anybody: a look that the login page shows too, the files of signed packages,
# Keycloak's call, and a visit of the platform's staff, whom no session proves when it begins. Each
# has tests of its own.
_PUBLIC = {
    "style", "picture", "plugin_static", "oidc_backchannel", "begin", "enter", "leave", "ended",
}  # fmt: skip
_ALL = list(addresses("plexica.urls_workspace"))
_GUARDED = [address for address in _ALL if address.name not in _OPEN | _PUBLIC]
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REFUSALS = {401, 403, 404, 405}


def assert_refused(client: Client, address: Address, tenant: Tenant) -> None:
    for method in _METHODS:
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.generic(
                method, address.path, headers={"host": host_of(tenant.workspace_url), **headers}
            )
            if answer.status_code == 302:
                assert answer["Location"].startswith("/oidc/authenticate/"), answer["Location"]
            else:
                assert answer.status_code in _REFUSALS, (method, answer.status_code)
            assert tenant.name.encode() not in answer.content
            assert tenant.owner_email.encode() not in answer.content


def test_the_walk_finds_what_there_is() -> None:
    assert {"dashboard"} | _OPEN | _PUBLIC <= {address.name for address in _ALL}


def test_who_may_does_get_in(ada: Browser) -> None:
    assert ada.client.get("/").status_code == 200


@pytest.mark.parametrize("address", _GUARDED, ids=str)
def test_cy_is_refused(cy: Browser, acme: Tenant, address: Address) -> None:
    client = Client(raise_request_exception=False)
    for name, morsel in cy.client.cookies.items():
        client.cookies[name] = morsel.value
    assert_refused(client, address, acme)


@pytest.mark.parametrize("address", _GUARDED, ids=str)
def test_strangers_are_refused(acme: Tenant, address: Address) -> None:
    assert_refused(Client(raise_request_exception=False), address, acme)


@pytest.mark.parametrize(
    "address", [address for address in _ALL if address.name in _PUBLIC], ids=str
)
def test_what_is_public_says_of_a_tenant_no_more_than_its_name(
    acme: Tenant, address: Address
) -> None:
    client = Client(raise_request_exception=False)
    for method in _METHODS:
        answer = client.generic(method, address.path, headers={"host": host_of(acme.workspace_url)})
        assert answer.status_code < 500, method
        assert acme.owner_email.encode() not in answer.content
