"""Delivery in the background."""

from celery import shared_task

from plexica.events import services


@shared_task(name=services.DELIVERY_TASK)
def deliver_pending() -> None:
    """Deliver what waits; sent after each publication, and by beat for what was missed."""
    services.deliver_pending()
