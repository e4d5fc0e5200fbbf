"""The answer to "why?" for programs, in a workspace and in the console alike."""

from typing import Any

from rest_framework import serializers

from plexica.identity.models import User, UserKind
from plexica.identity.selectors import MAX_REFERENCE_LENGTH
from plexica.rbac.explain import Explanation
from plexica.rbac.keys import MAX_LENGTH
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.strict import QuerySerializer


class ExplainQuerySerializer(QuerySerializer):
    """About whom and what somebody asks."""

    user = TextField(
        max_length=MAX_REFERENCE_LENGTH,
        help_text="The id of a person or service account, or a person's e-mail address.",
    )
    permission = TextField(
        max_length=MAX_LENGTH, help_text="The permission's key, such as `core:roles:view`."
    )


class PersonSerializer(serializers.Serializer[User]):
    """A person, or a service account."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=UserKind.choices)
    name = serializers.CharField(source="__str__", help_text="What people call them.")
    email = serializers.CharField(help_text="Empty for a service account.")
    is_active = serializers.BooleanField(help_text="Who is not may do nothing.")


class RoleNameSerializer(serializers.Serializer[Any]):
    """A role, as others name it."""

    key = serializers.CharField()
    name = serializers.CharField()


class GroupNameSerializer(serializers.Serializer[Any]):
    """A group, as others name it."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class HoldingSerializer(serializers.Serializer[Any]):
    """A role that somebody holds, and the group that it comes by."""

    role = RoleNameSerializer()
    group = GroupNameSerializer(
        allow_null=True, help_text="The group that it comes by; null if they hold it themselves."
    )


class ReasonSerializer(HoldingSerializer):
    """One way by which somebody holds a permission."""

    grant = serializers.CharField(help_text="The key or pattern of the role that covers it.")


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why somebody may do something or may not, and what would change it."""

    permission = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment] # the framework has a property of this name
        source="definition.label",
        default="",
        help_text="What it lets one do; empty if no such permission is registered.",
    )
    user = PersonSerializer()
    is_allowed = serializers.BooleanField()
    reasons = ReasonSerializer(
        many=True,
        help_text="All ways by which they hold it, or would if they were active. They no longer"
        " hold it when all of them are closed.",
    )
    held = HoldingSerializer(many=True, help_text="All roles that they hold.")
    would_give = RoleNameSerializer(
        many=True, help_text="The roles that would give it to them, if nothing does yet."
    )
    groups_that_would = GroupNameSerializer(
        many=True, help_text="The groups that would, for those who are in them."
    )


def render_explanation(explanation: Explanation, user: User) -> Any:
    """Return an explanation as it goes out.

    Args:
        explanation: What was found out.
        user: Whom it is about.
    """
    found = {
        "permission": explanation.permission,
        "definition": explanation.definition,
        "user": user,
        "is_allowed": explanation.is_allowed,
        "reasons": explanation.reasons,
        "held": explanation.held,
        "would_give": explanation.would_give,
        "groups_that_would": explanation.groups_that_would,
    }
    return ExplanationSerializer(found).data
