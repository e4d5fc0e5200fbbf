"""Real tokens of real realms, and programs that call a workspace's API with them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import requests
from django.http import HttpResponse
from django.test import Client

from plexica.core.actor import SYSTEM
from plexica.identity.models import ServiceAccount, User
from plexica.identity.oidc.views import SCOPES
from plexica.identity.providers import Provider, tenant_provider
from plexica.identity.services import provision_user
from plexica.rbac.service_accounts import revoke_service_account
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, host_of, query, set_password
from tests.integration.identity.realms import ask_token

ADA = "ada@acme.example"
CY = "cy@globex.example"
ME = "/api/me"
ACCOUNTS = "/api/service-accounts"
Issue = Callable[..., dict[str, Any]]


class Program:
    """Calls the API of one host with one token."""

    def __init__(self, tenant: Tenant, token: str | None) -> None:
        self.client = Client(SERVER_NAME=f"{tenant.slug}.localhost", raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str = ME, /, **query: Any) -> HttpResponse:
        return self.client.get(path, query, headers=self.headers)

    def send(self, method: str, path: str, body: Any = None, /) -> HttpResponse:
        content = b"" if body is None else json.dumps(body)
        return self.client.generic(method, path, content, "application/json", headers=self.headers)

    def post(self, path: str, body: Any = None, /) -> HttpResponse:
        return self.send("POST", path, body)


def tokens_of_person(tenant: Tenant, email: str) -> dict[str, str]:
    """Log a person in at their realm, as the workspace does, and return their tokens."""
    provider = tenant_provider(tenant)
    verifier = token_urlsafe(48)
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    address = (
        provider.authorization_endpoint
        + "?"
        + urlencode(
            {
                "response_type": "code",
                "client_id": provider.client_id,
                "redirect_uri": provider.redirect_uri,
                "scope": SCOPES,
                "state": "a",
                "nonce": "b",
                "code_challenge": digest,
                "code_challenge_method": "S256",
            }
        )
    )
    back = Browser(host_of(tenant.workspace_url)).log_in_at_keycloak(address, email)
    return exchange(
        provider,
        grant_type="authorization_code",
        code=query(back)["code"],
        redirect_uri=provider.redirect_uri,
        code_verifier=verifier,
        client_id=provider.client_id,
        client_secret=provider.read_client_secret(),
    )


def exchange(provider: Provider, **form: str) -> dict[str, str]:
    """Return what a realm's token endpoint gives."""
    answer = requests.post(provider.token_endpoint, data=form, timeout=30)
    assert answer.ok, answer.text
    found: dict[str, str] = answer.json()
    return found


def token_of_account(tenant: Tenant, issued: dict[str, Any]) -> str:
    """Return an access token of a service account, as the API has given it."""
    answer = ask_token(tenant, issued["account"]["client_id"], issued["secret"])
    assert answer.ok, answer.text
    return str(answer.json()["access_token"])


def make_known(tenant: Tenant, email: str, role: str) -> User:
    """Let somebody have logged in to a workspace before."""
    subject = set_password(tenant, email)
    with tenant_scope(tenant):
        user = provision_user(
            issuer=tenant_provider(tenant).issuer, subject=subject, claims={"email": email}
        )
        assign_role(holder=user, role=role, actor=SYSTEM)
    return user


@pytest.fixture
def ada_token(acme: Tenant) -> str:
    make_known(acme, ADA, "owner")
    return tokens_of_person(acme, ADA)["access_token"]


@pytest.fixture
def ada(acme: Tenant, ada_token: str) -> Program:
    """Ada, who owns acme, by a token."""
    return Program(acme, ada_token)


@pytest.fixture
def cy_token(globex: Tenant) -> str:
    make_known(globex, CY, "owner")
    return tokens_of_person(globex, CY)["access_token"]


@pytest.fixture
def disable(acme: Tenant) -> Iterator[Callable[[str], None]]:
    """Disable people of acme, until the test is over."""

    def set_active(email: str, *, is_active: bool) -> None:
        with tenant_scope(acme):
            User.objects.filter(email=email).update(is_active=is_active)

    disabled = []

    def act(email: str) -> None:
        disabled.append(email)
        set_active(email, is_active=False)

    yield act
    for email in disabled:
        set_active(email, is_active=True)


@pytest.fixture
def issue(acme: Tenant, ada: Program) -> Iterator[Issue]:
    """Have Ada make service accounts, and revoke them after the test."""
    made = []

    def act(*roles: str, name: str = "", **values: Any) -> dict[str, Any]:
        answer = ada.post(
            ACCOUNTS, {"name": name or f"Robot {uuid4().hex[:8]}", "roles": list(roles), **values}
        )
        assert answer.status_code == 201, answer.content
        found: dict[str, Any] = answer.json()
        made.append(found["account"]["id"])
        return found

    yield act
    with tenant_scope(acme):
        for account in ServiceAccount.objects.filter(pk__in=made):
            revoke_service_account(tenant=acme, account=account, actor=SYSTEM)


@pytest.fixture
def make_program(acme: Tenant, issue: Issue) -> Callable[..., Program]:
    """Make a service account of acme, and return it with a token."""
    return lambda *roles: Program(acme, token_of_account(acme, issue(*roles)))
