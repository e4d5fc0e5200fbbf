"""What changes tenants, step by step."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant
from tenants.states import (
    FAILED_RUN_STATES,
    UNFINISHED_RUN_STATES,
    RunKind,
    RunState,
    StepState,
)


class ProvisioningRun(models.Model):
    """A durable list of steps that change a tenant wholly or not at all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20, choices=RunKind.choices, default=RunKind.CREATE)
    state = models.CharField(max_length=30, choices=RunState.choices, default=RunState.QUEUED)
    # The number of the run's present holder, raised at each take-over: a worker whose number is
    # no longer this one has lost the run and may write nothing.
    fence = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    failed_step = models.CharField(max_length=50, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    requested_by = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(state__in=UNFINISHED_RUN_STATES),
                name="run_one_unfinished_per_tenant",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["lease_expires_at"],
                condition=models.Q(state__in=UNFINISHED_RUN_STATES),
                name="run_unfinished",
            ),
            models.Index(
                fields=["-finished_at", "-id"],
                condition=models.Q(state__in=FAILED_RUN_STATES),
                name="run_failed_newest",
            ),
            models.Index(
                fields=["kind", "-finished_at"],
                condition=models.Q(state=RunState.SUCCEEDED),
                name="run_succeeded_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.tenant_id}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen in this run."""
        return self.state not in UNFINISHED_RUN_STATES

    @property
    def has_failed(self) -> bool:
        """Whether it ended without what it was for."""
        return self.state in FAILED_RUN_STATES

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken until now, in seconds."""
        return _seconds(self.created_at, self.finished_at)


class ProvisioningStep(models.Model):
    """One step of a run."""

    run = models.ForeignKey(ProvisioningRun, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=50)
    label = models.CharField(max_length=100)
    state = models.CharField(max_length=20, choices=StepState.choices, default=StepState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    error_message = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "position"], name="step_position_unique")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken until now, in seconds; None before it starts."""
        return _seconds(self.started_at, self.finished_at)


class IdempotencyKey(models.Model):
    """The answer that was given to a request with an `Idempotency-Key`."""

    caller = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    run = models.ForeignKey(ProvisioningRun, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return f"{self.caller}/{self.key}"


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    if start is None:
        return None
    return round(((end or timezone.now()) - start).total_seconds(), 3)
