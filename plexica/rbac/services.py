"""Writing roles and who holds them, in the current scope."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput, NotFound
from plexica.identity.models import User, UserKind
from plexica.rbac.authority import check_authority, keeping_an_owner
from plexica.rbac.models import AssignmentSource, Grant, Group, Role, RoleAssignment
from plexica.rbac.registry import default_grants_of
from plexica.rbac.selectors import assignments_of, current_audience
from plexica.rbac.system_roles import ADMIN, OWNER, SYSTEM_ROLES, SystemRole
from tenants.epochs import raise_epoch

# Any number that nothing else takes as an advisory lock in one database.
_LOCK = 0x726F6C65


def ensure_system_roles() -> None:
    """Write the system roles of the current scope, and bring those that differ in line.

    It may be called at any time and from several processes at once; what is right already is not
    written again.

    Raises:
        NoScope: There is no scope, or it is neither the platform's nor a tenant's.
    """
    with transaction.atomic():
        _lock()
        declared = wanted_roles()
        roles = {
            role.key: role
            for role in Role.objects.filter(is_system=True).prefetch_related("grants")
        }
        for system_role in declared:
            _ensure_role(system_role, roles.get(system_role.key))


def wanted_roles() -> tuple[SystemRole, ...]:
    """Return the system roles of the current scope, with the default grants of its plugins.

    Raises:
        NoScope: There is no scope, or it is neither the platform's nor a tenant's.
    """
    return tuple(
        replace(role, grants=role.grants | default_grants_of(role.key))
        for role in SYSTEM_ROLES[current_audience()]
    )


def assign_role(
    *,
    holder: User | Group,
    role: str,
    actor: Actor,
    source: AssignmentSource = AssignmentSource.MANUAL,
) -> None:
    """Give a role to a user or a group; one that they have already changes nothing.

    Args:
        holder: Who gets it.
        role: The role's key.
        actor: Who gives it; they must hold all that it grants.
        source: How it comes about.

    Raises:
        NotFound: There is no such role in the current scope.
        BeyondAuthority: The actor does not hold what the role grants.
    """
    with transaction.atomic():
        found = _lock_role(role)
        check_authority(actor, _grants_of(found))
        _assignment, is_new = RoleAssignment.objects.get_or_create(
            **_held_by(holder),
            role=found,
            defaults={"source": source, "assigned_by": f"{actor.kind}:{actor.id}"},
        )
        if is_new:
            raise_epoch()
            record(
                actor=actor,
                action="role.assigned",
                target=_target(holder),
                after={"role": role, "source": source.value},
            )


def withdraw_role(*, holder: User | Group, role: str, actor: Actor) -> None:
    """Take a role from a user or a group; one that they do not have changes nothing.

    Raises:
        NotFound: There is no such role in the current scope.
        BeyondAuthority: The actor does not hold what the role grants.
        LastOwner: Nobody would be left to own the tenant.
    """
    with transaction.atomic():
        found = _lock_role(role)
        check_authority(actor, _grants_of(found))
        theirs = RoleAssignment.objects.filter(**_held_by(holder), role=found)
        with keeping_an_owner():
            removed, _by_model = theirs.delete()
        if removed:
            record(
                actor=actor,
                action="role.withdrawn",
                target=_target(holder),
                before={"role": role},
            )


def hand_over_ownership(*, owner: User, successor: User, actor: Actor) -> None:
    """Make somebody else an owner in a person's place, who stays as an admin.

    Raises:
        InvalidInput: They are the same, the one is no owner, or the other is disabled.
        BeyondAuthority: The actor is no owner.
    """
    with transaction.atomic():
        is_active_person = successor.is_active and successor.kind == UserKind.PERSON
        if owner.pk == successor.pk or not is_active_person:
            raise InvalidInput(fields={"successor": [_("Choose another, active person.")]})
        if not RoleAssignment.objects.filter(user=owner, role__key=OWNER).exists():
            raise InvalidInput(fields={"owner": [_("They do not own the tenant themselves.")]})
        assign_role(holder=successor, role=OWNER, actor=actor)
        assign_role(holder=owner, role=ADMIN, actor=actor)
        withdraw_role(holder=owner, role=OWNER, actor=actor)


def follow_token_roles(*, user: User, roles: Iterable[str]) -> None:
    """Bring the system roles that a user's realm gives them in line with their token.

    The realm of the platform's staff says who they are. A role that somebody assigned in Plexica
    stays, whatever the token says.

    Args:
        user: Who logs in, in the current scope.
        roles: The roles that their token names; those that are no system role are passed over.
    """
    known = {role.key for role in SYSTEM_ROLES[current_audience()]}
    wanted = known.intersection(roles)
    with transaction.atomic():
        for key in sorted(wanted):
            assign_role(holder=user, role=key, actor=SYSTEM, source=AssignmentSource.TOKEN)
        outdated = (
            RoleAssignment.objects.select_for_update(of=("self",))
            .select_related("role")
            .filter(user=user, source=AssignmentSource.TOKEN)
            .exclude(role__key__in=wanted)
        )
        for assignment in outdated:
            assignment.delete()
            raise_epoch()
            record(
                actor=SYSTEM,
                action="role.withdrawn",
                target=f"user:{user.id}",
                before={"role": assignment.role.key, "source": assignment.source},
            )


def assign_default_role(*, user: User, role: str) -> None:
    """Give a user a role unless they hold one already, by themselves or through a group.

    Raises:
        NotFound: There is no such role in the current scope.
    """
    with transaction.atomic():
        # Two first logins at once: the second finds what the first assigned.
        User.objects.select_for_update().get(pk=user.pk)
        if not assignments_of(user).exists():
            assign_role(holder=user, role=role, actor=SYSTEM, source=AssignmentSource.SYSTEM)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])


def _lock_role(key: str) -> Role:
    # What it grants must not change before the transaction ends.
    role = Role.objects.select_for_update().filter(key=key).first()
    if role is None:
        raise NotFound(f"There is no role {key}.")
    return role


def _grants_of(role: Role) -> list[str]:
    return list(role.grants.values_list("permission", flat=True))


def _held_by(holder: User | Group) -> dict[str, Any]:
    return {"user": holder} if isinstance(holder, User) else {"group": holder}


def _target(holder: User | Group) -> str:
    return f"user:{holder.pk}" if isinstance(holder, User) else f"group:{holder.pk}"


def _ensure_role(declared: SystemRole, present: Role | None) -> None:
    after = declared.facts()
    before = facts_of(present) if present else None
    if before == after:
        return
    role, _is_new = Role.objects.update_or_create(
        key=declared.key,
        is_system=True,
        defaults={"name": declared.name, "description": declared.description},
    )
    role.grants.exclude(permission__in=declared.grants).delete()
    Grant.objects.bulk_create(
        [Grant(role=role, permission=permission) for permission in sorted(declared.grants)],
        ignore_conflicts=True,
    )
    raise_epoch()
    record(
        actor=SYSTEM,
        action="role.updated" if present else "role.created",
        target=f"role:{role.key}",
        before=before,
        after=after,
    )


def facts_of(role: Role) -> dict[str, Any]:
    """Return what people see of a role, as `SystemRole.facts` gives it of a declared one."""
    return {
        "name": role.name,
        "description": role.description,
        "grants": sorted(grant.permission for grant in role.grants.all()),
    }
