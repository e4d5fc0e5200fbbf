"""Reading the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.audit.models import AuditEntry
from plexica.core.errors import NotFound

_BATCH_ROWS = 1000
# One look into the index for each action that there is, however many rows it has.
_ACTIONS = """
WITH RECURSIVE found AS (
    (SELECT action FROM audit_auditentry ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (
        SELECT next.action FROM audit_auditentry AS next
        WHERE next.action > found.action ORDER BY next.action LIMIT 1
    )
    FROM found WHERE found.action IS NOT NULL
)
SELECT action FROM found WHERE action IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Which entries are looked for; what is empty leaves none out.

    Attributes:
        who: Words that are all in the actor's name, or the actor's id.
        actions: Any of these actions.
        target: On what, as `kind:id`.
        since: Not before.
        until: Before.
    """

    who: str = ""
    actions: Sequence[str] = ()
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_entries(*, target: str | None = None) -> QuerySet[AuditEntry]:
    """Return the entries of the current scope, newest first.

    Args:
        target: Only those on this target, given as `kind:id`.
    """
    entries = AuditEntry.objects.all()
    return entries.filter(target=target) if target else entries


def list_entries_about(*, user_id: UUID) -> QuerySet[AuditEntry]:
    """Return what somebody did, and what was done to them, newest first."""
    return AuditEntry.objects.filter(Q(actor_id=str(user_id)) | Q(target=f"user:{user_id}"))


def search_entries(search: AuditSearch) -> QuerySet[AuditEntry]:
    """Return the entries of the current scope that somebody looks for, newest first."""
    entries = list_entries(target=search.target)
    if search.actions:
        entries = entries.filter(action__in=search.actions)
    if search.since:
        entries = entries.filter(at__gte=search.since)
    if search.until:
        entries = entries.filter(at__lt=search.until)
    if not search.who:
        return entries
    has_name = Q()
    for word in search.who.split():
        has_name &= Q(actor_name__icontains=word)
    return entries.filter(Q(actor_id=search.who) | has_name)


def get_entry(*, entry_id: UUID) -> AuditEntry:
    """Return one entry.

    Raises:
        NotFound: The current scope has none with this id.
    """
    entry = AuditEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(_("There is no such entry in this audit."))
    return entry


def count_by_day(*, first: date) -> dict[date, float]:
    """Return how many entries there are of each day that has some, in the current time zone.

    Args:
        first: The first day.
    """
    beginning = timezone.make_aware(datetime.combine(first, time.min))
    days = (
        AuditEntry.objects.filter(at__gte=beginning)
        .annotate(day=TruncDate("at"))
        .values("day")
        .annotate(number=Count("pk"))
        .order_by("day")
    )
    return {row["day"]: row["number"] for row in days}


def has_changed(*, action: str, values: Sequence[str]) -> bool:
    """Return whether the current scope's audit tells of an action that changed one of some values.

    Args:
        action: Which.
        values: The names of the values.
    """
    return AuditEntry.objects.filter(action=action, after__has_any_keys=list(values)).exists()


def list_actions() -> list[str]:
    """Return all actions that the audit of the current scope tells of."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIONS)
        return [action for (action,) in cursor.fetchall()]


def walk_entries(entries: QuerySet[AuditEntry], *, limit: int) -> Iterator[AuditEntry]:
    """Return entries one by one, read in batches that hold no transaction open.

    Args:
        entries: Which, newest first.
        limit: How many at most.
    """
    left = limit
    last: AuditEntry | None = None
    while left > 0:
        batch = entries
        if last is not None:
            is_older = Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk)
            batch = entries.filter(is_older, at__lte=last.at)
        rows = list(batch[: min(left, _BATCH_ROWS)])
        yield from rows
        if len(rows) < _BATCH_ROWS:
            return
        left -= len(rows)
        last = rows[-1]
