"""Why somebody may do something, or may not, and what a change of a role would mean."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from plexica.core.errors import InvalidInput
from plexica.identity.models import User
from plexica.rbac.keys import is_key, matches
from plexica.rbac.models import Role, RoleAssignment
from plexica.rbac.registry import get_definition, list_definitions
from plexica.rbac.selectors import assignments_of, current_audience, list_roles
from plexica.rbac.snapshot import Snapshot

MAX_PEOPLE = 1000


@dataclass(frozen=True, slots=True)
class Reason:
    """One way by which somebody holds a permission.

    Attributes:
        role_key: The role that gives it.
        role_name: What people call the role.
        group: The name of the group that the role comes by, or None if they hold it themselves.
        grant: The key or pattern of the role that covers the permission.
    """

    role_key: str
    role_name: str
    group: str | None
    grant: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a user may do something, or may not.

    Attributes:
        permission: The permission's key.
        label: What it lets one do, in words; empty if no such permission is registered.
        is_allowed: Whether they hold it.
        is_active: Whether they are active; who is disabled holds nothing.
        reasons: All ways by which they hold it, or would if they were active.
        held: The roles that they hold, with the group that each comes by, whether or not they
            give the permission.
        would_give: The roles that would give it to them.
    """

    permission: str
    label: str
    is_allowed: bool
    is_active: bool
    reasons: tuple[Reason, ...]
    held: tuple[tuple[str, str | None], ...]
    would_give: tuple[str, ...]

    @property
    def is_registered(self) -> bool:
        """Whether there is such a permission."""
        return bool(self.label)


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
        raise InvalidInput(fields={"permission": ["Write namespace:resource:action."]})
    assignments = list(
        assignments_of(user)
        .select_related("role", "group")
        .prefetch_related("role__grants")
        .order_by("role__name", "group__name")
    )
    reasons = tuple(
        Reason(
            role_key=assignment.role.key,
            role_name=assignment.role.name,
            group=assignment.group.name if assignment.group else None,
            grant=grant.permission,
        )
        for assignment in assignments
        for grant in assignment.role.grants.all()
        if matches(grant.permission, permission)
    )
    definition = get_definition(permission)
    return Explanation(
        permission=permission,
        label=definition.label if definition else "",
        is_allowed=user.is_active and bool(reasons),
        is_active=user.is_active,
        reasons=reasons,
        held=tuple(
            (assignment.role.name, assignment.group.name if assignment.group else None)
            for assignment in assignments
        ),
        would_give=()
        if reasons
        else tuple(
            role.name
            for role in list_roles()
            if any(matches(grant.permission, permission) for grant in role.grants.all())
        ),
    )


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
    others = _grants_by_other_roles(role, people)
    keys = [definition.key for definition in list_definitions(current_audience())]
    effects = []
    for user in people:
        before = _held(keys, others[user.pk] | present)
        after = _held(keys, others[user.pk] | wanted)
        if before != after:
            effects.append(Effect(user=user, gained=after - before, lost=before - after))
    return effects


def _grants_by_other_roles(role: Role, people: list[User]) -> dict[UUID, frozenset[str]]:
    """Return what each of some people is granted by other roles than one, in two queries."""
    ids = [user.pk for user in people]
    found: dict[UUID, set[str]] = defaultdict(set)
    others = RoleAssignment.objects.exclude(role=role)
    for holder in ("user_id", "group__memberships__user_id"):
        rows = others.filter(**{f"{holder}__in": ids}).values_list(
            holder, "role__grants__permission"
        )
        for user_id, permission in rows:
            if permission is not None:
                found[user_id].add(permission)
    return {user_id: frozenset(found[user_id]) for user_id in ids}


def _held(keys: list[str], grants: frozenset[str]) -> frozenset[str]:
    snapshot = Snapshot(roles=frozenset(), grants=grants)
    return frozenset(key for key in keys if snapshot.allows(key))
