"""Every address of a workspace refuses the intruder, strangers and forged forms."""

import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from plexica.audit.models import AuditEntry
from plexica.identity.guards import GUARD_ATTRIBUTE
from plexica.identity.models import (
    RealmChange,
    ServiceAccount,
    ServiceAccountState,
    User,
    UserKind,
)
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.workspace.urls import urlpatterns
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, come

METHODS = ("get", "post")


def addresses(group_id: object, key: str, user_id: object) -> Iterator[str]:
    """Return all addresses of the workspace, for a group, a role, a person and an entry."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        assert getattr(pattern.callback, GUARD_ATTRIBUTE, "")
        route = str(pattern.pattern)
        for parameter, value in (
            ("<uuid:group_id>", group_id),
            # Each test's things have one id.
            ("<uuid:account_id>", group_id),
            ("<uuid:entry_id>", group_id),
            ("<uuid:run_id>", group_id),
            ("<str:link>", "forged"),
            ("<slug:key>", key),
            ("<slug:slug>", "hello"),
            ("<uuid:user_id>", user_id),
            ("<str:name>", "picture.webp"),
            ("<slug:digits>", "206bc4"),
        ):
            route = route.replace(parameter, str(value))
        yield f"/{route}"


@pytest.fixture
def things(ada: Member) -> tuple[Group, Role]:
    with tenant_scope(ada.tenant):
        group = Group.objects.create(name="Secret team of acme")
        # An entry of the audit that has the same id; nobody can take it away again.
        AuditEntry.objects.create(
            id=group.pk,
            actor_kind="system",
            actor_id="system",
            actor_name="Plexica",
            action="group.created",
            target=f"group:{group.pk}",
            after={"name": "Secret team of acme"},
        )
        ServiceAccount.objects.create(
            user=User.objects.create(
                id=group.pk,
                kind=UserKind.SERVICE_ACCOUNT,
                issuer="http://test",
                subject=f"client:{group.pk}",
            ),
            client_id=f"sa-{group.pk}",
            name="Secret robot of acme",
            state=ServiceAccountState.ACTIVE,
            created_by="Ada",
        )
        return group, Role.objects.create(key="custom-acme", name="Secret role of acme")


def _state(tenant: Tenant) -> tuple[Any, ...]:
    with tenant_scope(tenant):
        return (
            sorted(Role.objects.values_list("key", "name")),
            sorted(Group.objects.values_list("pk", "name")),
            sorted(RoleAssignment.objects.values_list("pk", flat=True)),
            sorted(ServiceAccount.objects.values_list("pk", "name", "state", "secret_rotated_at")),
            sorted(User.objects.values_list("pk", "is_active", "first_name", "removed_at")),
            RealmChange.objects.count(),
            AuditEntry.objects.count(),
        )


def test_cys_cookies_open_nothing_of_acme(ada: Member, cy: Member, things: Any) -> None:
    group, role = things
    before = _state(ada.tenant)
    for address in addresses(group.pk, role.key, ada.user.pk):
        for method in METHODS:
            answer = getattr(cy.client, method)(address, headers={"host": "acme.localhost"})
            assert answer.status_code in {HTTPStatus.FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
            if answer.status_code == HTTPStatus.FOUND:
                assert answer["Location"].startswith("/oidc/authenticate/")
            assert b"Secret" not in answer.content
    assert _state(ada.tenant) == before


def test_acmes_things_are_not_there_in_globex(ada: Member, cy: Member, things: Any) -> None:
    """Cy owns globex and asks there for what acme has."""
    group, role = things
    before = _state(ada.tenant)
    ids = {"user": str(ada.user.pk), "group": str(group.pk), "successor": str(ada.user.pk)}
    words = {"role": role.key, "back": "role", "confirm": "globex", "name": "X", "step": "save"}
    values = {**ids, **words}
    for address in addresses(group.pk, role.key, ada.user.pk):
        for method in METHODS:
            answer = getattr(cy.client, method)(address, values if method == "post" else {})
            assert b"Secret" not in answer.content, address
            assert ada.user.email.encode() not in answer.content, address
    assert ada.user.email not in cy.client.get("/why/", {"user": "ada"}).content.decode()
    assert _state(ada.tenant) == before


def test_strangers_are_sent_to_log_in(ada: Member, things: Any) -> None:
    group, role = things
    stranger = Client(headers={"host": "acme.localhost"})
    for address in addresses(group.pk, role.key, ada.user.pk):
        answer = stranger.get(address)
        if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            assert answer["Location"].startswith("/oidc/authenticate/")


def test_bo_sees_the_dashboard_the_people_and_the_files_only(
    ada: Member, bo: Member, things: Any
) -> None:
    group, role = things
    page = bo.client.get("/").content.decode()
    for hidden in ("/roles/", "/groups/", "/why/", "/service-accounts/", "/plugins/", "/audit/"):
        assert f'href="{hidden}' not in page
    before = _state(ada.tenant)
    open_to_bo = {"/", "/users/", f"/users/{ada.user.pk}/"}
    # What these ask for is not there, or was not sent.
    open_to_bo |= {
        f"/files/{name}" for name in ("", "upload/", "folder/", "link/", "open/", "get/forged/")
    }
    # What is everybody's own.
    open_to_bo |= {
        address
        for address in addresses(group.pk, role.key, ada.user.pk)
        if address.startswith(("/profile/", "/people/"))
    }
    for address in addresses(group.pk, role.key, ada.user.pk):
        for method in METHODS:
            answer = getattr(bo.client, method)(address)
            if address not in open_to_bo and answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
                assert answer.status_code == HTTPStatus.FORBIDDEN, address
                assert "Ask " in answer.content.decode(), "He learns whom to ask."
                assert "core:" not in answer.content.decode()
    assert _state(ada.tenant) == before


def test_the_menu_shows_what_one_may_do(ada: Member, dee: Member) -> None:
    for somebody in (ada, dee):
        page = somebody.client.get("/").content.decode()
        for shown in (
            "/users/",
            "/files/",
            "/roles/",
            "/groups/",
            "/why/",
            "/service-accounts/",
            "/plugins/",
            "/audit/",
        ):
            assert f'href="{shown}"' in page
    page = dee.client.get("/groups/").content.decode()
    assert page.count('aria-current="page"') == 1
    assert page.index('href="/groups/" aria-current="page"')


def test_forged_forms_are_refused(ada: Member, things: Any) -> None:
    group, role = things
    victim = come(ada.tenant, "Victim", "owner", strict=True)
    before = _state(ada.tenant)
    for address in addresses(group.pk, role.key, ada.user.pk):
        for headers in ({}, {"origin": "http://globex.localhost", "x-csrftoken": uuid.uuid4().hex}):
            answer = victim.client.post(address, {"name": "Forged"}, headers=headers)
            assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}
            if answer.status_code == HTTPStatus.FORBIDDEN:
                assert "no longer valid" in answer.content.decode()
    assert _state(ada.tenant) == before
