"""What the console's first page shows: each part only to those who may see it elsewhere."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from plexica.audit.models import AuditEntry
from plexica.audit.selectors import list_entries
from plexica.core.charts import Chart, Value, column_chart, day_values, stacked_chart
from plexica.identity.models import User
from plexica.rbac.permissions import AUDIT_VIEW, RUNS_VIEW
from tenants.models import ProvisioningRun, Tenant
from tenants.overview import (
    WEEK,
    Period,
    count_by_state,
    count_creations,
    list_failed_runs,
    period_days,
)
from tenants.states import TenantState
from tenants.upgrade import list_behind

SHOWN = 5
ENTRIES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Few:
    """The first of some rows, and how many there are.

    Attributes:
        rows: Those that are shown.
        total: How many there are.
    """

    rows: list[ProvisioningRun] | list[Tenant]
    total: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How the tenants are, all together.

    Attributes:
        total: How many tenants there are, of whatever state.
        active: How many are served.
        states: How many there are in each state.
        creations: How many were created lately.
        failed: The runs that failed and wait for somebody; None for who may not see runs.
        behind: The tenants that an upgrade would change.
        entries: What was done last; None for who may not see the audit.
    """

    total: int
    active: int
    states: Chart
    creations: Chart
    failed: Few | None
    behind: Few
    entries: list[AuditEntry] | None


def make_overview(*, viewer: User, period: Period) -> Overview:
    """Return what somebody sees on the first page.

    Args:
        viewer: Who looks.
        period: Over which time the creations are counted.
    """
    states = count_by_state()
    failed = list_failed_runs()
    behind = list_behind()
    return Overview(
        total=sum(states.values()),
        active=states[TenantState.ACTIVE],
        states=_states_chart(states),
        creations=_creations_chart(period),
        failed=Few(list(failed[:SHOWN]), failed.count()) if viewer.has_perm(RUNS_VIEW) else None,
        behind=Few(list(behind[:SHOWN]), behind.count()),
        entries=list(list_entries()[:ENTRIES_SHOWN]) if viewer.has_perm(AUDIT_VIEW) else None,
    )


def _states_chart(states: dict[str, int]) -> Chart:
    values = [
        Value(str(label), states[state], state)
        for state, label in TenantState.choices
        if states[state]
    ]
    return stacked_chart(
        key="tenants-by-state",
        title=_("Tenants by state"),
        values=values,
        label_heading=_("State"),
        value_heading=_("Tenants"),
    )


def _creations_chart(period: Period) -> Chart:
    first, last = period_days(period)
    is_weekly = period == Period.WEEKS
    return column_chart(
        key="tenants-created",
        title=_("Tenants created in each week") if is_weekly else _("Tenants created on each day"),
        values=day_values(
            count_creations(period), first=first, last=last, step=WEEK.days if is_weekly else 1
        ),
        label_heading=_("Week from") if is_weekly else _("Day"),
        value_heading=_("Tenants"),
    )
