"""Tenants that the upgrade has not reached are served, and nobody sees it pass."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from plexica.core.actor import SYSTEM
from plexica.core.errors import BeingUpgraded
from plexica.core.scope import enter_scope, schema_owner
from plexica.identity.models import User
from plexica.identity.services import provision_user
from plexica.rbac.models import Group, GroupMembership, RoleAssignment
from plexica.rbac.provisioning import SystemRoles
from plexica.rbac.services import assign_role, ensure_system_roles
from plexica.rbac.system_roles import MEMBER
from tenants import middleware
from tenants.models import Domain, Tenant
from tenants.schema import behind
from tenants.schema.behind import missing_columns
from tenants.schema.step import Schema
from tenants.scopes import scope_of, tenant_scope
from tenants.upgrade import upgrade_tenants
from tests.integration.tenants.later import Release, present_again, release
from tests.integration.tenants.schemas import MakeTenants, make_tenants
from tests.integration.workspace.test_dashboard import browser_of
from tests.threads import threads

__all__ = ["make_tenants", "present_again", "release"]

# What the later version adds. The code has it already, as that of a later version would; so has
# the schema that the upgrade is planned in, but for the one table that nothing uses.
BRINGS_LOCALE = """migrations.RunSQL(
    "ALTER TABLE identity_user ADD COLUMN IF NOT EXISTS locale varchar(35) NOT NULL DEFAULT ''"),"""
BRINGS_ALL = f"""{BRINGS_LOCALE} migrations.RunSQL([
    "ALTER TABLE rbac_roleassignment ADD COLUMN IF NOT EXISTS group_id uuid"
    " REFERENCES rbac_group DEFERRABLE INITIALLY DEFERRED",
    "CREATE TABLE IF NOT EXISTS rbac_groupmembership (id uuid PRIMARY KEY,"
    " group_id uuid NOT NULL REFERENCES rbac_group DEFERRABLE INITIALLY DEFERRED,"
    " user_id uuid NOT NULL REFERENCES identity_user DEFERRABLE INITIALLY DEFERRED,"
    " source varchar(10) NOT NULL DEFAULT 'manual', added_at timestamptz NOT NULL)",
    "CREATE TABLE audit_later (id int)"]),"""


def _run_sql(tenant: Tenant, *statements: str) -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _take_locale(tenant: Tenant) -> None:
    _run_sql(tenant, "ALTER TABLE identity_user DROP COLUMN locale")


def _take_all(tenant: Tenant) -> None:
    _take_locale(tenant)
    _run_sql(
        tenant,
        "ALTER TABLE rbac_roleassignment DROP COLUMN group_id",
        "DROP TABLE rbac_groupmembership",
    )


def _again(tenant: Tenant) -> Tenant:
    found: Tenant = Tenant.objects.get(pk=tenant.pk)
    return found


def _person(**values: Any) -> User:
    person: User = User.objects.create(issuer="http://test", subject=uuid.uuid4().hex, **values)
    return person


def _upgrade(*tenants: Tenant) -> None:
    report = upgrade_tenants(slugs=[tenant.slug for tenant in tenants], parts=["schema"])
    assert report.is_complete, report


@contextmanager
def _served(tenant: Tenant) -> Iterator[Client]:
    """Have somebody logged in at a tenant's workspace."""
    SystemRoles().do(tenant)
    domain = Domain.objects.create(
        domain=f"{tenant.slug}.localhost", tenant=tenant, is_primary=True
    )
    try:
        yield browser_of(_again(tenant))
    finally:
        domain.delete()


# Finding out what is missing


def test_a_tenant_that_is_up_to_date_costs_nothing(
    make_tenants: MakeTenants, django_assert_num_queries: Any
) -> None:
    [tenant] = make_tenants(1)
    with django_assert_num_queries(0):
        assert scope_of(tenant).missing == frozenset()


def test_one_that_is_behind_is_looked_at_once(
    make_tenants: MakeTenants, release: Release, django_assert_num_queries: Any
) -> None:
    [tenant] = make_tenants(1)
    _take_locale(tenant)
    release(BRINGS_LOCALE)
    assert missing_columns(tenant) == {("identity_user", "locale")}
    of_next_request = _again(tenant)
    with django_assert_num_queries(0):
        assert missing_columns(of_next_request) == {("identity_user", "locale")}


def test_what_is_known_is_asked_again_after_a_while(
    make_tenants: MakeTenants, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    [tenant] = make_tenants(1)
    _take_locale(tenant)
    release(BRINGS_LOCALE)
    assert missing_columns(tenant)
    # As an upgrade does that goes step by step and fails before its end.
    _run_sql(tenant, "ALTER TABLE identity_user ADD COLUMN locale varchar(35) DEFAULT ''")
    assert missing_columns(tenant)
    later = behind.monotonic() + behind.RECHECK_SECONDS + 1
    monkeypatch.setattr(behind, "monotonic", lambda: later)
    assert missing_columns(tenant) == frozenset()


def test_a_schema_that_is_gone_is_not_behind(make_tenants: MakeTenants, release: Release) -> None:
    [tenant] = make_tenants(1)
    release(BRINGS_LOCALE)
    _run_sql(tenant, f"DROP SCHEMA {tenant.schema_name} CASCADE")
    assert missing_columns(tenant) == frozenset()
    Schema().undo(tenant)
    assert missing_columns(_again(tenant)) == frozenset()


# Serving it


def test_people_come_and_go_in_a_tenant_that_is_behind(
    make_tenants: MakeTenants, release: Release
) -> None:
    [tenant] = make_tenants(1)
    _take_all(tenant)
    release(BRINGS_ALL)
    with tenant_scope(tenant):
        bo, cy = _person(email="bo@x.example"), _person(email="cy@x.example")
        assert (bo.locale, User.objects.get(locale="", pk=bo.pk).locale) == ("", "")
        group = Group.objects.create(name="All")
        assert list(group.memberships.select_related("user")) == []
        assert list(User.objects.filter(group_memberships__group=group)) == []
        ensure_system_roles()
        assign_role(holder=bo, role=MEMBER, actor=SYSTEM)
        assert RoleAssignment.objects.select_related("group").get(group=None).user == bo
        bo.first_name = "Bo"
        bo.save()
        assert bo.delete()[1] == {"identity.User": 1, "rbac.RoleAssignment": 1}
        assert list(User.objects.values_list("email", "locale")) == [("cy@x.example", "")]
        with pytest.raises(BeingUpgraded), transaction.atomic():
            GroupMembership.objects.create(group=group, user=cy)
        with pytest.raises(BeingUpgraded), transaction.atomic():
            assign_role(holder=group, role=MEMBER, actor=SYSTEM)
        with pytest.raises(BeingUpgraded), transaction.atomic():
            provision_user(issuer=cy.issuer, subject=cy.subject, claims={"locale": "it"})
        assert not RoleAssignment.objects.exists()
    _upgrade(tenant)
    with tenant_scope(_again(tenant)):
        GroupMembership.objects.create(group=group, user=cy)
        assign_role(holder=group, role=MEMBER, actor=SYSTEM)
        provision_user(issuer=cy.issuer, subject=cy.subject, claims={"locale": "it"})
        assert User.objects.get(group_memberships__group=group).locale == "it"


def test_a_login_may_leave_out_what_the_next_one_brings(
    make_tenants: MakeTenants, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "written_again", ("locale",), raising=False)
    [tenant] = make_tenants(1)
    _take_locale(tenant)
    release(BRINGS_LOCALE)
    with tenant_scope(tenant):
        user = provision_user(issuer="http://test", subject="ada", claims={"locale": "it"})
    _upgrade(tenant)
    with tenant_scope(_again(tenant)):
        assert User.objects.get(pk=user.pk).locale == ""
        provision_user(issuer="http://test", subject="ada", claims={"locale": "it"})
        assert User.objects.get(pk=user.pk).locale == "it"


def test_two_tenants_of_two_versions_in_one_process(
    make_tenants: MakeTenants, release: Release
) -> None:
    old, new = make_tenants(2)
    for tenant in (old, new):
        _take_locale(tenant)
    release(BRINGS_LOCALE)
    _upgrade(new)
    old, new = _again(old), _again(new)
    for _time in range(2):
        with tenant_scope(new):
            assert _person(locale="it").locale == "it"
        with tenant_scope(old), pytest.raises(BeingUpgraded), transaction.atomic():
            _person(locale="it")
    with tenant_scope(new), tenant_scope(old):
        assert list(User.objects.filter(locale="it")) == []
    with tenant_scope(new):
        assert User.objects.filter(locale="it").count() == 2


# Its pages


def set_locale(request: HttpRequest, locale: str) -> HttpResponse:
    """Stands in for a page of a later version that writes what a schema may lack."""
    User.objects.filter(pk=request.user.pk).update(locale=locale)
    return HttpResponse(User.objects.get(pk=request.user.pk).locale)


urlpatterns = [
    path("locale/<str:locale>", set_locale),
    path("api/locale/<str:locale>", set_locale),
    path("", include("plexica.urls_workspace")),
]


def test_the_workspace_is_open_before_and_after_the_upgrade_without_a_restart(
    make_tenants: MakeTenants,
    release: Release,
    globex: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(middleware, "WORKSPACE_URLCONF", __name__)
    [tenant] = make_tenants(1)
    _take_all(tenant)
    release(BRINGS_ALL)
    stranger = browser_of(globex)
    with _served(tenant) as browser:
        assert browser.get("/").status_code == HTTPStatus.OK
        page = browser.get("/locale/it")
        assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "This workspace is being upgraded" in page.content.decode()
        assert "Try this again" in page.content.decode()
        assert int(page.headers["Retry-After"]) > 0
        problem = browser.get("/api/locale/it")
        assert problem.json()["type"] == "urn:plexica:problem:being-upgraded"
        assert int(problem.headers["Retry-After"]) > 0
        assert stranger.get("/locale/it").content == b"it"

        _upgrade(tenant)
        assert browser.get("/").status_code == HTTPStatus.OK
        assert browser.get("/locale/it").content == b"it"
        assert stranger.get("/").status_code == HTTPStatus.OK


def test_nobody_notices_an_upgrade(make_tenants: MakeTenants, release: Release) -> None:
    tenants = make_tenants(3)
    for tenant in tenants:
        _take_all(tenant)
    release(BRINGS_ALL)
    ended = Event()
    seen: Counter[tuple[str, str]] = Counter()

    def use(tenant: Tenant, browser: Client) -> None:
        while not ended.is_set():
            before = _again(tenant)
            answer = browser.get("/")
            assert answer.status_code == HTTPStatus.OK, answer.content
            with tenant_scope(before):
                person = _person(first_name="Bo")
                assign_role(holder=person, role=MEMBER, actor=SYSTEM)
                User.objects.filter(pk=person.pk, locale="").update(last_name="Diddley")
                found = User.objects.select_for_update().filter(locale="").order_by("locale")
                with transaction.atomic():
                    assert found.filter(last_name="Diddley", pk=person.pk).count() == 1
                    person.delete()
            seen[tenant.slug, "behind" if scope_of(before).missing else "there"] += 1

    with ExitStack() as stack:
        browsers = [stack.enter_context(_served(tenant)) for tenant in tenants]
        with threads(len(tenants)) as submit:
            users = [submit(use, *pair) for pair in zip(tenants, browsers, strict=True)]
            try:
                _wait_for(lambda: all(seen[tenant.slug, "behind"] for tenant in tenants), users)
                _upgrade(*tenants)
                _wait_for(lambda: all(seen[tenant.slug, "there"] for tenant in tenants), users)
            finally:
                ended.set()
        for user in users:
            user.result()


def _wait_for(condition: Callable[[], bool], users: Sequence[Future[None]]) -> None:
    deadline = monotonic() + 60
    while not condition() and not any(user.done() for user in users):
        assert monotonic() < deadline
        sleep(0.05)
