"""Reading tenants and their runs."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.core.errors import InvalidInput, NotFound
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import configured_parts, differs_from_present
from tenants.states import UNFINISHED_RUN_STATES, WHOLE_STATES, RunKind, TenantState

PURGE_AGAIN_AFTER = timedelta(minutes=10)
# None of them is ever null, so that what comes after a row can be asked for.
SORTABLE = ("created_at", "name", "slug", "state", "owner_email", "updated_at")
ORDERINGS = tuple(f"{sign}{field}" for field in SORTABLE for sign in ("", "-"))
CHUNK_ROWS = 500
AT_PRESENT_VERSION = "current"
BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """A version of the tables that some tenants have.

    Attributes:
        digest: The migrations that made it, as `Tenant.schema_digest`.
        tenants: How many have it.
        is_present: Whether it is what an upgrade brings tenants to.
    """

    digest: str
    tenants: int
    is_present: bool


def list_tenants(
    *,
    search: str = "",
    states: Sequence[str] = (),
    version: str = "",
    created_since: datetime | None = None,
    created_before: datetime | None = None,
    ordering: str = "-created_at",
) -> QuerySet[Tenant]:
    """Return tenants.

    Args:
        search: Part of a name, a slug or an owner's address, whatever its case.
        states: Only those in one of these states; all when empty.
        version: Only those of which every part is at its present version (`AT_PRESENT_VERSION`),
            or one is not (`BEHIND`), or whose schema's digest begins like this; all when empty.
        created_since: Only those that were created then or later.
        created_before: Only those that were created before then.
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
    if version:
        tenants = tenants.filter(_has_version(version))
    if created_since:
        tenants = tenants.filter(created_at__gte=created_since)
    if created_before:
        tenants = tenants.filter(created_at__lt=created_before)
    return tenants.order_by(ordering, "-id" if ordering.startswith("-") else "id")


def walk_tenants(tenants: QuerySet[Tenant], *, ordering: str) -> Iterator[Tenant]:
    """Return tenants one by one, read in parts that hold no transaction open.

    Each part is what comes after the last row of the one before it, so that none is skipped or
    told twice when others are added meanwhile.

    Args:
        tenants: Which, as `list_tenants` returns them.
        ordering: What they were ordered by.
    """
    field = ordering.removeprefix("-")
    comparison = "lt" if ordering.startswith("-") else "gt"
    part = tenants
    while True:
        rows = list(part[:CHUNK_ROWS])
        yield from rows
        if len(rows) < CHUNK_ROWS:
            return
        value, last = getattr(rows[-1], field), rows[-1].pk
        # The first condition follows from the second; an index is found by it alone.
        part = tenants.filter(
            Q(**{f"{field}__{comparison}e": value}),
            Q(**{f"{field}__{comparison}": value}) | Q(**{field: value, f"pk__{comparison}": last}),
        )


def list_schema_versions() -> list[SchemaVersion]:
    """Return the versions of the tables that tenants with all their parts have, the most first."""
    present = configured_parts()["schema"].present_digest()
    counted = (
        Tenant.objects.filter(state__in=WHOLE_STATES)
        .order_by()
        .values_list("schema_digest")
        .annotate(tenants=Count("id"))
        .order_by("-tenants", "schema_digest")
    )
    return [
        SchemaVersion(digest=digest, tenants=tenants, is_present=digest == present)
        for digest, tenants in counted
    ]


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


def _has_version(version: str) -> Q:
    behind = differs_from_present(configured_parts().values())
    if version == BEHIND:
        return behind
    if version == AT_PRESENT_VERSION:
        return Q(state__in=WHOLE_STATES) & ~behind
    return Q(schema_digest__startswith=version, state__in=WHOLE_STATES)


def name_platform_parts(names: Collection[str]) -> dict[str, str]:
    """Return what people call the parts of the platform that the audit tells of, by their names."""
    known = {
        "tenants": _("all tenants"),
        "shared": _("what all tenants share"),
        "backup": _("the platform’s backup"),
    }
    return {name: known[name] for name in names if name in known}
