"""Reads whose SQL is made once find what the ORM finds, each time anew."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plexica.core.postgresql.fixed import FixedRead
from plexica.core.scope import Scope, enter_scope
from plexica.identity.models import BrowserSession, RealmSync, User
from plexica.identity.session_store import _SESSION
from tenants.middleware import _DOMAIN_OF_HOST
from tenants.models import Domain, Tenant
from tenants.scopes import scope_of, tenant_scope


def _all_of(row: object) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_a_host_leads_to_the_row_that_the_orm_finds(acme: Tenant) -> None:
    known = Domain.objects.select_related("tenant").get(domain="acme.localhost")
    for _each in range(2):
        found = _DOMAIN_OF_HOST.first("acme.localhost")
        assert found is not None
        with CaptureQueriesContext(connection) as captured:
            assert _all_of(found.tenant) == _all_of(known.tenant)
            assert found.tenant.pk == acme.pk
        assert not captured
        assert model_to_dict(found) == model_to_dict(known)
    assert _DOMAIN_OF_HOST.first("acme.localhost' OR 'a' = 'a") is None
    assert _DOMAIN_OF_HOST.first("50 %s") is None


@pytest.mark.parametrize("is_login", [True, False])
def test_a_session_comes_with_its_login_and_its_person(acme: Tenant, is_login: bool) -> None:  # noqa: FBT001 (pytest's)
    now = timezone.now()
    with tenant_scope(acme):
        session = Session.objects.create(
            session_key=uuid.uuid4().hex, session_data="x", expire_date=now + timedelta(hours=1)
        )
        user = User.objects.create(issuer="http://fixed", subject=uuid.uuid4().hex)
        if is_login:
            BrowserSession.objects.create(session=session, user=user, tokens="secret")
        found = _SESSION.first(session.pk, now)
        assert found is not None
        with CaptureQueriesContext(connection) as captured:
            assert _all_of(found)["session_data"] == "x"
            browser = getattr(found, "browser", None)
            assert (browser is not None) == is_login
            if browser:
                assert _all_of(browser.user) == _all_of(user)
                assert browser.created_at.tzinfo is not None
        assert not captured
        if browser:
            assert "tokens" in browser.get_deferred_fields()
            assert browser.tokens == "secret"
        assert _SESSION.first(session.pk, now + timedelta(hours=2)) is None
        session.delete()
        assert _SESSION.first(session.pk, now) is None
        user.delete()


def test_the_sql_is_made_once_and_the_values_are_the_callers() -> None:
    asked: list[int] = []

    def build(key: int) -> QuerySet[RealmSync]:
        asked.append(key)
        return RealmSync.objects.filter(pk=key)

    read = FixedRead(build, 4711)
    RealmSync.objects.update_or_create(pk=1, defaults={"seen": ["a", {"b": 1}]})
    for _each in range(3):
        found = read.first(1)
        assert found is not None
        # What the driver gives is made what the field says.
        assert found.seen == ["a", {"b": 1}]
    assert read.first(2) is None
    assert asked == [4711]


def test_in_a_schema_that_is_behind_the_orm_is_asked(acme: Tenant) -> None:
    asked: list[str] = []

    def build(name: str) -> QuerySet[User]:
        asked.append(name)
        return User.objects.filter(first_name=name)

    read = FixedRead(build, "example")
    known = scope_of(acme)
    behind = Scope(
        schema=known.schema,
        role=known.role,
        tenant_slug=known.tenant_slug,
        search_path=known.search_path,
        missing=frozenset({("identity_user", "avatar")}),
    )
    with enter_scope(behind):
        user = User.objects.create(issuer="http://fixed", subject=uuid.uuid4().hex, first_name="Z")
        found = read.first("Z")
        assert found == user
        user.delete()
    assert asked == ["Z"]
