"""What comes in and what goes out, in shapes; values are the services' business."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plugins.models import (
    MAX_NAME_LENGTH,
    MAX_REASON_LENGTH,
    Backend,
    Plugin,
    Release,
    TrustedKey,
)
from plugins.selectors import ORDERINGS
from plugins.states import BackendState, ReleaseState
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import StrictSerializer


@extend_schema_field({"type": "string", "enum": ReleaseState.values})
class ReleaseStateField(TextField):
    """A release's state."""


@extend_schema_field({"type": "string", "enum": list(ORDERINGS)})
class PluginOrderingField(TextField):
    """What a list of plugins is ordered by."""


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH})
class KeyNameField(TextField):
    """Whose a key is."""


@extend_schema_field({"type": "string", "maxLength": MAX_REASON_LENGTH})
class ReasonField(TextField):
    """Why something is done."""


class PluginQuerySerializer(PageQuerySerializer):
    """Which plugins are asked for."""

    search = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_NAME_LENGTH,
        help_text="Part of a name, a slug or an author's name, whatever its case.",
    )
    state = serializers.ListField(
        child=ReleaseStateField(),
        required=False,
        default=list,
        help_text="Only plugins whose current release is in one of these states.",
    )
    ordering = PluginOrderingField(required=False, default="name")


class ReleaseReasonSerializer(StrictSerializer):
    """Why a release is deprecated or withdrawn; the body may be empty."""

    reason = ReasonField(
        required=False, default="", allow_blank=True, help_text="For those who have the release."
    )


class KeyCreateSerializer(StrictSerializer):
    """A key to trust."""

    name = KeyNameField(help_text="Whose it is.")
    public_key = TextField(help_text="The line of a `.pub` file.")


class KeySerializer(serializers.ModelSerializer[TrustedKey]):
    """A key of the platform's list."""

    is_trusted = serializers.BooleanField(read_only=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = TrustedKey
        fields = (
            "id", "name", "public_key", "fingerprint", "is_trusted", "added_at", "added_by",
            "revoked_at", "revoked_by",
        )  # fmt: skip
        read_only_fields = fields


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """A release."""

    url = serializers.SerializerMethodField()
    plugin = serializers.SlugRelatedField[Plugin](slug_field="slug", read_only=True)
    state = serializers.ChoiceField(choices=ReleaseState.choices, read_only=True)
    key = KeySerializer(read_only=True, help_text="The key that signed it.")
    manifest = serializers.SerializerMethodField()
    published_at = serializers.DateTimeField(read_only=True, allow_null=True)
    deprecated_at = serializers.DateTimeField(read_only=True, allow_null=True)
    withdrawn_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Release
        fields = (
            "id", "url", "plugin", "version", "state", "reason", "digest", "size", "key",
            "manifest", "registered_at", "registered_by", "published_at", "deprecated_at",
            "withdrawn_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_url(self, release: Release) -> str:
        """Return the release's own address."""
        return release_address(release)

    @extend_schema_field(
        {
            "type": "object",
            "additionalProperties": True,
            "description": "The manifest, as docs/plugins/manifest.md describes it.",
        }
    )
    def get_manifest(self, release: Release) -> dict[str, Any]:
        """Return what the release says of itself."""
        return dict(release.manifest)


class PluginSerializer(serializers.ModelSerializer[Plugin]):
    """A plugin, as its current release describes it."""

    url = serializers.SerializerMethodField()
    version = serializers.CharField(
        source="current.version", read_only=True, help_text="Of the current release."
    )
    state = serializers.ChoiceField(
        source="current.state",
        choices=ReleaseState.choices,
        read_only=True,
        help_text="Of the current release.",
    )

    class Meta:
        model = Plugin
        fields = (
            "id", "url", "slug", "name", "author", "version", "state", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_url(self, plugin: Plugin) -> str:
        """Return the plugin's own address."""
        return _address("plugins_api:plugin", slug=plugin.slug)


class _PageSerializer(serializers.Serializer[Any]):
    """A page of a list."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")


class PluginPageSerializer(_PageSerializer):
    """A page of plugins."""

    results = PluginSerializer(many=True)


class ReleasePageSerializer(_PageSerializer):
    """A page of releases."""

    results = ReleaseSerializer(many=True)


class KeyPageSerializer(_PageSerializer):
    """A page of keys."""

    results = KeySerializer(many=True)


def release_address(release: Release) -> str:
    """Return the address of a release."""
    return _address("plugins_api:release", slug=release.plugin.slug, version=release.version)


def _address(name: str, **parts: object) -> str:
    path = reverse(name, urlconf=settings.PUBLIC_SCHEMA_URLCONF, kwargs=parts)
    return f"{settings.PLEXICA_CONSOLE_URL}{path}"


class BackendSerializer(serializers.ModelSerializer[Backend]):
    """A release as it runs."""

    plugin = serializers.CharField(source="release.plugin.slug", read_only=True)
    version = serializers.CharField(source="release.version", read_only=True)
    state = serializers.ChoiceField(choices=BackendState.choices, read_only=True)
    is_wanted = serializers.BooleanField(
        read_only=True, help_text="Whether an installation needs it."
    )
    is_unconfined = serializers.SerializerMethodField(
        help_text="Whether it may run without an OS user of its own."
    )
    crashes = serializers.ListField(
        child=serializers.DateTimeField(),
        read_only=True,
        help_text="When it ended by itself, of the last hour.",
    )
    log = serializers.CharField(
        source="log_tail", read_only=True, help_text="The end of what it has written."
    )
    started_at = serializers.DateTimeField(read_only=True, allow_null=True)
    ready_at = serializers.DateTimeField(read_only=True, allow_null=True)
    retry_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When it is started again."
    )
    seen_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When the plugin agent has looked last."
    )

    class Meta:
        model = Backend
        fields = (
            "id", "plugin", "version", "state", "is_wanted", "is_unconfined", "runtime", "address",
            "started_at", "ready_at", "retry_at", "restarts", "crashes", "last_error", "seen_at",
            "log",
        )  # fmt: skip
        read_only_fields = fields

    def get_is_unconfined(self, backend: Backend) -> bool:
        """Return whether it may run without an OS user of its own."""
        return backend.release.unconfined_at is not None
