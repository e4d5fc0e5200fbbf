"""What Prometheus is told of tenants and their runs."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone

from plexica.core.observe.definitions import Fact, Sample, histogram
from plexica.core.observe.sources import register_source
from tenants.models import ProvisioningRun, Tenant
from tenants.schema.migrations import tenant_digest
from tenants.states import (
    FAILED_RUN_STATES,
    UNFINISHED_RUN_STATES,
    WHOLE_STATES,
    RunKind,
    TenantState,
)

_BUCKETS = (0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
# Of schemas that are behind, the most usual ones are told apart.
MAX_VERSIONS = 10
VERSION_LENGTH = 12
RECENTLY = timedelta(hours=1)

RUN_SECONDS = histogram(
    "plexica_run_seconds",
    "How long runs took from their request to their end, by kind and by how they ended.",
    ["kind", "outcome"],
    buckets=_BUCKETS,
)
STEP_SECONDS = histogram(
    "plexica_step_seconds",
    "How long the steps of runs took with all their attempts; `action` is do or undo.",
    ["kind", "step", "action", "outcome"],
    buckets=_BUCKETS,
)
STATES = Fact("plexica_tenants", "Tenants by state.", ("state",))
VERSIONS = Fact(
    "plexica_tenants_by_schema",
    "Tenants that are served or could be again, by the beginning of the digest that their schema"
    " was made to; `current` tells whether that is the code's.",
    ("version", "current"),
)
UNFINISHED = Fact("plexica_runs_unfinished", "Runs that have not ended.", ("kind",))
OLDEST_SECONDS = Fact(
    "plexica_run_oldest_seconds",
    "How long ago the oldest run was asked for that has not ended; 0 where there is none.",
)
FAILED = Fact("plexica_runs_failed_recently", "Runs that failed within the last hour.", ("kind",))


def tell_tenants() -> Iterator[Sample]:
    """Tell how many tenants there are in each state, and of each version."""
    by_state = dict(Tenant.objects.values_list("state").annotate(Count("pk")).order_by())
    for state in TenantState.values:
        yield STATES.is_now(by_state.get(state, 0), state)
    present = tenant_digest()
    whole = Tenant.objects.filter(state__in=WHOLE_STATES)
    by_digest: dict[str, int] = dict(
        whole.values_list("schema_digest").annotate(found=Count("pk")).order_by("-found")
    )
    yield VERSIONS.is_now(by_digest.pop(present, 0), present[:VERSION_LENGTH], "yes")
    usual = list(by_digest.items())
    for digest, count in usual[:MAX_VERSIONS]:
        yield VERSIONS.is_now(count, digest[:VERSION_LENGTH] or "none", "no")
    if others := sum(count for _digest, count in usual[MAX_VERSIONS:]):
        yield VERSIONS.is_now(others, "others", "no")


def tell_runs() -> Iterator[Sample]:
    """Tell what runs go on, and which failed of late."""
    now = timezone.now()
    unfinished = ProvisioningRun.objects.filter(state__in=UNFINISHED_RUN_STATES)
    failed = ProvisioningRun.objects.filter(
        state__in=FAILED_RUN_STATES, finished_at__gt=now - RECENTLY
    )
    for fact, runs in ((UNFINISHED, unfinished), (FAILED, failed)):
        by_kind = dict(runs.values_list("kind").annotate(Count("pk")).order_by())
        for kind in RunKind.values:
            yield fact.is_now(by_kind.get(kind, 0), kind)
    first = unfinished.aggregate(first=Min("created_at"))["first"]
    yield OLDEST_SECONDS.is_now((now - first).total_seconds() if first else 0.0)


def register() -> None:
    """Register these sources."""
    register_source("tenants", [STATES, VERSIONS], tell_tenants)
    register_source("runs", [UNFINISHED, OLDEST_SECONDS, FAILED], tell_runs)
