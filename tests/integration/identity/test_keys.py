"""A realm's keys in Redis: shared between processes, dropped with the realm, and never needed."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from plexica.core.scope import platform_scope
from plexica.identity.jwt import keys
from plexica.identity.jwt.bearer import validate_bearer
from plexica.identity.jwt.errors import TokenRefused
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.unit.identity.conftest import KeyServer, new_key


@pytest.fixture
def realm() -> Iterator[KeyServer]:
    """A realm's keys, made here, so that they can be changed at will; Redis is the real one."""
    server = KeyServer()
    keys.forget_keys(server.provider)
    yield server
    keys.forget_keys(server.provider)
    server.stop()


def forget_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing in memory, as a new process."""
    monkeypatch.setattr(keys, "_known", {})
    monkeypatch.setattr(keys, "_last_fetch", {})


def test_another_process_takes_the_keys_from_redis(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = realm.sign()
    validate_bearer(token, realm.provider)
    forget_process(monkeypatch)
    validate_bearer(token, realm.provider)
    assert realm.requests == 1


def test_floor_holds_for_all_processes_together(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = new_key("stranger")
    validate_bearer(realm.sign(), realm.provider)
    for number in range(10):
        forget_process(monkeypatch)
        with pytest.raises(TokenRefused):
            validate_bearer(realm.sign(key=stranger, header={"kid": f"{number}"}), realm.provider)
    assert realm.requests == 1


def test_new_key_of_the_realm_is_known_in_every_process_once_one_fetched_it(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_bearer(realm.sign(), realm.provider)
    second = new_key("second")
    realm.published = [second]
    # As it is once the floor has passed.
    monkeypatch.setattr(keys, "FETCH_FLOOR_SECONDS", 0)
    cache.delete(keys._floor_key(realm.provider))  # noqa: SLF001 (there is no other way to it)
    assert validate_bearer(realm.sign(key=second), realm.provider)
    forget_process(monkeypatch)
    assert validate_bearer(realm.sign(key=second), realm.provider)
    assert realm.requests == 2


def test_keys_of_one_scope_are_not_read_in_another(
    realm: KeyServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(acme):
        validate_bearer(realm.sign(), realm.provider)
    forget_process(monkeypatch)
    with platform_scope():
        validate_bearer(realm.sign(), realm.provider)
    assert realm.requests == 2
    with tenant_scope(acme):
        keys.forget_keys(realm.provider)


def test_forgotten_keys_are_fetched_anew_at_once(realm: KeyServer) -> None:
    validate_bearer(realm.sign(), realm.provider)
    keys.forget_keys(realm.provider)
    validate_bearer(realm.sign(), realm.provider)
    assert realm.requests == 2
