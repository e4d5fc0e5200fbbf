"""Plexica's permission engine, measured in a tenant's schema with many people and roles."""

from collections.abc import Iterator
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench._permissions import (
    OTHER_CHECKS,
    WARM_CHECKS,
    Check,
    _random,
    figures,
    key,
    roles_of,
)
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.engine import forget_snapshots, has_permission
from plexica.rbac.models import Grant, Group, GroupMembership, Role, RoleAssignment
from tenants import slugs
from tenants.epochs import current_epoch, epoch_kept, raise_epoch
from tenants.models import Tenant
from tenants.schema.step import Schema
from tenants.scopes import tenant_scope

SLUG = "bench-permissions"


def measure(*, people: int, roles: int, permissions: int) -> dict[str, Any]:
    """Return the figures of warm checks, of those from Redis and of cold ones."""
    with platform_scope():
        tenant = Tenant.objects.create(
            slug=SLUG,
            name="Bench",
            owner_email="o@example.com",
            schema_name=slugs.schema_name(SLUG),
            realm=slugs.realm_name(SLUG),
            bucket=slugs.bucket_name(SLUG),
        )
        Schema().do(tenant)
    with tenant_scope(tenant):
        users = _fill(people, roles, permissions)
        with epoch_kept(tenant.schema_name, current_epoch()):
            for user in users:
                has_permission(user, key(0))
            warm = figures(_checks(users, permissions), WARM_CHECKS)
            redis = figures(_checks(users, permissions, before=forget_snapshots), OTHER_CHECKS)

        def forget_all() -> None:
            forget_snapshots()
            cache.clear()

        with CaptureQueriesContext(connection) as captured:
            forget_all()
            has_permission(users[0], key(0))
        cold = figures(_checks(users, permissions, before=forget_all), OTHER_CHECKS)
    return {"warm": warm, "redis": redis, "cold": cold, "queries": len(captured)}


def _checks(users: list[User], permissions: int, before: Any = None) -> Iterator[Check]:
    while True:
        user, wanted = _random.choice(users), key(_random.randrange(permissions))
        if before is not None:
            before()
        yield lambda user=user, wanted=wanted: has_permission(user, wanted)  # type: ignore[misc]


def _fill(people: int, roles: int, permissions: int) -> list[User]:
    made = Role.objects.bulk_create(
        Role(key=f"custom-{number}", name=f"Role {number}") for number in range(roles)
    )
    Grant.objects.bulk_create(
        Grant(role=made[number % roles], permission=key(number)) for number in range(permissions)
    )
    groups = Group.objects.bulk_create(Group(name=f"Group {number}") for number in range(roles))
    RoleAssignment.objects.bulk_create(
        RoleAssignment(role=role, group=group, assigned_by="system:bench")
        for role, group in zip(made, groups, strict=True)
    )
    users = User.objects.bulk_create(
        User(issuer="https://id.example", subject=str(number)) for number in range(people)
    )
    assignments, memberships = [], []
    for user in users:
        by_group, *own = roles_of(roles)
        memberships.append(GroupMembership(user=user, group=groups[by_group]))
        assignments += [
            RoleAssignment(role=made[role], user=user, assigned_by="system:bench") for role in own
        ]
    GroupMembership.objects.bulk_create(memberships)
    RoleAssignment.objects.bulk_create(assignments)
    raise_epoch()
    return users
