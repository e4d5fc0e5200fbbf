"""What the clock asks of this app."""

from celery import shared_task

from plexica.rbac import visits


@shared_task(name="rbac.end_visits")
def end_visits() -> None:
    """End the visits whose time is over, so that both audits say so."""
    visits.end_visits_over()
