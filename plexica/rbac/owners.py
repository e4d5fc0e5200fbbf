"""The owners of a tenant, as the platform's staff sees and appoints them.

The staff have no row in the tenant. What they do there is done as the platform, under their name,
and stands in both audits.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.identity.people import clean_address, lock_person
from plexica.identity.people_states import PersonState, all_people, state_of
from plexica.identity.realm_changes import Outcome
from plexica.rbac.authority import LastOwner
from plexica.rbac.people import Invitee, invite_people, resend_invitation
from plexica.rbac.services import assign_role, withdraw_role
from plexica.rbac.system_roles import ADMIN, OWNER
from tenants.lifecycle import save_tenant
from tenants.models import Tenant
from tenants.scopes import tenant_scope


class NotServed(Conflict):
    """The tenant's people cannot log in, so nobody is invited there."""

    code = "not-served"
    title = gettext_noop("The tenant is not active")


@dataclass(frozen=True, slots=True)
class Appointment:
    """What became of an appointment.

    Attributes:
        email: Who owns the tenant now.
        is_invited: Whether they are new in the tenant.
        outcome: How far their invitation is.
        are_others_left: Whether the owners before them were to lose the ownership, and keep it
            until the new one can come in.
    """

    email: str
    is_invited: bool
    outcome: Outcome
    are_others_left: bool


def list_owners() -> QuerySet[User]:
    """Return who owns the tenant of the current scope, by themselves or by a group.

    Those who are disabled or invited are among them; the removed ones are not.
    """
    holds_it = Q(role_assignments__role__key=OWNER) | Q(
        group_memberships__group__role_assignments__role__key=OWNER
    )
    return all_people().filter(holds_it, removed_at__isnull=True).distinct().order_by("email", "pk")


def as_platform(actor: Actor) -> Actor:
    """Return a person of the staff as the one who acts inside a tenant."""
    return Actor(kind="system", id=f"staff:{actor.id}"[:255], name=f"{actor.name} (Plexica)"[:255])


def resend_owner_invitation(*, tenant: Tenant, user_id: UUID, actor: Actor) -> Outcome:
    """Send an owner who has not logged in yet a mail with a new link.

    Args:
        tenant: Whose owner they are.
        user_id: Who.
        actor: Who of the staff asks for it.

    Raises:
        NotServed: The tenant is not active.
        InvalidInput: They own nothing there.
        NotInvited: They have been there already.
    """
    _check_served(tenant)
    with tenant_scope(tenant):
        user = list_owners().filter(pk=user_id).first()
        if user is None:
            raise InvalidInput(_("They are no owner of this tenant."))
        outcome = resend_invitation(tenant=tenant, user=user, actor=as_platform(actor))
    with platform_scope(), transaction.atomic():
        record(
            actor=actor,
            action="tenant.owner_invited_again",
            target=f"tenant:{tenant.slug}",
            after={"email": user.email},
        )
    return outcome


def appoint_owner(*, tenant: Tenant, email: str, replaces: bool, actor: Actor) -> Appointment:
    """Make somebody an owner of a tenant: one of its people, or somebody who is invited now.

    Args:
        tenant: Which.
        email: Their address.
        replaces: Whether those who own the tenant by themselves become admins instead.
        actor: Who of the staff appoints them.

    Raises:
        NotServed: The tenant is not active.
        InvalidInput: The address is none, is somebody's who is disabled, or the realm refuses it.
    """
    _check_served(tenant)
    address = clean_address(email)
    inside = as_platform(actor)
    with tenant_scope(tenant):
        user = all_people().filter(email__iexact=address, removed_at__isnull=True).first()
        is_invited = user is None or state_of(user) == PersonState.WITHDRAWN
        outcome = Outcome.DONE
        if user is None or is_invited:
            user, outcome = _invite(tenant, address, inside)
        elif state_of(user) == PersonState.DISABLED:
            raise InvalidInput(
                fields={"email": [_("They are disabled in this tenant. An admin can enable them.")]}
            )
        else:
            assign_role(holder=user, role=OWNER, actor=inside)
        are_others_left = replaces and not _replace_others(user, inside)
    with platform_scope(), transaction.atomic():
        fresh = Tenant.objects.select_for_update().get(pk=tenant.pk)
        before = fresh.owner_email
        if before != address:
            save_tenant(tenant=fresh, owner_email=address)
        record(
            actor=actor,
            action="tenant.owner_appointed",
            target=f"tenant:{tenant.slug}",
            before={"email": before},
            after={"email": address, "replaces": replaces and not are_others_left},
        )
    return Appointment(address, is_invited, outcome, are_others_left)


def _check_served(tenant: Tenant) -> None:
    if not tenant.is_active:
        raise NotServed(_("Its people cannot log in now. Resume or restore the tenant first."))


def _invite(tenant: Tenant, address: str, actor: Actor) -> tuple[User, Outcome]:
    [invitation] = invite_people(
        tenant=tenant, invitees=[Invitee(address)], roles=[OWNER], actor=actor
    )
    if invitation.user is None:
        raise InvalidInput(fields={"email": [invitation.reason]})
    return invitation.user, invitation.outcome


def _replace_others(user: User, actor: Actor) -> bool:
    """Make the other owners admins, unless the tenant would be left without one who can come."""
    try:
        with transaction.atomic():
            others = list_owners().exclude(pk=user.pk).filter(role_assignments__role__key=OWNER)
            for other in [lock_person(pk) for pk in others.values_list("pk", flat=True)]:
                assign_role(holder=other, role=ADMIN, actor=actor)
                withdraw_role(holder=other, role=OWNER, actor=actor)
    except LastOwner:
        return False
    return True
