"""From the invitation mail to the dashboard, as an invited person goes it."""

import html
import re
import time
from urllib.parse import urljoin

import requests

from deploy.local.mail import Mail
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.services import create_realm_user, delete_realm_user, send_invitation
from tenants.models import Tenant
from tests.conftest import Servers
from tests.integration.identity.browser import PASSWORD, Browser, KeycloakSession, host_of

_LINK = re.compile(r"https?://\S+/login-actions/action-token\S+")
_HREF = re.compile(r'<a[^>]*href="([^"]*action-token[^"]*)"')
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')


def invitation_link(mail_url: str, address: str) -> str:
    """Return the link in the newest mail to somebody."""
    for _ in range(50):
        mails = requests.get(f"{mail_url}/api/email", timeout=10).json()
        for mail in reversed(mails):
            if mail["to"][0]["address"] == address:
                found = _LINK.search(mail["text"])
                assert found, mail["text"]
                return found.group(0)
        time.sleep(0.1)
    raise AssertionError(f"No mail to {address}.")


def test_invited_person_sets_a_password_and_sees_the_dashboard(
    servers: Servers, acme: Tenant
) -> None:
    address = f"dora-{time.time_ns()}@acme.example"
    subject = create_realm_user(tenant=acme, email=address)
    send_invitation(tenant=acme, subject=subject)
    keycloak = KeycloakSession()
    link = invitation_link(Mail(servers.instance).url, address)

    page = keycloak.get(link, timeout=30)
    confirm = _HREF.search(page.text)
    assert confirm, page.text[:3000]
    page = keycloak.get(urljoin(page.url, html.unescape(confirm.group(1))), timeout=30)
    form = _FORM.search(page.text)
    assert form, page.text[:3000]
    passwords = {"password-new": PASSWORD, "password-confirm": PASSWORD}
    page = keycloak.post(html.unescape(form.group(1)), data=passwords, timeout=30)
    assert page.status_code == 200
    assert f"{acme.workspace_url}/" in html.unescape(page.text), "The way on leads home."
    found = realm_client(acme).get_user(subject)
    assert found["emailVerified"]
    assert found["requiredActions"] == []

    # No form for names stands between the login and the dashboard.
    browser = Browser(host_of(acme.workspace_url))
    assert browser.log_in(address).status_code == 302
    assert browser.client.get("/").status_code == 200
    delete_realm_user(tenant=acme, subject=subject)
