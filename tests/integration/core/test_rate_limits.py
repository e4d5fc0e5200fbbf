"""Limits of tries, counted in the real Redis and, while that is stopped, in the process."""

from collections.abc import Callable, Iterator
from unittest import mock
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from deploy.local.control import start_part, stop_part
from plexica.core import rate_limits, shared_cache
from plexica.core.rate_limits import TooManyTries, check_tries, count_try, forget_tries
from plexica.identity.models import User
from plugins.gateway.tokens import HostToken, make_host_token
from plugins.models import Installation, Plugin
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.workspace.conftest import Member, come


@pytest.fixture(autouse=True)
def _limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.PLEXICA_RATE_LIMITS = {
        what: {"address": 8, "account": 4}
        for what in ("login", "token", "secret", "write", "upload", "tenant", "plugin")
    } | {"api": {"address": 20, "account": 4}}
    settings.PLEXICA_RATE_LIMIT_FACTOR = 1
    # A minute that nobody else counts in, and that does not end during the test.
    window = uuid4().int % 10**9
    monkeypatch.setattr(rate_limits, "_present_window", lambda: window)
    forget_tries()
    yield
    forget_tries()


@pytest.fixture
def redis_down(servers: Servers) -> Iterator[Callable[[], None]]:
    yield lambda: stop_part(servers.instance, "redis")
    start_part(servers.instance, "redis")
    shared_cache._away_until = 0.0  # noqa: SLF001 (later tests need not wait)


def tries(act: Callable[[], None], most: int = 50) -> int:
    """Return how often something could be tried."""
    for number in range(most):
        try:
            act()
        except TooManyTries:
            return number
    return most


def test_an_address_and_an_account_are_limited_each_for_itself() -> None:
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 8
    assert tries(lambda: count_try("token", address="192.0.2.2", account="robot")) == 4
    assert tries(lambda: count_try("token", account="robot")) == 0
    assert tries(lambda: count_try("login", address="192.0.2.1")) == 8


def test_processes_count_together() -> None:
    assert tries(lambda: count_try("token", address="192.0.2.1"), most=5) == 5
    # As another process, which has only Redis.
    forget_tries()
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 3


def test_tenants_count_each_for_itself(acme: Tenant, globex: Tenant) -> None:
    for tenant in (acme, globex):
        with tenant_scope(tenant):
            assert tries(lambda: count_try("token", address="192.0.2.1")) == 8


def test_to_ask_counts_nothing() -> None:
    assert tries(lambda: check_tries("token", address="192.0.2.1")) == 50
    for _number in range(8):
        count_try("token", address="192.0.2.1")
    assert tries(lambda: check_tries("token", address="192.0.2.1")) == 0
    forget_tries()
    assert tries(lambda: check_tries("token", address="192.0.2.1")) == 0


def test_the_next_minute_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 8
    monkeypatch.setattr(rate_limits, "_present_window", lambda: 10**9)
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 8


def test_without_redis_the_limit_is_stricter_and_not_open(redis_down: Callable[[], None]) -> None:
    redis_down()
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 2
    assert tries(lambda: check_tries("token", address="192.0.2.1")) == 0
    assert tries(lambda: count_try("token", account="robot")) == 1


def test_redis_that_goes_away_gives_nobody_a_fresh_start(redis_down: Callable[[], None]) -> None:
    assert tries(lambda: count_try("token", address="192.0.2.1"), most=5) == 5
    redis_down()
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 0


def test_a_flood_of_addresses_does_not_push_others_out(
    redis_down: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_down()
    monkeypatch.setattr(rate_limits, "MAX_COUNTED", 10)
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 2
    flood = iter(range(1000))
    assert tries(lambda: count_try("token", address=f"198.51.100.{next(flood)}")) < 15
    assert tries(lambda: count_try("token", address="192.0.2.1")) == 0


def test_refused_tokens_get_429_with_a_time(acme: Tenant) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    junk = {"Authorization": "Bearer a.b.c"}
    assert [client.get("/api/me", headers=junk).status_code for _ in range(8)] == [401] * 8
    answer = client.get("/api/me", headers=junk)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:plexica:problem:too-many-requests"


@pytest.mark.parametrize("path", ["/oidc/authenticate/", "/oidc/callback/?state=x&code=y"])
def test_logins_get_a_page_that_says_when(acme: Tenant, path: str) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    statuses = {client.get(path).status_code for _ in range(8)}
    assert 429 not in statuses
    answer = client.get(path)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert b"seconds, and try again" in answer.content


def test_logins_are_limited_without_redis(acme: Tenant, redis_down: Callable[[], None]) -> None:
    redis_down()
    client = Client(SERVER_NAME="acme.localhost")
    statuses = [client.get("/oidc/authenticate/").status_code for _ in range(4)]
    assert statuses == [302, 302, 429, 429]


@pytest.fixture
def cy(globex: Tenant) -> Iterator[Member]:
    yield come(globex, "Cy", "owner")
    with tenant_scope(globex):
        User.objects.filter(issuer="http://test").delete()


def test_calls_of_the_api_are_limited_by_their_address(acme: Tenant) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    statuses = [client.get("/api/me").status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    answer = client.get("/api/me")
    assert answer["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert Client(SERVER_NAME="acme.localhost").get("/oidc/logged-out/").status_code == 200


def test_what_changes_something_is_limited_by_the_person(cy: Member) -> None:
    statuses = [cy.client.post("/groups/new/", {"name": ""}).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 429]
    # Reading goes on.
    assert cy.client.get("/groups/").status_code == 200
    answer = cy.client.post("/groups/new/", {"name": ""})
    assert int(answer["Retry-After"]) >= 1
    assert b"seconds, and try again" in answer.content


def test_uploads_are_limited_by_the_person(cy: Member, settings: Settings) -> None:
    settings.PLEXICA_RATE_LIMITS["write"] = {"address": 100, "account": 100}
    statuses = [cy.client.post("/files/upload/").status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 429]


def test_without_redis_changes_are_limited_more_strictly(
    cy: Member, redis_down: Callable[[], None]
) -> None:
    redis_down()
    statuses = [cy.client.post("/groups/new/", {"name": ""}).status_code for _ in range(3)]
    assert statuses == [400, 429, 429]


def test_what_plugins_ask_is_limited_by_the_installation(
    monkeypatch: pytest.MonkeyPatch, globex: Tenant
) -> None:
    installation = Installation(
        tenant=globex, plugin=Plugin(slug="x"), state=InstallationState.ENABLED
    )
    found = mock.MagicMock()
    found.select_related.return_value.filter.return_value.first.return_value = installation
    # What is installed is stood in for; the token, the count and the answer are real.
    monkeypatch.setattr("plugins.host_api.base.Installation.objects", found)
    token = make_host_token(HostToken(installation.pk, globex.pk))
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
    statuses = [client.get("/api/host/v1/users").status_code for _ in range(5)]
    assert statuses[-1] == 429
    assert 429 not in statuses[:-1]
