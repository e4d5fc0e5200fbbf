"""What is known of backups."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.backup.models import Backup, BackupState

# Beside the time between two: how long one may take before its absence is a failure.
_PATIENCE = timedelta(hours=6)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BackupHealth:
    """Whether backups are made as they should be.

    Attributes:
        is_scheduled: Whether the clock makes any.
        problem: What is wrong, in words; empty if nothing is.
        recent: The newest ones of the clock.
    """

    is_scheduled: bool
    problem: str
    recent: list[Backup]


def backup_health() -> BackupHealth:
    """Return whether backups are made as they should be; read it in the platform's scope."""
    return BackupHealth(
        is_scheduled=bool(settings.PLEXICA_BACKUP_TARGET),
        problem=_problem() if settings.PLEXICA_BACKUP_TARGET else "",
        recent=list(list_scheduled().exclude(state=BackupState.REMOVED)[:_SHOWN]),
    )


def list_scheduled() -> QuerySet[Backup]:
    """Return the backups that the clock has made or begun, the newest first."""
    return Backup.objects.filter(is_scheduled=True)


def _problem() -> str:
    newest = list_scheduled().first()
    if newest is not None and newest.is_cut_off:
        return _("The backup that was begun last was cut off.")
    last = list_scheduled().exclude(state=BackupState.RUNNING).first()
    if last is None:
        return ""
    if last.state == BackupState.FAILED:
        return _("The last backup failed: %(reason)s") % {"reason": last.error}
    oldest = timezone.now() - timedelta(hours=settings.PLEXICA_BACKUP_HOURS) - _PATIENCE
    if newest == last and last.started_at < oldest:
        return _("The last backup is older than it should be.")
    return ""
