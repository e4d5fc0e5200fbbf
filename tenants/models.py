import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_tenants.models import DomainMixin, TenantMixin

from plexica.core.scope import role_name
from plexica.core.themes import ThemeMode
from tenants.login_rules import DEFAULT_PASSWORD_LENGTH
from tenants.session_limits import DEFAULT_IDLE_MINUTES, DEFAULT_MAX_MINUTES
from tenants.slugs import validate_slug
from tenants.states import (
    FAILED_RUN_STATES,
    UNFINISHED_RUN_STATES,
    RequestState,
    RunKind,
    RunState,
    StepState,
    TenantState,
)
from tenants.theme import Theme, theme_of

# After this, the message or the worker of a comparison that was asked for counts as lost.
RECONCILED_WITHIN = timedelta(minutes=10)

# The condition that a shared row is a tenant's, for `tenant_rows` of models with a `tenant_id`.
SCHEMA_OF_TENANT = "SELECT schema_name FROM public.tenants_tenant t WHERE t.id = tenant_id"

# What a workspace's own people may change of their tenant's row.
_OWN_SETTINGS = (
    "name",
    "contact_email",
    "locale",
    "time_zone",
    "theme_colour",
    "theme_mode",
    "logo",
    "icon",
    "checklist_dismissed_at",
    "session_idle_minutes",
    "session_max_minutes",
    "password_min_length",
    "password_history",
    "password_mixed_case",
    "password_digit",
    "password_symbol",
    "second_factor_required",
    "version",
    "updated_at",
)


class Tenant(TenantMixin):  # type: ignore[misc] # django-tenants has no types
    """A customer of the product, with a schema, a realm and a bucket of its own."""

    # The provisioning step makes the schema, so that it can be repeated after a crash.
    auto_create_schema = False
    auto_drop_schema = False
    # A tenant's own role may read its own row, say that its roles have changed, and change what
    # its workspace's settings are about (tenants.schema.privileges, tenants.epochs).
    shared_privileges: ClassVar[tuple[str, ...]] = (
        "SELECT",
        f"UPDATE (permission_epoch, {', '.join(_OWN_SETTINGS)})",
    )
    tenant_rows: ClassVar[str] = "schema_name"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=32, unique=True, validators=[validate_slug])
    name = models.CharField(max_length=100)
    state = models.CharField(
        max_length=20, choices=TenantState.choices, default=TenantState.PROVISIONING
    )
    owner_email = models.EmailField()
    contact_email = models.EmailField(blank=True)
    keycloak = models.CharField(max_length=50, default="default")
    realm = models.CharField(max_length=63, unique=True)
    s3 = models.CharField(max_length=50, default="default")
    bucket = models.CharField(max_length=63)
    # What each part was made from or brought to, see `tenants.parts`; empty: it is not there.
    schema_digest = models.CharField(max_length=64, blank=True)
    realm_digest = models.CharField(max_length=64, blank=True)
    bucket_digest = models.CharField(max_length=64, blank=True)
    roles_digest = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=1)
    permission_epoch = models.PositiveBigIntegerField(default=1, db_default=1)
    session_idle_minutes = models.PositiveSmallIntegerField(
        default=DEFAULT_IDLE_MINUTES, db_default=DEFAULT_IDLE_MINUTES
    )
    session_max_minutes = models.PositiveSmallIntegerField(
        default=DEFAULT_MAX_MINUTES, db_default=DEFAULT_MAX_MINUTES
    )
    # What the realm asks of passwords, beside what it asks of all (tenants.login_rules).
    password_min_length = models.PositiveSmallIntegerField(
        default=DEFAULT_PASSWORD_LENGTH, db_default=DEFAULT_PASSWORD_LENGTH
    )
    password_history = models.PositiveSmallIntegerField(default=0, db_default=0)
    password_mixed_case = models.BooleanField(default=False, db_default=False)
    password_digit = models.BooleanField(default=False, db_default=False)
    password_symbol = models.BooleanField(default=False, db_default=False)
    second_factor_required = models.BooleanField(default=False, db_default=False)
    # The workspace's own settings. Without a language, the browser's counts.
    locale = models.CharField(max_length=10, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC")
    # Six hexadecimal digits after `#`; empty: Plexica's own colour.
    theme_colour = models.CharField(max_length=7, blank=True, default="", db_default="")
    theme_mode = models.CharField(
        max_length=5, choices=ThemeMode.choices, default=ThemeMode.AUTO, db_default=ThemeMode.AUTO
    )
    # Keys of pictures in the tenant's bucket, with a digest in their names; empty: there is none.
    logo = models.CharField(max_length=200, blank=True, default="", db_default="")
    icon = models.CharField(max_length=200, blank=True, default="", db_default="")
    # The owner's list of first steps is shown until somebody dismisses it.
    checklist_dismissed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    activated_at = models.DateTimeField(null=True)
    # While DELETING: the state that `restore` brings back, and when there is nothing to restore.
    state_before_deletion = models.CharField(max_length=20, choices=TenantState.choices, blank=True)
    purge_after = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["s3", "bucket"], name="tenant_bucket_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=TenantState.values), name="tenant_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="tenant_newest"),
            models.Index(fields=["state", "-created_at"], name="tenant_state_newest"),
            # The other orders of a list of ten thousand cost a sort of all of them.
            models.Index(fields=["name", "id"], name="tenant_by_name"),
            models.Index(fields=["owner_email", "id"], name="tenant_by_owner"),
            models.Index(
                fields=["purge_after"],
                condition=models.Q(purge_after__isnull=False),
                name="tenant_purge_due",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    # django-tenants would make and drop the schema along with the row, and insist on the scope
    # being `public`; here the row is a row, and provisioning does the rest.
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row."""
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row."""
        return models.Model.delete(self, *args, **kwargs)

    @property
    def database_role(self) -> str:
        """The PostgreSQL role that the tenant's requests, tasks and commands run as."""
        return role_name(self.schema_name)

    @property
    def workspace_url(self) -> str:
        """The address of the tenant's workspace, without a slash at the end."""
        return (
            f"{settings.PLEXICA_SCHEME}://{self.slug}.{settings.PLEXICA_BASE_DOMAIN}"
            f"{settings.PLEXICA_PORT_SUFFIX}"
        )

    @property
    def theme(self) -> Theme:
        """The addresses of its style sheet and pictures."""
        return theme_of(self)

    @property
    def is_active(self) -> bool:
        """Whether the tenant is served."""
        return self.state == TenantState.ACTIVE


class PlatformState(models.Model):
    """The one row of what the platform keeps about itself."""

    permission_epoch = models.PositiveBigIntegerField(default=1, db_default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="platform_state_one_row"),
        ]

    def __str__(self) -> str:
        return "The platform"


class Domain(DomainMixin):  # type: ignore[misc] # django-tenants has no types
    """A host name that leads to a tenant."""

    shared_privileges: ClassVar[tuple[str, ...]] = ("SELECT",)
    tenant_rows: ClassVar[str] = SCHEMA_OF_TENANT


class TenantSecret(models.Model):
    """A secret of a tenant, encrypted at rest; see `plexica.core.crypto`."""

    shared_privileges: ClassVar[tuple[str, ...]] = ("SELECT",)
    tenant_rows: ClassVar[str] = SCHEMA_OF_TENANT

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=50)
    ciphertext = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="tenant_secret_unique")
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.name}"


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


class SchemaTemplate(models.Model):
    """The SQL that makes a tenant's tables, as the migrations with this digest make them."""

    digest = models.CharField(max_length=64, primary_key=True)
    statements = models.TextField()
    built_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.digest


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
