import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class OutboxMessage(models.Model):
    """An event on its way to its subscribers. It is shared, so that one query finds them all."""

    # A tenant's own role may add events about itself, and no more.
    shared_privileges: ClassVar[tuple[str, ...]] = ("INSERT",)
    # A tenant that has taken the place of another has its slug, and a schema of another name.
    tenant_rows: ClassVar[str] = (
        "SELECT schema_name FROM public.tenants_tenant t WHERE t.slug = tenant"
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.CharField(max_length=32, blank=True)
    event = models.CharField(max_length=100)
    payload = models.JSONField()
    published_at = models.DateTimeField(default=timezone.now)
    delivered_to = models.JSONField(default=list)
    delivered_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    # Of the request that has published it, so that its delivery belongs to it (ADR 24).
    # Nullable, as a default of the database's would be asked back, which a tenant's role may not.
    request_id = models.CharField(max_length=128, null=True)  # noqa: DJ001 (see above)
    trace = models.CharField(max_length=64, null=True)  # noqa: DJ001
    last_error = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(delivered_at__isnull=True),
                name="outbox_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.tenant or 'platform'})"
