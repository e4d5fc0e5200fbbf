"""What the platform keeps for itself."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class PlatformState(models.Model):
    """The one row of what the platform keeps about itself."""

    permission_epoch = models.PositiveBigIntegerField(default=1, db_default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="platform_state_one_row"),
        ]

    def __str__(self) -> str:
        return "The platform"


class SchemaTemplate(models.Model):
    """The SQL that makes a tenant's tables, as the migrations with this digest make them."""

    digest = models.CharField(max_length=64, primary_key=True)
    statements = models.TextField()
    built_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.digest
