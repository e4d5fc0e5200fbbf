"""Roles, groups and "why?" by API, asked by programs of acme with tokens of its realm."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.custom_roles import MAX_CUSTOM_ROLES
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.services import assign_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.api.conftest import ADA, Issue, Program, token_of_account

EXPLAIN = "/api/permissions/explain"
ROLES = "/api/roles"
GROUPS = "/api/groups"
VIEW_ROLES = "core:roles:view"
MakeProgram = Callable[..., Program]


@pytest.fixture(autouse=True)
def _tidy(acme: Tenant) -> Iterator[None]:
    """Leave no role, group or person of these tests behind."""
    yield
    with tenant_scope(acme):
        RoleAssignment.objects.filter(role__is_system=False).delete()
        Group.objects.all().delete()
        Role.objects.filter(is_system=False).delete()
        User.objects.filter(issuer="http://test").delete()


@pytest.fixture
def bo(acme: Tenant) -> User:
    """A member of acme."""
    with tenant_scope(acme):
        user = User.objects.create(
            issuer="http://test",
            subject=uuid4().hex,
            email=f"bo-{uuid4().hex[:6]}@acme.example",
            first_name="Bo",
        )
        assign_role(holder=user, role="member", actor=SYSTEM)
    return user


@pytest.fixture
def robot(acme: Tenant, issue: Issue) -> tuple[Program, str]:
    """A program that may look at the dashboard, with its id."""
    issued = issue("member")
    return Program(acme, token_of_account(acme, issued)), issued["account"]["id"]


def made(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def why(program: Program, user: object = "", permission: str = VIEW_ROLES) -> dict[str, Any]:
    answer = program.get(EXPLAIN, user=str(user), permission=permission)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_it_names_roles_groups_and_grants(ada: Program, bo: User) -> None:
    refused = why(ada, bo.email)
    assert refused["label"] == "See roles and groups"
    assert refused["user"]["id"] == str(bo.pk)
    assert not refused["is_allowed"]
    assert refused["reasons"] == []
    assert refused["held"] == [{"role": {"key": "member", "name": "Member"}, "group": None}]
    assert [role["key"] for role in refused["would_give"]] == ["admin", "owner"]
    team = made(ada.post(GROUPS, {"name": "Team"}))
    assert ada.send("PUT", f"{ROLES}/admin/groups/{team['id']}").status_code == 204
    group = {"id": team["id"], "name": "Team"}
    assert why(ada, bo.pk)["groups_that_would"] == [group]
    assert ada.send("PUT", f"{GROUPS}/{team['id']}/members/{bo.pk}").status_code == 204
    allowed = why(ada, bo.pk)
    assert allowed["is_allowed"]
    assert allowed["reasons"] == [
        {"role": {"key": "admin", "name": "Admin"}, "group": group, "grant": "core:*"}
    ]
    assert allowed["would_give"] == []


def test_everybody_may_ask_about_themselves_and_few_about_others(
    robot: tuple[Program, str], bo: User
) -> None:
    program, own_id = robot
    assert not why(program)["is_allowed"]
    assert why(program, own_id, "core:dashboard:view")["is_allowed"]
    for other in (bo.pk, bo.email, uuid4()):
        answer = program.get(EXPLAIN, user=str(other), permission=VIEW_ROLES)
        assert answer.status_code == 403
        found = answer.json()
        assert found["type"] == "urn:plexica:problem:permission-missing"
        assert "permission" not in found
        assert f"Ask {ADA}" in found["detail"]


def test_who_may_know_is_told_which_permission_is_missing(make_program: MakeProgram) -> None:
    """An admin holds all of Plexica but the ownership; so a role without more is needed."""
    admin = make_program("admin")
    role = made(admin.post(ROLES, {"name": "Auditors", "grants": [VIEW_ROLES]}))
    answer = make_program(role["key"]).post(ROLES, {"name": "Mine"})
    assert answer.status_code == 403
    assert answer.json()["permission"] == "core:roles:manage"
    assert "core:roles:manage" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"permission": "core:*"}, 400),
        ({"permission": "x" * 151}, 400),
        ({"permission": VIEW_ROLES, "who": "me"}, 400),
        ({"permission": VIEW_ROLES, "user": "nobody@acme.example"}, 404),
    ],
)
def test_questions_that_make_no_sense(ada: Program, query: dict[str, str], status: int) -> None:
    assert ada.get(EXPLAIN, **query).status_code == status


def test_the_permissions_are_those_of_a_workspace(ada: Program) -> None:
    found = {each["key"]: each for each in ada.get("/api/permissions").json()["results"]}
    assert found[VIEW_ROLES]["label"] == "See roles and groups"
    assert not any(key.startswith("core:tenants:") for key in found)


def test_a_role_lives_and_dies(acme: Tenant, ada: Program, bo: User) -> None:
    role = made(ada.post(ROLES, {"name": "Sales", "grants": ["core:groups:*"]}))
    assert (role["key"], role["is_system"]) == ("custom-sales", False)
    one = f"{ROLES}/{role['key']}"
    person = f"{one}/people/{bo.pk}"
    assert ada.send("PUT", person).status_code == 204
    assert ada.send("PUT", person, {}).status_code == 204, "Again is no error."
    assert [each["id"] for each in ada.get(f"{one}/people").json()["results"]] == [str(bo.pk)]
    preview = ada.post(f"{one}/preview", {"grants": [VIEW_ROLES]}).json()
    assert (preview["added"], preview["removed"]) == ([VIEW_ROLES], ["core:groups:*"])
    [effect] = preview["effects"]
    assert effect["user"]["email"] == bo.email
    assert (effect["gained"], effect["lost"]) == ([VIEW_ROLES], ["core:groups:manage"])
    assert ada.get(one).json()["grants"] == ["core:groups:*"], "Nothing was changed by that."
    changed = ada.send("PATCH", one, {"grants": [VIEW_ROLES], "seen_at": role["updated_at"]})
    assert changed.json()["grants"] == [VIEW_ROLES]
    outdated = ada.send("PATCH", one, {"grants": [], "seen_at": role["updated_at"]})
    assert outdated.json()["type"] == "urn:plexica:problem:role-changed"
    assert ada.send("DELETE", one).json()["type"] == "urn:plexica:problem:role-in-use"
    assert ada.send("DELETE", person).status_code == 204
    assert ada.send("DELETE", one).status_code == 204
    assert ada.get(one).status_code == 404
    with tenant_scope(acme):
        actions = AuditEntry.objects.filter(target=f"role:{role['key']}").order_by("at")
        assert list(actions.values_list("action", "actor_name")) == [
            (f"role.{what}", ADA) for what in ("created", "updated", "deleted")
        ]


def test_a_group_lives_and_dies(ada: Program, bo: User) -> None:
    group = made(ada.post(GROUPS, {"name": "Team", "description": "All of us"}))
    assert (group["roles"], group["member_count"]) == ([], 0)
    one = f"{GROUPS}/{group['id']}"
    assert ada.send("PATCH", one, {"name": "Crew"}).json()["name"] == "Crew"
    assert ada.send("PUT", f"{one}/members/{bo.pk}").status_code == 204
    assert ada.send("PUT", f"{ROLES}/viewer/groups/{group['id']}").status_code == 204
    found = ada.get(one).json()
    assert (found["roles"], found["member_count"]) == (["viewer"], 1)
    assert [each["email"] for each in ada.get(f"{one}/members").json()["results"]] == [bo.email]
    assert ada.post(GROUPS, {"name": "CREW"}).json()["type"].endswith(":group-name-taken")
    assert ada.send("DELETE", f"{ROLES}/viewer/groups/{group['id']}").status_code == 204
    assert ada.send("DELETE", f"{one}/members/{bo.pk}").status_code == 204
    assert ada.get(one).json()["member_count"] == 0
    assert ada.send("DELETE", one).status_code == 204
    assert ada.get(one).status_code == 404


def test_nobody_gives_or_takes_what_they_do_not_hold(
    acme: Tenant, make_program: MakeProgram, bo: User
) -> None:
    admin = make_program("admin")
    with tenant_scope(acme):
        owners = Group.objects.create(name="Owners")
        assign_role(holder=owners, role="owner", actor=SYSTEM)
    refused = [
        admin.send("PUT", f"{ROLES}/owner/people/{bo.pk}"),
        admin.send("DELETE", f"{ROLES}/owner/groups/{owners.pk}"),
        admin.send("PUT", f"{GROUPS}/{owners.pk}/members/{bo.pk}"),
        admin.send("DELETE", f"{GROUPS}/{owners.pk}"),
        admin.post(ROLES, {"name": "Stronger", "grants": ["*"]}),
        admin.post(ROLES, {"name": "Stronger", "grants": ["ownership:*"]}),
    ]
    for answer in refused:
        assert answer.status_code == 403, answer.content
        assert answer.json()["type"] == "urn:plexica:problem:beyond-authority"
    assert admin.send("PUT", f"{ROLES}/admin/people/{bo.pk}").status_code == 204


def test_the_last_owner_stays(acme: Tenant, ada: Program) -> None:
    with tenant_scope(acme):
        owners = User.objects.filter(role_assignments__role__key="owner", kind="person")
        others = list(owners.exclude(email=ADA))
        RoleAssignment.objects.filter(user__in=others, role__key="owner").delete()
        own = owners.get()
    answer = ada.send("DELETE", f"{ROLES}/owner/people/{own.pk}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:plexica:problem:last-owner"


def test_system_roles_are_fixed_and_custom_ones_are_few(acme: Tenant, ada: Program) -> None:
    for answer in (
        ada.send("PATCH", f"{ROLES}/viewer", {"name": "Looker"}),
        ada.send("DELETE", f"{ROLES}/viewer"),
    ):
        assert answer.json()["type"] == "urn:plexica:problem:system-role-fixed"
    with tenant_scope(acme):
        Role.objects.bulk_create(
            [Role(key=f"custom-{n}", name=f"Role {n}") for n in range(MAX_CUSTOM_ROLES)]
        )
    assert ada.post(ROLES, {"name": "More"}).json()["type"].endswith(":too-many-roles")
    first = ada.get(ROLES, page_size=25).json()
    assert len(first["results"]) == 25
    rest = ada.get(first["next"].removeprefix(acme.workspace_url))
    names = [role["name"] for page in (first, rest.json()) for role in page["results"]]
    assert names == sorted(names)
    assert len(set(names)) == 50


def test_lists_cost_the_same_however_long_they_are(
    acme: Tenant, ada: Program, django_assert_max_num_queries: Any
) -> None:
    with tenant_scope(acme):
        for number in range(30):
            group = Group.objects.create(name=f"Group {number}")
            assign_role(holder=group, role="viewer", actor=SYSTEM)
    for path in (ROLES, GROUPS, f"{ROLES}/viewer/people"):
        ada.get(path, page_size=100)
        with django_assert_max_num_queries(7):
            assert ada.get(path, page_size=100).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ROLES, {}, "name"),
        (ROLES, {"name": "A", "grants": ["no-pattern"]}, "grants"),
        (ROLES, {"name": "A", "grants": ["crm:deals:read"]}, "grants"),
        (ROLES, {"name": "A", "grants": "core:*"}, "grants"),
        (ROLES, {"name": "A", "grants": ["core:*"] * 501}, "grants"),
        (ROLES, {"name": "A", "key": "mine"}, "key"),
        (GROUPS, {"name": "x" * 101}, "name"),
        (GROUPS, {"name": "A", "roles": []}, "roles"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_its_field(
    ada: Program, path: str, body: dict[str, Any], field: str
) -> None:
    answer = ada.post(path, body)
    assert answer.status_code == 400, answer.content
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_the_intruder_finds_nothing_of_acme(
    ada: Program, globex: Tenant, cy_token: str, bo: User
) -> None:
    cy = Program(globex, cy_token)
    role = made(ada.post(ROLES, {"name": "Secret"}))
    group = made(ada.post(GROUPS, {"name": "Secret"}))
    for method, path in (
        ("GET", f"{ROLES}/{role['key']}"),
        ("DELETE", f"{ROLES}/{role['key']}"),
        ("PUT", f"{ROLES}/viewer/people/{bo.pk}"),
        ("PUT", f"{ROLES}/viewer/groups/{group['id']}"),
        ("GET", f"{GROUPS}/{group['id']}/members"),
        ("DELETE", f"{GROUPS}/{group['id']}"),
        ("PUT", f"{GROUPS}/{group['id']}/members/{bo.pk}"),
    ):
        assert cy.send(method, path).status_code == 404, path
    assert cy.get(EXPLAIN, user=str(bo.pk), permission=VIEW_ROLES).status_code == 404
    assert "Secret" not in cy.get(ROLES).content.decode()
