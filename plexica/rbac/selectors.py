"""Reading roles, grants and what follows from them, in the current scope."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from plexica.core.scope import PLATFORM_SCHEMA, NoScope, current_scope
from plexica.identity.models import User
from plexica.rbac.keys import matches
from plexica.rbac.models import Grant, Role, RoleAssignment
from plexica.rbac.registry import Audience, list_definitions


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


def assignments_of(user: User) -> QuerySet[RoleAssignment]:
    """Return how a user comes to their roles: their own assignments and those of their groups."""
    return RoleAssignment.objects.filter(
        Q(user_id=user.pk) | Q(group__memberships__user_id=user.pk)
    ).distinct()


def has_role(user: User, key: str) -> bool:
    """Return whether an active user holds a role, by themselves or through a group."""
    return user.is_active and assignments_of(user).filter(role__key=key).exists()


def grants_of(user: User) -> frozenset[str]:
    """Return the patterns that a user's roles grant together; none for a disabled user."""
    if not user.is_active:
        return frozenset()
    held = Q(role__assignments__user_id=user.pk) | Q(
        role__assignments__group__memberships__user_id=user.pk
    )
    return frozenset(
        Grant.objects.filter(held).order_by().values_list("permission", flat=True).distinct()
    )


def permissions_of(user: User) -> frozenset[str]:
    """Return the keys of the registered permissions that a user holds in the current scope."""
    grants = grants_of(user)
    return frozenset(
        definition.key
        for definition in list_definitions(current_audience())
        if is_granted(grants, definition.key)
    )


def has_permission(user: User, permission: str) -> bool:
    """Return whether a user holds a permission in the current scope.

    Args:
        user: Who is asked about.
        permission: A key, or a pattern: then whether the user holds all that it covers.
    """
    return is_granted(grants_of(user), permission)


def is_granted(grants: Iterable[str], permission: str) -> bool:
    """Return whether one of some patterns covers a permission."""
    return any(matches(grant, permission) for grant in grants)
