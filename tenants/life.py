"""Suspending, resuming, deleting and restoring tenants: each begins a run (ADR 10)."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import Conflict, InvalidInput
from plexica.events.services import publish
from tenants.deletion_requests import accept_request
from tenants.lifecycle import ForbiddenTransition, move_tenant, save_tenant
from tenants.models import ProvisioningRun, Tenant
from tenants.runs import TenantBusy, begin_run
from tenants.selectors import list_purges_due
from tenants.states import RunKind, TenantState

MAX_GRACE_DAYS = 365


class RemovalBegun(Conflict):
    """The tenant's parts are being removed: there is nothing whole to bring back."""

    code = "removal-begun"
    title = gettext_noop("The tenant is being removed already")


def suspend_tenant(*, tenant: Tenant, actor: Actor) -> ProvisioningRun:
    """Stop serving a tenant at once, and end its logins in a run.

    Raises:
        ForbiddenTransition: It is not ACTIVE.
        TenantBusy: It has a run that is not finished.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    with transaction.atomic():
        _check_state(tenant, TenantState.ACTIVE, _("Only an active tenant can be suspended."))
        move_tenant(tenant=tenant, to=TenantState.SUSPENDED)
        return _begin(tenant, RunKind.SUSPEND, actor, "suspension_requested")


def resume_tenant(*, tenant: Tenant, actor: Actor) -> ProvisioningRun:
    """Let a suspended tenant's people in again, once the run has opened its logins.

    Raises:
        ForbiddenTransition: It is not SUSPENDED.
        TenantBusy: It has a run that is not finished.
    """
    with transaction.atomic():
        _check_state(tenant, TenantState.SUSPENDED, _("Only a suspended tenant can be resumed."))
        return _begin(tenant, RunKind.RESUME, actor, "resumption_requested")


def delete_tenant(
    *, tenant: Tenant, actor: Actor, grace_days: int | None = None
) -> ProvisioningRun:
    """Stop serving a tenant at once, and remove all of it when the time of grace is over.

    A tenant whose time of grace runs may be deleted again, to change that time. One that FAILED
    has nothing worth a time of grace.

    Args:
        tenant: Which one.
        actor: Who asks for it.
        grace_days: For how many days it can be restored; 0 removes it at once; None takes
            `PLEXICA_DELETION_GRACE_DAYS`.

    Raises:
        InvalidInput: The number of days is below 0 or above 365.
        ForbiddenTransition: It is not there any more.
        TenantBusy: It has a run that is not finished.
        RemovalBegun: It is being removed already.
        StaleTenant: Somebody else changed the tenant since it was read.
    """
    days = settings.PLEXICA_DELETION_GRACE_DAYS if grace_days is None else grace_days
    if not 0 <= days <= MAX_GRACE_DAYS:
        raise InvalidInput(
            fields={"grace_days": [_("Use 0 to %(max)d days.") % {"max": MAX_GRACE_DAYS}]}
        )
    if tenant.state == TenantState.FAILED:
        days = 0
    purge_after = timezone.now() + timedelta(days=days)
    with transaction.atomic():
        accept_request(tenant=tenant, actor=actor)
        if tenant.state == TenantState.DELETING:
            _check_not_removed(tenant)
            save_tenant(tenant=tenant, purge_after=purge_after)
        else:
            move_tenant(
                tenant=tenant,
                to=TenantState.DELETING,
                state_before_deletion=tenant.state,
                purge_after=purge_after,
            )
        return _begin(
            tenant,
            RunKind.DELETE if days else RunKind.PURGE,
            actor,
            "deletion_requested",
            purge_after=purge_after.isoformat(),
        )


def restore_tenant(*, tenant: Tenant, actor: Actor) -> ProvisioningRun:
    """Call a deletion off, and bring back the state that the tenant had.

    Raises:
        ForbiddenTransition: It is not being deleted.
        RemovalBegun: Its parts are being removed.
        TenantBusy: It has a run that is not finished.
    """
    with transaction.atomic():
        _check_state(
            tenant, TenantState.DELETING, _("Only a tenant that is being deleted can be restored.")
        )
        _check_not_removed(tenant)
        return _begin(
            tenant,
            RunKind.RESTORE,
            actor,
            "restoration_requested",
            # A tenant that was suspended stays closed: only its state comes back.
            only=() if tenant.state_before_deletion == TenantState.SUSPENDED else None,
        )


def purge_due() -> list[ProvisioningRun]:
    """Begin the removal of the tenants whose time of grace is over, or whose removal failed."""
    runs = []
    for tenant in list_purges_due():
        try:
            with transaction.atomic():
                # Read under a lock: it may have been restored in the meantime.
                due = list_purges_due().select_for_update().filter(pk=tenant.pk).first()
                if due is not None:
                    runs.append(_begin(due, RunKind.PURGE, SYSTEM, "removal_begun"))
        except TenantBusy:
            continue
    return runs


def free_slug(*, tenant: Tenant, actor: Actor) -> None:
    """Remove a deleted tenant's row, so that its slug can be given to somebody else.

    Raises:
        ForbiddenTransition: It is not deleted.
    """
    with transaction.atomic():
        found = _check_state(
            tenant, TenantState.DELETED, _("Only a deleted tenant's slug can be freed.")
        )
        found.delete()
        record(
            actor=actor,
            action="tenant.slug_freed",
            target=f"tenant:{tenant.slug}",
            before={"id": str(tenant.id), "name": tenant.name},
        )
        publish(event="tenant.slug_freed", payload={"tenant": tenant.slug})


def has_removal_begun(tenant: Tenant) -> bool:
    """Return whether a tenant's parts are being removed, so that it cannot be restored."""
    return bool(
        tenant.state == TenantState.DELETING and tenant.runs.filter(kind=RunKind.PURGE).exists()
    )


def can_be_deleted(tenant: Tenant) -> bool:
    """Return whether a deletion may be begun, or its time of grace be changed."""
    if tenant.state == TenantState.DELETING:
        return not has_removal_begun(tenant)
    return tenant.state in {TenantState.ACTIVE, TenantState.SUSPENDED, TenantState.FAILED}


def _begin(
    tenant: Tenant,
    kind: RunKind,
    actor: Actor,
    action: str,
    *,
    only: Collection[str] | None = None,
    **facts: Any,
) -> ProvisioningRun:
    run = begin_run(tenant=tenant, kind=kind, actor=actor, only=only)
    record(
        actor=actor,
        action=f"tenant.{action}",
        target=f"tenant:{tenant.slug}",
        after={"state": tenant.state, **facts},
    )
    publish(event=f"tenant.{action}", payload={"tenant": tenant.slug, "run": str(run.id), **facts})
    return run


def _check_state(tenant: Tenant, state: TenantState, refusal: str) -> Tenant:
    """Make sure that the row, which is locked until the transaction ends, has a state."""
    found: Tenant | None = Tenant.objects.select_for_update().filter(pk=tenant.pk).first()
    if found is None or found.state != state:
        raise ForbiddenTransition(refusal)
    return found


def _check_not_removed(tenant: Tenant) -> None:
    if has_removal_begun(tenant):
        raise RemovalBegun(_("Its parts are being removed; there is nothing left to restore."))
