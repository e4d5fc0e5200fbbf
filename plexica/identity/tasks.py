"""What identity does by the clock."""

from celery import shared_task

from plexica.identity import break_glass


@shared_task(name="identity.close_realms")
def close_realms() -> None:
    """Take an operator's power over a realm away when its time is over."""
    break_glass.close_realms_due()
