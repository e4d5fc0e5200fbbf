"""How many backups are kept."""

from django.db import transaction
from django.utils import timezone

from plexica.audit.services import record
from plexica.backup.models import Backup, BackupState
from plexica.backup.places import place_of
from plexica.core.actor import Actor

_CUT_OFF = "It was cut off."


def prune_backups(*, keep: int, actor: Actor) -> list[Backup]:
    """Remove the scheduled backups of the platform beyond the newest that are whole.

    Those that somebody asked for stay until somebody removes them.

    Args:
        keep: How many whole ones stay.
        actor: Who asks for it.

    Returns:
        Those that were removed.

    Raises:
        OutwardError: The place does not answer, or refuses.
    """
    close_cut_off()
    scheduled = Backup.objects.filter(is_scheduled=True)
    whole = list(scheduled.filter(state=BackupState.DONE))
    removed = []
    for backup in whole[keep:]:
        place_of(backup.place).remove(backup.name)
        with transaction.atomic():
            backup.state = BackupState.REMOVED
            backup.save(update_fields=["state"])
            record(
                actor=actor,
                action="backup.removed",
                target="platform:backup",
                after={"name": backup.name},
            )
        removed.append(backup)
    return removed


def close_cut_off() -> list[Backup]:
    """Note which backups were cut off, and remove what they have left."""
    closed = []
    for backup in Backup.objects.filter(state=BackupState.RUNNING):
        if backup.is_cut_off:
            place_of(backup.place).remove(backup.name)
            backup.state, backup.error = BackupState.FAILED, _CUT_OFF
            backup.finished_at = timezone.now()
            backup.save(update_fields=["state", "error", "finished_at"])
            closed.append(backup)
    return closed
