"""Publishing events, and delivering them."""

from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from plexica.core.context import current_request_id
from plexica.core.jobs import scope_of_tenant, send_after_commit
from plexica.core.observe.tracing import belonging_to, carried
from plexica.core.scope import current_scope, platform_scope
from plexica.events.models import OutboxMessage
from plexica.events.registry import Delivery, Published, Source, sources, subscribers

FIRST_RETRY_SECONDS = 5
MAX_RETRY_SECONDS = 3600
BATCH_SIZE = 100
DELIVERY_TASK = "events.deliver_pending"

logger = structlog.get_logger(__name__)


def publish(*, event: str, payload: dict[str, Any]) -> None:
    """Tell subscribers that something happened, if the present transaction is committed.

    Args:
        event: What happened, in the past tense, such as `tenant.activated`.
        payload: JSON-ready facts. Never a secret.

    Raises:
        RuntimeError: No transaction is open.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event belongs into the transaction of what it tells.")
    message = OutboxMessage(
        tenant=current_scope().tenant_slug or "",
        event=event,
        payload=payload,
        request_id=current_request_id(),
        trace=carried(),
    )
    # A tenant's role may insert and not read, so nothing may be asked back.
    OutboxMessage.objects.bulk_create([message])
    with platform_scope():
        send_after_commit(DELIVERY_TASK)


def deliver_pending() -> int:
    """Deliver what waits and is due.

    Returns:
        How many were tried; `BATCH_SIZE` when more may wait.
    """
    tried = 0
    for _ in range(BATCH_SIZE):
        with transaction.atomic():
            # Other workers skip what this one holds.
            message = (
                OutboxMessage.objects.select_for_update(skip_locked=True)
                .filter(delivered_at__isnull=True, next_attempt_at__lte=timezone.now())
                .order_by("next_attempt_at")
                .first()
            )
            if message is None:
                break
            with belonging_to(
                message.request_id, message.trace, "outbox delivery", event=message.event
            ):
                _deliver(message)
            tried += 1
    return tried


def _deliver(message: OutboxMessage) -> None:
    message.attempts += 1
    message.last_error = ""
    for name, handler in subscribers(message.event).items():
        _hand_over(message, name, partial(handler, message.payload))
    for source in sources():
        _ask(message, source)
    if message.last_error:
        delay = min(FIRST_RETRY_SECONDS * 2 ** (message.attempts - 1), MAX_RETRY_SECONDS)
        message.next_attempt_at = timezone.now() + timedelta(seconds=delay)
    else:
        message.delivered_at = timezone.now()
    message.save()


def _ask(message: OutboxMessage, source: Source) -> None:
    """Hand an event over to those whom a source names."""
    published = Published(message.id, message.event, message.payload, message.published_at)
    deliveries: dict[str, Delivery] = {}
    name = f"{source.__module__}.{source.__qualname__}"
    if _is_done(message, name, lambda: deliveries.update(source(published))):
        for each, delivery in deliveries.items():
            _hand_over(message, each, delivery)


def _hand_over(message: OutboxMessage, name: str, delivery: Delivery) -> None:
    if name not in message.delivered_to and _is_done(message, name, delivery):
        message.delivered_to = [*message.delivered_to, name]


def _is_done(message: OutboxMessage, name: str, work: Delivery) -> bool:
    try:
        with transaction.atomic(), scope_of_tenant(message.tenant or None):
            work()
    except Exception as error:
        # One subscriber that fails keeps nothing from the others.
        logger.exception("event_handler_failed", event_name=message.event, handler=name)
        message.last_error = f"{name}: {type(error).__name__}"[:255]
        return False
    return True
