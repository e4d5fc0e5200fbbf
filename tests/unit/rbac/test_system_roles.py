"""The roles that come with the code agree with the permissions that do."""

import pytest

from plexica.rbac.keys import is_pattern, matches
from plexica.rbac.models import CUSTOM_KEY_PREFIX, Grant, Role
from plexica.rbac.permissions import DASHBOARD_VIEW, RUNS_RETRY, TENANTS_CREATE, TENANTS_VIEW
from plexica.rbac.registry import Audience, list_definitions
from plexica.rbac.selectors import is_granted
from plexica.rbac.system_roles import SYSTEM_ROLES, SystemRole, grants_of_roles

ALL = [(audience, role) for audience, roles in SYSTEM_ROLES.items() for role in roles]


@pytest.mark.parametrize(("audience", "role"), ALL, ids=lambda value: getattr(value, "key", value))
def test_each_grant_gives_something_that_exists(audience: Audience, role: SystemRole) -> None:
    keys = [definition.key for definition in list_definitions(audience)]
    assert role.grants
    for grant in role.grants:
        assert is_pattern(grant)
        assert any(matches(grant, key) for key in keys), f"{grant} gives nothing"


@pytest.mark.parametrize(("audience", "role"), ALL, ids=lambda value: getattr(value, "key", value))
def test_each_role_fits_its_columns(audience: Audience, role: SystemRole) -> None:
    row = Role(key=role.key, name=role.name, description=role.description, is_system=True)
    row.clean_fields()
    assert not role.key.startswith(CUSTOM_KEY_PREFIX)
    for grant in role.grants:
        Grant(role=row, permission=grant).clean_fields(exclude=["role"])


@pytest.mark.parametrize("audience", list(Audience))
def test_keys_and_names_are_told_apart(audience: Audience) -> None:
    roles = SYSTEM_ROLES[audience]
    assert len({role.key for role in roles}) == len(roles)
    assert len({role.name.lower() for role in roles}) == len(roles)


@pytest.mark.parametrize("audience", list(Audience))
def test_every_permission_is_given_by_some_role(audience: Audience) -> None:
    for definition in list_definitions(audience):
        assert any(is_granted(role.grants, definition.key) for role in SYSTEM_ROLES[audience])


def test_the_roles_that_were_asked_for_are_there() -> None:
    assert [role.key for role in SYSTEM_ROLES[Audience.TENANT]] == [
        "owner",
        "admin",
        "member",
        "viewer",
    ]
    assert [role.key for role in SYSTEM_ROLES[Audience.PLATFORM]] == [
        "super-admin",
        "support",
        "read-only",
    ]


def test_what_the_staff_may_do() -> None:
    def may(role: str, permission: str) -> bool:
        return is_granted(grants_of_roles(Audience.PLATFORM, [role]), permission)

    assert may("super-admin", TENANTS_CREATE)
    assert may("support", RUNS_RETRY)
    assert not may("support", TENANTS_CREATE)
    assert may("read-only", TENANTS_VIEW)
    assert not may("read-only", RUNS_RETRY)
    assert not may("owner", TENANTS_VIEW)


def test_unknown_roles_give_nothing() -> None:
    assert grants_of_roles(Audience.PLATFORM, ["owner", "Super-Admin", "", "*"]) == frozenset()
    assert grants_of_roles(Audience.TENANT, ["super-admin"]) == frozenset()
    assert is_granted(grants_of_roles(Audience.TENANT, ["member"]), DASHBOARD_VIEW)
