"""Who holds which role, and who is in which group, in the current scope, for lists."""

from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from plexica.identity.models import User
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.selectors import list_roles

PEOPLE_NAMED = 3
# Whom their realm does not know any more keep what they had, in case it does again.
_PRESENT = Q(user__isnull=False, user__removed_at__isnull=True)
_PRESENT_HOLDER = Q(assignments__user__isnull=False, assignments__user__removed_at__isnull=True)
_PRESENT_MEMBER = Q(memberships__user__isnull=False, memberships__user__removed_at__isnull=True)


def holders_of(role: Role) -> QuerySet[RoleAssignment]:
    """Return the assignments of a role to groups and to people who were not removed."""
    return role.assignments.exclude(user__removed_at__isnull=False)


def list_roles_with_holders() -> QuerySet[Role]:
    """Return all roles, system roles first, in a number of queries that does not grow.

    Each has `people_count`, `first_people` (assignments to people, three at most) and
    `group_assignments` besides its grants.
    """
    first: Any = (
        RoleAssignment.objects.filter(_PRESENT)
        .select_related("user")
        .order_by("user__email", "user_id")[:PEOPLE_NAMED]
    )
    return (
        list_roles()
        .annotate(people_count=Count("assignments", filter=_PRESENT_HOLDER))
        .prefetch_related(
            Prefetch("assignments", first, to_attr="first_people"),
            Prefetch("assignments", _to_groups(), to_attr="group_assignments"),
        )
    )


def list_people_with_role(*, role: Role) -> QuerySet[RoleAssignment]:
    """Return the assignments of a role to people themselves, with them, by address."""
    return (
        role.assignments.filter(_PRESENT).select_related("user").order_by("user__email", "user_id")
    )


def list_groups_with_role(*, role: Role) -> QuerySet[RoleAssignment]:
    """Return the assignments of a role to groups, with them and their `member_count`."""
    return _to_groups().filter(role=role).annotate(member_count=Count("group__memberships"))


def list_groups() -> QuerySet[Group]:
    """Return all groups, with their `member_count` and the roles that they give, by name."""
    given = RoleAssignment.objects.select_related("role").order_by("role__name")
    return (
        Group.objects.annotate(member_count=Count("memberships", filter=_PRESENT_MEMBER))
        .prefetch_related(Prefetch("role_assignments", given))
        .order_by(Lower("name"), "id")
    )


def list_members(*, group: Group) -> QuerySet[User]:
    """Return the people who are in a group, by address, with the `membership_source` of each."""
    return (
        User.objects.filter(group_memberships__group=group, removed_at__isnull=True)
        .annotate(membership_source=F("group_memberships__source"))
        .order_by("email", "id")
    )


def _to_groups() -> QuerySet[RoleAssignment]:
    return (
        RoleAssignment.objects.filter(group__isnull=False)
        .select_related("group")
        .order_by(Lower("group__name"))
    )
