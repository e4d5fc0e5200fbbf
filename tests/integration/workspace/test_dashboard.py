import uuid
from http import HTTPStatus

import pytest
from django.test import Client

from deploy.local.control import start_part, stop_part
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from plexica.rbac.system_roles import MEMBER
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers


def browser_of(tenant: Tenant) -> Client:
    """Return the browser of a new member; the login itself is proved in identity's tests."""
    with tenant_scope(tenant):
        user = User.objects.create(
            issuer="http://test", subject=str(uuid.uuid4()), first_name="Bo", last_name="Diddley"
        )
        assign_role(holder=user, role=MEMBER, actor=SYSTEM)
        client = Client(headers={"host": f"{tenant.slug}.localhost"})
        client.force_login(user)
    return client


def test_shows_the_tenants_own_data(acme: Tenant, globex: Tenant) -> None:
    page = browser_of(acme).get("/").content.decode()
    assert f'<h1 class="page-title">{acme.name}</h1>' in page
    assert "Welcome, Bo." in page
    assert "Storage used" in page
    assert "role assigned" in page
    assert globex.name not in page


def test_a_stranger_is_sent_to_log_in(acme: Tenant) -> None:
    answer = Client(headers={"host": f"{acme.slug}.localhost"}).get("/")
    assert answer.status_code == HTTPStatus.FOUND
    assert answer.headers["Location"].startswith("/oidc/authenticate/")


def test_a_session_is_unknown_to_another_tenant(acme: Tenant, globex: Tenant) -> None:
    answer = browser_of(acme).get("/", headers={"host": f"{globex.slug}.localhost"})
    assert answer.status_code == HTTPStatus.FOUND


def test_the_policy_names_the_keycloak(acme: Tenant, servers: Servers) -> None:
    policy = browser_of(acme).get("/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["form-action"] == f"'self' {servers.environment['KEYCLOAK_URL']}"
    assert directives["default-src"] == "'none'"
    assert "unsafe" not in policy


def test_a_storage_that_is_down_does_not_take_the_page_with_it(
    acme: Tenant, servers: Servers
) -> None:
    client = browser_of(acme)
    stop_part(servers.instance, "s3")
    try:
        answer = client.get("/", {"usage": "count"})
    finally:
        start_part(servers.instance, "s3")
    assert answer.status_code == HTTPStatus.OK
    assert "The storage does not answer now." in answer.content.decode()


@pytest.mark.parametrize("path", ["/tenants/", "/api/tenants", "/api/docs/"])
def test_the_consoles_addresses_are_not_there(acme: Tenant, path: str) -> None:
    assert browser_of(acme).get(path).status_code == HTTPStatus.NOT_FOUND
