"""The people of a tenant with what they may do: invited, disabled, enabled, renamed, removed.

Nobody acts on somebody who holds more than they do, nor disables or removes themselves, and the
last owner stays. What the realm has to be told is written with the change and told after the
commit: at once if Keycloak answers, or else by the clock (docs/adr/0014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput, PlexicaError
from plexica.identity import people
from plexica.identity.models import User
from plexica.identity.people_states import PersonState, change_of, state_of
from plexica.identity.realm_changes import Outcome, attempt_soon, retry
from plexica.rbac.authority import check_authority, keeping_an_owner
from plexica.rbac.engine import compile_snapshot
from plexica.rbac.models import GroupMembership, RoleAssignment
from plexica.rbac.permissions import (
    ROLES_ASSIGN,
)
from plexica.rbac.service_accounts import check_roles
from plexica.rbac.services import assign_role
from tenants.epochs import raise_epoch
from tenants.models import Tenant

MAX_INVITED = 20
MAX_ROLES = 20


logger = structlog.get_logger(__name__)


class OwnAccount(Conflict):
    """Somebody would shut themselves out."""

    code = "own-account"
    title = gettext_noop("Nobody disables or removes themselves")


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody who is to be invited.

    Attributes:
        email: Their address.
        first_name: As far as it is known.
        last_name: As far as it is known.
    """

    email: str
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What became of one invitation.

    Attributes:
        email: To whom.
        user: Their row; None if the invitation was refused.
        outcome: How far it is.
        reason: Why it was refused.
    """

    email: str
    user: User | None
    outcome: Outcome
    reason: str = ""


def invite_people(
    *, tenant: Tenant, invitees: Sequence[Invitee], roles: Sequence[str], actor: Actor
) -> list[Invitation]:
    """Invite people, each for themselves: one who cannot be invited keeps nobody else from it.

    Args:
        tenant: The tenant of the current scope.
        invitees: Whom, 20 at most.
        roles: The keys of the roles that they get at once. Without any they become members when
            they first log in.
        actor: Who invites; they must be allowed to give roles, and hold all that these grant.

    Returns:
        What became of each, in the order given; somebody who is named twice is invited once.

    Raises:
        InvalidInput: There is nobody or there are too many, or there is no such role.
        BeyondAuthority: The actor may not give the roles.
    """
    if not 1 <= len(invitees) <= MAX_INVITED or len(roles) > MAX_ROLES:
        raise InvalidInput(
            fields={"people": [_("Invite 1 to %(max)d people at once.") % {"max": MAX_INVITED}]}
        )
    wanted = sorted(set(roles))
    if wanted:
        check_authority(actor, [ROLES_ASSIGN])
        check_roles(wanted, actor)
    begun = [_begin(tenant, invitee, wanted, actor) for invitee in _once(invitees)]
    outcomes = attempt_soon(tenant=tenant, users=[each.user for each in begun if each.user])
    return [_end(invitation, outcomes, actor) for invitation in begun]


def resend_invitation(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Send somebody a mail with a new link, also if their invitation was withdrawn.

    Raises:
        NotInvited: They have been here already.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    with transaction.atomic():
        found = _lock(user, actor)
        match state_of(found):
            case PersonState.WITHDRAWN:
                people.open_again(user=found, actor=actor)
            case PersonState.INVITED:
                people.ask_for_mail(user=found, actor=actor)
            case _:
                raise people.NotInvited(_("They have been here already, and need no invitation."))
    return _soon(tenant, user)


def withdraw_invitation(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Disable somebody who has never been here; their link opens nothing then.

    Raises:
        NotInvited: They have been here already.
        OwnAccount: It is the actor.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    with transaction.atomic():
        found = _lock(user, actor, is_closing=True)
        if found.last_login is not None:
            raise people.NotInvited(_("They have been here already. Disable them instead."))
        with keeping_an_owner():
            people.close(user=found, actor=actor, what="invitation_withdrawn")
    return _soon(tenant, user)


def disable_person(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Refuse somebody from the next request on, and end their sessions; again changes nothing.

    Raises:
        OwnAccount: It is the actor.
        LastOwner: Nobody would be left to own the tenant.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    with transaction.atomic():
        found = _lock(user, actor, is_closing=True)
        with keeping_an_owner():
            people.close(user=found, actor=actor, what="disabled")
    return _soon(tenant, user)


def enable_person(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Let somebody in again, as soon as the realm does; who is active stays as they are.

    Raises:
        Conflict: They have never been here, so that they need an invitation.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    with transaction.atomic():
        found = _lock(user, actor)
        if state_of(found) == PersonState.WITHDRAWN:
            raise Conflict(_("They have never been here. Send the invitation again."))
        if state_of(found) == PersonState.DISABLED:
            people.ask_to_enable(user=found, actor=actor)
    return _soon(tenant, user)


def rename_person(
    *,
    tenant: Tenant,
    user: User,
    actor: Actor,
    first_name: str | None = None,
    last_name: str | None = None,
) -> Outcome:
    """Call somebody otherwise, as soon as the realm does; None leaves a name as it is.

    Raises:
        InvalidInput: A name is not acceptable.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    given = {"first_name": first_name, "last_name": last_name}
    names = people.clean_names(**{field: name for field, name in given.items() if name is not None})
    with transaction.atomic():
        people.ask_to_rename(user=_lock(user, actor), actor=actor, names=names)
    return _soon(tenant, user)


def remove_person(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Refuse somebody for good: their sessions, roles and memberships end, their realm user goes.

    Their row stays, for the audit. Their address can be invited again, as somebody new.

    Raises:
        OwnAccount: It is the actor.
        LastOwner: Nobody would be left to own the tenant.
        BeyondAuthority: They hold more than the actor.
        NotFound: They were removed.
    """
    with transaction.atomic():
        found = _lock(user, actor, is_closing=True)
        assignments = RoleAssignment.objects.filter(user=found)
        memberships = GroupMembership.objects.filter(user=found)
        roles = sorted(assignments.values_list("role__key", flat=True))
        groups = sorted(memberships.values_list("group__name", flat=True))
        with keeping_an_owner():
            assignments.delete()
            memberships.delete()
            people.remove(user=found, actor=actor, roles=roles, groups=groups)
    return _soon(tenant, user)


def try_again(*, tenant: Tenant, user: User, actor: Actor) -> Outcome:
    """Tell the realm now what waits or has failed.

    Args:
        tenant: The tenant of the current scope.
        user: About whom.
        actor: Who wants it; nothing is changed by it that was not asked for before.
    """
    logger.info("realm_tried_again", user=str(user.pk), actor=f"{actor.kind}:{actor.id}")
    return retry(tenant=tenant, user=user)


def _once(invitees: Sequence[Invitee]) -> list[Invitee]:
    first: dict[str, Invitee] = {}
    for each in invitees:
        first.setdefault(each.email.strip().lower(), each)
    return list(first.values())


def _begin(tenant: Tenant, invitee: Invitee, roles: list[str], actor: Actor) -> Invitation:
    try:
        with transaction.atomic():
            email = people.clean_address(invitee.email)
            names = people.clean_names(first_name=invitee.first_name, last_name=invitee.last_name)
            user = people.find_invitable(email)
            if user is None:
                user = people.begin_invitation(tenant=tenant, email=email, actor=actor, **names)
            else:
                user = _lock(user, actor)
                people.open_again(user=user, actor=actor)
            for role in roles:
                assign_role(holder=user, role=role, actor=actor)
    except PlexicaError as error:
        return Invitation(invitee.email, None, Outcome.FAILED, _words_of(error))
    return Invitation(email, user, Outcome.WAITING)


def _end(invitation: Invitation, outcomes: dict[UUID, Outcome], actor: Actor) -> Invitation:
    user = invitation.user
    if user is None:
        return invitation
    outcome = outcomes[user.pk]
    if outcome == Outcome.FAILED:
        with transaction.atomic():
            found = User.objects.select_for_update().filter(pk=user.pk).first()
            change = change_of(found) if found else None
            if found and change and change.is_creation and change.has_failed:
                reason = change.last_error
                people.abandon(user=found, actor=actor, reason=reason)
                raise_epoch()
                return Invitation(invitation.email, None, outcome, reason)
    return Invitation(invitation.email, user, outcome)


def _lock(user: User, actor: Actor, *, is_closing: bool = False) -> User:
    if is_closing and actor.id == str(user.pk):
        raise OwnAccount(_("Somebody else has to do it."))
    found = people.lock_person(user.pk)
    if is_closing:
        # Their roles must not change before they are counted, nor may another owner go.
        raise_epoch()
    check_authority(actor, compile_snapshot(found).grants)
    return found


def _soon(tenant: Tenant, user: User) -> Outcome:
    return attempt_soon(tenant=tenant, users=[user])[user.pk]


def _words_of(error: PlexicaError) -> str:
    return " ".join(word for words in error.fields.values() for word in words) or error.detail
