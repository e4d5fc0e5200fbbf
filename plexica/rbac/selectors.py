"""Reading roles, grants and what follows from them, in the current scope."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from plexica.audit.targets import only_ids
from plexica.core.errors import NotFound
from plexica.core.scope import PLATFORM_SCHEMA, NoScope, current_scope
from plexica.identity.models import User, UserKind
from plexica.rbac.keys import matches
from plexica.rbac.models import Group, GroupMembership, Role, RoleAssignment
from plexica.rbac.registry import Audience
from plexica.rbac.snapshot import patterns_covering
from plexica.rbac.system_roles import OWNER


def current_audience() -> Audience:
    """Return whose roles the current scope has.

    Raises:
        NoScope: There is no scope, or it is neither the platform's nor a tenant's.
    """
    scope = current_scope()
    if scope.tenant_slug is not None:
        return Audience.TENANT
    if scope.schema == PLATFORM_SCHEMA:
        return Audience.PLATFORM
    raise NoScope(f"Nobody has roles in the schema {scope.schema}.")


def list_roles() -> QuerySet[Role]:
    """Return all roles with their grants, system roles first."""
    return Role.objects.order_by("-is_system", "name", "id").prefetch_related("grants")


def get_role(*, key: str) -> Role:
    """Return a role with its grants.

    Raises:
        NotFound: There is none with this key in the current scope.
    """
    role = list_roles().filter(key=key).first()
    if role is None:
        raise NotFound(_("There is no such role, or it is gone."))
    return role


def get_group(*, group_id: UUID) -> Group:
    """Return a group.

    Raises:
        NotFound: There is none with this id in the current scope.
    """
    group = Group.objects.filter(pk=group_id).first()
    if group is None:
        raise NotFound(_("There is no such group, or it is gone."))
    return group


def list_groups_of(*, user: User) -> QuerySet[Group]:
    """Return the groups that somebody is in, by name."""
    return Group.objects.filter(memberships__user=user).order_by("name", "pk")


def assignments_of(user: User) -> QuerySet[RoleAssignment]:
    """Return how a user comes to their roles: their own assignments and those of their groups."""
    groups = GroupMembership.objects.filter(user_id=user.pk).values("group_id")
    return RoleAssignment.objects.filter(Q(user_id=user.pk) | Q(group_id__in=groups))


def has_role(user: User, key: str) -> bool:
    """Return whether an active user holds a role, by themselves or through a group."""
    return user.is_active and assignments_of(user).filter(role__key=key).exists()


def users_with_permission(permission: str) -> QuerySet[User]:
    """Return the active users who hold a permission, in one query however many there are.

    Args:
        permission: A key, or a pattern: then those who hold all that it covers by one grant.
    """
    giving = RoleAssignment.objects.filter(
        role__grants__permission__in=patterns_covering(permission)
    )
    members = GroupMembership.objects.filter(group__role_assignments__in=giving)
    return User.objects.filter(
        Q(pk__in=giving.filter(user__isnull=False).values("user_id"))
        | Q(pk__in=members.values("user_id")),
        is_active=True,
    )


def is_granted(grants: Iterable[str], permission: str) -> bool:
    """Return whether one of some patterns covers a permission."""
    return any(matches(grant, permission) for grant in grants)


def has_owner() -> bool:
    """Return whether an active person owns the current tenant, by themselves or by a group."""
    return has_holder(OWNER)


def has_holder(key: str) -> bool:
    """Return whether an active person holds a role, by themselves or by a group.

    Args:
        key: The role's key.
    """
    holds_it = Q(role_assignments__role__key=key) | Q(
        group_memberships__group__role_assignments__role__key=key
    )
    return User.objects.filter(holds_it, is_active=True, kind=UserKind.PERSON).exists()


def name_roles(keys: Collection[str]) -> dict[str, str]:
    """Return what roles are called, by their key."""
    return {role.key: str(role) for role in Role.objects.filter(key__in=keys)}


def name_groups(ids: Collection[str]) -> dict[str, str]:
    """Return what groups are called, by their id."""
    found = Group.objects.filter(pk__in=only_ids(ids)).values_list("pk", "name")
    return {str(pk): name for pk, name in found}
