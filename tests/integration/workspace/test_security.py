"""The page on which a workspace says how people log in to it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from plexica.audit.models import AuditEntry
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending
from tenants import login_rules, session_limits
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.logins import keycloak_at
from tests.integration.workspace.conftest import Member

SECURITY = "/settings/security/"
COLUMNS = (*login_rules.COLUMNS, *session_limits.COLUMNS)


@pytest.fixture(autouse=True)
def _as_it_was(acme: Tenant) -> Iterator[None]:
    while deliver_pending():
        pass
    before = Tenant.objects.filter(pk=acme.pk).values(*COLUMNS).get()
    yield
    OutboxMessage.objects.filter(delivered_at=None).delete()
    Tenant.objects.filter(pk=acme.pk).update(**before)


def values(tenant: Tenant, **changed: Any) -> dict[str, Any]:
    there = Tenant.objects.filter(pk=tenant.pk).values("version", *COLUMNS).get()
    return {name: value for name, value in {**there, **changed}.items() if value is not False}


def test_the_page_shows_what_the_realm_has(dee: Member) -> None:
    page = dee.client.get(SECURITY).content.decode()
    assert "length(10) and maxLength(128) and notUsername and notEmail" in page
    assert "All of it is in force." in page
    answer = dee.client.post(SECURITY, values(dee.tenant, password_min_length=12))
    assert answer.status_code == HTTPStatus.FOUND
    page = dee.client.get(SECURITY).content.decode()
    assert "Something is still on its way there." in page
    assert "length(10)" in page
    with tenant_scope(dee.tenant):
        entry = AuditEntry.objects.filter(action="tenant.updated").latest("at")
    assert entry.after == {"password_min_length": 12}
    deliver_pending()
    page = dee.client.get(SECURITY).content.decode()
    assert "length(12)" in page
    assert "All of it is in force." in page
    dee.client.post(SECURITY, values(dee.tenant, password_min_length=10))
    deliver_pending()


def test_a_keycloak_that_is_down_is_said_calmly_and_the_change_kept(dee: Member) -> None:
    with keycloak_at("http://127.0.0.1:9"):
        answer = dee.client.get(SECURITY)
        assert answer.status_code == HTTPStatus.OK
        assert "The login service does not answer now" in answer.content.decode()
        changed = values(dee.tenant, password_digit="on")
        assert dee.client.post(SECURITY, changed).status_code == HTTPStatus.FOUND
    assert Tenant.objects.get(pk=dee.tenant.pk).password_digit


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password_min_length", 7),
        ("password_min_length", 65),
        ("password_history", -1),
        ("password_history", 25),
        ("session_idle_minutes", 1),
        ("session_idle_minutes", 700),
        ("extra", "1"),
    ],
)
def test_what_makes_no_sense_is_refused(dee: Member, field: str, value: Any) -> None:
    answer = dee.client.post(SECURITY, values(dee.tenant, **{field: value}))
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert Tenant.objects.get(pk=dee.tenant.pk).password_min_length == 10


def test_a_member_changes_nothing(bo: Member) -> None:
    answer = bo.client.post(SECURITY, values(bo.tenant, password_min_length=12))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert Tenant.objects.get(pk=bo.tenant.pk).password_min_length == 10
