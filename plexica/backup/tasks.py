"""Backups by the clock."""

from celery import shared_task

from plexica.backup import schedule


@shared_task(name="backup.make_due")
def make_due() -> None:
    """Make a backup of the platform if it is time for one."""
    schedule.make_due()
