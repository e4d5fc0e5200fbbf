"""What comes into a workspace's API, and what goes out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plexica.identity.models import ServiceAccount, ServiceAccountState, UserKind
from plexica.rbac.models import MAX_DESCRIPTION_LENGTH, MAX_KEY_LENGTH, MAX_NAME_LENGTH
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.strict import StrictSerializer


class TenantSerializer(serializers.Serializer[Any]):
    """The workspace's tenant."""

    slug = serializers.CharField()
    name = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Whom a token stands for, and what they may do."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=UserKind.choices)
    name = serializers.CharField(help_text="What people call them.")
    tenant = TenantSerializer()
    roles = serializers.ListField(
        child=serializers.CharField(), help_text="The keys of the roles that they hold."
    )
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="The keys of the permissions that these give."
    )


# The schema tells the services' rules; they themselves are checked by the services.
@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH})
class NameField(TextField):
    """What people call it."""


@extend_schema_field({"type": "string", "maxLength": MAX_DESCRIPTION_LENGTH})
class DescriptionField(TextField):
    """What it is for."""


def _roles(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=TextField(max_length=MAX_KEY_LENGTH),
        max_length=100,
        help_text="The keys of the roles that it holds; you must hold what they grant.",
        **options,
    )


class ServiceAccountCreateSerializer(StrictSerializer):
    """A new service account."""

    name = NameField()
    description = DescriptionField(required=False, default="", allow_blank=True)
    roles = _roles(required=False, default=list)


class ServiceAccountUpdateSerializer(StrictSerializer):
    """What may change of a service account."""

    name = NameField(required=False)
    description = DescriptionField(required=False, allow_blank=True)
    roles = _roles(required=False)


class ServiceAccountSerializer(serializers.ModelSerializer[ServiceAccount]):
    """A service account."""

    id = serializers.UUIDField(source="pk", read_only=True)
    state = serializers.ChoiceField(
        choices=[
            (state.value, state.label)
            for state in (ServiceAccountState.ACTIVE, ServiceAccountState.REVOKED)
        ],
        read_only=True,
    )
    client_id = serializers.CharField(
        read_only=True, help_text="What it calls itself when it asks the realm for a token."
    )
    roles = serializers.SerializerMethodField(
        help_text="The keys of the roles that it holds itself."
    )
    is_client_left = serializers.BooleanField(
        read_only=True,
        help_text="Whether it is refused already while its client in the realm still has to be"
        " removed.",
    )
    secret_rotated_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Tokens that were given before are refused."
    )

    class Meta:
        model = ServiceAccount
        fields = (
            "id", "name", "description", "client_id", "state", "roles", "created_by", "created_at",
            "secret_rotated_at", "revoked_at", "is_client_left",
        )  # fmt: skip
        read_only_fields = fields

    def get_roles(self, account: ServiceAccount) -> list[str]:
        """Return the keys of the roles that it holds itself."""
        return sorted(assignment.role.key for assignment in account.user.role_assignments.all())


class ServiceAccountPageSerializer(serializers.Serializer[Any]):
    """A page of service accounts."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")
    results = ServiceAccountSerializer(many=True)


class IssuedSecretSerializer(serializers.Serializer[Any]):
    """A service account with its secret, which is shown this once."""

    account = ServiceAccountSerializer()
    secret = serializers.CharField(help_text="Keep it: it is shown this once.")
    token_url = serializers.URLField(
        help_text="Where it gets its tokens by client credentials (RFC 6749, section 4.4)."
    )
