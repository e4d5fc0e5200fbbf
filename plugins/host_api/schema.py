"""What OpenAPI is told of the host's API."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from tenants.api.schema import problems

TAGS = ["host"]

Method = TypeVar("Method", bound=Callable[..., Any])


class HostTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # drf-spectacular has few types
    """How backends say for which installation they ask."""

    target_class = "plugins.host_api.base.HostTokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 (the framework's signature)
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The host token of a request's context: opaque, for one installation,"
            " for ten minutes.",
        }


class TenantNamedSerializer(serializers.Serializer[Any]):
    """A tenant, as its plugins know it."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class InstallationSerializer(serializers.Serializer[Any]):
    """An installation."""

    id = serializers.UUIDField()
    plugin = serializers.CharField(help_text="The plugin's slug.")
    version = serializers.CharField()
    tenant = TenantNamedSerializer()
    uses = serializers.ListField(
        child=serializers.CharField(), help_text="What of the host the tenant has agreed to."
    )
    settings = serializers.DictField(help_text="By their names, with secrets and defaults.")


class CredentialSerializer(serializers.Serializer[Any]):
    """How the installation reaches its schema."""

    url = serializers.CharField(help_text="A PostgreSQL address with user and password.")
    schema = serializers.CharField()
    valid_until = serializers.DateTimeField(help_text="Ask again then, or when it is refused.")


class PersonNamedSerializer(serializers.Serializer[Any]):
    """One of the tenant's people."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField()
    is_active = serializers.BooleanField()


class PeopleSerializer(serializers.Serializer[Any]):
    """A page of people, by their ids."""

    results = PersonNamedSerializer(many=True)
    next = serializers.UUIDField(allow_null=True, help_text="What to send as `after`.")


class StoredFileSerializer(serializers.Serializer[Any]):
    """A file of the installation."""

    key = serializers.CharField()
    size = serializers.IntegerField()
    modified_at = serializers.DateTimeField()


class StoredFilesSerializer(serializers.Serializer[Any]):
    """A page of files, by their keys."""

    results = StoredFileSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="What to send as `after`.")


def described(
    operation: str,
    summary: str,
    *,
    responses: dict[Any, Any],
    errors: tuple[int, ...] = (),
    **more: Any,
) -> Callable[[Method], Method]:
    """Return the decorator that describes one method.

    Args:
        operation: The operation's id.
        summary: What it does.
        responses: Its answers.
        errors: The problems that it has beside those of every address.
        more: What else `extend_schema` takes.
    """
    decorate: Callable[[Method], Method] = extend_schema(
        operation_id=operation,
        summary=summary,
        tags=TAGS,
        responses={**responses, **problems(*errors)},
        **more,
    )
    return decorate
