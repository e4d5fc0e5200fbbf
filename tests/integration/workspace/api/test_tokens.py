"""Which tokens open a workspace's API: tokens of the real realms, and what is made from them.

What stands in: the clock that a token's times are compared with, where time would have to pass.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import requests
from django.core.cache import cache
from joserfc.jwk import RSAKey
from joserfc.jwt import JWTClaimsRegistry

from plexica.identity.jwt import keys, remembered, tokens
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.keycloak.transport import Transport
from plexica.identity.models import User
from plexica.identity.providers import API_CLIENT, WORKSPACE_CLIENT, tenant_provider
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.conftest import Servers
from tests.integration.api.conftest import Api, fetch_token
from tests.integration.identity.browser import PASSWORD
from tests.integration.identity.realms import PROGRAM_SECRET, add_program, ask_token
from tests.integration.workspace.api.conftest import (
    ADA,
    Issue,
    Program,
    make_known,
    token_of_account,
    tokens_of_person,
)

AUDIENCE_MAPPER = {
    "name": "audience",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-audience-mapper",
    "config": {"included.client.audience": WORKSPACE_CLIENT, "access.token.claim": "true"},
}


@pytest.fixture
def token(acme: Tenant, issue: Issue) -> str:
    """A good token of a service account of acme."""
    return token_of_account(acme, issue("viewer"))


@pytest.fixture
def add_client(acme: Tenant) -> Iterator[Callable[..., str]]:
    """Make clients of acme's realm that Plexica knows nothing of, and remove them."""
    made = []

    def add(**values: Any) -> str:
        name = f"tests-{uuid4().hex[:8]}"
        made.append(add_program(realm_client(acme), name, **values))
        return name

    yield add
    for client in made:
        realm_client(acme).delete_client(client)


def status(tenant: Tenant, token: str) -> int:
    return Program(tenant, token).get().status_code


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def decode(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_program_that_plexica_does_not_know_is_refused(
    acme: Tenant, add_client: Callable[..., str]
) -> None:
    """Whoever may add clients in the realm does not by that decide who may call."""
    stranger = add_client(protocolMappers=[AUDIENCE_MAPPER])
    answer = ask_token(acme, stranger, PROGRAM_SECRET)
    refused = Program(acme, answer.json()["access_token"]).get()
    assert refused.status_code == 401
    assert "client" in refused.json()["detail"]


def test_a_token_for_somebody_else_is_refused(acme: Tenant, add_client: Callable[..., str]) -> None:
    answer = ask_token(acme, add_client(), PROGRAM_SECRET)
    assert status(acme, answer.json()["access_token"]) == 401


def test_a_person_by_another_client_is_refused(
    acme: Tenant, add_client: Callable[..., str]
) -> None:
    make_known(acme, ADA, "owner")
    stranger = add_client(directAccessGrantsEnabled=True, protocolMappers=[AUDIENCE_MAPPER])
    answer = ask_token(
        acme, stranger, PROGRAM_SECRET, grant_type="password", username=ADA, password=PASSWORD
    )
    assert answer.ok, answer.text
    assert status(acme, answer.json()["access_token"]) == 401


def test_a_person_by_the_client_of_a_program_is_not_the_program(acme: Tenant, issue: Issue) -> None:
    make_known(acme, ADA, "owner")
    issued = issue("admin")
    realm, client_id = realm_client(acme), issued["account"]["client_id"]
    client = realm.find_client(client_id)
    assert client is not None
    realm.update_client(
        {"id": client["id"], "clientId": client_id, "directAccessGrantsEnabled": True}
    )
    answer = ask_token(
        acme, client_id, issued["secret"], grant_type="password", username=ADA, password=PASSWORD
    )
    assert answer.ok, answer.text
    assert status(acme, answer.json()["access_token"]) == 401


def test_somebody_who_has_never_logged_in_is_refused(acme: Tenant) -> None:
    make_known(acme, ADA, "owner")
    token = tokens_of_person(acme, ADA)["access_token"]
    with tenant_scope(acme):
        user = User.objects.get(email=ADA)
        User.objects.filter(pk=user.pk).update(subject="somebody else")
        try:
            assert status(acme, token) == 401
        finally:
            User.objects.filter(pk=user.pk).update(subject=user.subject)
    assert status(acme, token) == 200


def test_the_platform_and_a_workspace_do_not_take_each_others_tokens(
    acme: Tenant, token: str, platform: Servers
) -> None:
    of_platform = fetch_token(API_CLIENT, platform.environment["PLEXICA_API_CLIENT_SECRET"])
    assert Api(of_platform).get().status_code == 200
    assert status(acme, of_platform) == 401
    assert status(acme, token) == 200
    assert Api(token).get().status_code == 401


@pytest.mark.parametrize("name", ["id_token", "refresh_token"])
def test_a_token_of_another_kind_is_refused(acme: Tenant, name: str) -> None:
    make_known(acme, ADA, "owner")
    given = tokens_of_person(acme, ADA)
    assert status(acme, given["access_token"]) == 200
    assert status(acme, given[name]) == 401


def test_an_unsigned_token_is_refused(acme: Tenant, token: str) -> None:
    header, claims, signature = token.split(".")
    for algorithm in ("none", "None", ""):
        unsigned = encode({**decode(header), "alg": algorithm})
        for end in ("", signature):
            assert status(acme, f"{unsigned}.{claims}.{end}") == 401


def test_hs256_with_the_realms_public_key_as_its_secret_is_refused(
    acme: Tenant, token: str
) -> None:
    header, claims, _signature = token.split(".")
    published = requests.get(tenant_provider(acme).jwks_endpoint, timeout=10).json()["keys"]
    [found] = [key for key in published if key["kid"] == decode(header)["kid"]]
    key = RSAKey.import_key(found)
    for secret in (key.as_pem(private=False), json.dumps(found).encode()):
        signed = f"{encode({**decode(header), 'alg': 'HS256'})}.{claims}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        forged = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        assert status(acme, forged) == 401


def test_changed_claims_are_refused(acme: Tenant, token: str) -> None:
    header, claims, signature = token.split(".")
    changed = encode({**decode(claims), "exp": int(time.time()) + 10**6})
    assert status(acme, f"{header}.{changed}.{signature}") == 401


def test_an_oversized_token_is_refused(acme: Tenant, token: str) -> None:
    header, claims, signature = token.split(".")
    big = encode({**decode(claims), "more": "x" * tokens.MAX_TOKEN_BYTES})
    refused = Program(acme, f"{header}.{big}.{signature}").get()
    assert refused.status_code == 401
    assert "too long" in refused.json()["detail"]


@pytest.mark.parametrize(("seconds", "word"), [(400, "expired"), (-60, "not valid")])
def test_an_expired_token_and_one_of_the_future_are_refused(
    acme: Tenant, token: str, monkeypatch: pytest.MonkeyPatch, seconds: int, word: str
) -> None:
    clock = partial(JWTClaimsRegistry, now=lambda: int(time.time()) + seconds)
    monkeypatch.setattr(tokens, "JWTClaimsRegistry", clock)
    refused = Program(acme, token).get()
    assert refused.status_code == 401
    assert word in refused.json()["detail"]


class Later:
    """A clock that is ahead."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def time(self) -> float:
        return time.time() + self.seconds

    def monotonic(self) -> float:
        return time.monotonic()


def test_a_token_that_is_remembered_is_remembered_no_longer_than_it_is_good(
    acme: Tenant, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status(acme, token) == 200
    clock = partial(JWTClaimsRegistry, now=lambda: int(time.time()) + 400)
    monkeypatch.setattr(tokens, "JWTClaimsRegistry", clock)
    assert status(acme, token) == 200, "It is remembered."
    for forget in (lambda: None, remembered.forget_tokens):
        forget()
        monkeypatch.setattr(remembered, "time", Later(400))
        assert status(acme, token) == 401
        monkeypatch.setattr(remembered, "time", time)


def test_a_token_is_checked_once_for_all_processes(
    acme: Tenant, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise AssertionError("It was checked again.")

    assert status(acme, token) == 200
    monkeypatch.setattr("plexica.identity.api.validate_bearer", refuse)
    assert status(acme, token) == 200
    # As another process, which has only Redis.
    remembered.forget_tokens()
    assert status(acme, token) == 200


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that this process has asked Keycloak for keys at."""
    asked = []

    class Counting(Transport):
        def call(self, method: str, path: str, **options: Any) -> Any:
            asked.append(path)
            return super().call(method, path, **options)

    monkeypatch.setattr(keys, "Transport", Counting)
    return asked


def pass_the_floor(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be long enough since the realm was asked for its keys."""
    monkeypatch.setattr(keys, "FETCH_FLOOR_SECONDS", 0)
    with tenant_scope(acme):
        cache.delete(keys._floor_key(tenant_provider(acme)))  # noqa: SLF001 (no other way to it)


def test_junk_keys_do_not_make_plexica_hammer_keycloak(
    acme: Tenant, token: str, fetches: list[str]
) -> None:
    assert status(acme, token) == 200
    header, claims, signature = token.split(".")
    for number in range(50):
        junk = f"{encode({**decode(header), 'kid': f'junk-{number}'})}.{claims}.{signature}"
        assert status(acme, junk) == 401
    assert len(fetches) <= 2
    assert status(acme, token) == 200


def test_a_realm_that_changes_its_keys_is_followed(
    acme: Tenant, issue: Issue, fetches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issue("viewer")
    before = token_of_account(acme, issued)
    assert status(acme, before) == 200
    realm = realm_client(acme)
    made = realm.call(
        "POST",
        f"/{acme.realm}/components",
        body={
            "name": "tests",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": ["500"], "algorithm": ["RS256"], "keySize": ["2048"]},
        },
    )
    try:
        after = token_of_account(acme, issued)
        kids = [decode(token.split(".")[0])["kid"] for token in (before, after)]
        assert kids[0] != kids[1]
        pass_the_floor(acme, monkeypatch)
        fetches.clear()
        assert status(acme, after) == 200
        assert len(fetches) == 1
        assert status(acme, before) == 200
        assert len(fetches) == 1
    finally:
        realm.call("DELETE", f"/{acme.realm}/components/{made.created_id}")
    # Once the kept keys are old, what the realm has withdrawn is refused.
    with tenant_scope(acme):
        keys.forget_keys(tenant_provider(acme))
        cache.clear()
    remembered.forget_tokens()
    assert status(acme, after) == 401
    assert status(acme, token_of_account(acme, issued)) == 200
