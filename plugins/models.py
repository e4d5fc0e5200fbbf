import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from plexica_sdk.manifest import Manifest, manifest_of
from plexica_sdk.versions import MAX_LENGTH as MAX_VERSION_LENGTH
from plugins.states import NEXT_STATES, ReleaseState

MAX_SLUG_LENGTH = 24
MAX_NAME_LENGTH = 100
MAX_REASON_LENGTH = 500
# SHA-256 in hexadecimal digits.
DIGEST_LENGTH = 64


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
        return manifest_of(self.manifest)

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
