"""Lists of people with what they may do cost the same at 100 rows as at one."""

from typing import Any

import pytest

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.custom_roles import create_role
from plexica.rbac.engine import compile_snapshots, snapshot_of
from plexica.rbac.groups import add_member, create_group
from plexica.rbac.models import Group, GroupMembership, Role, RoleAssignment
from plexica.rbac.selectors import users_with_permission
from plexica.rbac.services import assign_role
from plexica.rbac.snapshot import NOTHING
from tests.integration.rbac.conftest import MakeUser

DASHBOARD = "core:dashboard:view"
DEALS = "crm:deals:read"


def _hundred(group: Group) -> list[User]:
    """Return a hundred people, of whom each second is in a group and each third is disabled."""
    people = User.objects.bulk_create(
        [User(issuer="http://x", subject=f"{n}", is_active=n % 3 != 0) for n in range(100)]
    )
    GroupMembership.objects.bulk_create(
        [GroupMembership(group=group, user=user) for user in people[::2]]
    )
    viewer = Role.objects.get(key="viewer")
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(role=viewer, user=user, assigned_by="test") for user in people[::5]]
    )
    return people


@pytest.fixture
def staff(in_acme: Any) -> Group:
    group = create_group(name="Staff", actor=SYSTEM)
    role = create_role(name="Sales", grants=["core:roles:*"], actor=SYSTEM)
    assign_role(holder=group, role=role.key, actor=SYSTEM)
    return group


def test_who_holds_a_permission_is_one_query(staff: Group, django_assert_num_queries: Any) -> None:
    people = _hundred(staff)
    with django_assert_num_queries(1):
        found = set(users_with_permission("core:roles:view").filter(issuer="http://x"))
    assert found == {user for user in people[::2] if user.is_active}
    for permission in (DASHBOARD, "core:roles:view", "core:roles:*", "core:*", DEALS, "*"):
        held = {user for user in people if snapshot_of(user).allows(permission)}
        assert set(users_with_permission(permission).filter(issuer="http://x")) == held


def test_nobody_holds_what_is_no_permission(make_user: MakeUser) -> None:
    make_user("owner")
    for text in ("", "core", "core:*:view", "x" * 500):
        assert not users_with_permission(text).exists()


def test_what_a_hundred_people_may_do_is_two_queries(
    staff: Group, django_assert_num_queries: Any
) -> None:
    people = _hundred(staff)
    with django_assert_num_queries(2):
        found = compile_snapshots(people)
    assert found == {user.pk: snapshot_of(user) for user in people}
    assert found[people[0].pk] == NOTHING
    assert found[people[10].pk].roles == {"viewer", "custom-sales"}


def test_a_role_can_be_thought_away(make_user: MakeUser) -> None:
    bo = make_user("viewer", "admin")
    group = create_group(name="Admins", actor=SYSTEM)
    assign_role(holder=group, role="admin", actor=SYSTEM)
    add_member(group=group, user=bo, actor=SYSTEM)
    admin = Role.objects.get(key="admin")
    assert compile_snapshots([bo], without=admin)[bo.pk].roles == {"viewer"}
