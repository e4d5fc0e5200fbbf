"""The answer to "why?", and to "what if?"."""

from typing import Any

import pytest

from plexica.core.actor import SYSTEM
from plexica.core.errors import InvalidInput
from plexica.rbac.custom_roles import create_role, update_role
from plexica.rbac.engine import permissions_of
from plexica.rbac.explain import Holding, Reason, explain, preview_role_change
from plexica.rbac.groups import add_member, create_group
from plexica.rbac.models import Role
from plexica.rbac.services import assign_role
from tests.integration.rbac.conftest import MakeUser

DASHBOARD = "core:dashboard:view"


def test_it_names_the_role_the_group_and_the_grant(make_user: MakeUser) -> None:
    bo = make_user("viewer")
    group = create_group(name="Staff", actor=SYSTEM)
    assign_role(holder=group, role="admin", actor=SYSTEM)
    add_member(group=group, user=bo, actor=SYSTEM)
    found = explain(user=bo, permission=DASHBOARD)
    assert found.is_allowed
    assert found.definition is not None
    assert found.definition.label == "See the dashboard"
    assert set(found.reasons) == {
        Reason(Role.objects.get(key="viewer"), None, DASHBOARD),
        Reason(Role.objects.get(key="admin"), group, "core:*"),
    }
    assert found.would_give == found.groups_that_would == ()


def test_it_says_what_would_change_a_refusal(make_user: MakeUser) -> None:
    bo = make_user("viewer")
    group = create_group(name="Founders", actor=SYSTEM)
    assign_role(holder=group, role="owner", actor=SYSTEM)
    found = explain(user=bo, permission="crm:deals:delete")
    assert not found.is_allowed
    assert found.definition is None
    assert found.held == (Holding(Role.objects.get(key="viewer"), None),)
    assert found.would_give == (Role.objects.get(key="owner"),)
    assert found.groups_that_would == (group,)


def test_it_says_that_somebody_is_disabled(make_user: MakeUser) -> None:
    bo = make_user("viewer")
    bo.is_active = False
    found = explain(user=bo, permission=DASHBOARD)
    assert (found.is_allowed, found.is_active) == (False, False)
    assert found.reasons


def test_it_refuses_what_is_no_key(make_user: MakeUser) -> None:
    for text in ("", "core:*", "*", "core:users", "x" * 500):
        with pytest.raises(InvalidInput):
            explain(user=make_user(), permission=text)


def test_a_preview_says_who_would_gain_and_lose(
    make_user: MakeUser, django_assert_max_num_queries: Any
) -> None:
    role = create_role(name="Sales", grants=[], actor=SYSTEM)
    plain, also_viewer = make_user(role.key), make_user(role.key, "viewer")
    group = create_group(name="Field", actor=SYSTEM)
    assign_role(holder=group, role=role.key, actor=SYSTEM)
    in_group = make_user()
    add_member(group=group, user=in_group, actor=SYSTEM)
    make_user("admin")
    # Outside a request, two of them ask which plugins there are: the epoch, and what it stands for.
    with django_assert_max_num_queries(6):
        effects = preview_role_change(role=role, grants=[DASHBOARD])
    assert {effect.user.pk for effect in effects} == {plain.pk, in_group.pk}
    assert all(effect.gained == {DASHBOARD} and not effect.lost for effect in effects)
    update_role(role=role, grants=[DASHBOARD], actor=SYSTEM)
    assert permissions_of(plain) == {DASHBOARD}
    [first, second] = preview_role_change(role=role, grants=[])
    assert first.lost == second.lost == {DASHBOARD}
    assert also_viewer.pk not in {first.user.pk, second.user.pk}
