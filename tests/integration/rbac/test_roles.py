"""Roles in the database: its constraints, the system roles, and what follows for people."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from plexica.audit.models import AuditEntry
from plexica.core.actor import SYSTEM
from plexica.core.errors import NotFound
from plexica.core.scope import enter_scope, platform_scope, schema_owner
from plexica.identity.models import User
from plexica.rbac.engine import has_permission, permissions_of, snapshot_of
from plexica.rbac.login import take_roles_at_login
from plexica.rbac.models import (
    AssignmentSource,
    Grant,
    Group,
    GroupMembership,
    Role,
    RoleAssignment,
)
from plexica.rbac.registry import Audience, list_definitions
from plexica.rbac.selectors import (
    current_audience,
    has_role,
    list_roles,
)
from plexica.rbac.services import assign_role, ensure_system_roles
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.epochs import raise_epoch
from tenants.models import Tenant
from tenants.scopes import tenant_scope

PLATFORM_REALM = {"realm_access": {"roles": ["super-admin", "offline_access"]}}


@pytest.fixture
def in_acme(acme: Tenant) -> Iterator[Tenant]:
    """Run in acme, and take back what the test wrote."""
    with _taken_back(), tenant_scope(acme):
        yield acme


@pytest.fixture
def in_platform() -> Iterator[None]:
    with _taken_back(), platform_scope():
        yield


@contextmanager
def _taken_back() -> Iterator[None]:
    with platform_scope(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def _user(name: str = "bo", **values: object) -> User:
    return User.objects.create(
        issuer="http://realm.example", subject=f"{name}-{uuid.uuid4()}", email=f"{name}@x", **values
    )


def _custom(key: str = "custom-sales", name: str = "Sales") -> Role:
    return Role.objects.create(key=key, name=name)


@contextmanager
def _refused(constraint: str) -> Iterator[None]:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        yield


@pytest.mark.usefixtures("in_acme")
class TestConstraints:
    def test_keys_are_unique_and_well_formed(self) -> None:
        _custom()
        with _refused("key"):
            _custom(name="Other")
        for bad in ("custom-Sales", "custom-", "custom-a--b", "custom-ä", "custom-a\n"):
            with _refused("role_key_form"):
                _custom(key=bad, name=bad)

    def test_custom_keys_are_kept_apart_from_system_keys(self) -> None:
        with _refused("role_custom_key_prefix"):
            _custom(key="auditor")
        with _refused("role_custom_key_prefix"):
            Role.objects.create(key="custom-x", name="X", is_system=True)

    def test_names_are_unique_whatever_their_case(self) -> None:
        _custom()
        with _refused("role_name_unique"):
            _custom(key="custom-sales-2", name="sALES")
        Group.objects.create(name="Field")
        with _refused("group_name_unique"):
            Group.objects.create(name="FIELD")

    @pytest.mark.parametrize(
        "bad",
        ["", "crm", "crm:*:read", "*:*", "CRM:deals:read", "crm:deals:re*", "a:b:c\n", "a:b:c:d"],
    )
    def test_a_grant_is_a_pattern(self, bad: str) -> None:
        role = _custom()
        with _refused("grant_permission_form"):
            Grant.objects.create(role=role, permission=bad)

    @pytest.mark.parametrize("good", ["*", "crm:*", "crm:deals:*", "crm:deals:read", "a-b:c_d:e1"])
    def test_a_grant_is_given_once(self, good: str) -> None:
        role = _custom()
        Grant.objects.create(role=role, permission=good)
        with _refused("grant_unique"):
            Grant.objects.create(role=role, permission=good)

    def test_an_assignment_is_to_a_user_or_a_group(self) -> None:
        role, user, group = _custom(), _user(), Group.objects.create(name="Field")
        with _refused("role_assignment_user_or_group"):
            RoleAssignment.objects.create(role=role, assigned_by="system:system")
        with _refused("role_assignment_user_or_group"):
            RoleAssignment.objects.create(
                role=role, user=user, group=group, assigned_by="system:system"
            )
        with _refused("role_assignment_source_known"):
            RoleAssignment.objects.create(
                role=role, user=user, source="elsewhere", assigned_by="system:system"
            )
        RoleAssignment.objects.create(role=role, user=user, assigned_by="system:system")
        RoleAssignment.objects.create(role=role, group=group, assigned_by="system:system")
        with _refused("role_assignment_user_unique"):
            RoleAssignment.objects.create(role=role, user=user, assigned_by="system:system")
        with _refused("role_assignment_group_unique"):
            RoleAssignment.objects.create(role=role, group=group, assigned_by="system:system")

    def test_a_membership_is_there_once(self) -> None:
        user, group = _user(), Group.objects.create(name="Field")
        GroupMembership.objects.create(user=user, group=group)
        with _refused("group_membership_unique"):
            GroupMembership.objects.create(user=user, group=group)

    def test_a_role_in_use_is_not_deleted(self) -> None:
        role = _custom()
        RoleAssignment.objects.create(role=role, user=_user(), assigned_by="system:system")
        with pytest.raises(ProtectedError):
            role.delete()


class TestSystemRoles:
    def test_every_schema_has_its_own(self, acme: Tenant) -> None:
        with tenant_scope(acme):
            assert _present() == _declared(Audience.TENANT)
        with platform_scope():
            assert _present() == _declared(Audience.PLATFORM)

    @pytest.mark.usefixtures("in_acme")
    def test_again_changes_nothing(self) -> None:
        before = _rows()
        entries = AuditEntry.objects.count()
        ensure_system_roles()
        assert _rows() == before
        assert AuditEntry.objects.count() == entries

    @pytest.mark.usefixtures("in_acme")
    def test_changed_ones_are_brought_in_line_and_custom_ones_left_alone(self) -> None:
        Grant.objects.create(role=_custom(), permission="crm:*")
        viewer = Role.objects.get(key="viewer")
        viewer.grants.all().delete()
        Grant.objects.create(role=viewer, permission="*")
        Role.objects.filter(key="admin").update(name="Boss", description="")
        # Somebody who has logged in before may be one.
        RoleAssignment.objects.filter(role__key="member").delete()
        Role.objects.filter(key="member").delete()
        ensure_system_roles()
        assert _present() == _declared(Audience.TENANT)
        assert Grant.objects.filter(role__key="custom-sales", permission="crm:*").exists()
        entry = AuditEntry.objects.filter(target="role:viewer", action="role.updated").latest("at")
        assert entry.before is not None
        assert entry.before["grants"] == ["*"]

    def test_several_processes_at_once_do_it_once(self, acme: Tenant) -> None:
        start = Barrier(6)

        def ensure(_number: int) -> None:
            try:
                with tenant_scope(acme):
                    connection.ensure_connection()
                    start.wait(timeout=10)
                    ensure_system_roles()
            finally:
                connection.close()

        made = AuditEntry.objects.filter(target="role:viewer", action="role.created")
        with tenant_scope(acme):
            Role.objects.filter(key="viewer").delete()
            before = made.count()
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(ensure, range(6)))
        with tenant_scope(acme):
            assert _present() == _declared(Audience.TENANT)
            assert made.count() == before + 1

    def test_a_schema_without_people_has_no_roles(self) -> None:
        with enter_scope(schema_owner("public")), pytest.raises(Exception, match="roles"):
            current_audience()


@pytest.mark.usefixtures("in_acme")
class TestHolding:
    def test_grants_are_the_union_of_own_and_group_roles(self) -> None:
        user, group, sales = _user(), Group.objects.create(name="Field"), _custom()
        Grant.objects.create(role=sales, permission="crm:deals:*")
        RoleAssignment.objects.create(role=sales, group=group, assigned_by="system:system")
        assign_role(holder=user, role="viewer", actor=SYSTEM)
        seen = {"core:dashboard:view", "core:files:read"}
        assert snapshot_of(user).grants == seen
        GroupMembership.objects.create(user=user, group=group)
        raise_epoch()
        assert snapshot_of(user).grants == {*seen, "crm:deals:*"}
        assert has_role(user, "custom-sales")
        assert user.has_perm("crm:deals:read")
        assert not user.has_perm("crm:contacts:read")

    def test_an_owner_holds_everything(self) -> None:
        owner = _user()
        assign_role(holder=owner, role="owner", actor=SYSTEM)
        assert permissions_of(owner) == {
            definition.key for definition in list_definitions(Audience.TENANT)
        }
        assert has_permission(owner, "crm:deals:read")

    def test_who_is_disabled_or_has_no_role_holds_nothing(self) -> None:
        gone, nobody = _user(is_active=False), _user()
        assign_role(holder=gone, role="owner", actor=SYSTEM)
        for user in (gone, nobody):
            assert snapshot_of(user).grants == frozenset()
            assert permissions_of(user) == frozenset()
            assert not user.has_perm("core:dashboard:view")
            assert not has_role(user, "owner")

    def test_assigning_again_changes_nothing_and_each_is_audited_once(self) -> None:
        user = _user()
        assign_role(holder=user, role="viewer", actor=SYSTEM)
        assign_role(holder=user, role="viewer", actor=SYSTEM)
        assert RoleAssignment.objects.filter(user=user).count() == 1
        assert AuditEntry.objects.filter(target=f"user:{user.id}").count() == 1

    def test_an_unknown_role_is_refused(self) -> None:
        with pytest.raises(NotFound):
            assign_role(holder=_user(), role="super-admin", actor=SYSTEM)


@pytest.mark.usefixtures("in_acme")
class TestLoginToAWorkspace:
    def test_who_comes_first_without_a_role_becomes_a_member(self) -> None:
        user = _user()
        take_roles_at_login(user=user, claims=PLATFORM_REALM)
        assert _roles(user) == {("member", AssignmentSource.SYSTEM)}

    def test_who_was_stripped_of_roles_stays_so(self) -> None:
        user = _user(last_login="2026-01-01T00:00:00Z")
        take_roles_at_login(user=user, claims={})
        assert _roles(user) == set()

    def test_who_has_a_role_gets_no_other(self) -> None:
        user = _user()
        assign_role(holder=user, role="viewer", actor=SYSTEM)
        take_roles_at_login(user=user, claims={})
        assert _roles(user) == {("viewer", AssignmentSource.MANUAL)}

    def test_a_groups_role_counts(self) -> None:
        user, group = _user(), Group.objects.create(name="Field")
        GroupMembership.objects.create(user=user, group=group)
        RoleAssignment.objects.create(role=_custom(), group=group, assigned_by="system:system")
        take_roles_at_login(user=user, claims={})
        assert _roles(user) == set()


@pytest.mark.usefixtures("in_platform")
class TestLoginToTheConsole:
    def test_roles_follow_the_token(self) -> None:
        user = _user()
        take_roles_at_login(user=user, claims=PLATFORM_REALM)
        assert has_role(user, "super-admin")
        take_roles_at_login(user=user, claims=PLATFORM_REALM)
        assert _roles(user) == {("super-admin", AssignmentSource.TOKEN)}
        take_roles_at_login(user=user, claims={"realm_access": {"roles": ["support", "owner"]}})
        assert _roles(user) == {("support", AssignmentSource.TOKEN)}
        entry = AuditEntry.objects.filter(action="role.withdrawn", target=f"user:{user.id}").get()
        assert entry.before == {"role": "super-admin", "source": "token"}

    @pytest.mark.parametrize(
        "claims",
        [{}, {"realm_access": None}, {"realm_access": {"roles": "super-admin"}}, {"roles": ["*"]}],
    )
    def test_a_token_without_roles_gives_none_and_takes_what_tokens_gave(
        self, claims: dict[str, object]
    ) -> None:
        user = _user()
        take_roles_at_login(user=user, claims=PLATFORM_REALM)
        take_roles_at_login(user=user, claims=claims)
        assert _roles(user) == set()

    def test_what_a_person_assigned_stays(self) -> None:
        user = _user()
        assign_role(holder=user, role="support", actor=SYSTEM)
        take_roles_at_login(user=user, claims={"realm_access": {"roles": ["support"]}})
        take_roles_at_login(user=user, claims={})
        assert _roles(user) == {("support", AssignmentSource.MANUAL)}


def _roles(user: User) -> set[tuple[str, str]]:
    return set(RoleAssignment.objects.filter(user=user).values_list("role__key", "source"))


def _present() -> dict[str, tuple[str, str, frozenset[str]]]:
    return {
        role.key: (
            role.name,
            role.description,
            frozenset(grant.permission for grant in role.grants.all()),
        )
        for role in list_roles()
        if role.is_system
    }


def _declared(audience: Audience) -> dict[str, tuple[str, str, frozenset[str]]]:
    return {role.key: (role.name, role.description, role.grants) for role in SYSTEM_ROLES[audience]}


def _rows() -> list[object]:
    return [*Role.objects.order_by("id").values(), *Grant.objects.order_by("id").values()]
