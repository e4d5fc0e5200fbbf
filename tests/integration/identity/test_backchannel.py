"""Keycloak's word that sessions have ended: from the real one to a live server, and forged."""

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from plexica.core.scope import platform_scope
from plexica.identity.access import Access, Sessions
from plexica.identity.browser_sessions import end_at_realms_word, open_tokens
from plexica.identity.callers import CallerRefused, caller_of
from plexica.identity.jwt import keys
from plexica.identity.jwt.logout import LOGOUT_EVENT
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import EndedSession
from plexica.identity.oidc.backchannel import MAX_BODY_BYTES
from plexica.identity.providers import Provider, platform_provider, tenant_provider
from plexica.wsgi import application
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import TenantState
from tests.integration.identity.browser import Browser
from tests.integration.identity.logins import (
    is_in,
    key_of,
    keycloak_at,
    logged_in,
    logged_in_at_console,
    make_due,
    post,
    row_of,
)
from tests.unit.identity.conftest import new_key

INTERNAL = urlsplit(settings.PLEXICA_INTERNAL_URL)
ENDED_WITHIN_SECONDS = 1.0


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def live() -> Iterator[None]:
    """Plexica's own web application, where Keycloak reaches it."""
    assert INTERNAL.hostname
    assert INTERNAL.port
    with make_server(INTERNAL.hostname, INTERNAL.port, application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def ada(acme: Tenant) -> Browser:
    return logged_in(acme)


@contextmanager
def within_a_second(browser: Browser) -> Iterator[None]:
    """See that a browser is in, and out as soon as what is done has been done."""
    assert is_in(browser)
    yield
    done_at = time.monotonic()
    while is_in(browser):
        assert time.monotonic() - done_at < ENDED_WITHIN_SECONDS
    assert time.monotonic() - done_at < ENDED_WITHIN_SECONDS


# From the real Keycloak


def test_what_keycloak_ends_is_over_within_a_second(
    acme: Tenant, globex: Tenant, ada: Browser, live: None
) -> None:
    elsewhere, cy = logged_in(acme), logged_in(globex, "cy@globex.example")
    with tenant_scope(acme):
        row = row_of(ada)
    with within_a_second(ada):
        realm_client(acme).call("DELETE", f"/{acme.realm}/sessions/{row.realm_session}")
    assert is_in(elsewhere), "Another session of hers goes on."
    with within_a_second(elsewhere):
        realm_client(acme).end_user_sessions(row.user.subject)
    assert is_in(cy)


def test_both_tabs_that_logged_in_at_once_are_out(acme: Tenant, ada: Browser, live: None) -> None:
    tab = logged_in(acme, like=ada)
    assert key_of(tab) != key_of(ada)
    with tenant_scope(acme):
        session = row_of(ada).realm_session
        assert row_of(tab).realm_session == session
    with within_a_second(ada), within_a_second(tab):
        realm_client(acme).call("DELETE", f"/{acme.realm}/sessions/{session}")


def test_log_out_at_one_host_ends_nothing_at_another(
    acme: Tenant, ada: Browser, live: None
) -> None:
    stella = logged_in_at_console()
    with tenant_scope(acme):
        session = row_of(ada).realm_session
    with within_a_second(ada):
        realm_client(acme).call("DELETE", f"/{acme.realm}/sessions/{session}")
    assert is_in(stella)


def test_the_console_hears_of_it_too(acme: Tenant, ada: Browser, live: None) -> None:
    stella = logged_in_at_console()
    with within_a_second(stella):
        master_client("default").call("DELETE", f"/plexica/sessions/{row_of(stella).realm_session}")
    assert is_in(ada)


def test_a_realm_that_signs_with_a_new_key_is_understood(
    acme: Tenant, ada: Browser, live: None
) -> None:
    realm = realm_client(acme)
    new = _add_key(realm)
    # As it is some seconds after the keys were fetched for the last time.
    with tenant_scope(acme):
        keys.forget_keys(tenant_provider(acme))
    try:
        make_due(ada, acme)
        assert is_in(ada), "It is refreshed with tokens of the new key."
        with tenant_scope(acme):
            session = row_of(ada).realm_session
        with within_a_second(ada):
            realm.call("DELETE", f"/{acme.realm}/sessions/{session}")
        assert is_in(logged_in(acme))
    finally:
        realm.call("DELETE", f"/{acme.realm}/components/{new}")
        with tenant_scope(acme):
            keys.forget_keys(tenant_provider(acme))


def test_without_the_call_the_next_refresh_ends_it(acme: Tenant, ada: Browser) -> None:
    """Keycloak calls once and does not try again; nobody listens here."""
    with tenant_scope(acme):
        session = row_of(ada).realm_session
    realm_client(acme).call("DELETE", f"/{acme.realm}/sessions/{session}")
    assert is_in(ada)
    make_due(ada, acme)
    assert not is_in(ada)


def _add_key(realm: RealmClient) -> str:
    """Have a realm sign with a new key, and return the id of what keeps it."""
    made = realm.call(
        "POST",
        f"/{realm.realm}/components",
        body={
            "name": f"new-{uuid4().hex[:6]}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": ["500"], "enabled": ["true"], "active": ["true"]},
        },
    )
    return made.created_id


# Tokens of our own making: the realm's key is one that we have


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
    client = Client(headers={"Host": INTERNAL.netloc}, enforce_csrf_checks=True)
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
    client = Client(headers={"Host": INTERNAL.netloc})
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


def test_a_suspension_refuses_tokens_of_before(acme: Tenant, ada: Browser) -> None:
    with tenant_scope(acme):
        user = row_of(ada).user
    try:
        Sessions().do(acme)
        with tenant_scope(acme):
            assert not Session.objects.exists()
            user.refresh_from_db()
            assert user.sessions_ended_at
    finally:
        Access().undo(acme)


def test_logging_out_notes_that_the_session_has_ended(acme: Tenant, ada: Browser) -> None:
    with tenant_scope(acme):
        session = row_of(ada).realm_session
    is_in(ada)
    assert post(ada, "/oidc/logout/").status_code == HTTPStatus.FOUND
    with tenant_scope(acme):
        assert EndedSession.objects.filter(realm_session=session).exists()


def test_the_realm_is_told_where_plexica_listens(acme: Tenant) -> None:
    client = realm_client(acme).find_client("plexica-workspace")
    assert client
    assert client["attributes"]["backchannel.logout.url"] == (
        f"{settings.PLEXICA_INTERNAL_URL}/oidc/backchannel/acme/"
    )
    assert client["attributes"]["backchannel.logout.session.required"] == "true"
    console = master_client("default").call(
        "GET", "/plexica/clients", params={"clientId": "plexica-console"}
    )
    assert console.body[0]["attributes"]["backchannel.logout.url"] == (
        f"{settings.PLEXICA_INTERNAL_URL}/oidc/backchannel/plexica/"
    )


def test_the_platforms_api_refuses_tokens_of_a_session_that_has_ended() -> None:
    provider = platform_provider()
    claims = {
        "iss": provider.issuer, "sub": uuid4().hex, "azp": "a-tool", "iat": int(time.time()),
        "sid": uuid4().hex, "preferred_username": "stella",
    }  # fmt: skip
    assert caller_of(claims, provider, is_platform=True)
    end_at_realms_word(issuer=provider.issuer, subject="", realm_session=str(claims["sid"]))
    with pytest.raises(CallerRefused):
        caller_of(claims, provider, is_platform=True)
    assert caller_of(claims | {"iat": int(time.time()) + 1}, provider, is_platform=True)


def test_a_link_to_it_logs_nobody_out(acme: Tenant, ada: Browser) -> None:
    for realm in (acme.realm, "nobody", "plexica"):
        for ask in (ada.client.get, ada.client.post):
            answer = ask(f"/oidc/backchannel/{realm}/")
            assert answer.status_code in (400, 404, 405)
            assert "session" not in answer.cookies
    assert ada.client.get("/").status_code == HTTPStatus.OK
