"""How the tenants are, all together: what the console's first page is made of."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import TruncDay, TruncWeek
from django.utils import timezone

from tenants.models import ProvisioningRun, Tenant
from tenants.states import FAILED_RUN_STATES, TenantState

DAYS = 30
WEEKS = 12
WEEK = timedelta(days=7)


class Period(StrEnum):
    """Over which time something is counted, and by what."""

    DAYS = "days"
    WEEKS = "weeks"


def count_by_state() -> dict[str, int]:
    """Return how many tenants there are in each state, those with none among them."""
    found = dict(Tenant.objects.order_by().values_list("state").annotate(Count("id")))
    return {state: found.get(state, 0) for state in TenantState.values}


def period_days(period: Period) -> tuple[date, date]:
    """Return the first day that a period begins with, and the last one, where the reader is.

    Args:
        period: Days until today, or weeks until this one, each named by its Monday.
    """
    today = timezone.localdate()
    if period == Period.DAYS:
        return today - timedelta(days=DAYS - 1), today
    monday = today - timedelta(days=today.weekday())
    return monday - WEEK * (WEEKS - 1), monday


def count_creations(period: Period) -> dict[date, float]:
    """Return how many tenants were created, by the day or by the Monday of the week.

    Only those count that still have a row: a slug that was freed took its tenant's along.
    """
    first, _last = period_days(period)
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    cut = TruncDay if period == Period.DAYS else TruncWeek
    counted = (
        Tenant.objects.filter(created_at__gte=since)
        .order_by()
        .annotate(beginning=cut("created_at"))
        .values_list("beginning")
        .annotate(Count("id"))
    )
    return {beginning.date(): number for beginning, number in counted}


def list_failed_runs() -> QuerySet[ProvisioningRun]:
    """Return the runs that failed and that no later run has taken the place of, newest first."""
    later = ProvisioningRun.objects.filter(
        tenant=OuterRef("tenant"), created_at__gt=OuterRef("created_at")
    )
    return (
        ProvisioningRun.objects.filter(~Exists(later), state__in=FAILED_RUN_STATES)
        .select_related("tenant")
        .order_by("-finished_at", "-id")
    )
