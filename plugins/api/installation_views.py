"""Who has a plugin, by the console's API."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.rbac.permissions import PLUGINS_VIEW
from plugins.installations import list_installations
from plugins.models import MAX_NAME_LENGTH, Installation
from plugins.selectors import get_plugin
from plugins.states import InstallationState
from tenants.api import schema
from tenants.api.base import TenantAPIView, answer_page, guarded, read_query
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.pages import PageQuerySerializer

_SLUG = OpenApiParameter(
    "slug", str, OpenApiParameter.PATH, description="The plugin's short name, such as `hello`."
)


class InstallationQuerySerializer(PageQuerySerializer):
    """Which installations are asked for."""

    search = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_NAME_LENGTH,
        help_text="Part of a tenant's slug or name.",
    )


class TenantInstallationSerializer(serializers.ModelSerializer[Installation]):
    """What a tenant has of a plugin."""

    tenant = serializers.CharField(source="tenant.slug", read_only=True)
    plugin = serializers.CharField(source="plugin.slug", read_only=True)
    version = serializers.CharField(source="release.version", read_only=True)
    state = serializers.ChoiceField(choices=InstallationState.choices, read_only=True)
    uses = serializers.ListField(child=serializers.CharField(), read_only=True)
    purge_after = serializers.DateTimeField(read_only=True, allow_null=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)

    class Meta:
        model = Installation
        fields = (
            "id", "tenant", "plugin", "version", "state", "uses", "installed_by", "installed_at",
            "purge_after", "run",
        )  # fmt: skip
        read_only_fields = fields


class TenantInstallationPageSerializer(serializers.Serializer[Any]):
    """A page of installations."""

    next = serializers.URLField(allow_null=True, help_text="The page after this one.")
    previous = serializers.URLField(allow_null=True, help_text="The page before this one.")
    results = TenantInstallationSerializer(many=True)


@guarded(get=PLUGINS_VIEW)
class PluginInstallationsView(TenantAPIView):
    """The tenants that have a plugin."""

    @extend_schema(
        operation_id="list_plugin_installations",
        summary="List who has a plugin, the newest installation first",
        tags=["plugins"],
        parameters=[_SLUG, InstallationQuerySerializer],
        responses={200: TenantInstallationPageSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a page of installations."""
        wanted = read_query(InstallationQuerySerializer, request)
        found = list_installations(plugin=get_plugin(slug=slug), search=wanted["search"])
        return answer_page(
            request,
            found.order_by("-installed_at", "-id"),
            TenantInstallationSerializer,
            wanted,
            ordering="-installed_at",
        )
