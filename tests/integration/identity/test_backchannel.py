"""What Keycloak really sends when sessions have ended, to a live server; what is refused then."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from plexica.identity.access import Access, Sessions
from plexica.identity.browser_sessions import end_at_realms_word
from plexica.identity.callers import CallerRefused, caller_of
from plexica.identity.jwt import keys
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import EndedSession
from plexica.identity.providers import platform_provider, tenant_provider
from plexica.wsgi import application
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser
from tests.integration.identity.logins import (
    is_in,
    key_of,
    logged_in,
    logged_in_at_console,
    make_due,
    post,
    row_of,
)

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


@contextmanager
def within_a_second(browser: Browser) -> Iterator[None]:
    """See that a browser is in, and out as soon as what is done has been done."""
    assert is_in(browser)
    yield
    done_at = time.monotonic()
    while is_in(browser):
        assert time.monotonic() - done_at < ENDED_WITHIN_SECONDS
    assert time.monotonic() - done_at < ENDED_WITHIN_SECONDS


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
