"""Delivery in the background."""

from celery import shared_task

from plexica.events import services


@shared_task(name=services.DELIVERY_TASK)
def deliver_pending() -> None:
    """Deliver what waits; sent after each publication, and by beat for what was missed.

    A full batch is followed by another, in a task of its own, so that none runs for long.
    """
    if services.deliver_pending() == services.BATCH_SIZE:
        deliver_pending.delay()
