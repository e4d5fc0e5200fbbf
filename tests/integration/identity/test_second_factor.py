"""A second factor and rules for passwords that a tenant sets are asked for by the real Keycloak."""

import hashlib
import hmac
import html
import re
import struct
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from plexica.core.actor import SYSTEM
from plexica.core.errors import PermanentError
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.realm_part import RealmPart
from plexica.identity.realm_security import (
    FLOW,
    is_second_factor_required,
    put_second_factor,
    read_security,
)
from tenants.models import Tenant
from tenants.services import update_security
from tests.integration.identity.browser import PASSWORD, Browser, host_of, set_password
from tests.integration.identity.logins import ADA

_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
_SECRET = re.compile(r'name="totpSecret" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _as_it_was(acme: Tenant) -> Iterator[None]:
    while deliver_pending():
        pass
    yield
    acme.refresh_from_db()
    update_security(
        tenant=acme, actor=SYSTEM, password_min_length=10, password_history=0,
        password_mixed_case=False, password_digit=False, password_symbol=False,
        second_factor_required=False,
    )  # fmt: skip
    OutboxMessage.objects.filter(delivered_at=None).delete()
    realm = realm_client(acme)
    put_second_factor(realm, is_required=False)
    RealmPart().repair(acme, RealmPart().inspect(acme))


def change(tenant: Tenant, **rules: int | bool) -> None:
    tenant.refresh_from_db()
    update_security(tenant=tenant, actor=SYSTEM, **rules)
    deliver_pending()


def code(secret: str) -> str:
    """Return the code that an app shows now (RFC 6238); Keycloak's page has the secret as text."""
    digest = hmac.new(secret.encode(), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    found = digest.digest()
    place = found[-1] & 15
    number = struct.unpack(">I", found[place : place + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def send(browser: Browser, page: Any, **values: str) -> Any:
    """Send the form of one of Keycloak's pages, and follow to its next page or to our host."""
    form = _FORM.search(page.text)
    assert form, page.text[:2000]
    answer = browser.keycloak.post(
        html.unescape(form[1]), data=values, timeout=30, allow_redirects=False
    )
    while answer.status_code == HTTPStatus.FOUND and host_of(answer.headers["Location"]) == host_of(
        page.url
    ):
        answer = browser.keycloak.get(answer.headers["Location"], timeout=30, allow_redirects=False)
    return answer


def with_password(browser: Browser) -> Any:
    page = browser.keycloak.get(browser.begin(), timeout=30)
    return send(browser, page, username=ADA, password=PASSWORD, credentialId="")


def test_who_has_no_second_factor_sets_one_up_and_needs_it_from_then_on(acme: Tenant) -> None:
    subject = set_password(acme, ADA)
    change(acme, second_factor_required=True)
    assert read_security(acme).is_as_set(acme)
    assert RealmPart().inspect(acme) == []
    realm = realm_client(acme)
    try:
        first = Browser(host_of(acme.workspace_url))
        page = with_password(first)
        assert page.status_code == HTTPStatus.OK, "The password alone lets nobody in."
        secret = _SECRET.search(page.text)
        assert secret, page.text[:3000]
        back = send(first, page, totp=code(secret[1]), totpSecret=secret[1], userLabel="App")
        assert back.status_code == HTTPStatus.FOUND, back.text[:3000]
        assert first.come_back(back.headers["Location"]).status_code == HTTPStatus.FOUND
        assert first.client.get("/").status_code == HTTPStatus.OK

        # Elsewhere the password alone does not do, and a wrong code neither.
        second = Browser(host_of(acme.workspace_url))
        page = with_password(second)
        assert page.status_code == HTTPStatus.OK
        assert 'name="otp"' in page.text
        page = send(second, page, otp="000000")
        assert page.status_code == HTTPStatus.OK

        # Taken back, it is asked of those who have one, and of nobody else.
        change(acme, second_factor_required=False)
        assert RealmPart().inspect(acme) == []
        assert 'name="otp"' in with_password(Browser(host_of(acme.workspace_url))).text
    finally:
        credentials = f"/{acme.realm}/users/{subject}/credentials"
        for credential in realm.call("GET", credentials).body:
            if credential["type"] == "otp":
                realm.call("DELETE", f"{credentials}/{credential['id']}")
    third = Browser(host_of(acme.workspace_url))
    assert third.log_in(ADA).status_code == HTTPStatus.FOUND


def test_what_was_changed_in_the_realm_is_found_and_set_again(acme: Tenant) -> None:
    realm = realm_client(acme)
    put_second_factor(realm, is_required=True)
    part = RealmPart()
    findings = part.inspect(acme)
    assert [finding.what for finding in findings] == ["second factor"]
    part.repair(acme, findings)
    assert not is_second_factor_required(realm.list_executions(FLOW))
    change(acme, second_factor_required=True)
    put_second_factor(realm, is_required=False)
    assert [finding.what for finding in part.inspect(acme)] == ["second factor"]
    part.upgrade(acme)
    assert part.inspect(acme) == []
    assert is_second_factor_required(realm.list_executions(FLOW))


def test_passwords_are_refused_by_the_tenants_own_rules(acme: Tenant) -> None:
    subject = set_password(acme, ADA)
    change(
        acme, password_min_length=12, password_mixed_case=True, password_digit=True,
        password_symbol=True, password_history=2,
    )  # fmt: skip
    assert read_security(acme).is_as_set(acme)
    assert RealmPart().inspect(acme) == []
    realm = realm_client(acme)

    def is_taken(password: str) -> bool:
        try:
            realm.call(
                "PUT", f"/{acme.realm}/users/{subject}/reset-password",
                body={"type": "password", "value": password, "temporary": False},
            )  # fmt: skip
        except PermanentError:
            return False
        return True

    for refused in ("Short-1", "no-capitals-here-1", "NoDigits-In-Here", "NoSymbols1InHere", ADA):
        assert not is_taken(refused), refused
    assert is_taken("Good-Enough-1a")
    assert is_taken("Good-Enough-2b")
    assert not is_taken("Good-Enough-1a"), "It is one of the last two."
