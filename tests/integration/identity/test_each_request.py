"""What another process does to a tenant, a person or a session counts at the very next request.

The other process is a connection of its own: nothing in this one hears of what it does.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from plexica.identity.models import BrowserSession
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, _clean, come


@pytest.fixture
def ada(acme: Tenant) -> Iterator[Member]:
    """Ada, by a session that a login has begun."""
    somebody = come(acme, "Ada", "owner")
    with tenant_scope(acme):
        key = somebody.client.cookies["session"].value
        BrowserSession.objects.create(session_id=key, user=somebody.user)
    yield somebody
    _clean(acme)


def elsewhere(tenant: Tenant, statement: str, *values: object) -> None:
    """Do something to the database that no code of this process knows of."""
    known = connection.get_connection_params()
    login: dict[str, Any] = {
        name: known[name] for name in ("dbname", "user", "password", "host", "port")
    }
    with psycopg.connect(**login, autocommit=True) as other:
        path = sql.Identifier(tenant.schema_name)
        other.execute(sql.SQL("SET ROLE plexica_owner; SET search_path = {}, public").format(path))
        assert other.execute(statement, values).rowcount == 1


def status(member: Member) -> int:
    """Ask for a page, and return the status of the answer."""
    return member.client.get("/files/").status_code


def test_who_is_disabled_is_out(ada: Member, acme: Tenant) -> None:
    assert status(ada) == 200
    elsewhere(acme, "UPDATE identity_user SET is_active = false WHERE id = %s", ada.user.pk)
    assert status(ada) == 302
    elsewhere(acme, "UPDATE identity_user SET is_active = true WHERE id = %s", ada.user.pk)
    assert status(ada) == 200


def test_a_session_that_has_ended_is_none(ada: Member, acme: Tenant) -> None:
    key = ada.client.cookies["session"].value
    assert status(ada) == 200
    elsewhere(acme, "DELETE FROM django_session WHERE session_key = %s", key)
    assert status(ada) == 302


def test_a_session_that_says_somebody_else_than_its_login_is_asked_for_anew(
    ada: Member, acme: Tenant
) -> None:
    other = come(acme, "Bo", "member")
    with tenant_scope(acme):
        key = ada.client.cookies["session"].value
        BrowserSession.objects.filter(session_id=key).update(user=other.user)
        # It is not Bo who comes in by Ada's session, nor is it Ada by Bo's login.
        assert ada.client.get("/profile/").context["user"].pk == ada.user.pk


def test_a_person_who_is_another_one_in_the_realm_is_out(ada: Member, acme: Tenant) -> None:
    assert status(ada) == 200
    elsewhere(acme, "UPDATE identity_user SET subject = 'another' WHERE id = %s", ada.user.pk)
    assert status(ada) == 302


def test_a_tenant_that_is_suspended_is_closed(ada: Member, acme: Tenant) -> None:
    assert status(ada) == 200
    state = "UPDATE tenants_tenant SET state = %s WHERE id = %s"
    elsewhere(acme, state, "SUSPENDED", acme.pk)
    try:
        assert status(ada) == 403
    finally:
        elsewhere(acme, state, "ACTIVE", acme.pk)
    assert status(ada) == 200
