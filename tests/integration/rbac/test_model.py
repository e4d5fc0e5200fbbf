"""The engine against a naive model: whatever is done in whatever order, both give one answer.

The model keeps plain sets and asks `matches` of each grant. The engine has its roles in acme's
schema, and its snapshots in the process and in Redis, which are lost or outlive a change at random.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.custom_roles import create_role, update_role
from plexica.rbac.engine import compile_snapshots, forget_snapshots, has_permission
from plexica.rbac.explain import explain_all
from plexica.rbac.groups import add_member, create_group, remove_member
from plexica.rbac.keys import is_key, matches
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.selectors import users_with_permission
from plexica.rbac.services import assign_role, withdraw_role
from tenants.epochs import epoch_kept
from tenants.models import Tenant
from tenants.scopes import tenant_scope

PEOPLE, GROUPS, ROLES = range(3), range(2), range(3)
GRANTS = ("*", "core:*", "core:roles:*", "core:roles:view", "core:dashboard:view", "ownership:*")
ASKED = ("core:roles:view", "core:roles:manage", "core:dashboard:view", "core:roles:*", "core:*",
         "ownership:workspace:hand-over", "crm:deals:read", "*")  # fmt: skip


@dataclass
class Model:
    """Who has what, in plain sets."""

    grants: dict[int, frozenset[str]] = field(
        default_factory=lambda: dict.fromkeys(ROLES, frozenset())
    )
    own: set[tuple[int, int]] = field(default_factory=set)
    by_group: set[tuple[int, int]] = field(default_factory=set)
    members: set[tuple[int, int]] = field(default_factory=set)
    disabled: set[int] = field(default_factory=set)

    def allows(self, person: int, permission: str) -> bool:
        roles = {role for who, role in self.own if who == person}
        groups = {group for group, who in self.members if who == person}
        roles |= {role for group, role in self.by_group if group in groups}
        return person not in self.disabled and any(
            matches(grant, permission) for role in roles for grant in self.grants[role]
        )


class Acme:
    """The same things in acme's schema."""

    def __init__(self) -> None:
        self.people = [
            User.objects.create(issuer="http://model", subject=uuid.uuid4().hex) for _ in PEOPLE
        ]
        self.groups = [create_group(name=f"Model {n}", actor=SYSTEM) for n in GROUPS]
        self.roles = [create_role(name=f"Model {n}", grants=[], actor=SYSTEM) for n in ROLES]

    def remove(self) -> None:
        RoleAssignment.objects.filter(role__in=self.roles).delete()
        User.objects.filter(issuer="http://model").delete()
        Group.objects.filter(pk__in=[group.pk for group in self.groups]).delete()
        Role.objects.filter(pk__in=[role.pk for role in self.roles]).delete()


Act = Callable[[Model, Acme], None]


def _toggle(pairs: set[tuple[int, int]], pair: tuple[int, int]) -> bool:
    """Put a pair into a set or take it out, and return whether it is in."""
    pairs.symmetric_difference_update({pair})
    return pair in pairs


def give(person: int, role: int) -> Act:
    def act(model: Model, acme: Acme) -> None:
        change = assign_role if _toggle(model.own, (person, role)) else withdraw_role
        change(holder=acme.people[person], role=acme.roles[role].key, actor=SYSTEM)

    return act


def give_group(group: int, role: int) -> Act:
    def act(model: Model, acme: Acme) -> None:
        change = assign_role if _toggle(model.by_group, (group, role)) else withdraw_role
        change(holder=acme.groups[group], role=acme.roles[role].key, actor=SYSTEM)

    return act


def join(group: int, person: int) -> Act:
    def act(model: Model, acme: Acme) -> None:
        change = add_member if _toggle(model.members, (group, person)) else remove_member
        change(group=acme.groups[group], user=acme.people[person], actor=SYSTEM)

    return act


def rewrite(role: int, grants: frozenset[str]) -> Act:
    def act(model: Model, acme: Acme) -> None:
        model.grants[role] = grants
        update_role(role=acme.roles[role], grants=grants, actor=SYSTEM)

    return act


def disable(person: int) -> Act:
    def act(model: Model, acme: Acme) -> None:
        model.disabled ^= {person}
        User.objects.filter(pk=acme.people[person].pk).update(
            is_active=person not in model.disabled
        )

    return act


def fail_after(change: Act) -> Act:
    """Do something in a transaction that comes to nothing."""

    def act(_model: Model, acme: Acme) -> None:
        with transaction.atomic():
            change(Model(), acme)
            for person in acme.people:
                has_permission(person, "core:roles:view")
            transaction.set_rollback(True)

    return act


def lose(what: Callable[[], None]) -> Act:
    return lambda _model, _acme: what()


_changes = st.one_of(
    st.builds(give, st.sampled_from(PEOPLE), st.sampled_from(ROLES)),
    st.builds(give_group, st.sampled_from(GROUPS), st.sampled_from(ROLES)),
    st.builds(join, st.sampled_from(GROUPS), st.sampled_from(PEOPLE)),
    st.builds(rewrite, st.sampled_from(ROLES), st.frozensets(st.sampled_from(GRANTS), max_size=3)),
)
_acts = st.one_of(
    _changes,
    _changes,
    st.builds(disable, st.sampled_from(PEOPLE)),
    st.builds(fail_after, _changes),
    st.sampled_from([lose(forget_snapshots), lose(cache.clear)]),
)


@pytest.fixture
def schema(acme: Tenant) -> Iterator[Tenant]:
    """Acme's scope, in which what is written is committed."""
    with tenant_scope(acme):
        yield acme


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=st.lists(_acts, min_size=1, max_size=12))
def test_it_agrees_with_the_naive_model(schema: Tenant, acts: list[Act]) -> None:
    model, acme = Model(), Acme()
    try:
        for act in acts:
            act(model, acme)
            # The next request: it reads people and epoch anew.
            with epoch_kept(schema.schema_name):
                people = [User.objects.get(pk=person.pk) for person in acme.people]
                for number, permission in product(PEOPLE, ASKED):
                    expected = model.allows(number, permission)
                    assert has_permission(people[number], permission) is expected
        _compare_lists(model, people)
    finally:
        acme.remove()


def _compare_lists(model: Model, people: list[User]) -> None:
    """Ask for everybody at once, and for the reasons."""
    compiled = compile_snapshots(people)
    for permission in ASKED:
        expected = [model.allows(number, permission) for number in PEOPLE]
        assert [compiled[person.pk].allows(permission) for person in people] == expected
        if is_key(permission):
            found = set(users_with_permission(permission).filter(issuer="http://model"))
            assert [person in found for person in people] == expected
    keys = [permission for permission in ASKED if is_key(permission)]
    for number, person in enumerate(people):
        for found in explain_all(user=person, permissions=keys):
            assert found.is_allowed is model.allows(number, found.permission)
            assert bool(found.would_give) <= (not found.reasons)
