"""Browsers that are logged in through the real Keycloak, and the time in their sessions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import F

from plexica.core.scope import current_scope
from plexica.identity.models import BrowserSession
from plexica.identity.oidc import refresh
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, host_of, set_password

ADA = "ada@acme.example"
CY = "cy@globex.example"


def logged_in(tenant: Tenant, email: str = ADA, *, like: Browser | None = None) -> Browser:
    """Return a browser in which somebody has logged in to a workspace.

    Args:
        tenant: Whose workspace.
        email: Who.
        like: Another browser whose session at the realm it shares, as two computers never do and
            two tabs that begin at once.
    """
    set_password(tenant, email)
    browser = Browser(host_of(tenant.workspace_url))
    if like is not None:
        browser.keycloak = like.keycloak
    assert browser.log_in(email).status_code == HTTPStatus.FOUND
    return browser


def logged_in_at_console() -> Browser:
    """Return a browser in which the super admin has logged in to the console."""
    browser = Browser(host_of(settings.PLEXICA_CONSOLE_URL))
    back = browser.log_in_at_keycloak(
        browser.begin(), os.environ["PLEXICA_ADMIN_USERNAME"], os.environ["PLEXICA_ADMIN_PASSWORD"]
    )
    assert browser.come_back(back).status_code == HTTPStatus.FOUND
    return browser


def key_of(browser: Browser) -> str:
    """Return the key of a browser's session."""
    return browser.client.cookies["session"].value


def is_in(browser: Browser) -> bool:
    """Return whether a browser is shown a page and not sent to log in."""
    response = browser.client.get("/" if "." in browser.host.split(":")[0] else "/tenants/")
    assert response.status_code in {HTTPStatus.OK, HTTPStatus.FOUND}, response.content
    return response.status_code == HTTPStatus.OK


def row_of(browser: Browser) -> BrowserSession:
    """Return what is kept of a browser's session, in the current scope."""
    return BrowserSession.objects.select_related("user").get(session_id=key_of(browser))


def post(browser: Browser, address: str, **headers: str) -> Any:
    """Send a form, with the token and the origin that a page of ours sends."""
    return browser.client.post(
        address,
        headers={
            "X-CSRFToken": browser.client.cookies["csrf"].value,
            "Origin": f"{settings.PLEXICA_SCHEME}://{browser.host}",
            **headers,
        },
    )


def pass_time(browser: Browser, tenant: Tenant | None = None, **past: float) -> None:
    """Have some time passed for a session, since its login, its last use and its last refresh.

    Args:
        browser: The browser.
        tenant: Whose workspace it is logged in to; the console without one.
        past: How much, as `timedelta` takes it; what is named `since_…` is for one time only.
    """
    columns = {
        "created_at": past.pop("since_login", None),
        "last_seen_at": past.pop("since_use", None),
        "refresh_after": past.pop("since_due", None),
    }
    rest = timedelta(**past)
    changes = {
        column: F(column) - (rest if minutes is None else timedelta(minutes=minutes))
        for column, minutes in columns.items()
    }
    with _scope(tenant):
        changed = BrowserSession.objects.filter(session_id=key_of(browser)).update(**changes)
    assert changed == 1


def make_due(browser: Browser, tenant: Tenant | None = None) -> None:
    """Have the life of the access token over, and nothing else changed."""
    pass_time(browser, tenant, since_due=5.1)


def sessions_in(tenant: Tenant | None) -> int:
    """Return how many sessions there are."""
    with _scope(tenant):
        return Session.objects.count()


@contextmanager
def keycloak_at(url: str) -> Iterator[None]:
    """Have Plexica reach Keycloak at another address while a block runs."""
    server = settings.KEYCLOAK_SERVERS["default"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settings.KEYCLOAK_SERVERS, "default", replace(server, internal_url=url))
        try:
            yield
        finally:
            refresh.forget_outages()


@contextmanager
def _scope(tenant: Tenant | None) -> Iterator[None]:
    if tenant is None:
        current_scope()
        yield
        return
    with tenant_scope(tenant):
        yield
