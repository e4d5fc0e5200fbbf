import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from plexica.core.scope import role_name
from plexica_sdk.manifest import Manifest, manifest_of
from plexica_sdk.versions import MAX_LENGTH as MAX_VERSION_LENGTH
from plugins.states import NEXT_STATES, BackendState, InstallationState, ReleaseState
from tenants.models import SCHEMA_OF_TENANT, ProvisioningRun, Tenant

MAX_SLUG_LENGTH = 24
MAX_NAME_LENGTH = 100
MAX_REASON_LENGTH = 500
# SHA-256 in hexadecimal digits.
DIGEST_LENGTH = 64
# Judging one takes milliseconds, lists show many, and what has been judged never changes.
_MANIFESTS_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class _Document:
    """A manifest, known by its release's digest."""

    digest: str
    manifest: Mapping[str, Any] = field(compare=False, repr=False)


@lru_cache(_MANIFESTS_REMEMBERED)
def _contract_of(document: _Document) -> Manifest:
    return manifest_of(document.manifest)


class TrustedKey(models.Model):
    """A key whose signature the platform accepts, until it is revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    # As `plexica_sdk.signing.PublicKey` writes it.
    public_key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=DIGEST_LENGTH, unique=True)
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.CharField(max_length=255)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=255, blank=True)

    # As `plugins.selectors.list_trusted_keys` counts them.
    release_count: int

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_trusted(self) -> bool:
        """Whether what it signs is accepted."""
        return self.revoked_at is None


class Plugin(models.Model):
    """A plugin, as its current release describes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=MAX_SLUG_LENGTH, unique=True)
    # Of the current release, for lists.
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    author = models.CharField(max_length=MAX_NAME_LENGTH)
    current = models.ForeignKey(
        "plugins.Release", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    # As `plugins.selectors.list_plugins` finds them.
    release_count: int
    has_newer: bool

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.slug


class Release(models.Model):
    """One version of a plugin. Its contents never change; they are known by their digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=MAX_VERSION_LENGTH)
    # Sorts as versions do (`plexica_sdk.versions.Version.sort_key`), byte by byte.
    version_key = models.CharField(max_length=400, db_collation="C")
    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True)
    manifest = models.JSONField()
    key = models.ForeignKey(TrustedKey, on_delete=models.PROTECT, related_name="releases")
    size = models.PositiveIntegerField()
    state = models.CharField(
        max_length=20, choices=ReleaseState.choices, default=ReleaseState.REGISTERED
    )
    # Why it is deprecated or withdrawn, for those who have it.
    reason = models.CharField(max_length=MAX_REASON_LENGTH, blank=True)
    registered_at = models.DateTimeField(default=timezone.now)
    registered_by = models.CharField(max_length=255)
    published_at = models.DateTimeField(null=True)
    deprecated_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # Who has said that it may run without an OS user of its own, where there can be none.
    unconfined_by = models.CharField(max_length=255, blank=True, default="", db_default="")
    unconfined_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-version_key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plugin", "version"], name="release_version_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=ReleaseState.values), name="release_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["plugin", "-version_key"], name="release_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.plugin} {self.version}"

    @property
    def contract(self) -> Manifest:
        """What the release says of itself."""
        return _contract_of(_Document(self.digest, self.manifest))

    def may_become(self, state: ReleaseState) -> bool:
        """Return whether a state may follow the present one."""
        return state in NEXT_STATES[self.state]


class StoredPackage(models.Model):
    """The bytes of a release's package, apart from its row: lists never read them."""

    release = models.OneToOneField(
        Release, on_delete=models.PROTECT, primary_key=True, related_name="package"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"package of {self.release_id}"


class Installation(models.Model):
    """One plugin in one tenant (ADR 21). What is secret of it is in `InstallationSecret`."""

    # A tenant's own role reads its own, at every request; the platform's role writes them.
    shared_privileges: ClassVar[tuple[str, ...]] = ("SELECT",)
    tenant_rows: ClassVar[str] = SCHEMA_OF_TENANT

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="installations")
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="installations")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="installations")
    # While UPGRADING, and while INSTALLING takes over what is kept: the release that it is
    # brought to, and what the tenant has agreed to for it.
    target = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, related_name="+")
    target_uses = models.JSONField(null=True)
    # While UPGRADING: the settings that count with the other release; the secret ones are kept
    # beside those that count now.
    target_settings = models.JSONField(null=True)
    state = models.CharField(
        max_length=20, choices=InstallationState.choices, default=InstallationState.INSTALLING
    )
    # While UPGRADING: what it is again when that has ended.
    state_before = models.CharField(
        max_length=20, choices=InstallationState.choices, blank=True, default="", db_default=""
    )
    # What of the host the tenant has agreed to, of what the manifest asks for.
    uses = models.JSONField(default=list)
    # Those that are not secret; what is not given has the manifest's default.
    settings = models.JSONField(default=dict)
    # The last run that changed it.
    run = models.ForeignKey(
        ProvisioningRun, on_delete=models.SET_NULL, null=True, related_name="installations"
    )
    installed_by = models.CharField(max_length=255)
    installed_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    # While UNINSTALLING: when its data goes; null: at once. While INSTALLING: such data is taken
    # over, and a failure leaves it as it was.
    purge_after = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["installed_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "plugin"], name="installation_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=InstallationState.values),
                name="installation_state_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["purge_after"],
                condition=models.Q(purge_after__isnull=False),
                name="installation_purge_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin_id} in {self.tenant_id}"

    @property
    def is_enabled(self) -> bool:
        """Whether it is served."""
        return self.state == InstallationState.ENABLED

    @property
    def is_kept(self) -> bool:
        """Whether it is uninstalled, and its data is kept for a while."""
        return self.state == InstallationState.UNINSTALLING and self.purge_after is not None

    @property
    def is_being_purged(self) -> bool:
        """Whether it is uninstalled, and its data goes, or is about to be tried again to go."""
        return self.state == InstallationState.UNINSTALLING and self.purge_after is None

    @property
    def schema_name(self) -> str:
        """The PostgreSQL schema with its tables."""
        return f"{self.tenant.schema_name}__{self.plugin.slug.replace('-', '_')}"

    @property
    def database_role(self) -> str:
        """The PostgreSQL role that reaches its schema, and nothing else."""
        return role_name(f"p_{self.pk.hex}")


class InstallationSecret(models.Model):
    """A secret of an installation, encrypted at rest: its database password, secret settings."""

    installation = models.ForeignKey(Installation, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=100)
    ciphertext = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["installation", "name"], name="installation_secret_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.installation_id}/{self.name}"


class Backend(models.Model):
    """A release as it runs, for all tenants that have it (ADR 21). The agent writes most of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="backend")
    is_wanted = models.BooleanField(default=True)
    state = models.CharField(
        max_length=20, choices=BackendState.choices, default=BackendState.STOPPED
    )
    runtime = models.CharField(max_length=20, blank=True)
    # Host and port or the path of a door, and how the runtime finds again what it has started;
    # empty while it does not run.
    address = models.CharField(max_length=100, blank=True)
    handle = models.CharField(max_length=200, blank=True)
    # What signs its contexts, encrypted; a new one at each start.
    ciphertext = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    # While WAITING: when it is started again.
    retry_at = models.DateTimeField(null=True)
    # When it ended without being asked to, newest last: as many as count for the quarantine.
    crashes = models.JSONField(default=list)
    restarts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    log_tail = models.TextField(blank=True)
    # Of a release that somebody develops: their own process answers until then, and the agent has
    # nothing to do with it.
    attached_until = models.DateTimeField(null=True)
    # When the agent last looked.
    seen_at = models.DateTimeField(null=True)

    # As `plugins.backend_selectors.list_backends` counts them.
    tenant_count: int

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=BackendState.values), name="backend_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"backend of {self.release_id}"
