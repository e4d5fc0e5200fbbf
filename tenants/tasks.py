"""Provisioning in the background."""

from datetime import timedelta
from uuid import UUID

from celery import current_app, shared_task

from tenants import life, maintenance, reconcile
from tenants.maintenance import RECONCILE_TASK
from tenants.provisioning.engine import run_provisioning as run_provisioning_now
from tenants.runs import PROVISIONING_TASK
from tenants.selectors import list_abandoned_runs

# A message is counted as lost, and its run is queued again, after this.
QUEUED_FOR = timedelta(seconds=10)


@shared_task(name=PROVISIONING_TASK)
def run_provisioning(run_id: str) -> None:
    """Work on a run until it ends. It may be sent twice: one worker holds a run at a time."""
    run_provisioning_now(UUID(run_id))


@shared_task(name="tenants.resume_runs")
def resume_runs() -> None:
    """Queue the runs that nobody works on: their message was lost, or their worker died."""
    for run in list_abandoned_runs(queued_for=QUEUED_FOR):
        current_app.send_task(PROVISIONING_TASK, kwargs={"run_id": str(run.id)})


@shared_task(name="tenants.purge_due")
def purge_due() -> None:
    """Begin the removal of the tenants whose time of grace is over."""
    life.purge_due()


@shared_task(name="tenants.reconcile_ended")
def reconcile_ended() -> None:
    """Remove what a late server has made of tenants that ended."""
    reconcile.reconcile_ended()


@shared_task(name="tenants.reconcile_all")
def reconcile_all() -> None:
    """Compare all tenants with what they should be."""
    reconcile.reconcile_all()


@shared_task(name=RECONCILE_TASK)
def reconcile_one(tenant_id: str, asked_at: str) -> None:
    """Compare one tenant with what it should be, because somebody has asked for it."""
    maintenance.reconcile_asked(tenant_id=UUID(tenant_id), asked_at=asked_at)
