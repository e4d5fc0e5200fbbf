"""What the dashboard shows: the tenant's own data, as far as the person may see them."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from plexica.audit.models import AuditEntry
from plexica.audit.selectors import count_by_day, list_entries, list_entries_about
from plexica.core.charts import Chart, column_chart, day_values
from plexica.core.widgets import list_widgets
from plexica.identity.models import User
from plexica.rbac.permissions import AUDIT_READ

ENTRIES_SHOWN = 8
CHART_DAYS = 14


@dataclass(frozen=True, slots=True)
class Card:
    """What another app shows on the dashboard.

    Attributes:
        title: What it is.
        content: What is in it.
    """

    title: str
    content: SafeString


def recent_entries(*, viewer: User) -> QuerySet[AuditEntry]:
    """Return what happened last: all of it, or what concerns somebody who may not see all."""
    if viewer.has_perm(AUDIT_READ):
        return list_entries()[:ENTRIES_SHOWN]
    return list_entries_about(user_id=viewer.pk)[:ENTRIES_SHOWN]


def activity_chart(*, viewer: User) -> Chart | None:
    """Return how much was done on each of the last days; None for whoever may not see that."""
    if not viewer.has_perm(AUDIT_READ):
        return None
    last = timezone.localdate()
    first = last - timedelta(days=CHART_DAYS - 1)
    return column_chart(
        key="activity",
        title=_("Activity in the last 14 days"),
        values=day_values(count_by_day(first=first), first=first, last=last),
        label_heading=_("Day"),
        value_heading=_("Entries in the audit"),
    )


def cards_of_others(*, viewer: User) -> list[Card]:
    """Return what other apps show to somebody; what has nothing in it is left out."""
    cards = [
        Card(title=str(widget.title), content=widget.render())
        for widget in list_widgets()
        if viewer.has_perm(widget.permission)
    ]
    return [card for card in cards if card.content]
