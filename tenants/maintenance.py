"""What the platform's staff asks for to keep one tenant well: an upgrade, a comparison."""

from dataclasses import asdict
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import Conflict
from plexica.core.jobs import send_after_commit
from plexica.events.services import publish
from tenants.life import has_removal_begun
from tenants.models import ProvisioningRun, Reconciliation, Tenant
from tenants.reconcile import reconcile
from tenants.reports import PartReport
from tenants.runs import begin_run
from tenants.states import WHOLE_STATES, RunKind
from tenants.upgrade import parts_behind

RECONCILE_TASK = "tenants.reconcile_one"
MAX_SKIPPED = 300

logger = structlog.get_logger(__name__)


class NotWhole(Conflict):
    """The tenant does not have all its parts, so there is nothing to keep well."""

    code = "not-whole"
    title = gettext_noop("The tenant does not have all its parts")


class UpToDate(Conflict):
    """No part of the tenant is behind."""

    code = "up-to-date"
    title = gettext_noop("The tenant is up to date")


class AlreadyAsked(Conflict):
    """Somebody has asked for the same, and it is not done yet."""

    code = "already-asked"
    title = gettext_noop("This is under way already")


def can_be_maintained(tenant: Tenant) -> bool:
    """Return whether a tenant has all its parts, and they are not being removed."""
    return tenant.state in WHOLE_STATES and not has_removal_begun(tenant)


def begin_upgrade(*, tenant: Tenant, actor: Actor) -> ProvisioningRun:
    """Bring the parts of a tenant that are behind to their present versions, in a run.

    Raises:
        NotWhole: It has no parts, or they are being removed.
        UpToDate: None is behind.
        TenantBusy: It has a run that is not finished.
    """
    with transaction.atomic():
        found = _lock(tenant)
        behind = parts_behind(found)
        if not behind:
            raise UpToDate(_("Every part is at its present version."))
        run = begin_run(tenant=found, kind=RunKind.UPGRADE, actor=actor)
        record(
            actor=actor,
            action="tenant.upgrade_requested",
            target=f"tenant:{found.slug}",
            after={"parts": [part.name for part in behind]},
        )
        publish(
            event="tenant.upgrade_requested", payload={"tenant": found.slug, "run": str(run.id)}
        )
    return run


def ask_reconciliation(*, tenant: Tenant, repair: bool, actor: Actor) -> None:
    """Have a tenant compared with what it should be, in the background.

    Args:
        tenant: Which.
        repair: Whether to mend what differs and can be mended.
        actor: Who asks.

    Raises:
        NotWhole: It has no parts, or they are being removed.
        AlreadyAsked: A comparison is under way.
    """
    with transaction.atomic():
        found = _lock(tenant)
        last = Reconciliation.objects.filter(tenant=found).first()
        if last is not None and last.is_waiting:
            raise AlreadyAsked(_("Wait until the comparison that is under way has ended."))
        asked, _is_new = Reconciliation.objects.update_or_create(
            tenant=found,
            defaults={
                "repairs": repair,
                "asked_by_kind": actor.kind,
                "asked_by_id": actor.id,
                "asked_by_name": actor.name[:255],
                "asked_at": timezone.now(),
                "finished_at": None,
                "parts": [],
                "skipped": "",
            },
        )
        record(
            actor=actor,
            action="tenant.comparison_requested",
            target=f"tenant:{found.slug}",
            after={"repairs": repair},
        )
        send_after_commit(
            RECONCILE_TASK, tenant_id=str(found.pk), asked_at=asked.asked_at.isoformat()
        )


def reconcile_asked(*, tenant_id: UUID, asked_at: str) -> None:
    """Do what `ask_reconciliation` has asked for, unless it is done or was asked for anew.

    Args:
        tenant_id: Which tenant.
        asked_at: When it was asked for, which tells the request from a later one.
    """
    asked = Reconciliation.objects.select_related("tenant").filter(tenant_id=tenant_id).first()
    if asked is None or asked.finished_at is not None or asked.asked_at.isoformat() != asked_at:
        logger.info("reconciliation_passed_over", tenant=str(tenant_id))
        return
    actor = Actor(
        kind=asked.asked_by_kind,  # type: ignore[arg-type] # written from an actor's own
        id=asked.asked_by_id,
        name=asked.asked_by_name,
    )
    report = reconcile(slugs=[asked.tenant.slug], repair=asked.repairs, actor=actor)
    [found] = report.tenants
    Reconciliation.objects.filter(pk=asked.pk, asked_at=asked.asked_at).update(
        finished_at=timezone.now(),
        parts=[_facts(part) for part in found.parts],
        skipped=found.skipped[:MAX_SKIPPED],
    )


def get_reconciliation(*, tenant: Tenant) -> Reconciliation | None:
    """Return the last comparison of a tenant that somebody has asked for."""
    return Reconciliation.objects.filter(tenant=tenant).first()


def _facts(part: PartReport) -> dict[str, object]:
    return {
        "part": part.part,
        "error": part.error,
        "mended": [asdict(finding) for finding in part.mended],
        "left": [asdict(finding) for finding in part.left],
    }


def _lock(tenant: Tenant) -> Tenant:
    found: Tenant | None = Tenant.objects.select_for_update().filter(pk=tenant.pk).first()
    if found is None or not can_be_maintained(found):
        raise NotWhole(_("Only a tenant that has all its parts can be compared or upgraded."))
    return found
