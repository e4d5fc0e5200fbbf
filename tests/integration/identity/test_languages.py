"""Keycloak's pages and mails speak the language that ours do."""

import re
import time

import pytest
import requests

from deploy.local.mail import Mail
from plexica.identity.realm_part import RealmPart
from plexica.identity.services import create_realm_user, delete_realm_user, send_invitation
from tenants.models import Tenant
from tests.conftest import Servers
from tests.integration.identity.browser import Browser, host_of, query

_LANGUAGE = re.compile(r'<html[^>]*\blang="([a-z-]+)"')


def login_language(browser: Browser, **headers: str) -> str:
    """Return the language of the realm's login page, where ours asks for it."""
    address = str(browser.client.get("/oidc/authenticate/", headers=headers)["Location"])
    # What the browser itself would like best is not asked.
    page = browser.keycloak.get(address, headers={"Accept-Language": "en"}, timeout=30)
    found = _LANGUAGE.search(page.text)
    assert found, page.text[:1000]
    assert found[1] == query(address)["ui_locales"]
    return found[1]


def test_the_login_page_is_in_the_same_language(acme: Tenant) -> None:
    browser = Browser(host_of(acme.workspace_url))
    assert login_language(browser) == "en"
    assert login_language(browser, **{"Accept-Language": "it"}) == "it"
    Tenant.objects.filter(pk=acme.pk).update(locale="it")
    try:
        assert login_language(browser) == "it"
    finally:
        Tenant.objects.filter(pk=acme.pk).update(locale="")


@pytest.mark.parametrize(
    ("locale", "words"), [("it", "Modifica il tuo utente"), ("", "Update Your Account")]
)
def test_an_invitation_is_in_the_tenants_language(
    servers: Servers, acme: Tenant, locale: str, words: str
) -> None:
    part, before = RealmPart(), acme.locale
    acme.locale = locale
    acme.save(update_fields=["locale"])
    address = f"dora-{time.time_ns()}@acme.example"
    subject = create_realm_user(tenant=acme, email=address)
    try:
        part.repair(acme, part.inspect(acme))
        send_invitation(tenant=acme, subject=subject)
        mails = requests.get(f"{Mail(servers.instance).url}/api/email", timeout=10).json()
        subjects = [mail["subject"] for mail in mails if mail["to"][0]["address"] == address]
        assert subjects == [words]
    finally:
        acme.locale = before
        acme.save(update_fields=["locale"])
        part.repair(acme, part.inspect(acme))
        delete_realm_user(tenant=acme, subject=subject)
