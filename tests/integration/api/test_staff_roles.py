"""The API of the platform by roles: programs and people of the realm, support and read-only."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from plexica.core.actor import SYSTEM
from plexica.identity.keycloak.master import master_client
from plexica.identity.models import User
from plexica.identity.providers import API_CLIENT, PLATFORM_REALM, platform_provider
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tests.conftest import Servers
from tests.integration.api.conftest import PREFIX, TENANTS, Api, fetch_token, new_tenant

SECRET = "the-secret-of-a-program-of-the-tests"
PASSWORD = "a-password-of-the-tests"
_REALM = f"/{PLATFORM_REALM}"


class Client:
    """A client of the platform's realm whose tokens are for this API."""

    def __init__(self) -> None:
        self.master = master_client("default")
        self.name = f"tests-{uuid4().hex[:8]}"
        self.id = self.make(
            "/clients",
            clientId=self.name,
            secret=SECRET,
            serviceAccountsEnabled=True,
            standardFlowEnabled=False,
            directAccessGrantsEnabled=True,
            protocolMappers=[
                {
                    "name": "audience",
                    "protocol": "openid-connect",
                    "protocolMapper": "oidc-audience-mapper",
                    "config": {
                        "included.client.audience": API_CLIENT,
                        "access.token.claim": "true",
                    },
                }
            ],
        )

    def make(self, path: str, **body: Any) -> str:
        return str(self.master.call("POST", f"{_REALM}{path}", body=body).created_id)

    def give(self, user_id: str, role: str) -> None:
        found = self.master.call("GET", f"{_REALM}/roles/{role}").body
        self.master.call("POST", f"{_REALM}/users/{user_id}/role-mappings/realm", body=[found])

    def account(self) -> str:
        path = f"{_REALM}/clients/{self.id}/service-account-user"
        return str(self.master.call("GET", path).body["id"])


@pytest.fixture
def client(platform: Servers) -> Iterator[Client]:
    made = Client()
    yield made
    made.master.call("DELETE", f"{_REALM}/clients/{made.id}")


@pytest.fixture
def program(client: Client) -> Callable[[str], Api]:
    """A program to which the realm gives a role."""

    def act(role: str) -> Api:
        client.give(client.account(), role)
        return Api(fetch_token(client.name, SECRET))

    return act


@pytest.fixture
def pat(client: Client) -> Iterator[tuple[User, Api]]:
    """Pat of the staff, who has logged in to the console, with a token for the API and no role."""
    name = f"pat-{uuid4().hex[:8]}"
    subject = client.make(
        "/users",
        username=name,
        email=f"{name}@plexica.example",
        firstName="Pat",
        lastName="Example",
        emailVerified=True,
        enabled=True,
        credentials=[{"type": "password", "value": PASSWORD, "temporary": False}],
    )
    provider = platform_provider()
    answer = requests.post(
        provider.token_endpoint,
        data={"grant_type": "password", "username": name, "password": PASSWORD, "scope": "openid"},
        auth=(client.name, SECRET),
        timeout=30,
    )
    assert answer.ok, answer.text
    user = User.objects.create(issuer=provider.issuer, subject=subject, first_name="Pat")
    yield user, Api(answer.json()["access_token"])
    user.delete()
    client.master.call("DELETE", f"{_REALM}/users/{subject}")


@pytest.fixture
def failed(api: Api) -> Tenant:
    """A tenant with a run that has failed."""
    assert api.post(new_tenant("roles")).status_code == 202
    tenant = Tenant.objects.get(slug=f"{PREFIX}roles")
    tenant.runs.update(state="FAILED")
    Tenant.objects.filter(pk=tenant.pk).update(state="FAILED")
    return tenant


def missing_of(answer: Any) -> str:
    assert answer.status_code == 403, answer.content
    found = answer.json()
    assert found["type"] == "urn:plexica:problem:permission-missing"
    return str(found["permission"])


def refusals(caller: Api, tenant: Tenant) -> dict[str, str]:
    """Return which permission each change of a tenant is refused for."""
    one = f"{TENANTS}/{tenant.slug}"
    return {
        "create": missing_of(caller.post(new_tenant("more"))),
        "update": missing_of(caller.patch(one, {"name": "Another"})),
        "delete": missing_of(caller.send("DELETE", f"{one}?confirm={tenant.slug}")),
        "suspend": missing_of(caller.post({}, f"{one}/suspend")),
        "resume": missing_of(caller.post({}, f"{one}/resume")),
        "restore": missing_of(caller.post({}, f"{one}/restore")),
        "free": missing_of(caller.post({}, f"{one}/free")),
    }


CHANGES = {
    "create": "core:tenants:create",
    "update": "core:tenants:update",
    "delete": "core:tenants:delete",
    "suspend": "core:tenants:suspend",
    "resume": "core:tenants:suspend",
    "restore": "core:tenants:delete",
    "free": "core:tenants:delete",
}


def test_support_sees_all_and_retries_runs(program: Callable[[str], Api], failed: Tenant) -> None:
    support, run = program("support"), failed.runs.get()
    for path in (TENANTS, f"{TENANTS}/{failed.slug}", f"{TENANTS}/{failed.slug}/runs"):
        assert support.get(path).status_code == 200, path
    assert refusals(support, failed) == CHANGES
    retried = support.post({}, f"{TENANTS}/{failed.slug}/runs/{run.pk}/retry")
    assert retried.status_code == 202, retried.content


def test_the_platform_says_why_somebody_of_the_staff_may_do_something(
    api: Api, program: Callable[[str], Api], pat: tuple[User, Api]
) -> None:
    user, caller = pat
    assign_role(holder=user, role="support", actor=SYSTEM)
    asked = {"user": str(user.pk), "permission": "core:runs:retry"}
    for asking in (api, program("read-only"), caller):
        found = asking.get("/api/permissions/explain", **asked).json()
        assert found["is_allowed"]
        [reason] = found["reasons"]
        assert (reason["role"]["key"], reason["grant"]) == ("support", "core:runs:retry")
    found = api.get("/api/permissions/explain", **asked | {"permission": "core:tenants:create"})
    assert [role["key"] for role in found.json()["would_give"]] == ["super-admin"]
    assert api.get("/api/permissions/explain").status_code == 400
    assert api.get("/api/permissions/explain", **asked | {"user": str(uuid4())}).status_code == 404


def test_read_only_changes_nothing(program: Callable[[str], Api], failed: Tenant) -> None:
    reader, run = program("read-only"), failed.runs.get()
    retry = f"{TENANTS}/{failed.slug}/runs/{run.pk}/retry"
    assert reader.get(retry.removesuffix("/retry")).status_code == 200
    assert refusals(reader, failed) == CHANGES
    assert missing_of(reader.post({}, retry)) == "core:runs:retry"
    assert reader.send("HEAD", TENANTS).status_code == 200
    assert reader.send("DELETE", TENANTS).status_code == 405
    failed.refresh_from_db()
    assert failed.state == "FAILED"


def test_a_person_also_has_what_the_console_gave_them(pat: tuple[User, Api]) -> None:
    user, caller = pat
    refused = caller.get()
    assert refused.status_code == 403
    assert "permission" not in refused.json(), "Who may nothing is told whom to ask instead."
    assign_role(holder=user, role="read-only", actor=SYSTEM)
    assert caller.get().status_code == 200
    assert missing_of(caller.post(new_tenant("pat"))) == "core:tenants:create"
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert caller.get().status_code == 401
