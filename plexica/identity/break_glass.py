"""Ways in for when the ordinary ones are gone: each asks for a reason and is audited.

What is asked for is written down and committed before it is done, and what came of it after: power
that was given without a word in the audit is what must not happen.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput, NotFound, OutwardError
from plexica.core.scope import platform_scope
from plexica.identity.keycloak.master import master_client
from plexica.identity.platform_realm import appoint_super_admin
from tenants.models import RealmAccess, Tenant

PLATFORM_KEYCLOAK = "default"
PASSWORD_BYTES = 18
MAX_REASON = 500
LONGEST_ACCESS = timedelta(hours=8)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Appointment:
    """What became of a person who was to be a super admin.

    Attributes:
        is_new: Whether they were not there before.
        password: What they log in with once, and then must replace; None if they keep their own.
            Nothing keeps it.
    """

    is_new: bool
    password: str | None = field(repr=False)


def grant_super_admin(
    *, email: str, reason: str, actor: Actor, new_password: bool = False
) -> Appointment:
    """Make a person of the platform's realm a super admin, and make the person if need be.

    Args:
        email: Their address.
        reason: Why, for the audit.
        actor: Who does it.
        new_password: Whether a person who is there gets a new password, too.

    Raises:
        InvalidInput: The address is none, or there is no reason.
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(fields={"email": [_("This is no e-mail address.")]}) from error
    facts = {"reason": check_reason(reason), "email": address}
    target = f"super_admin:{address}"
    _record(actor, "super_admin.requested", target, facts)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    person = appoint_super_admin(
        master_client(PLATFORM_KEYCLOAK),
        email=address,
        password=password,
        is_password_replaced=new_password,
    )
    is_password_new = person.is_new or new_password
    _record(
        actor,
        "super_admin.granted",
        target,
        {**facts, "subject": person.subject, "is_new": person.is_new, "password": is_password_new},
    )
    return Appointment(is_new=person.is_new, password=password if is_password_new else None)


def open_realm(
    *, tenant: Tenant, reason: str, actor: Actor, duration: timedelta = timedelta(hours=1)
) -> datetime:
    """Let the administrators of the master realm manage a tenant's realm for a while.

    Opened again, the time begins anew. A task takes the power away when it is over.

    Args:
        tenant: Whose realm it is.
        reason: Why, for the audit.
        actor: Who asks for it.
        duration: For how long, eight hours at most.

    Returns:
        When it ends.

    Raises:
        InvalidInput: There is no reason, or the time is too long.
        TransientError: Keycloak does not answer.
        PermanentError: Nothing has power over this realm that could give it.
    """
    if not timedelta() < duration <= LONGEST_ACCESS:
        raise InvalidInput(fields={"minutes": [_("Use 1 to 480 minutes.")]})
    expires_at = timezone.now() + duration
    facts = {"reason": check_reason(reason), "expires_at": expires_at.isoformat()}
    # The row is there before the power is, so that whatever happens next the power ends.
    with platform_scope(), transaction.atomic():
        RealmAccess.objects.update_or_create(
            tenant=tenant,
            defaults={"opened_by": actor.name, "reason": facts["reason"], "expires_at": expires_at},
        )
        record(actor=actor, action="realm_access.requested", target=_target(tenant), after=facts)
    master = master_client(tenant.keycloak)
    if not master.count_powers(tenant.realm):
        master.take_power(tenant.realm)
    _record(actor, "realm_access.opened", _target(tenant), facts)
    return expires_at


def close_realm(*, tenant: Tenant, actor: Actor) -> None:
    """Take the power over a tenant's realm from the administrators of the master realm again.

    Raises:
        NotFound: Nobody was given any.
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    with platform_scope():
        access = RealmAccess.objects.filter(tenant=tenant).first()
    if access is None:
        raise NotFound(_("Nobody has been given power over this tenant's realm."))
    master_client(tenant.keycloak).give_power_away(tenant.realm)
    with platform_scope(), transaction.atomic():
        # Not if it was opened anew meanwhile.
        ended, _rows = RealmAccess.objects.filter(
            pk=access.pk, expires_at=access.expires_at
        ).delete()
        if ended:
            record(
                actor=actor,
                action="realm_access.closed",
                target=_target(tenant),
                before={"opened_by": access.opened_by, "reason": access.reason},
            )


def close_realms_due() -> None:
    """Take the power away wherever its time is over; what fails is tried again the next time."""
    due = RealmAccess.objects.filter(expires_at__lte=timezone.now()).select_related("tenant")
    for access in due:
        try:
            close_realm(tenant=access.tenant, actor=SYSTEM)
        except NotFound:
            continue
        except OutwardError:
            logger.warning("realm_access_not_closed", slug=access.tenant.slug, exc_info=True)


def check_reason(reason: str) -> str:
    """Return a reason as the audit keeps it.

    Raises:
        InvalidInput: It is empty or too long.
    """
    said = reason.strip()
    if not said or len(said) > MAX_REASON:
        raise InvalidInput(
            fields={"reason": [_("Say why, in %(max)d characters at most.") % {"max": MAX_REASON}]}
        )
    return said


def _target(tenant: Tenant) -> str:
    return f"tenant:{tenant.slug}"


def _record(actor: Actor, action: str, target: str, facts: dict[str, Any]) -> None:
    with platform_scope(), transaction.atomic():
        record(actor=actor, action=action, target=target, after=facts)
