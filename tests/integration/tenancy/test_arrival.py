"""The session is read along with the tenant, and believed only where the tenant's row agrees."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from plexica.core.scope import platform_scope
from plexica.identity.models import BrowserSession, User
from tenants.arrival import _guesses, forget_arrivals
from tenants.models import Domain, Tenant
from tenants.scopes import scope_of, tenant_scope
from tests.integration.workspace.conftest import Member, _clean, come

HOST = "acme.localhost"
PAGE = "/files/"


@pytest.fixture
def ada(acme: Tenant) -> Iterator[Member]:
    """Ada, by a session that a login has begun."""
    forget_arrivals()
    somebody = come(acme, "Ada", "owner")
    with tenant_scope(acme):
        key = somebody.client.cookies["session"].value
        BrowserSession.objects.create(session_id=key, user=somebody.user)
    yield somebody
    _clean(acme)
    forget_arrivals()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to the server."""
    sent: list[str] = []
    send = psycopg.ClientCursor._execute_send  # noqa: SLF001 (each message goes through it)

    def note(self: Any, query: Any, **options: Any) -> None:
        sent.append(query.query.decode())
        send(self, query, **options)

    monkeypatch.setattr(psycopg.ClientCursor, "_execute_send", note)
    return sent


def test_tenant_session_and_person_are_one_trip(ada: Member, trips: list[str]) -> None:
    path = "/x/nothing/"
    assert ada.client.get(path).status_code == 404
    trips.clear()
    # Of a page that needs nothing else.
    assert ada.client.get(path).status_code == 404
    assert len(trips) == 1
    assert ada.client.get(path).context["user"] == ada.user


def test_without_a_session_only_the_tenant_is_read(ada: Member, trips: list[str]) -> None:
    assert ada.client.get(PAGE).status_code == 200
    trips.clear()
    assert Client(headers={"host": HOST}).get(PAGE).status_code == 302
    assert len(trips) == 1
    assert "django_session" not in trips[0]


@pytest.mark.parametrize(
    "cookie", ["x\0y12345", "aaaaaaaa\0", "' OR 1=1 --", "é" * 32, "%s" * 16, "a" * 5000]
)
def test_a_cookie_that_is_no_session_is_nobodys(ada: Member, cookie: str) -> None:
    assert ada.client.get(PAGE).status_code == 200
    stranger = Client(headers={"host": HOST})
    stranger.cookies["session"] = cookie
    assert stranger.get(PAGE).status_code == 302


def test_a_host_that_leads_elsewhere_now_takes_no_session_of_before(
    ada: Member, acme: Tenant, globex: Tenant
) -> None:
    assert ada.client.get(PAGE).status_code == 200
    # Somebody of globex has a session with the very same key, and is nobody in acme.
    with platform_scope():
        Domain.objects.filter(domain=HOST).update(tenant=globex)
    try:
        assert ada.client.get(PAGE).status_code == 302
    finally:
        with platform_scope():
            Domain.objects.filter(domain=HOST).update(tenant=acme)
    assert _guesses.get(HOST) != scope_of(acme)


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "plexica_nobody_at_all"},
        {"schema": "t_nowhere", "search_path": ("t_nowhere", "public")},
    ],
)
def test_a_guess_that_is_wrong_costs_a_trip_and_nothing_else(
    ada: Member, acme: Tenant, trips: list[str], wrong: dict[str, Any]
) -> None:
    assert ada.client.get(PAGE).status_code == 200
    _guesses[HOST] = replace(scope_of(acme), **wrong)
    trips.clear()
    assert ada.client.get(PAGE).status_code == 200
    assert len(trips) > 1
    assert _guesses[HOST] == scope_of(acme)


def test_a_guess_that_is_another_tenants_lets_nobody_of_theirs_in(
    ada: Member, acme: Tenant, globex: Tenant
) -> None:
    mallory = come(globex, "Mallory", "owner")
    key = mallory.client.cookies["session"].value
    with tenant_scope(globex):
        BrowserSession.objects.create(session_id=key, user=mallory.user)
    intruder = Client(headers={"host": HOST})
    intruder.cookies["session"] = key
    _guesses[HOST] = scope_of(globex)
    assert intruder.get(PAGE).status_code == 302
    assert _guesses[HOST] == scope_of(acme)
    _clean(globex)


def test_who_logs_in_between_is_not_taken_for_who_was_there(ada: Member, acme: Tenant) -> None:
    assert ada.client.get(PAGE).status_code == 200
    bo = come(acme, "Bo", "member")
    ada.client.cookies["session"] = bo.client.cookies["session"].value
    assert ada.client.get("/profile/").context["user"].pk == bo.user.pk
    with tenant_scope(acme):
        assert not User.objects.filter(pk=uuid.uuid4()).exists()
    assert connection.connection is None or not connection.in_atomic_block
