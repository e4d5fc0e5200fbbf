"""Backups of the whole platform by the clock."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plexica.backup.creating import begin_backup, make_backup
from plexica.backup.meter import Meter
from plexica.backup.models import Backup, BackupState
from plexica.backup.places import place_of
from plexica.backup.retention import close_cut_off, prune_backups
from plexica.backup.selectors import list_scheduled
from plexica.core.actor import SYSTEM
from tenants.models import PlatformState

# After one that failed, the next is not tried at once.
TRY_AGAIN_AFTER = timedelta(hours=1)


def make_due() -> Backup | None:
    """Make a backup of the platform if it is time for one, and remove those that are too many.

    Returns:
        The backup that was made, or None if it is not time yet.

    Raises:
        OutwardError: A server does not answer, or refuses; the backup's row says why.
    """
    if not settings.PLEXICA_BACKUP_TARGET:
        return None
    close_cut_off()
    recipients = settings.PLEXICA_BACKUP_RECIPIENTS
    with transaction.atomic():
        # Two that find it due at once: the second waits here, and finds the first one's.
        PlatformState.objects.select_for_update().get()
        if not _is_due(timezone.now()):
            return None
        backup = begin_backup(
            slug="",
            place=place_of(settings.PLEXICA_BACKUP_TARGET),
            recipients=recipients,
            actor=SYSTEM,
            is_scheduled=True,
        )
    make_backup(backup=backup, recipients=recipients, actor=SYSTEM, meter=Meter())
    prune_backups(keep=settings.PLEXICA_BACKUP_KEEP, actor=SYSTEM)
    return backup


def _is_due(now: datetime) -> bool:
    last = list_scheduled().first()
    if last is None:
        return True
    if last.state == BackupState.RUNNING:
        return False
    if last.state == BackupState.FAILED:
        return last.started_at < now - TRY_AGAIN_AFTER
    return last.started_at <= now - timedelta(hours=settings.PLEXICA_BACKUP_HOURS)
