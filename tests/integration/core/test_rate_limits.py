"""Limits of tries, counted in the real Redis and, while that is stopped, in the process."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from deploy.local.control import start_part, stop_part
from plexica.core import rate_limits, shared_cache
from plexica.core.rate_limits import TooManyTries, check_tries, count_try, forget_tries
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers


@pytest.fixture(autouse=True)
def _limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.PLEXICA_RATE_LIMITS = {
        what: {"address": 8, "account": 4} for what in ("login", "token", "secret")
    }
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
