"""Sessions and tokens that are good in one place, shown in another."""

import json
from typing import Any

import pytest
import requests
from django.conf import settings
from django.test import Client

from plexica.identity.browser_sessions import open_tokens
from plexica.identity.models import BrowserSession
from plexica.identity.providers import tenant_provider
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.identity.browser import Browser, host_of

CONSOLE = "localhost"


@pytest.fixture(scope="module")
def admin(platform: Servers) -> Browser:
    """The super admin, logged in to the console."""
    browser = Browser(host_of(settings.PLEXICA_CONSOLE_URL))
    address = browser.log_in_at_keycloak(
        browser.begin(),
        platform.environment["PLEXICA_ADMIN_USERNAME"],
        platform.environment["PLEXICA_ADMIN_PASSWORD"],
    )
    assert browser.come_back(address).status_code == 302
    assert browser.client.get("/tenants/").status_code == 200
    return browser


@pytest.fixture(scope="module")
def tokens(ada: Browser, acme: Tenant) -> dict[str, str]:
    """Fresh tokens of Ada's, as acme's realm gives them to the workspace."""
    provider = tenant_provider(acme)
    with tenant_scope(acme):
        key = ada.client.cookies["session"].value
        browser = BrowserSession.objects.get(session_id=key)
        refresh_token = open_tokens(browser.tokens)["refresh_token"]
        secret = provider.read_client_secret()
    answer = requests.post(
        provider.token_endpoint,
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        auth=(provider.client_id, secret),
        timeout=30,
    )
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return {name: body[name] for name in ("access_token", "id_token", "refresh_token")}


def status(cookie: str, host: str) -> int:
    """Ask a host for its first page with a session's cookie."""
    client = Client()
    client.cookies["session"] = cookie
    path = "/tenants/" if host.partition(":")[0] == CONSOLE else "/"
    return client.get(path, headers={"host": host}).status_code


def test_a_session_is_good_at_its_own_host_only(admin: Browser, ada: Browser, cy: Browser) -> None:
    browsers = (admin, ada, cy)
    for browser in browsers:
        cookie = browser.client.cookies["session"].value
        found = [each.host for each in browsers if status(cookie, each.host) == 200]
        assert found == [browser.host]


@pytest.mark.parametrize("kind", ["access_token", "id_token", "refresh_token"])
def test_a_tenants_token_opens_nothing(
    tokens: dict[str, str], acme: Tenant, globex: Tenant, kind: str
) -> None:
    client = Client(headers={"Authorization": f"Bearer {tokens[kind]}"})
    body = json.dumps({"slug": "forged", "name": "Forged", "owner_email": "cy@globex.example"})
    for method in ("GET", "POST"):
        answer = client.generic(
            method, "/api/tenants", body, "application/json", headers={"host": CONSOLE}
        )
        assert answer.status_code == 401
    assert not Tenant.objects.filter(slug="forged").exists()
    for tenant in (acme, globex):
        host = host_of(tenant.workspace_url)
        assert client.get("/", headers={"host": host}).status_code == 302
        assert status(tokens[kind], host) == 302


def test_no_page_shows_a_token(ada: Browser, admin: Browser) -> None:
    for browser, path in ((ada, "/"), (admin, "/tenants/")):
        answer = browser.client.get(path)
        assert answer.status_code == 200
        assert b"eyJ" not in answer.content
        assert "eyJ" not in str(answer.headers)


def test_a_workspace_shows_its_own_tenant_only(
    ada: Browser, cy: Browser, acme: Tenant, globex: Tenant
) -> None:
    for browser, own, other in ((ada, acme, globex), (cy, globex, acme)):
        page = browser.client.get("/").content.decode()
        assert own.name in page
        assert other.name not in page
        assert other.owner_email not in page
