"""Logins of a tenant whose upgrade has not brought what is kept of sessions (ADR 11)."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from plexica.core.scope import enter_scope, platform_scope, schema_owner
from plexica.identity.access import Access, Sessions
from plexica.identity.browser_sessions import end_at_realms_word, end_everywhere
from plexica.identity.models import BrowserSession, User
from plexica.identity.session_upkeep import clear_sessions
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import query
from tests.integration.identity.logins import ADA, is_in, key_of, logged_in, post, row_of
from tests.integration.workspace.api.conftest import Program, tokens_of_person

TABLES = ("browsersession", "endedsession", "usedlogouttoken")


@pytest.fixture
def upgrade(acme: Tenant) -> Iterator[Callable[[], None]]:
    """Acme as the version before has left it, until it is upgraded."""
    digest = acme.schema_digest
    is_behind = True
    _rename(acme, "", "_later")
    _note(acme, uuid4().hex)

    def act() -> None:
        nonlocal is_behind
        if is_behind:
            _rename(acme, "_later", "")
            _note(acme, digest)
        is_behind = False

    yield act
    act()


def _rename(tenant: Tenant, old: str, new: str) -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE identity_{table}{old} RENAME TO identity_{table}{new}")
        cursor.execute(
            f"ALTER TABLE identity_user RENAME sessions_ended_at{old} TO sessions_ended_at{new}"
        )


def _note(tenant: Tenant, digest: str) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(schema_digest=digest)
    tenant.schema_digest = digest


def test_people_log_in_and_their_sessions_are_taken_over_by_the_upgrade(
    acme: Tenant, upgrade: Callable[[], None]
) -> None:
    ada, other = logged_in(acme), logged_in(acme)
    assert is_in(ada)
    assert is_in(other)
    assert post(other, "/oidc/logout/").status_code == HTTPStatus.FOUND
    assert not is_in(other)
    clear_sessions()
    upgrade()
    assert is_in(ada)
    with tenant_scope(acme):
        assert row_of(ada).realm_session
        assert BrowserSession.objects.filter(session_id=key_of(ada)).count() == 1


def test_logging_out_ends_the_realms_session_too(acme: Tenant, upgrade: Callable[[], None]) -> None:
    ada = logged_in(acme)
    is_in(ada)
    response = post(ada, "/oidc/logout/")
    assert query(response["Location"])["id_token_hint"]


def test_sessions_can_be_ended(acme: Tenant, upgrade: Callable[[], None]) -> None:
    ada, there = logged_in(acme), logged_in(acme)
    with tenant_scope(acme):
        user = User.objects.get(email=ADA)
        session = Session.objects.get(pk=key_of(ada)).get_decoded()["identity_sid"]
        assert end_at_realms_word(
            issuer=user.issuer, subject=user.subject, realm_session=session
        ) == 1  # fmt: skip
        assert not is_in(ada)
        assert is_in(there)
        assert end_everywhere(user=user) >= 1
    assert not is_in(there)
    again = logged_in(acme)
    try:
        Sessions().do(acme)
        assert not is_in(again)
    finally:
        Access().undo(acme)


def test_programs_go_on(acme: Tenant, upgrade: Callable[[], None]) -> None:
    logged_in(acme)
    token = tokens_of_person(acme, ADA)["access_token"]
    assert Program(acme, token).get().status_code == HTTPStatus.OK
