"""Why somebody may do something, or may not, and what a change of a role would mean."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput
from plexica.identity.models import User
from plexica.rbac.engine import compile_snapshots
from plexica.rbac.keys import is_key, matches
from plexica.rbac.models import Group, Role, RoleAssignment
from plexica.rbac.registry import PermissionDefinition, get_definition, list_definitions
from plexica.rbac.selectors import assignments_of, current_audience, list_roles
from plexica.rbac.snapshot import Snapshot

MAX_PEOPLE = 1000


@dataclass(frozen=True, slots=True)
class Holding:
    """A role that somebody holds.

    Attributes:
        role: Which.
        group: The group that it comes by, or None if they hold it themselves.
    """

    role: Role
    group: Group | None


@dataclass(frozen=True, slots=True)
class Reason(Holding):
    """One way by which somebody holds a permission.

    Attributes:
        grant: The key or pattern of the role that covers the permission.
    """

    grant: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a user may do something, or may not.

    Attributes:
        permission: The permission's key.
        definition: What is registered under it, or None.
        is_allowed: Whether they hold it.
        is_active: Whether they are active; who is disabled holds nothing.
        reasons: All ways by which they hold it, or would if they were active.
        held: The roles that they hold, whether or not they give the permission.
        would_give: The roles that would give it to them, if nothing does yet.
        groups_that_would: The groups that would, for those who are in them.
    """

    permission: str
    definition: PermissionDefinition | None
    is_allowed: bool
    is_active: bool
    reasons: tuple[Reason, ...]
    held: tuple[Holding, ...]
    would_give: tuple[Role, ...]
    groups_that_would: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of a role would mean to one person.

    Attributes:
        user: Who it is.
        gained: The keys of the permissions that they would get.
        lost: The keys of those that they would lose.
    """

    user: User
    gained: frozenset[str]
    lost: frozenset[str]


def explain(*, user: User, permission: str) -> Explanation:
    """Return why a user of the current scope may do something, or may not.

    Args:
        user: Who is asked about.
        permission: The permission's key.

    Raises:
        InvalidInput: That is no key.
    """
    if not is_key(permission):
        raise InvalidInput(fields={"permission": [_("Write namespace:resource:action.")]})
    [found] = explain_all(user=user, permissions=[permission])
    return found


def explain_all(*, user: User, permissions: Iterable[str]) -> list[Explanation]:
    """Return why a user of the current scope may do each of some things, or may not.

    The number of queries does not grow with the permissions.

    Args:
        user: Who is asked about.
        permissions: The permissions' keys.
    """
    assignments = list(
        assignments_of(user)
        .select_related("role", "group")
        .prefetch_related("role__grants")
        .order_by("role__name", "group__name")
    )
    roles = list(list_roles())
    giving: dict[UUID, set[Group]] = defaultdict(set)
    for given in RoleAssignment.objects.filter(group__isnull=False).select_related("group"):
        if given.group is not None:
            giving[given.role_id].add(given.group)
    return [_explain(user, permission, assignments, roles, giving) for permission in permissions]


def _explain(
    user: User,
    permission: str,
    assignments: list[RoleAssignment],
    roles: list[Role],
    giving: dict[UUID, set[Group]],
) -> Explanation:
    reasons = tuple(
        Reason(assignment.role, assignment.group, grant.permission)
        for assignment in assignments
        for grant in assignment.role.grants.all()
        if matches(grant.permission, permission)
    )
    would_give = () if reasons else tuple(role for role in roles if _gives(role, permission))
    groups = {group for role in would_give for group in giving.get(role.pk, ())}
    return Explanation(
        permission=permission,
        definition=get_definition(permission),
        is_allowed=user.is_active and bool(reasons),
        is_active=user.is_active,
        reasons=reasons,
        held=tuple(Holding(assignment.role, assignment.group) for assignment in assignments),
        would_give=would_give,
        groups_that_would=tuple(sorted(groups, key=lambda group: group.name.lower())),
    )


def _gives(role: Role, permission: str) -> bool:
    return any(matches(grant.permission, permission) for grant in role.grants.all())


def preview_role_change(*, role: Role, grants: Iterable[str]) -> list[Effect]:
    """Return what other grants of a role would mean to the people who hold it.

    Args:
        role: The role that is thought about; nothing is changed.
        grants: The keys and patterns that it would give.

    Returns:
        Those active people whose permissions would differ, a thousand at most, by their address.
    """
    wanted = frozenset(grants)
    people = list(
        User.objects.filter(
            Q(role_assignments__role=role)
            | Q(group_memberships__group__role_assignments__role=role),
            is_active=True,
        )
        .distinct()
        .order_by("email", "id")[:MAX_PEOPLE]
    )
    present = frozenset(role.grants.values_list("permission", flat=True))
    others = compile_snapshots(people, without=role)
    keys = [definition.key for definition in list_definitions(current_audience())]

    @cache
    def held(grants: frozenset[str]) -> frozenset[str]:
        # Most people have the same few roles.
        snapshot = Snapshot(roles=frozenset(), grants=grants)
        return frozenset(key for key in keys if snapshot.allows(key))

    effects = []
    for user in people:
        before = held(others[user.pk].grants | present)
        after = held(others[user.pk].grants | wanted)
        if before != after:
            effects.append(Effect(user=user, gained=after - before, lost=before - after))
    return effects
