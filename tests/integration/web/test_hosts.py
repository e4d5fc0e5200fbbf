"""Which host leads where, and that nobody learns which tenants there are."""

from collections.abc import Iterator

import pytest
from django.test import Client

from tenants.models import Domain, Tenant
from tenants.states import TenantState
from tests.integration.conftest import MakeRun


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def in_state(make_run: MakeRun) -> Iterator[Tenant]:
    tenant = make_run().tenant
    Domain.objects.create(domain=f"{tenant.slug}.localhost", tenant=tenant, is_primary=True)
    return tenant


def _page(client: Client, host: str) -> tuple[int, bytes, dict[str, str]]:
    response = client.get("/", headers={"host": host})
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return response.status_code, response.content, headers


@pytest.mark.parametrize(
    "state",
    [
        TenantState.PROVISIONING,
        TenantState.FAILED,
        TenantState.DELETED,
    ],
)
def test_a_tenant_that_is_not_there_looks_like_none(
    client: Client, in_state: Tenant, state: TenantState
) -> None:
    unknown = _page(client, "nobody-has-this.localhost:8000")
    assert unknown[0] == 404
    Tenant.objects.filter(pk=in_state.pk).update(state=state)
    assert _page(client, f"{in_state.slug}.localhost:8000") == unknown


@pytest.mark.parametrize("state", [TenantState.SUSPENDED, TenantState.DELETING])
def test_a_tenant_that_is_closed_says_so(
    client: Client, in_state: Tenant, state: TenantState
) -> None:
    Tenant.objects.filter(pk=in_state.pk).update(state=state)
    status, page, headers = _page(client, f"{in_state.slug}.localhost:8000")
    assert (status, headers["Cache-Control"]) == (403, "no-store")
    assert b"This workspace is closed" in page
    # In its own look: its name is no secret, as its login page shows it too.
    assert in_state.name.encode() in page
    answer = client.get("/api/users", headers={"host": f"{in_state.slug}.localhost:8000"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:plexica:problem:tenant-suspended"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]:8000",
        "example.com",
        "localhost.example.com",
        "www.localhost",
        "a.b.c.localhost",
        "acme.localhost.evil.example",
        "x" * 300 + ".localhost",
        "bad host",
        "acme_.localhost",
        "",
    ],
)
def test_every_other_host_gets_the_same_404(client: Client, acme: Tenant, host: str) -> None:
    assert _page(client, host) == _page(client, "nobody-has-this.localhost")


@pytest.mark.parametrize("host", ["acme.localhost", "ACME.localhost:8000", "acme.localhost."])
def test_a_tenants_host_leads_to_its_login(client: Client, acme: Tenant, host: str) -> None:
    response = client.get("/", headers={"host": host})
    assert response.status_code == 302
    assert "/oidc/authenticate/" in response["Location"]


def test_the_console_is_at_the_base_domain(client: Client) -> None:
    response = client.get("/", headers={"host": "localhost:8000"})
    assert response.status_code == 302


@pytest.mark.parametrize("host", ["anything.example", "127.0.0.1", "acme.localhost", "localhost"])
@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_answers_under_any_host(client: Client, host: str, path: str) -> None:
    response = client.get(path, headers={"host": host})
    assert response.status_code == 200
    assert response.json()["status"] == "up"


def test_health_names_each_dependency_and_nothing_secret(client: Client) -> None:
    body = client.get("/health").json()
    assert set(body["dependencies"]) >= {"database", "redis", "keycloak", "storage"}
    assert all(set(each) == {"status", "latency_ms"} for each in body["dependencies"].values())


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_health_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/health").status_code == 405
