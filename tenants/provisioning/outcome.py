"""What the engine writes down. Every write asks that the lease is still held."""

from typing import TYPE_CHECKING, Any, cast

import structlog
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from plexica.audit.services import record
from plexica.core.actor import SYSTEM
from plexica.events.services import publish
from tenants.lifecycle import move_tenant
from tenants.models import Domain, ProvisioningRun, ProvisioningStep, Tenant
from tenants.provisioning.lease import Lease
from tenants.scopes import tenant_scope
from tenants.slugs import domain_name
from tenants.states import RunState, StepState, TenantState

if TYPE_CHECKING:
    from django_redis.cache import RedisCache

logger = structlog.get_logger(__name__)


def record_step(lease: Lease, step: ProvisioningStep, **values: Any) -> None:
    """Write a step's state, at once for everybody to see.

    Raises:
        LeaseLost: Somebody else has the run now.
    """
    with transaction.atomic():
        lease.check()
        for name, value in values.items():
            setattr(step, name, value)
        step.save(update_fields=list(values))


def mark_running(lease: Lease) -> None:
    """Write down that the run has begun."""
    with transaction.atomic():
        run = _held_run(lease)
        run.state = RunState.RUNNING
        run.started_at = run.started_at or timezone.now()
        run.save(update_fields=["state", "started_at"])


def mark_rolling_back(lease: Lease, *, message: str) -> None:
    """Write down which step failed, and that everything is taken back now."""
    with transaction.atomic():
        run = _held_run(lease)
        failed = run.steps.filter(state=StepState.FAILED).first()
        run.state = RunState.ROLLING_BACK
        run.failed_step = failed.name if failed else ""
        run.error_message = message
        run.save(update_fields=["state", "failed_step", "error_message"])


def succeed(lease: Lease) -> None:
    """Make the tenant ACTIVE and give it its address, all in one transaction."""
    with transaction.atomic():
        run = _held_run(lease)
        tenant = run.tenant
        Domain.objects.get_or_create(
            domain=domain_name(tenant.slug), defaults={"tenant": tenant, "is_primary": True}
        )
        move_tenant(tenant=tenant, to=TenantState.ACTIVE, activated_at=timezone.now())
        _finish(run, RunState.SUCCEEDED)
        record(
            actor=SYSTEM,
            action="tenant.activated",
            target=f"tenant:{tenant.slug}",
            after={"state": tenant.state},
        )
        publish(event="tenant.activated", payload={"tenant": tenant.slug, "run": str(run.id)})
    logger.info("tenant_activated", slug=tenant.slug, seconds=run.seconds)


def fail(lease: Lease) -> None:
    """End a run whose steps are taken back, and say so if some could not be."""
    with transaction.atomic():
        run = _held_run(lease)
        tenant = run.tenant
        _forget_cached(tenant)
        left = list(run.steps.filter(state=StepState.UNDO_FAILED).values_list("name", flat=True))
        # Taking back may be tried again after the tenant has failed already.
        if tenant.state != TenantState.FAILED:
            move_tenant(tenant=tenant, to=TenantState.FAILED)
        _finish(run, RunState.ROLLBACK_INCOMPLETE if left else RunState.ROLLED_BACK)
        facts = {"failed_step": run.failed_step, "not_taken_back": left}
        record(
            actor=SYSTEM,
            action="tenant.provisioning_failed",
            target=f"tenant:{tenant.slug}",
            after=facts,
        )
        publish(
            event="tenant.provisioning_failed",
            payload={"tenant": tenant.slug, "run": str(run.id), **facts},
        )
    logger.warning("provisioning_failed", slug=tenant.slug, **facts)


def _held_run(lease: Lease) -> ProvisioningRun:
    lease.check()
    return ProvisioningRun.objects.select_related("tenant").get(id=lease.run_id)


def _finish(run: ProvisioningRun, state: RunState) -> None:
    run.state = state
    run.finished_at = timezone.now()
    run.lease_expires_at = None
    run.save(update_fields=["state", "finished_at", "lease_expires_at"])


def _forget_cached(tenant: Tenant) -> None:
    try:
        with tenant_scope(tenant):
            cast("RedisCache", cache).delete_pattern("*")
    except (RedisError, ConnectionInterrupted):
        # Keys expire by themselves, and a schema that is gone has nobody to read them.
        logger.warning("cache_not_cleared", slug=tenant.slug, exc_info=True)
