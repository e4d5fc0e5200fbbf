import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MAX_ERROR = 500
MAX_PHASE = 100
# Whoever makes a backup says so every few seconds.
SILENT_AFTER = timedelta(minutes=20)


class BackupState(models.TextChoices):
    """How far a backup is."""

    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    REMOVED = "REMOVED", _("Removed")


class Backup(models.Model):
    """An archive that was made, or was to be made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The tenant's slug; empty: the whole platform.
    slug = models.CharField(max_length=32, blank=True)
    # The directory or bucket, and what the archive is called in it.
    place = models.CharField(max_length=500)
    name = models.CharField(max_length=200)
    state = models.CharField(
        max_length=20, choices=BackupState.choices, default=BackupState.RUNNING
    )
    # By the clock, so that the schedule keeps as many as it should and no others.
    is_scheduled = models.BooleanField(default=False)
    is_encrypted = models.BooleanField(default=False)
    has_passwords = models.BooleanField(default=False)
    tenant_count = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    phase = models.CharField(max_length=MAX_PHASE, blank=True)
    requested_by = models.CharField(max_length=255)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=MAX_ERROR, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=BackupState.values), name="backup_state_is_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-started_at", "-id"], name="backup_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_cut_off(self) -> bool:
        """Whether whoever made it has died."""
        return self.state == BackupState.RUNNING and self.seen_at < timezone.now() - SILENT_AFTER
