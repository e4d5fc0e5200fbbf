"""Beginning runs: their rows and their message, in the transaction of whoever asks for them."""

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.errors import Conflict
from plexica.core.jobs import send_after_commit
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.provisioning.kinds import kind_of
from tenants.states import RunKind, StepState

PROVISIONING_TASK = "tenants.run_provisioning"


class TenantBusy(Conflict):
    """Something else is being done to the tenant."""

    code = "tenant-busy"
    title = gettext_noop("Something else is being done to this tenant")


def begin_run(
    *,
    tenant: Tenant,
    kind: RunKind,
    actor: Actor,
    started: Collection[str] = (),
    only: Collection[str] | None = None,
    is_sent: bool = True,
) -> ProvisioningRun:
    """Write a run with its steps, and have it worked on once the transaction is committed.

    Args:
        tenant: What it is about.
        kind: What it does.
        actor: Who asks for it.
        started: The steps that count as started, because an earlier run has left something.
        only: The names of the steps that are to be done, where it is not all.
        is_sent: Whether a worker is to take it up; whoever takes it up alone says no.

    Raises:
        TenantBusy: The tenant has a run that is not finished.
    """
    try:
        with transaction.atomic():
            run = ProvisioningRun.objects.create(tenant=tenant, kind=kind, requested_by=actor.name)
    except IntegrityError as error:
        raise TenantBusy(
            _("Wait until the run that is under way has ended, then try again.")
        ) from error
    actions = [
        action for name, action in kind_of(kind).actions().items() if only is None or name in only
    ]
    ProvisioningStep.objects.bulk_create(
        ProvisioningStep(
            run=run,
            position=position,
            name=action.name,
            label=action.label,
            state=StepState.STARTED if action.name in started else StepState.PENDING,
        )
        for position, action in enumerate(actions)
    )
    if is_sent:
        send_after_commit(PROVISIONING_TASK, run_id=str(run.id))
    return run
