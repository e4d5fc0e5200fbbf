"""Groups: people who get roles together."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.identity.models import User
from plexica.rbac.authority import check_authority, keeping_an_owner
from plexica.rbac.models import Grant, Group, GroupMembership, MembershipSource
from plexica.rbac.words import problems_of_words
from tenants.epochs import raise_epoch

MAX_GROUPS = 500


class GroupNameTaken(Conflict):
    """Another group has this name."""

    code = "group-name-taken"
    title = gettext_noop("Another group has this name")


class MemberByRealm(Conflict):
    """Somebody is in the group because the realm says so."""

    code = "member-by-realm"
    title = gettext_noop("They are in it by the login realm")


class TooManyGroups(Conflict):
    """The tenant has as many groups as it may."""

    code = "too-many-groups"
    title = gettext_noop("There are too many groups")


def create_group(*, name: str, actor: Actor, description: str = "") -> Group:
    """Make a group without members and roles.

    Raises:
        InvalidInput: A value is not acceptable.
        GroupNameTaken: Another group has the name, whatever its case.
        TooManyGroups: There are 500 already.
    """
    group = Group(name=name.strip(), description=description.strip())
    _validate(group)
    with transaction.atomic():
        if Group.objects.count() >= MAX_GROUPS:
            raise TooManyGroups(_("There can be %(max)d.") % {"max": MAX_GROUPS})
        _save(group)
        record(actor=actor, action="group.created", target=_target(group), after=_facts(group))
    return group


def update_group(
    *, group: Group, actor: Actor, name: str | None = None, description: str | None = None
) -> Group:
    """Change a group's name and description; None leaves a value as it is.

    Raises:
        InvalidInput: A value is not acceptable.
        GroupNameTaken: Another group has the name.
        NotFound: It is gone.
    """
    with transaction.atomic():
        found = lock_group(group.pk)
        before = _facts(found)
        found.name = found.name if name is None else name.strip()
        found.description = found.description if description is None else description.strip()
        _validate(found)
        if _facts(found) != before:
            _save(found)
            record(
                actor=actor,
                action="group.updated",
                target=_target(found),
                before=before,
                after=_facts(found),
            )
    return found


def delete_group(*, group: Group, actor: Actor) -> None:
    """Delete a group; its members lose what they had by it.

    Raises:
        BeyondAuthority: The actor does not hold all that it gives.
        LastOwner: The tenant's owners are owners by this group alone.
        NotFound: It is gone.
    """
    with transaction.atomic():
        found = lock_group(group.pk)
        check_authority(actor, grants_of_group(found))
        before = {**_facts(found), "members": found.memberships.count()}
        with keeping_an_owner():
            found.delete()
        record(actor=actor, action="group.deleted", target=_target(group), before=before)


def add_member(*, group: Group, user: User, actor: Actor) -> None:
    """Put a person into a group; one who is in it already changes nothing.

    Raises:
        BeyondAuthority: The actor does not hold all that the group gives.
        NotFound: The group is gone.
    """
    with transaction.atomic():
        found = lock_group(group.pk)
        check_authority(actor, grants_of_group(found))
        _membership, is_new = GroupMembership.objects.get_or_create(group=found, user=user)
        if is_new:
            raise_epoch()
            record(
                actor=actor,
                action="group.member_added",
                target=f"user:{user.id}",
                after={"group": found.name},
            )


def remove_member(*, group: Group, user: User, actor: Actor) -> None:
    """Take a person out of a group; one who is not in it changes nothing.

    Raises:
        BeyondAuthority: The actor does not hold all that the group gives.
        LastOwner: The person is the last owner, by this group.
        MemberByRealm: They are in it because they are in the realm's group that it follows.
        NotFound: The group is gone.
    """
    with transaction.atomic():
        found = lock_group(group.pk)
        check_authority(actor, grants_of_group(found))
        theirs = GroupMembership.objects.filter(group=found, user=user)
        if theirs.filter(source=MembershipSource.REALM).exists():
            raise MemberByRealm(
                _("Take them out of the group %(path)s in Keycloak.") % {"path": found.realm_path}
            )
        with keeping_an_owner():
            removed, _by_model = theirs.delete()
        if removed:
            record(
                actor=actor,
                action="group.member_removed",
                target=f"user:{user.id}",
                before={"group": found.name},
            )


def grants_of_group(group: Group) -> frozenset[str]:
    """Return the patterns that a group's roles give to its members."""
    return frozenset(
        Grant.objects.filter(role__assignments__group=group).values_list("permission", flat=True)
    )


def lock_group(group_id: UUID) -> Group:
    """Return a group as it is now, and hold it until the transaction ends.

    Raises:
        NotFound: It is gone.
    """
    group = Group.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise NotFound(_("There is no such group any more."))
    return group


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise GroupNameTaken(
            _("There is a group “%(name)s” already.") % {"name": group.name},
            fields={"name": [_("This name is taken.")]},
        ) from error


def _validate(group: Group) -> None:
    problems = problems_of_words(name=group.name, description=group.description)
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)


def _facts(group: Group) -> dict[str, str]:
    return {"name": group.name, "description": group.description}


def _target(group: Group) -> str:
    return f"group:{group.id}"
