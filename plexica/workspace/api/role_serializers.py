"""Roles and groups, as they come into a workspace's API and as they go out."""

from typing import Any

from rest_framework import serializers

from plexica.identity.selectors import MAX_REFERENCE_LENGTH
from plexica.rbac.custom_roles import MAX_GRANTS
from plexica.rbac.explain_api import ExplainQuerySerializer, PersonSerializer
from plexica.rbac.keys import MAX_LENGTH
from plexica.rbac.models import Group, Role
from plexica.workspace.api.serializers import DescriptionField, NameField
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.strict import StrictSerializer


def _grants(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=TextField(max_length=MAX_LENGTH),
        max_length=MAX_GRANTS,
        help_text="Keys of permissions, or patterns such as `crm:*`, of what you hold.",
        **options,
    )


class OwnExplainQuerySerializer(ExplainQuerySerializer):
    """About whom and what somebody asks; about themselves unless they say otherwise."""

    user = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_REFERENCE_LENGTH,
        help_text="The id of a person or service account, or a person's e-mail address; yourself if"
        " it is left out. Others than yourself need `core:roles:view`.",
    )


class PermissionSerializer(serializers.Serializer[Any]):
    """A permission that there is."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the framework has a property of this name
    description = serializers.CharField()


class PermissionListSerializer(serializers.Serializer[Any]):
    """All permissions that there are."""

    results = PermissionSerializer(many=True)


class RoleCreateSerializer(StrictSerializer):
    """A new role of the workspace's own."""

    name = NameField()
    description = DescriptionField(required=False, default="", allow_blank=True)
    grants = _grants(required=False, default=list)


class RoleUpdateSerializer(StrictSerializer):
    """What may change of a role."""

    name = NameField(required=False)
    description = DescriptionField(required=False, allow_blank=True)
    grants = _grants(required=False)
    seen_at = serializers.DateTimeField(
        required=False,
        help_text="The `updated_at` of the role as you know it; if it has changed since, the answer"
        " is 409 and nothing is changed.",
    )


class RolePreviewSerializer(StrictSerializer):
    """What a role might give."""

    grants = _grants()


class RoleSerializer(serializers.ModelSerializer[Role]):
    """A role."""

    grants = serializers.SerializerMethodField(help_text="The keys and patterns that it gives.")
    is_system = serializers.BooleanField(
        read_only=True, help_text="Whether it came with Plexica, and so is not changed."
    )

    class Meta:
        model = Role
        fields = (
            "key", "name", "description", "is_system", "grants", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_grants(self, role: Role) -> list[str]:
        """Return what it gives."""
        return sorted(grant.permission for grant in role.grants.all())


class _PageSerializer(serializers.Serializer[Any]):
    """A page of a list."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")


class RolePageSerializer(_PageSerializer):
    """A page of roles."""

    results = RoleSerializer(many=True)


class PeoplePageSerializer(_PageSerializer):
    """A page of people and service accounts."""

    results = PersonSerializer(many=True)


class EffectSerializer(serializers.Serializer[Any]):
    """What a change of a role would mean to one person."""

    user = PersonSerializer()
    gained = serializers.ListField(child=serializers.CharField(), help_text="Keys of permissions.")
    lost = serializers.ListField(child=serializers.CharField(), help_text="Keys of permissions.")


class PreviewSerializer(serializers.Serializer[Any]):
    """What a change of a role would mean; nothing is changed."""

    added = serializers.ListField(child=serializers.CharField(), help_text="What it would give.")
    removed = serializers.ListField(
        child=serializers.CharField(), help_text="What it would no longer give."
    )
    effects = EffectSerializer(
        many=True, help_text="Whom it would mean something to: a thousand at most, by address."
    )


class GroupCreateSerializer(StrictSerializer):
    """A new group."""

    name = NameField()
    description = DescriptionField(required=False, default="", allow_blank=True)


class GroupUpdateSerializer(StrictSerializer):
    """What may change of a group."""

    name = NameField(required=False)
    description = DescriptionField(required=False, allow_blank=True)


class GroupSerializer(serializers.ModelSerializer[Group]):
    """A group."""

    id = serializers.UUIDField(read_only=True)
    roles = serializers.SerializerMethodField(help_text="The keys of the roles that it gives.")
    member_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Group
        fields = (
            "id", "name", "description", "roles", "member_count", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_roles(self, group: Group) -> list[str]:
        """Return what it gives."""
        return sorted(assignment.role.key for assignment in group.role_assignments.all())


class GroupPageSerializer(_PageSerializer):
    """A page of groups."""

    results = GroupSerializer(many=True)
