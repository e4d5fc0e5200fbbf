"""Password and second factor, set and removed at the real Keycloak, and back."""

import hmac
import html
import re
import struct
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings

from plexica.audit.models import AuditEntry
from plexica.identity.models import User
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser
from tests.integration.identity.logins import keycloak_at, logged_in_at_console
from tests.integration.people.conftest import Comes, log_in

PAGE = "/profile/security/"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
_SECRET = re.compile(r'id="totpSecret"[^>]*value="([^"]+)"|name="totpSecret" value="([^"]+)"')
_REMOVE = re.compile(r'name="action" value="(delete_credential:[^"]+)"')
NEW_PASSWORD = "another long password"


def begin(browser: Browser, action: str) -> Any:
    headers = {
        "X-CSRFToken": browser.client.cookies["csrf"].value,
        "Origin": f"{settings.PLEXICA_SCHEME}://{browser.host}",
    }
    return browser.client.post(f"{PAGE}begin/", {"action": action}, headers=headers)


def at_keycloak(browser: Browser, address: str) -> requests.Response:
    """Return where an address leads at Keycloak: its page, or its redirect back to us."""
    while True:
        # Not by itself: its cookies are marked as secure until an answer is through.
        answer = browser.keycloak.get(address, timeout=30, allow_redirects=False)
        address = answer.headers.get("Location", "")
        if answer.status_code != HTTPStatus.FOUND or urlsplit(address).netloc == browser.host:
            return answer


def send(browser: Browser, page: requests.Response, **data: str) -> str:
    """Send Keycloak's form, and return the address that it leads back to."""
    form = _FORM.search(page.text)
    assert form, page.text[:2000]
    answer = browser.keycloak.post(
        html.unescape(form[1]), data=data, timeout=30, allow_redirects=False
    )
    assert answer.status_code == HTTPStatus.FOUND, answer.text[:3000]
    return answer.headers["Location"]


def back(browser: Browser, address: str) -> str:
    """Come back from Keycloak, and return the page that shows what happened."""
    answer = browser.come_back(address)
    assert answer.status_code == HTTPStatus.FOUND, answer.content
    assert answer["Location"] == PAGE  # type: ignore[index]
    return browser.client.get(PAGE).content.decode()


def last_entry(tenant: Tenant, user: User) -> AuditEntry:
    with tenant_scope(tenant):
        return AuditEntry.objects.filter(target=f"user:{user.pk}").latest("at")


def code_of(secret: str) -> str:
    """Return the code of an authenticator app now (RFC 6238)."""
    digest = hmac.digest(secret.encode(), struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_password_is_changed_and_cancelled(acme: Tenant, comes: Comes) -> None:
    user, browser = comes("member")
    page = browser.client.get(PAGE).content.decode()
    assert "cannot be asked now" not in page
    assert 'value="UPDATE_PASSWORD"' in page
    assert 'value="CONFIGURE_TOTP"' in page
    address = begin(browser, "UPDATE_PASSWORD")["Location"]
    assert parse_qs(urlsplit(address).query)["kc_action"] == ["UPDATE_PASSWORD"]
    cancelled = send(browser, at_keycloak(browser, address), **{"cancel-aia": "true"})
    assert "It was cancelled, so nothing has changed." in back(browser, cancelled)
    address = begin(browser, "UPDATE_PASSWORD")["Location"]
    passwords = {"password-new": NEW_PASSWORD, "password-confirm": NEW_PASSWORD}
    done = send(browser, at_keycloak(browser, address), **passwords)
    assert "Your password has been changed." in back(browser, done)
    entry = last_entry(acme, user)
    assert (entry.action, entry.after) == ("user.factor_set", {"action": "UPDATE_PASSWORD"})
    with pytest.raises(AssertionError):
        log_in(acme, user.email)


def test_a_second_factor_is_set_up_shown_and_removed(acme: Tenant, comes: Comes) -> None:
    user, browser = comes("member")
    browser.client.get(PAGE)
    page = at_keycloak(browser, begin(browser, "CONFIGURE_TOTP")["Location"])
    found = _SECRET.search(page.text)
    assert found, page.text[:5000]
    secret = found[1] or found[2]
    done = send(browser, page, totpSecret=secret, totp=code_of(secret), userLabel="My phone")
    shown = back(browser, done)
    assert "It has been set up" in shown
    assert "My phone" in shown
    remove = _REMOVE.search(shown)
    assert remove
    page = at_keycloak(browser, begin(browser, remove[1])["Location"])
    shown = back(browser, send(browser, page, accept="Yes"))
    assert "It has been removed" in shown
    assert "My phone" not in shown
    assert last_entry(acme, user).action == "user.factor_removed"
    assert log_in(acme, user.email), "The password alone is enough again."


@pytest.mark.parametrize(
    "action",
    [
        "",
        "delete_account",
        "VERIFY_EMAIL",
        "UPDATE_PASSWORD&x=y",
        "delete_credential:../x",
        "a" * 101,
    ],
)
def test_nothing_else_is_asked_for(bo: Any, action: str) -> None:
    answer = bo.client.post(f"{PAGE}begin/", {"action": action})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_what_the_realm_could_not_do_is_said(acme: Tenant, comes: Comes) -> None:
    _user, browser = comes("member")
    browser.client.get(PAGE)
    address = begin(browser, "delete_credential:11111111-1111-1111-1111-111111111111")["Location"]
    answer = at_keycloak(browser, address)
    assert "kc_action_status=error" in answer.headers["Location"]
    assert "The login service could not do that." in back(browser, answer.headers["Location"])


def test_while_keycloak_is_down_the_ways_are_shown_all_the_same(acme: Tenant, comes: Comes) -> None:
    _user, browser = comes("member")
    with keycloak_at("http://127.0.0.1:9"):
        page = browser.client.get(PAGE).content.decode()
    assert "The login service cannot be asked now" in page
    assert 'value="UPDATE_PASSWORD"' in page


def test_staff_have_the_same_page() -> None:
    page = logged_in_at_console().client.get(PAGE).content.decode()
    assert "cannot be asked now" not in page
    assert 'value="UPDATE_PASSWORD"' in page
