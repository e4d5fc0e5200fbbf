"""How often a realm is asked for its keys. Redis is down here: each process for itself."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest

from plexica.core.errors import TransientError
from plexica.identity.jwt import keys
from plexica.identity.jwt.bearer import validate_bearer
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.providers import Provider
from tests.unit.identity.conftest import KeyServer, new_key


def test_many_tokens_need_one_fetch(realm: KeyServer) -> None:
    for _ in range(20):
        validate_bearer(realm.sign(), realm.provider)
    assert realm.requests == 1


def test_junk_keys_do_not_make_it_fetch_again_and_again(realm: KeyServer) -> None:
    validate_bearer(realm.sign(), realm.provider)
    stranger = new_key("stranger")
    for number in range(50):
        with pytest.raises(TokenRefused):
            validate_bearer(
                realm.sign(key=stranger, header={"kid": f"junk-{number}"}), realm.provider
            )
    assert realm.requests == 1
    assert validate_bearer(realm.sign(), realm.provider)


def test_tokens_that_come_at_once_wait_for_the_same_fetch(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, begun, may_end = keys._fetch, Event(), Event()  # noqa: SLF001 (to hold it up)

    def held_up(provider: Provider) -> object:
        begun.set()
        assert may_end.wait(5)
        return fetch(provider)

    monkeypatch.setattr(keys, "_fetch", held_up)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(validate_bearer, realm.sign(), realm.provider)
        assert begun.wait(5)
        second = pool.submit(validate_bearer, realm.sign(), realm.provider)
        # Long enough for it to be refused, if it did not wait.
        wait([second], timeout=0.5)
        may_end.set()
        assert first.result()
        assert second.result()
    assert realm.requests == 1


def test_a_login_needs_no_floor_since_its_token_came_from_the_realm(realm: KeyServer) -> None:
    validate_bearer(realm.sign(), realm.provider)
    second = new_key("second")
    realm.published = [realm.key, second]
    assert keys.signing_key(realm.provider, "second", came_from_realm=True)


def test_new_key_is_fetched_after_the_floor(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_bearer(realm.sign(), realm.provider)
    second = new_key("second")
    realm.published = [realm.key, second]
    with pytest.raises(TokenRefused):
        validate_bearer(realm.sign(key=second), realm.provider)
    monkeypatch.setattr(keys, "FETCH_FLOOR_SECONDS", 0)
    assert validate_bearer(realm.sign(key=second), realm.provider)
    assert realm.requests == 2


def test_withdrawn_key_is_refused_once_the_kept_ones_are_old(
    realm: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = realm.sign()
    validate_bearer(token, realm.provider)
    realm.published = [new_key("second")]
    monkeypatch.setattr(keys, "FETCH_FLOOR_SECONDS", 0)
    monkeypatch.setattr(keys, "KEYS_MAX_AGE_SECONDS", 0)
    with pytest.raises(TokenRefused):
        validate_bearer(token, realm.provider)


def test_keys_that_cannot_be_had_are_no_reason_to_refuse_for_good(realm: KeyServer) -> None:
    realm.status = 503
    for _ in range(3):
        with pytest.raises(TransientError):
            validate_bearer(realm.sign(), realm.provider)
    assert realm.requests == 1


def test_short_key_is_not_used(realm: KeyServer) -> None:
    from joserfc.jwk import RSAKey  # noqa: PLC0415 (only this test makes a weak key)

    weak = RSAKey.generate_key(1024, {"kid": "weak"})
    realm.published = [realm.key, weak]
    with pytest.raises(TokenRefused):
        validate_bearer(realm.sign(key=weak), realm.provider)
