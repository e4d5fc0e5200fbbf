"""Reading tenants and their runs."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput, NotFound
from tenants.models import ProvisioningRun, Tenant
from tenants.states import UNFINISHED_RUN_STATES, RunKind, TenantState

PURGE_AGAIN_AFTER = timedelta(minutes=10)
ORDERINGS = ("created_at", "-created_at", "name", "-name", "slug", "-slug")


def list_tenants(
    *, search: str = "", states: Sequence[str] = (), ordering: str = "-created_at"
) -> QuerySet[Tenant]:
    """Return tenants.

    Args:
        search: Part of a name, a slug or an owner's address, whatever its case.
        states: Only those in one of these states; all when empty.
        ordering: One of `ORDERINGS`.

    Raises:
        InvalidInput: A state or the ordering is unknown.
    """
    unknown = [state for state in states if state not in TenantState.values]
    if unknown:
        known = ", ".join(TenantState.values)
        raise InvalidInput(fields={"state": [f"Unknown state {unknown[0]!r}. Use {known}."]})
    if ordering not in ORDERINGS:
        known = ", ".join(ORDERINGS)
        raise InvalidInput(fields={"ordering": [f"Unknown ordering. Use one of {known}."]})
    tenants: QuerySet[Tenant] = Tenant.objects.all()
    if search:
        tenants = tenants.filter(
            Q(name__icontains=search) | Q(slug__icontains=search) | Q(owner_email__icontains=search)
        )
    if states:
        tenants = tenants.filter(state__in=states)
    return tenants.order_by(ordering, "-id" if ordering.startswith("-") else "id")


def get_tenant(*, slug: str) -> Tenant:
    """Return a tenant.

    Raises:
        NotFound: There is none with this slug.
    """
    tenant: Tenant | None = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise NotFound(_("There is no tenant with this slug."))
    return tenant


def is_slug_taken(*, slug: str) -> bool:
    """Return whether a tenant has or holds this slug."""
    return bool(Tenant.objects.filter(slug=slug).exists())


def list_runs(*, tenant: Tenant) -> QuerySet[ProvisioningRun]:
    """Return a tenant's runs with their steps, newest first."""
    return ProvisioningRun.objects.filter(tenant=tenant).prefetch_related("steps")


def get_run(*, tenant: Tenant, run_id: UUID) -> ProvisioningRun:
    """Return a run with its steps.

    Raises:
        NotFound: The tenant has no such run.
    """
    run = list_runs(tenant=tenant).filter(id=run_id).first()
    if run is None:
        raise NotFound(_("This tenant has no such run."))
    return run


def list_purges_due() -> QuerySet[Tenant]:
    """Return the tenants whose time of grace is over and whose removal is not under way.

    One whose removal failed is due again a while after that.
    """
    now = timezone.now()
    runs = ProvisioningRun.objects.filter(tenant=OuterRef("pk"))
    due: QuerySet[Tenant] = Tenant.objects.filter(
        ~Exists(runs.filter(state__in=UNFINISHED_RUN_STATES)),
        ~Exists(runs.filter(kind=RunKind.PURGE, finished_at__gt=now - PURGE_AGAIN_AFTER)),
        state=TenantState.DELETING,
        purge_after__lte=now,
    )
    return due


def list_abandoned_runs(*, queued_for: timedelta) -> QuerySet[ProvisioningRun]:
    """Return unfinished runs that nobody holds.

    Args:
        queued_for: How long a run must have waited before its message counts as lost.
    """
    now = timezone.now()
    return ProvisioningRun.objects.filter(
        Q(lease_expires_at__lt=now) | Q(lease_expires_at=None, created_at__lt=now - queued_for),
        state__in=UNFINISHED_RUN_STATES,
    )
