"""Bringing one part of one tenant to its present version, as a step of a run."""

from django.db import transaction
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.core.actor import SYSTEM
from plexica.core.errors import Conflict, PermanentError, TransientError
from plexica.core.scope import platform_scope
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.parts import Part


def bring_up_part(part: Part, tenant: Tenant) -> None:
    """Bring a part up; one that is current stays as it is, so this can be repeated.

    Raises:
        TransientError: A server does not answer, or somebody else has the tenant for a moment.
        PermanentError: It cannot be done; or the tenant is gone.
    """
    # What the run began with may be old: a step before this one has written to the row.
    fresh = Tenant.objects.filter(pk=tenant.pk).first()
    if fresh is None:
        raise PermanentError(_("There is no such tenant any more."))
    if getattr(fresh, part.digest_field) == part.present_digest():
        return
    try:
        part.upgrade(fresh)
    except Conflict as error:
        raise TransientError(error.detail) from error
    if part.upgrades_alone:
        return
    note_digest(tenant=fresh, field=part.digest_field, digest=part.present_digest())
    with platform_scope(), transaction.atomic():
        record(
            actor=SYSTEM,
            action="tenant.upgraded",
            target=f"tenant:{fresh.slug}",
            after={"parts": [part.name]},
        )
