"""Roles that a tenant's people make for themselves."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.rbac.authority import check_authority
from plexica.rbac.holders import holders_of
from plexica.rbac.keys import is_pattern, matches
from plexica.rbac.models import (
    CUSTOM_KEY_PREFIX,
    MAX_KEY_LENGTH,
    Grant,
    Role,
)
from plexica.rbac.registry import list_definitions
from plexica.rbac.selectors import current_audience
from plexica.rbac.services import facts_of
from plexica.rbac.words import problems_of_words
from tenants.epochs import raise_epoch

MAX_CUSTOM_ROLES = 50
MAX_GRANTS = 500


class SystemRoleFixed(Conflict):
    """A role that comes with Plexica is not changed."""

    code = "system-role-fixed"
    title = gettext_noop("A system role cannot be changed")


class RoleInUse(Conflict):
    """People or groups hold the role."""

    code = "role-in-use"
    title = gettext_noop("The role is held by somebody")


class TooManyRoles(Conflict):
    """The tenant has as many roles of its own as it may."""

    code = "too-many-roles"
    title = gettext_noop("There are too many custom roles")


class RoleChanged(Conflict):
    """Somebody else has changed the role in the meantime."""

    code = "role-changed"
    title = gettext_noop("The role has been changed in the meantime")


class RoleNameTaken(Conflict):
    """Another role has this name."""

    code = "role-name-taken"
    title = gettext_noop("Another role has this name")


def create_role(*, name: str, grants: Iterable[str], actor: Actor, description: str = "") -> Role:
    """Make a role of the current scope's own.

    Args:
        name: What people call it, unique whatever its case.
        grants: Keys and patterns of the permissions that it gives.
        actor: Who makes it; they must hold what it gives.
        description: What it is for.

    Raises:
        InvalidInput: A value is not acceptable, or a grant covers no permission that exists.
        BeyondAuthority: The actor does not hold all that it gives.
        TooManyRoles: There are 50 already.
        RoleNameTaken: Another role has the name.
    """
    name, description, wanted = name.strip(), description.strip(), frozenset(grants)
    _validate(name=name, description=description, grants=wanted)
    check_authority(actor, wanted)
    with transaction.atomic():
        # It also makes creations wait for each other, so that none slips past the limit.
        raise_epoch()
        if Role.objects.filter(is_system=False).count() >= MAX_CUSTOM_ROLES:
            raise TooManyRoles(
                _("There can be %(max)d. Change one that exists, or delete one.")
                % {"max": MAX_CUSTOM_ROLES}
            )
        role = _save(Role(key=_free_key(name), name=name, description=description), name)
        _write_grants(role, wanted)
        record(actor=actor, action="role.created", target=f"role:{role.key}", after=facts_of(role))
    return role


def update_role(
    *,
    role: Role,
    actor: Actor,
    name: str | None = None,
    description: str | None = None,
    grants: Iterable[str] | None = None,
    seen_at: datetime | None = None,
) -> Role:
    """Change a custom role; None leaves a value as it is.

    Args:
        role: Which.
        actor: Who changes it; they must hold what it no longer gives and what it gives from now on.
        name: What people call it from now on.
        description: What it is for from now on.
        grants: Keys and patterns of the permissions that it gives from now on. One that it gave
            before may stay although there is no such permission any more.
        seen_at: When the role that the actor has seen was changed last; None does not ask.

    Raises:
        SystemRoleFixed: It came with Plexica.
        RoleChanged: It is no longer the one that the actor has seen.
        InvalidInput: A value is not acceptable.
        BeyondAuthority: The actor does not hold all that it gave or will give.
        RoleNameTaken: Another role has the name.
        NotFound: It is gone.
    """
    with transaction.atomic():
        found = _lock_custom(role.pk)
        if seen_at is not None and found.updated_at != seen_at:
            raise RoleChanged(_("Look at it as it is now, and change it again."))
        before = facts_of(found)
        new_name = found.name if name is None else name.strip()
        found.description = found.description if description is None else description.strip()
        wanted = frozenset(before["grants"] if grants is None else grants)
        _validate(
            name=new_name,
            description=found.description,
            grants=wanted,
            known=frozenset(before["grants"]),
        )
        check_authority(actor, wanted.symmetric_difference(before["grants"]))
        found.name = new_name
        _save(found, new_name)
        _write_grants(found, wanted)
        after = facts_of(found)
        if after != before:
            raise_epoch()
            record(
                actor=actor,
                action="role.updated",
                target=f"role:{found.key}",
                before=before,
                after=after,
            )
    return found


def delete_role(*, role: Role, actor: Actor) -> None:
    """Delete a custom role that nobody holds; whom the realm has removed does not count.

    Raises:
        SystemRoleFixed: It came with Plexica.
        RoleInUse: People or groups hold it.
        BeyondAuthority: The actor does not hold all that it gives.
        NotFound: It is gone.
    """
    with transaction.atomic():
        found = _lock_custom(role.pk)
        before = facts_of(found)
        check_authority(actor, before["grants"])
        holders = holders_of(found).count()
        if holders:
            raise RoleInUse(
                _("%(count)d people or groups hold it. Take it from them first.")
                % {"count": holders}
            )
        # Of people who were removed.
        found.assignments.all().delete()
        found.delete()
        raise_epoch()
        record(actor=actor, action="role.deleted", target=f"role:{found.key}", before=before)


def _lock_custom(role_id: UUID) -> Role:
    role = Role.objects.select_for_update().filter(pk=role_id).first()
    if role is None:
        raise NotFound(_("There is no such role any more."))
    if role.is_system:
        raise SystemRoleFixed(_("Copy it to a role of your own and change that."))
    return role


def _save(role: Role, name: str) -> Role:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError as error:
        raise RoleNameTaken(
            _("There is a role “%(name)s” already.") % {"name": name},
            fields={"name": [_("This name is taken.")]},
        ) from error
    return role


def _write_grants(role: Role, wanted: frozenset[str]) -> None:
    role.grants.exclude(permission__in=wanted).delete()
    Grant.objects.bulk_create(
        [Grant(role=role, permission=permission) for permission in sorted(wanted)],
        ignore_conflicts=True,
    )


def _free_key(name: str) -> str:
    """Return a key that no role has, made from the name as far as it can be."""
    stem = f"{CUSTOM_KEY_PREFIX}{slugify(name).replace('_', '-').strip('-') or 'role'}"
    stem = "-".join(part for part in stem[: MAX_KEY_LENGTH - 4].split("-") if part)
    taken = set(Role.objects.filter(key__startswith=stem).values_list("key", flat=True))
    number = 1
    key = stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


def _validate(
    *, name: str, description: str, grants: frozenset[str], known: frozenset[str] = frozenset()
) -> None:
    problems = problems_of_words(name=name, description=description)
    if wrong := _wrong_grants(grants, known):
        problems["grants"] = wrong
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)


def _wrong_grants(grants: frozenset[str], known: frozenset[str]) -> list[str]:
    if len(grants) > MAX_GRANTS:
        return [_("Use %(max)d grants at most; a pattern covers many.") % {"max": MAX_GRANTS}]
    keys = [definition.key for definition in list_definitions(current_audience())]
    return [
        _("“%(grant)s” covers no permission that there is.") % {"grant": grant[:80]}
        for grant in sorted(grants - known)
        if not is_pattern(grant) or not any(matches(grant, key) for key in keys)
    ]
