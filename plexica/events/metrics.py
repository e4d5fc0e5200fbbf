"""What Prometheus is told of the outbox."""

from collections.abc import Iterator

from django.db.models import Count, Min, Q
from django.utils import timezone

from plexica.core.observe.definitions import Fact, Sample
from plexica.core.observe.sources import register_source
from plexica.events.models import OutboxMessage

PENDING = Fact(
    "plexica_outbox_messages",
    "Events that are not delivered to everybody yet, and those of them that have failed before.",
    ("state",),
)
OLDEST_SECONDS = Fact(
    "plexica_outbox_oldest_seconds",
    "How long ago the oldest event was published that is not delivered yet; 0 where there is none.",
)


def tell_outbox() -> Iterator[Sample]:
    """Tell how much waits in the outbox, and for how long."""
    waiting = OutboxMessage.objects.filter(delivered_at__isnull=True)
    found = waiting.aggregate(
        all=Count("id"), failing=Count("id", filter=Q(attempts__gt=0)), first=Min("published_at")
    )
    yield PENDING.is_now(found["all"], "pending")
    yield PENDING.is_now(found["failing"], "failing")
    first = found["first"]
    yield OLDEST_SECONDS.is_now((timezone.now() - first).total_seconds() if first else 0.0)


def register() -> None:
    """Register this source."""
    register_source("outbox", [PENDING, OLDEST_SECONDS], tell_outbox)
