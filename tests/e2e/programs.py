"""Programs of a tenant: service accounts with tokens, and the workspace's API over real HTTP."""

from dataclasses import dataclass, field
from typing import Any

import requests

from plexica.core.actor import SYSTEM
from plexica.rbac.service_accounts import create_service_account
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.e2e.api import TIMEOUT_SECONDS, fetch_token
from tests.e2e.conftest import App


@dataclass(frozen=True, kw_only=True)
class Program:
    """One that calls a workspace's API.

    Attributes:
        url: Where. The resolver of this machine knows no names below localhost; browsers do.
        headers: What it has to say to be let in.
    """

    url: str
    headers: dict[str, str] = field(repr=False)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=self.headers, timeout=TIMEOUT_SECONDS)

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(
            f"{self.url}{path}", json=body, headers=self.headers, timeout=TIMEOUT_SECONDS
        )


def fetch_program_token(app: App, tenant: Tenant, role: str) -> str:
    """Make a service account with a role, and get it a token."""
    with tenant_scope(tenant):
        issued = create_service_account(
            tenant=tenant, name=f"A {role}'s program", roles=[role], actor=SYSTEM
        )
    token_url = f"{app.keycloak_url}/realms/{tenant.realm}/protocol/openid-connect/token"
    return fetch_token(token_url, issued.account.client_id, issued.secret)


def make_program(app: App, tenant: Tenant, token: str) -> Program:
    """Return a program that calls a tenant's API with a token."""
    return Program(
        url=app.console_url,
        headers={
            "Host": tenant.workspace_url.split("//")[1],
            "Authorization": f"Bearer {token}",
        },
    )
