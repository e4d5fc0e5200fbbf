"""People of acme whom the real realm knows, and links that come by mail."""

import html
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urljoin

import pytest
import requests
from django.utils import timezone

from deploy.local import control
from deploy.local.mail import Mail
from plexica.core.actor import SYSTEM
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import RealmChange, User
from plexica.identity.realm_changes import settle_people
from plexica.rbac.people import Invitee, invite_people
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.identity.browser import PASSWORD, Browser, KeycloakSession, host_of
from tests.integration.identity.test_invitation import invitation_link
from tests.integration.workspace.conftest import ada, bo, cy, dee

__all__ = ["ada", "bo", "cy", "dee"]

_HREF = re.compile(r'<a[^>]*href="([^"]*action-token[^"]*)"')
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
Invite = Callable[..., User]
Comes = Callable[..., tuple[User, Browser]]
OnServer = Callable[[str], None]


def new_address(name: str = "dora") -> str:
    """Return an address that nobody has."""
    return f"{name}-{uuid.uuid4().hex[:8]}@acme.example"


def in_realm(tenant: Tenant, user: User) -> dict[str, object] | None:
    """Return what the realm knows of somebody."""
    try:
        return realm_client(tenant).get_user(user.subject)
    except KeycloakNotFound:
        return None


def in_row(tenant: Tenant, user: User) -> User:
    """Return somebody's row as it is now, with what waits for the realm."""
    with tenant_scope(tenant):
        return User.objects.select_related("realm_change").get(pk=user.pk)


def waiting(tenant: Tenant, user: User) -> RealmChange | None:
    """Return what the realm has yet to be told about somebody."""
    with tenant_scope(tenant):
        return RealmChange.objects.filter(pk=user.pk).first()


def set_password_by(link: str) -> str:
    """Follow the link of a mail to its end, and return the last page."""
    keycloak = KeycloakSession()
    page = keycloak.get(link, timeout=30)
    confirm = _HREF.search(page.text)
    if confirm is None:
        return page.text
    page = keycloak.get(urljoin(page.url, html.unescape(confirm.group(1))), timeout=30)
    form = _FORM.search(page.text)
    if form is None:
        return page.text
    passwords = {"password-new": PASSWORD, "password-confirm": PASSWORD}
    return keycloak.post(html.unescape(form.group(1)), data=passwords, timeout=30).text


def log_in(tenant: Tenant, email: str) -> Browser:
    """Return somebody's browser, logged in by their realm."""
    browser = Browser(host_of(tenant.workspace_url))
    assert browser.log_in(email).status_code == 302
    return browser


def is_refused_by_keycloak(tenant: Tenant, email: str) -> bool:
    """Return whether the realm does not let somebody in who knows their password."""
    browser = Browser(host_of(tenant.workspace_url))
    try:
        browser.log_in_at_keycloak(browser.begin(), email)
    except AssertionError:
        return True
    return False


@pytest.fixture
def link_to(servers: Servers) -> Callable[[str], str]:
    """Return the link of the newest mail to somebody."""
    return lambda email: invitation_link(Mail(servers.instance).url, email)


@pytest.fixture
def mails_to(servers: Servers) -> Callable[[str], int]:
    """Count the mails that came to somebody."""

    def count(email: str) -> int:
        mails = requests.get(f"{Mail(servers.instance).url}/api/email", timeout=10).json()
        return sum(mail["to"][0]["address"] == email for mail in mails)

    return count


@pytest.fixture
def invite(acme: Tenant) -> Iterator[Invite]:
    """Invite somebody to acme, and leave nothing of them after the test."""
    made: list[User] = []

    def act(*roles: str, name: str = "dora") -> User:
        with tenant_scope(acme):
            [done] = invite_people(
                tenant=acme, invitees=[Invitee(new_address(name))], roles=roles, actor=SYSTEM
            )
        assert done.user is not None, done.reason
        made.append(done.user)
        return done.user

    yield act
    for user in made:
        forget(acme, user)


def forget(tenant: Tenant, user: User) -> None:
    """Leave nothing of somebody, in the realm and here."""
    with suppress(KeycloakNotFound):
        realm_client(tenant).delete_user(user.subject)
    with tenant_scope(tenant):
        User.objects.filter(pk=user.pk).delete()


@pytest.fixture
def comes(invite: Invite, acme: Tenant, link_to: Callable[[str], str]) -> Comes:
    """Have somebody invited who has set their password and is logged in."""

    def act(*roles: str, name: str = "dora") -> tuple[User, Browser]:
        user = invite(*roles, name=name)
        set_password_by(link_to(user.email))
        browser = log_in(acme, user.email)
        assert browser.client.get("/").status_code == 200
        return user, browser

    return act


@pytest.fixture
def stop(servers: Servers) -> Iterator[OnServer]:
    """Stop servers; all of them run again after the test."""
    stopped: list[str] = []

    def act(name: str) -> None:
        stopped.append(name)
        control.stop_part(servers.instance, name)

    yield act
    for name in stopped:
        control.start_part(servers.instance, name)


@pytest.fixture
def start(servers: Servers) -> OnServer:
    """Start a server that was stopped, and wait until it answers."""
    return lambda name: control.start_part(servers.instance, name)


def is_enabled(tenant: Tenant, user: User) -> object:
    known = in_realm(tenant, user)
    assert known is not None
    return known["enabled"]


def be_due(tenant: Tenant) -> None:
    """Let the time pass after which all that waits is tried again."""
    with tenant_scope(tenant):
        RealmChange.objects.update(next_attempt_at=timezone.now(), claimed_until=None)


def settle(tenant: Tenant) -> None:
    """Have the clock do its part, as often as it takes."""
    be_due(tenant)
    settle_people()
