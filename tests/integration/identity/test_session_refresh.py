"""How a browser's session is refreshed at the real Keycloak: unseen, once, and while it is down."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from plexica.identity.actors import SESSION_ROLES
from plexica.identity.browser_sessions import open_tokens
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.models import BrowserSession, EndedSession, User
from plexica.identity.oidc import refresh
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.faults.proxy import Fault, Proxy, standing_before
from tests.integration.identity.browser import Browser, set_password
from tests.integration.identity.logins import (
    ADA,
    is_in,
    key_of,
    keycloak_at,
    logged_in_at_console,
    make_due,
    pass_time,
    row_of,
)
from tests.threads import threads


@pytest.fixture
def realm(acme: Tenant) -> Iterator[RealmClient]:
    """Acme's realm, with Ada in it as she was afterwards."""
    realm = realm_client(acme)
    yield realm
    subject = set_password(acme, ADA)
    realm.update_user(subject, {"enabled": True, "firstName": "", "lastName": ""})
    with tenant_scope(acme):
        User.objects.filter(subject=subject).update(first_name="", last_name="")


@pytest.fixture
def once_only(realm: RealmClient) -> Iterator[None]:
    """A realm whose refresh tokens are good once, as its people may want it."""
    realm.update_settings({"revokeRefreshToken": True, "refreshTokenMaxReuse": 0})
    yield
    realm.update_settings({"revokeRefreshToken": False})


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """What stands before the real Keycloak, and counts what it is asked for tokens."""
    with standing_before(settings.KEYCLOAK_SERVERS["default"].internal_url) as proxy:
        proxy.arm(
            Fault.ABSENT, at=1_000_000, only="POST /realms/acme/protocol/openid-connect/token"
        )
        with keycloak_at(proxy.url):
            yield proxy


def asked(proxy: Proxy) -> int:
    return proxy._passed  # noqa: SLF001 (what it counts for itself)


def test_it_is_refreshed_unseen_when_the_access_tokens_life_is_over(
    ada: Browser, acme: Tenant, once_only: None, proxy: Proxy
) -> None:
    is_in(ada)
    assert asked(proxy) == 0
    with tenant_scope(acme):
        before = row_of(ada)
    for number in range(1, 4):
        make_due(ada, acme)
        assert is_in(ada)
        assert is_in(ada)
        assert asked(proxy) == number
    with tenant_scope(acme):
        after = row_of(ada)
    assert after.refresh_after > timezone.now() + timedelta(minutes=4)
    assert after.refreshing_until is None
    assert "eyJ" not in after.tokens
    assert open_tokens(after.tokens)["refresh_token"] != open_tokens(before.tokens)["refresh_token"]


def test_requests_at_once_spend_the_token_once_and_all_come_in(
    ada: Browser, acme: Tenant, once_only: None, proxy: Proxy
) -> None:
    make_due(ada, acme)
    # Long past what is forgiven while the realm does not answer, so that nobody gets in by that.
    pass_time(ada, acme, since_use=20, since_login=20, since_due=20)
    cookie = key_of(ada)

    def ask() -> int:
        client = Client(headers={"Host": ada.host})
        client.cookies["session"] = cookie
        return client.get("/").status_code

    with threads(6) as submit:
        answers = [future.result() for future in [submit(ask) for _number in range(6)]]
    assert answers == [HTTPStatus.OK] * 6
    assert asked(proxy) == 1


def test_requests_at_once_are_all_sent_away_when_the_realm_says_no(
    ada: Browser, acme: Tenant, realm: RealmClient
) -> None:
    with tenant_scope(acme):
        realm.end_user_sessions(row_of(ada).user.subject)
    make_due(ada, acme)
    cookie = key_of(ada)

    def ask() -> int:
        client = Client(headers={"Host": ada.host})
        client.cookies["session"] = cookie
        return client.get("/").status_code

    with threads(6) as submit:
        answers = [future.result() for future in [submit(ask) for _number in range(6)]]
    assert answers == [HTTPStatus.FOUND] * 6


def test_a_lock_that_a_dead_process_left_is_taken_over(
    ada: Browser, acme: Tenant, proxy: Proxy
) -> None:
    make_due(ada, acme)
    with tenant_scope(acme):
        BrowserSession.objects.filter(session_id=key_of(ada)).update(
            refreshing_until=timezone.now() - timedelta(seconds=1)
        )
    assert is_in(ada)
    assert asked(proxy) == 1


def test_what_the_realm_says_of_the_person_is_taken_over(
    ada: Browser, acme: Tenant, realm: RealmClient
) -> None:
    name = f"Augusta {uuid4().hex[:6]}"
    with tenant_scope(acme):
        subject = row_of(ada).user.subject
    realm.update_user(subject, {"firstName": name})
    make_due(ada, acme)
    assert is_in(ada)
    with tenant_scope(acme):
        assert User.objects.get(subject=subject).first_name == name


def test_roles_that_the_realm_takes_from_staff_are_gone_with_the_refresh() -> None:
    stella = logged_in_at_console()
    assert is_in(stella)
    master = master_client("default")
    role = master.call("GET", "/plexica/roles/super-admin").body
    mappings = f"/plexica/users/{row_of(stella).user.subject}/role-mappings/realm"
    master.call("DELETE", mappings, body=[role])
    try:
        assert is_in(stella)
        make_due(stella)
        assert stella.client.get("/tenants/").status_code == HTTPStatus.FORBIDDEN
        kept = Session.objects.get(pk=key_of(stella)).get_decoded()
        assert "super-admin" not in kept[SESSION_ROLES]
    finally:
        master.call("POST", mappings, body=[role])
    make_due(stella)
    assert is_in(stella)


def test_a_person_who_is_disabled_in_the_realm_is_out_with_the_refresh(
    ada: Browser, acme: Tenant, realm: RealmClient
) -> None:
    with tenant_scope(acme):
        row = row_of(ada)
    realm.update_user(row.user.subject, {"enabled": False})
    assert is_in(ada), "Nobody has told Plexica yet."
    make_due(ada, acme)
    response = ada.client.get("/?page=1")
    assert response["Location"] == "/oidc/authenticate/?next=%2F%3Fpage%3D1"
    with tenant_scope(acme):
        assert not Session.objects.filter(pk=row.session_id).exists()
        assert EndedSession.objects.filter(realm_session=row.realm_session).exists()


# Keycloak not answering


def test_while_keycloak_is_down_a_session_goes_on_for_a_bounded_time(
    ada: Browser, acme: Tenant
) -> None:
    make_due(ada, acme)
    with keycloak_at("http://127.0.0.1:9"):
        assert is_in(ada)
        pass_time(ada, acme, since_due=9, since_use=0, since_login=0)
        refresh.forget_outages()
        assert is_in(ada)
        pass_time(ada, acme, since_due=2, since_use=0, since_login=0)
        response = ada.client.get("/")
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "login service does not answer" in response.content.decode()
        assert response["Retry-After"]
        # The way out is open.
        assert ada.client.get("/oidc/logged-out/").status_code == HTTPStatus.OK
    assert is_in(ada), "Once it answers, nobody has to log in again."


def test_a_keycloak_that_hangs_is_waited_for_once(
    ada: Browser, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "READ_SECONDS", 0.5)
    make_due(ada, acme)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.1)
        with keycloak_at(f"http://127.0.0.1:{silent.getsockname()[1]}"):
            assert is_in(ada)
            assert is_in(ada)
            silent.accept()
            with pytest.raises(TimeoutError):
                silent.accept()


def test_while_keycloak_is_down_nobody_who_was_refused_comes_in(
    ada: Browser, acme: Tenant, realm: RealmClient
) -> None:
    with tenant_scope(acme):
        realm.end_user_sessions(row_of(ada).user.subject)
    make_due(ada, acme)
    assert not is_in(ada)
    with keycloak_at("http://127.0.0.1:9"):
        assert not is_in(ada)
