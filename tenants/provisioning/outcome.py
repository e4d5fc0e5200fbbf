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
from tenants.metrics import RUN_SECONDS
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.provisioning.kinds import Kind
from tenants.provisioning.lease import Lease
from tenants.scopes import tenant_scope
from tenants.states import RunKind, RunState, StepState

if TYPE_CHECKING:
    from django_redis.cache import RedisCache

logger = structlog.get_logger(__name__)


def record_step(lease: Lease, step: ProvisioningStep, **values: Any) -> None:
    """Write a step's state, at once for everybody to see.

    Raises:
        LeaseLost: Somebody else has the run now.
    """
    with transaction.atomic():
        # Shared, so that it does not wait for a step beside it that is in a transaction.
        lease.check_from_anywhere()
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


def mark_failing(lease: Lease, kind: Kind, *, message: str) -> None:
    """Write down which step failed, and that everything is taken back now where it is."""
    with transaction.atomic():
        run = _held_run(lease)
        failed = run.steps.filter(state=StepState.FAILED).first()
        run.failed_step = failed.name if failed else ""
        run.error_message = message
        if kind.is_taken_back:
            run.state = RunState.ROLLING_BACK
        run.save(update_fields=["state", "failed_step", "error_message"])


def succeed(lease: Lease, kind: Kind) -> None:
    """End a run well: its tenant becomes what the run was for, all in one transaction."""
    with transaction.atomic():
        run = _held_run(lease)
        tenant = run.tenant
        if kind.name == RunKind.PURGE:
            _forget_cached(tenant)
        kind.succeed(tenant)
        kind.announce(run)
        _finish(run, RunState.SUCCEEDED)
    _count(run)
    logger.info("run_succeeded", kind=run.kind, slug=tenant.slug, seconds=run.seconds)


def fail(lease: Lease, kind: Kind) -> None:
    """End a run badly, and say what could not be taken back."""
    with transaction.atomic():
        run = _held_run(lease)
        tenant = run.tenant
        if kind.name == RunKind.CREATE:
            _forget_cached(tenant)
        left = list(run.steps.filter(state=StepState.UNDO_FAILED).values_list("name", flat=True))
        kind.fail(tenant)
        _finish(run, kind.ending(has_leftovers=bool(left)))
        facts = {"kind": run.kind, "failed_step": run.failed_step, "not_taken_back": left}
        record(
            actor=SYSTEM,
            action="tenant.run_failed",
            target=f"tenant:{tenant.slug}",
            after=facts,
        )
        publish(
            event="tenant.run_failed",
            payload={"tenant": tenant.slug, "run": str(run.id), **facts},
        )
    _count(run)
    logger.warning("run_failed", slug=tenant.slug, **facts)


def _held_run(lease: Lease) -> ProvisioningRun:
    lease.check()
    return ProvisioningRun.objects.select_related("tenant").get(id=lease.run_id)


def _finish(run: ProvisioningRun, state: RunState) -> None:
    run.state = state
    run.finished_at = timezone.now()
    run.lease_expires_at = None
    run.save(update_fields=["state", "finished_at", "lease_expires_at"])


def _count(run: ProvisioningRun) -> None:
    RUN_SECONDS.labels(run.kind, run.state.lower()).observe(run.seconds or 0.0)


def _forget_cached(tenant: Tenant) -> None:
    try:
        with tenant_scope(tenant):
            cast("RedisCache", cache).delete_pattern("*")
    except (RedisError, ConnectionInterrupted):
        # Keys expire by themselves, and a schema that is gone has nobody to read them.
        logger.warning("cache_not_cleared", slug=tenant.slug, exc_info=True)
