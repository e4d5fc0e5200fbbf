"""A customer, and how it is reached."""

import uuid
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
    TenantState,
)
from tenants.theme import Theme, theme_of

# The condition that a shared row is a tenant's, for `tenant_rows` of models with a `tenant_id`.
SCHEMA_OF_TENANT = "SELECT schema_name FROM public.tenants_tenant t WHERE t.id = tenant_id"

# What a workspace's own people may change of their tenant's row.
OWN_SETTINGS = (
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
        f"UPDATE (permission_epoch, version, updated_at, {', '.join(OWN_SETTINGS)})",
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
