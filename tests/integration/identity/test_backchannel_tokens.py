"""What is sent where Keycloak tells of ended sessions: tokens of our own making, and junk."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from plexica.core.scope import platform_scope
from plexica.identity.browser_sessions import open_tokens
from plexica.identity.jwt import keys
from plexica.identity.jwt.logout import LOGOUT_EVENT
from plexica.identity.oidc.backchannel import MAX_BODY_BYTES
from plexica.identity.providers import Provider, platform_provider, tenant_provider
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState
from tests.integration.identity.browser import Browser, host_of
from tests.integration.identity.logins import is_in, keycloak_at, logged_in, row_of
from tests.unit.identity.conftest import new_key

HOST = host_of(settings.PLEXICA_INTERNAL_URL)


@pytest.fixture
def key() -> RSAKey:
    """A key that passes for the realms' own where a token of ours is sent."""
    return new_key("ours")


Tell = Callable[..., HttpResponse]


@pytest.fixture
def tell(acme: Tenant, globex: Tenant, ada: Browser, key: RSAKey) -> Tell:
    """Send a logout token for Ada's session to acme's address, right but for what is asked for."""
    with tenant_scope(acme):
        row = row_of(ada)
    provider = tenant_provider(acme)

    def send(
        *,
        header: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        signer: Any = None,
        realm: str = acme.realm,
        **claims: Any,
    ) -> HttpResponse:
        good = good_claims(provider) | {"sub": row.user.subject, "sid": row.realm_session}
        merged = {name: value for name, value in (good | claims).items() if name not in without}
        token = jwt.encode(
            {"alg": "RS256", "kid": "ours", "typ": "logout+jwt"} | (header or {}),
            merged,
            signer or key,
            algorithms=["RS256", "HS256", "none"],
        )
        known = keys._Keys(by_id={"ours": key}, fetched_at=time.time())  # noqa: SLF001
        with pytest.MonkeyPatch.context() as patch:
            for each in (provider, tenant_provider(globex), platform_provider()):
                patch.setitem(keys._known, each.issuer, known)  # noqa: SLF001
            return deliver(realm, token)

    return send


def good_claims(provider: Provider) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": provider.issuer,
        "aud": provider.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": uuid4().hex,
        "typ": "Logout",
        "events": {LOGOUT_EVENT: {}},
    }


def deliver(realm: str, token: str, **options: Any) -> HttpResponse:
    """Call the address as Keycloak does: by its number, without cookies."""
    client = Client(headers={"Host": HOST}, enforce_csrf_checks=True)
    return client.post(f"/oidc/backchannel/{realm}/", {"logout_token": token}, **options)


def test_a_token_of_the_realm_ends_the_session(ada: Browser, tell: Tell) -> None:
    answer = tell()
    assert answer.status_code == HTTPStatus.OK
    assert answer["Cache-Control"] == "no-store"
    assert not is_in(ada)


def test_a_token_without_a_session_ends_all_of_the_person(
    acme: Tenant, ada: Browser, tell: Tell
) -> None:
    other = logged_in(acme)
    assert tell(without=("sid",)).status_code == HTTPStatus.OK
    assert not is_in(ada)
    assert not is_in(other)


def test_a_token_without_a_person_ends_the_session(ada: Browser, tell: Tell) -> None:
    assert tell(without=("sub",)).status_code == HTTPStatus.OK
    assert not is_in(ada)


def test_a_session_that_is_unknown_is_no_error(ada: Browser, tell: Tell) -> None:
    assert tell(sid=uuid4().hex).status_code == HTTPStatus.OK
    assert is_in(ada)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "http://evil.example/realms/acme"},
        {"iss": ""},
        {"aud": "account"},
        {"aud": "plexica-console"},
        {"nonce": "n"},
        {"nonce": ""},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": {LOGOUT_EVENT: True}},
        {"events": LOGOUT_EVENT},
        {"events": [LOGOUT_EVENT]},
        {"exp": 1},
        {"exp": int(time.time()) + 3600 * 24},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 256},
        {"sid": 7},
        {"sid": "x" * 256},
        {"sub": ["ada"]},
        {"without": ("iss",)},
        {"without": ("aud",)},
        {"without": ("iat",)},
        {"without": ("exp",)},
        {"without": ("jti",)},
        {"without": ("events",)},
        {"without": ("sub", "sid")},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "nobodys"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}, "signer": OctKey.import_key("a secret of somebody's, long")},
        {"signer": new_key("stranger")},
    ],
    ids=str,
)
def test_what_is_not_right_ends_nothing(ada: Browser, tell: Tell, wrong: dict[str, Any]) -> None:
    answer = tell(**wrong)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer.json()["error"] == "invalid_request"
    assert answer["Cache-Control"] == "no-store"
    assert is_in(ada)


def test_the_public_key_is_no_secret(
    acme: Tenant, ada: Browser, tell: Tell, key: RSAKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = tenant_provider(acme)
    known = keys._Keys(by_id={"ours": key}, fetched_at=time.time())  # noqa: SLF001
    monkeypatch.setitem(keys._known, provider.issuer, known)  # noqa: SLF001
    header = {"alg": "HS256", "kid": "ours", "typ": "logout+jwt"}
    claims = good_claims(provider) | {"sub": "x"}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    for secret in (key.as_pem(private=False), key.as_der(private=False)):
        signature = hmac.digest(secret, signed.encode(), "sha256")
        answer = deliver(acme.realm, f"{signed}.{_base64(signature)}")
        assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert is_in(ada)


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def test_another_realms_word_counts_nothing(ada: Browser, tell: Tell, globex: Tenant) -> None:
    foreign = good_claims(tenant_provider(globex))
    assert tell(iss=foreign["iss"]).status_code == HTTPStatus.BAD_REQUEST
    # Acme's own token, taken to the addresses of others.
    for realm in (globex.realm, "plexica"):
        assert tell(realm=realm).status_code == HTTPStatus.BAD_REQUEST
    assert is_in(ada)


@pytest.mark.parametrize("realm", ["nobody", "master"])
def test_nobody_learns_here_which_realms_there_are(
    acme: Tenant, ada: Browser, tell: Tell, realm: str
) -> None:
    known, unknown = (deliver(name, "junk") for name in (acme.realm, realm))
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert unknown.headers == known.headers
    assert tell(realm=realm).content == tell(without=("events",)).content
    Tenant.objects.filter(pk=acme.pk).update(state=TenantState.FAILED)
    try:
        closed = deliver(acme.realm, "junk")
    finally:
        Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)
    assert (closed.status_code, closed.content) == (known.status_code, known.content)


@pytest.mark.parametrize("realm", ["ACME", "acme%2F..", "a" * 64, "%00"])
def test_what_is_no_realms_name_is_not_there(ada: Browser, tell: Tell, realm: str) -> None:
    assert tell(realm=realm).status_code == HTTPStatus.NOT_FOUND
    assert is_in(ada)


def test_a_token_is_good_once(acme: Tenant, ada: Browser, tell: Tell) -> None:
    identifier = uuid4().hex
    assert tell(jti=identifier, without=("sid",)).status_code == HTTPStatus.OK
    again = logged_in(acme)
    answer = tell(jti=identifier, without=("sid",))
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert is_in(again)


def test_tokens_of_other_kinds_are_none(acme: Tenant, ada: Browser) -> None:
    """Real ones of the realm: its ID token and its access token."""
    with tenant_scope(acme):
        kept = open_tokens(row_of(ada).tokens)
    for token in kept.values():
        assert deliver(acme.realm, token).status_code == HTTPStatus.BAD_REQUEST
    assert is_in(ada)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 9000, "\0"])
def test_junk_ends_nothing(acme: Tenant, ada: Browser, token: str) -> None:
    assert deliver(acme.realm, token).status_code == HTTPStatus.BAD_REQUEST
    assert is_in(ada)


def test_what_is_too_large_is_not_read(acme: Tenant, ada: Browser) -> None:
    answer = deliver(acme.realm, "x" * MAX_BODY_BYTES)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_only_posts_count(acme: Tenant) -> None:
    client = Client(headers={"Host": HOST})
    address = f"/oidc/backchannel/{acme.realm}/"
    assert client.get(address).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client.post(address, b"{}", "application/json").status_code == HTTPStatus.BAD_REQUEST


def test_the_host_that_it_came_by_does_not_matter(
    acme: Tenant, globex: Tenant, ada: Browser
) -> None:
    for host in ("globex.localhost", "nobody.localhost", settings.PLEXICA_BASE_DOMAIN):
        answer = Client(headers={"Host": host}).post(
            f"/oidc/backchannel/{acme.realm}/", {"logout_token": "x"}
        )
        assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert is_in(ada)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (TenantState.SUSPENDED, HTTPStatus.OK),
        (TenantState.DELETING, HTTPStatus.OK),
        (TenantState.PROVISIONING, HTTPStatus.BAD_REQUEST),
        (TenantState.FAILED, HTTPStatus.BAD_REQUEST),
    ],
)
def test_closed_tenants_hear_of_it_without_harm(
    acme: Tenant, ada: Browser, tell: Tell, state: TenantState, status: HTTPStatus
) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(state=state)
        try:
            assert tell().status_code == status
        finally:
            Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)


def test_without_the_realms_keys_it_is_said_so(acme: Tenant, ada: Browser) -> None:
    key = new_key("unknown-yet")
    token = jwt.encode(
        {"alg": "RS256", "kid": "unknown-yet", "typ": "logout+jwt"},
        good_claims(tenant_provider(acme)) | {"sub": "x"},
        key,
    )
    with tenant_scope(acme):
        keys.forget_keys(tenant_provider(acme))
    with keycloak_at("http://127.0.0.1:9"):
        assert deliver(acme.realm, token).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    with tenant_scope(acme):
        keys.forget_keys(tenant_provider(acme))
    assert is_in(ada)


def test_a_link_to_it_logs_nobody_out(acme: Tenant, ada: Browser) -> None:
    for realm in (acme.realm, "nobody", "plexica"):
        for ask in (ada.client.get, ada.client.post):
            answer = ask(f"/oidc/backchannel/{realm}/")
            assert answer.status_code in (400, 404, 405)
            assert "session" not in answer.cookies
    assert ada.client.get("/").status_code == HTTPStatus.OK
