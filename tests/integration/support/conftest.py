"""Somebody of the staff with a browser, which goes between the console and the workspaces."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from plexica.core.scope import platform_scope
from plexica.identity.models import BrowserSession, User
from tenants.models import SupportVisit, Tenant
from tests.integration.console.conftest import logged_in
from tests.integration.workspace.conftest import ada, bo, cy, dee

__all__ = ["ada", "bo", "cy", "dee"]

REASON = "Ticket 4711: the list stays empty"
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_CHALLENGE = re.compile(r'name="challenge" value="([^"]+)"')
_FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def form_token(page: str) -> str:
    """Return the token against forged forms that a page shows."""
    found = _FORM_TOKEN.search(page)
    assert found, page
    return found[1]


@dataclass
class Staff:
    """Somebody of the staff: one browser, with the cookies of each host.

    Attributes:
        console: At the console's host.
        user: Their row.
        workspaces: By a tenant's slug, at its host.
    """

    console: Client
    user: User
    workspaces: dict[str, Client] = field(default_factory=dict)

    def at(self, tenant: Tenant) -> Client:
        """Return the browser at a tenant's host."""
        return self.workspaces.setdefault(
            tenant.slug,
            Client(headers={"host": f"{tenant.slug}.localhost"}, enforce_csrf_checks=True),
        )

    def begin(self, tenant: Tenant) -> str:
        """Get the workspace's secret, and return the address in the console that follows."""
        answer = self.at(tenant).get("/support/begin/")
        assert answer.status_code == HTTPStatus.FOUND
        parts = urlsplit(answer["Location"])
        assert f"{parts.scheme}://{parts.netloc}" == settings.PLEXICA_CONSOLE_URL
        return f"{parts.path}?{parts.query}"

    def ask(self, tenant: Tenant, **values: object) -> Any:
        """Fill in the console's form, and return its answer."""
        page = self.console.get(self.begin(tenant)).content.decode()
        challenge = _CHALLENGE.search(page)
        assert challenge, page
        given = {"reason": REASON, "minutes": 30, "challenge": challenge[1], **values}
        return self.console.post(f"/tenants/{tenant.slug}/support/", given)

    def token(self, tenant: Tenant, **values: object) -> str:
        """Ask for a visit, and return what the browser begins it with."""
        answer = self.ask(tenant, **values)
        assert answer.status_code == HTTPStatus.OK, answer.content
        found = _TOKEN.search(answer.content.decode())
        assert found, answer.content
        return html.unescape(found[1])

    def enter(self, tenant: Tenant, token: str, **headers: str) -> Any:
        """Send the form that the console has shown."""
        sent = {"Origin": settings.PLEXICA_CONSOLE_URL, **headers}
        return self.at(tenant).post("/support/enter/", {"token": token}, headers=sent)

    def visit(self, tenant: Tenant, **values: object) -> Client:
        """Be in a workspace, and return the browser there."""
        answer = self.enter(tenant, self.token(tenant, **values))
        assert answer.status_code == HTTPStatus.FOUND, answer.content
        assert answer["Location"] == "/"
        return self.at(tenant)

    @property
    def session(self) -> BrowserSession:
        """The session in the console."""
        with platform_scope():
            return BrowserSession.objects.get(user=self.user)


def staff_with(role: str) -> Staff:
    """Return somebody of the staff who is logged in to the console."""
    client = logged_in(is_super_admin=False, role=role)
    key = client.session.session_key
    user = User.objects.get(pk=client.session["_auth_user_id"])
    BrowserSession.objects.create(session=Session.objects.get(pk=key), user=user)
    return Staff(client, user)


@pytest.fixture
def sam() -> Staff:
    """Support: may see workspaces."""
    return staff_with("support")


@pytest.fixture
def sue() -> Staff:
    """A super admin: may change things in workspaces, too."""
    return staff_with("super-admin")


@pytest.fixture(autouse=True)
def _no_visits() -> Iterator[None]:
    SupportVisit.objects.all().delete()
    yield
    SupportVisit.objects.all().delete()
