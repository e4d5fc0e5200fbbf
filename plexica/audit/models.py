import uuid
from typing import ClassVar

from django.db import models


class AuditEntry(models.Model):
    """One thing that somebody did. It lives in the schema of the scope that it was done in."""

    # A tenant's own role may add entries and read them, and no more.
    tenant_privileges: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=255)
    actor_name = models.CharField(max_length=255)
    action = models.CharField(max_length=100)
    target = models.CharField(max_length=255)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_entry_newest"),
            models.Index(fields=["target", "-at"], name="audit_entry_target"),
            models.Index(fields=["action", "-at", "-id"], name="audit_entry_action"),
            models.Index(fields=["actor_id", "-at"], name="audit_entry_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"
