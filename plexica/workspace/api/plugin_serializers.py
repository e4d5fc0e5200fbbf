"""What comes in and goes out about a workspace's plugins, in shapes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plugins.details import InstallationDetails, OfferDetails, PluginDetails
from plugins.installations import CatalogueEntry
from plugins.limits import MAX_USES, MAX_VERSION_LENGTH
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.strict import StrictSerializer
from tenants.api.serializers.tenants_out import StepSerializer
from tenants.states import RunKind, RunState

_VALUES = {"type": "object", "additionalProperties": True}
_SECRETS = {"type": "object", "additionalProperties": {"type": "boolean"}}


@extend_schema_field(_VALUES)
class SettingsField(serializers.DictField):
    """Values of settings, by their names."""


@extend_schema_field(
    {"type": "string", "maxLength": MAX_VERSION_LENGTH, "description": "A version."}
)
class VersionField(TextField):
    """A release's version."""


class _UsesSerializer(StrictSerializer):
    version = VersionField(
        required=False, default="", allow_blank=True, max_length=MAX_VERSION_LENGTH
    )
    uses = serializers.ListField(
        child=TextField(max_length=50),
        max_length=MAX_USES,
        help_text="What of the workspace the plugin may use: all that the release asks for.",
    )


class PluginInstallSerializer(_UsesSerializer):
    """Which release is to be installed, and how."""

    settings = SettingsField(required=False, default=dict)


class PluginUpgradeSerializer(_UsesSerializer):
    """Which release an installation is to be brought to."""

    settings = SettingsField(
        required=False,
        default=dict,
        help_text="Values that count with that release; what is left out stays.",
    )


class PluginUninstallSerializer(StrictSerializer):
    """What becomes of the data."""

    purge = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Whether it goes at once; else it is kept for a while, and installing the plugin"
        " again takes it over.",
    )


class PluginSettingsSerializer(StrictSerializer):
    """Settings that are to change."""

    settings = SettingsField(
        help_text="What is left out stays; null takes a value away.",
    )


class WorkspaceRunSerializer(serializers.Serializer[Any]):
    """The last run that changed an installation."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=RunKind.choices)
    state = serializers.ChoiceField(choices=RunState.choices)
    failed_step = serializers.CharField()
    error = serializers.CharField(source="error_message")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class InstallationSerializer(serializers.ModelSerializer[Installation]):
    """What a workspace has of a plugin."""

    version = serializers.CharField(source="release.version", read_only=True)
    wanted_version = serializers.CharField(
        source="target.version",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The version that it is being brought to.",
    )
    state = serializers.ChoiceField(choices=InstallationState.choices, read_only=True)
    uses = serializers.ListField(child=serializers.CharField(), read_only=True)
    purge_after = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until when the data is kept."
    )
    run = WorkspaceRunSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Installation
        fields = (
            "id", "version", "wanted_version", "state", "uses", "installed_by", "installed_at",
            "purge_after", "run",
        )  # fmt: skip
        read_only_fields = fields


class WorkspacePluginSerializer(serializers.Serializer[CatalogueEntry]):
    """A plugin that the workspace has, or could have."""

    slug = serializers.CharField(source="plugin.slug")
    name = serializers.CharField(source="plugin.name")
    author = serializers.CharField(source="plugin.author")
    offered_version = serializers.CharField(
        source="offered.version",
        allow_null=True,
        default=None,
        help_text="The version that may be installed or upgraded to.",
    )
    refusal = serializers.CharField(
        help_text="Why that version does not work here, if it does not."
    )
    has_newer = serializers.BooleanField(
        help_text="Whether that version is newer than the one that is installed."
    )
    installation = InstallationSerializer(allow_null=True)


class WorkspacePluginsSerializer(serializers.Serializer[Any]):
    """The plugins that a workspace has, and those that it could have."""

    results = WorkspacePluginSerializer(many=True)


class AskedPermissionSerializer(serializers.Serializer[Any]):
    """A permission that a release adds."""

    key = serializers.CharField(source="permission.key")
    label = serializers.CharField(source="permission.label")  # type: ignore[assignment] # the framework has a property of this name
    description = serializers.CharField(source="permission.description")
    roles = serializers.ListField(child=serializers.CharField(), source="permission.roles")
    is_new = serializers.BooleanField()


class AskedUseSerializer(serializers.Serializer[Any]):
    """Something of the workspace that a release wants to use."""

    key = serializers.CharField()
    is_new = serializers.BooleanField()


class OfferSerializer(serializers.Serializer[OfferDetails]):
    """What the offered release asks for."""

    uses = AskedUseSerializer(many=True, source="consent.uses")
    permissions = AskedPermissionSerializer(many=True, source="consent.permissions")
    settings = SettingsField(help_text="Each as the manifest has it.")
    required_settings = serializers.ListField(
        child=serializers.CharField(), source="required", help_text="Those that have to be given."
    )
    missing_settings = serializers.ListField(
        child=serializers.CharField(),
        source="missing",
        help_text="Those of them that would have no value if nobody gave one.",
    )


@extend_schema_field(_SECRETS)
class SecretsField(serializers.DictField):
    """The names of secret settings, and whether each has a value."""


class InstallationSettingsSerializer(serializers.Serializer[InstallationDetails]):
    """How an installation is set, and how that came about."""

    definitions = SettingsField(help_text="Each as the manifest has it.")
    settings = SettingsField(help_text="Their values, without the secret ones.")
    secrets = SecretsField(help_text="Which secrets have a value. Nobody reads them back.")
    steps = StepSerializer(many=True, help_text="Those of the last run.")


class PluginDetailsSerializer(serializers.Serializer[PluginDetails]):
    """A plugin with everything that the workspace may know of it."""

    plugin = WorkspacePluginSerializer(source="entry")
    offer = OfferSerializer(allow_null=True)
    details = InstallationSettingsSerializer(allow_null=True, source="installation")
