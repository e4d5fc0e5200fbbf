"""What the staff does about a tenant: access to its realm, deletion, comparison, visits."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.models.tenant import SCHEMA_OF_TENANT, Tenant
from tenants.states import (
    RequestState,
)

# After this, the message or the worker of a comparison that was asked for counts as lost.
RECONCILED_WITHIN = timedelta(minutes=10)


class RealmAccess(models.Model):
    """An operator's power over one tenant's realm, until it is taken away again."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="realm_access")
    opened_by = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.tenant_id} until {self.expires_at}"


class DeletionRequest(models.Model):
    """An owner's wish to have their tenant deleted, and what became of it."""

    shared_privileges: ClassVar[tuple[str, ...]] = (
        "SELECT",
        "INSERT",
        "UPDATE (state, closed_at, closed_by)",
    )
    tenant_rows: ClassVar[str] = SCHEMA_OF_TENANT

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="deletion_requests")
    state = models.CharField(max_length=20, choices=RequestState.choices, default=RequestState.OPEN)
    requested_by = models.CharField(max_length=255)
    requested_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    closed_by = models.CharField(max_length=255, blank=True)
    closed_at = models.DateTimeField(null=True)
    # What the staff says when it declines.
    answer = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-requested_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(state=RequestState.OPEN),
                name="deletion_request_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=RequestState.values),
                name="deletion_request_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.state}"


class Inspection(models.Model):
    """What the last reconciliation left of a tenant, or, without one, of the platform."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, related_name="inspections"
    )
    checked_at = models.DateTimeField()
    # As `tenants.parts.Finding` tells them, and why a part could not be compared, by its name.
    findings = models.JSONField(default=list)
    not_compared = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"], nulls_distinct=False, name="inspection_tenant_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id or 'platform'} {self.checked_at}"


class Reconciliation(models.Model):
    """A comparison of one tenant that somebody has asked for in the console: the last one."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="reconciliation")
    repairs = models.BooleanField(default=False)
    asked_by_kind = models.CharField(max_length=20)
    asked_by_id = models.CharField(max_length=255)
    asked_by_name = models.CharField(max_length=255)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    # What `tenants.reports.SubjectReport` tells, and why there is none.
    parts = models.JSONField(default=list)
    skipped = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.asked_at}"

    @property
    def is_waiting(self) -> bool:
        """Whether its answer may still come."""
        return self.finished_at is None and timezone.now() - self.asked_at < RECONCILED_WITHIN


class SupportVisit(models.Model):
    """A visit of somebody of the platform's staff in a tenant's workspace (ADR 15).

    Only the platform's role sees it. The secrets of its beginning are kept as digests.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="visits")
    staff_id = models.UUIDField()
    staff_name = models.CharField(max_length=200)
    # Their session in the console: the visit goes no further than that.
    browser_session = models.UUIDField()
    challenge = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=300)
    is_writing = models.BooleanField(default=False)
    minutes = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-asked_at"], name="support_visit_newest"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(begun_at__isnull=False, ended_at__isnull=True),
                name="support_visit_going_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_name} in {self.tenant_id}"

    @property
    def is_going_on(self) -> bool:
        """Whether it has begun and not ended, as far as its own time tells."""
        return bool(self.begun_at) and self.ended_at is None and self.expires_at > timezone.now()
