"""Which ID token ends a login: this realm's, for this client, of this very login."""

from typing import Any

import pytest

from plexica.identity.oidc import backend
from plexica.identity.oidc.errors import LoginFailed, LoginUnavailable
from tests.unit.identity.conftest import AUDIENCE, KeyServer

GOOD = {"typ": "ID", "aud": AUDIENCE, "azp": AUDIENCE, "nonce": "of this login"}


@pytest.fixture
def login(realm: KeyServer, monkeypatch: pytest.MonkeyPatch) -> backend.ScopedOIDCBackend:
    monkeypatch.setattr(backend, "current_provider", lambda: realm.provider)
    return backend.ScopedOIDCBackend()


def test_good_one_is_accepted(login: backend.ScopedOIDCBackend, realm: KeyServer) -> None:
    assert login.verify_token(realm.sign(**GOOD), nonce="of this login")["sub"] == "ada"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://evil.example"},
        {"aud": "plexica-management"},
        {"azp": "plexica-management"},
        {"typ": "Bearer"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"nonce": ""},
        {"exp": 1},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
    ],
)
def test_other_one_is_refused(
    login: backend.ScopedOIDCBackend, realm: KeyServer, claims: dict[str, Any]
) -> None:
    with pytest.raises(LoginFailed):
        login.verify_token(realm.sign(**(GOOD | claims)), nonce="of this login")


@pytest.mark.parametrize("nonce", [None, ""])
def test_login_without_a_nonce_is_refused(
    login: backend.ScopedOIDCBackend, realm: KeyServer, nonce: str | None
) -> None:
    for claim in ({"nonce": nonce}, {}):
        with pytest.raises(LoginFailed):
            login.verify_token(realm.sign(**(GOOD | claim)), nonce=nonce)
    with pytest.raises(LoginFailed):
        login.verify_token(realm.sign(without=("nonce",), typ="ID"), nonce=nonce)


def test_keys_that_cannot_be_had_are_said_so(
    login: backend.ScopedOIDCBackend, realm: KeyServer
) -> None:
    realm.status = 503
    with pytest.raises(LoginUnavailable):
        login.verify_token(realm.sign(**GOOD), nonce="of this login")
