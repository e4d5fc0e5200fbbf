"""Mapping a group to one of the realm, whose members are then members here, too."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.crypto import UndecryptableError
from plexica.core.errors import Conflict, InvalidInput, OutwardError, ServiceUnavailable
from plexica.identity.keycloak.following import RealmGroup, find_group
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.sync.state import demand_all
from plexica.rbac.authority import check_authority, keeping_an_owner
from plexica.rbac.groups import grants_of_group, lock_group
from plexica.rbac.models import MAX_REALM_PATH_LENGTH, Group, MembershipSource
from tenants.models import Tenant


class RealmGroupTaken(Conflict):
    """Another group is mapped to this one."""

    code = "realm-group-taken"
    title = gettext_noop("Another group is mapped to it")


def map_group(*, tenant: Tenant, group: Group, path: str, actor: Actor) -> None:
    """Have a group follow one of the realm, or, with an empty path, follow none any more.

    Who is in it by hand stays. The members of the realm's group come within a minute.

    Args:
        tenant: Whose realm it is.
        group: The group.
        path: The realm's group with those above it, such as `/sales/north`.
        actor: Who asks; they must hold all that the group gives.

    Raises:
        InvalidInput: The realm has no such group.
        RealmGroupTaken: Another group follows it.
        BeyondAuthority: The actor does not hold all that the group gives.
        LastOwner: The tenant's owners are owners by following the realm's group alone.
        ServiceUnavailable: The realm does not answer.
        NotFound: The group is gone.
    """
    wanted = path.strip().rstrip("/")
    if not wanted:
        _unlink(group, actor)
        return
    wanted = f"/{wanted.removeprefix('/')}"
    if len(wanted) > MAX_REALM_PATH_LENGTH or not wanted.isprintable():
        raise _refusal(_("Use %(max)d characters at most.") % {"max": MAX_REALM_PATH_LENGTH})
    if not all(name.strip(".") for name in wanted[1:].split("/")):
        raise _refusal(_("A path has the names of groups between single slashes."))
    found = _ask(tenant, wanted)
    with transaction.atomic():
        mine = lock_group(group.pk)
        check_authority(actor, grants_of_group(mine))
        if Group.objects.filter(realm_path=found.path).exclude(pk=mine.pk).exists():
            raise RealmGroupTaken(fields={"realm_path": [_("Another group follows this one.")]})
        if (mine.realm_path, str(mine.realm_group_id)) == (found.path, found.id):
            return
        _link(mine, found, actor)


def _link(group: Group, found: RealmGroup, actor: Actor) -> None:
    before = {"realm_path": group.realm_path}
    Group.objects.filter(pk=group.pk).update(realm_path=found.path, realm_group_id=found.id)
    record(
        actor=actor,
        action="group.updated",
        target=f"group:{group.pk}",
        before=before,
        after={"realm_path": found.path},
    )
    demand_all()


def _unlink(group: Group, actor: Actor) -> None:
    with transaction.atomic():
        mine = lock_group(group.pk)
        if not mine.realm_path:
            return
        check_authority(actor, grants_of_group(mine))
        Group.objects.filter(pk=mine.pk).update(realm_path="", realm_group_id=None)
        with keeping_an_owner():
            left, _by_model = mine.memberships.filter(source=MembershipSource.REALM).delete()
        record(
            actor=actor,
            action="group.updated",
            target=f"group:{mine.pk}",
            before={"realm_path": mine.realm_path, "members": left},
            after={"realm_path": ""},
        )


def _ask(tenant: Tenant, path: str) -> RealmGroup:
    try:
        found = find_group(realm_client(tenant), path=path)
    except (OutwardError, KeyError, UndecryptableError) as error:
        raise ServiceUnavailable(_("Keycloak cannot be asked now. Try again soon.")) from error
    if found is None:
        raise _refusal(_("Keycloak has no group at this path."))
    return found


def _refusal(reason: str) -> InvalidInput:
    return InvalidInput(
        _("See errors for what is wrong with which field."), fields={"realm_path": [reason]}
    )
