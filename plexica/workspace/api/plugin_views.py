"""The plugins of a workspace, by API."""

from typing import Any

from django.http import FileResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.identity.actors import actor_of
from plexica.rbac.permissions import INSTALLATIONS_MANAGE, INSTALLATIONS_VIEW
from plexica.workspace.api.plugin_serializers import (
    PluginDetailsSerializer,
    PluginInstallSerializer,
    PluginSettingsSerializer,
    PluginUninstallSerializer,
    PluginUpgradeSerializer,
    WorkspacePluginsSerializer,
)
from plugins.details import get_plugin_details
from plugins.exporting import export_installation
from plugins.installations import get_installation, list_catalogue
from plugins.installing import (
    change_settings,
    disable_installation,
    dismiss_failed,
    enable_installation,
    install_plugin,
    uninstall_installation,
    upgrade_installation,
)
from plugins.models import Installation
from tenants.api import schema
from tenants.api.base import TenantAPIView, guarded, read_body, read_query
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer
from tenants.requests import tenant_of

_TAGS = ["plugins"]
_SLUG = OpenApiParameter(
    "slug", str, OpenApiParameter.PATH, description="The plugin's short name, such as `hello`."
)
_BEGUN: dict[Any, Any] = {
    202: OpenApiResponse(
        PluginDetailsSerializer,
        description="It has begun. Ask for the plugin again to see how far it is.",
    ),
    **schema.problems(404, 409, 413, 415),
}
_DONE: dict[Any, Any] = {200: PluginDetailsSerializer, **schema.problems(404, 409, 413, 415)}


@guarded(get=INSTALLATIONS_VIEW)
class PluginListView(TenantAPIView):
    """The plugins that the workspace has, and those that it could have."""

    @extend_schema(
        operation_id="list_plugins",
        summary="List the plugins that the workspace has, and those that it could have",
        tags=_TAGS,
        responses={200: WorkspacePluginsSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return them, by name."""
        read_query(QuerySerializer, request)
        found = {"results": list_catalogue(tenant=tenant_of(request))}
        return Response(WorkspacePluginsSerializer(found).data)


class _PluginView(TenantAPIView):
    def found(self, slug: str) -> Installation:
        """Return what the workspace has of a plugin."""
        return get_installation(tenant=tenant_of(self.request), slug=slug)

    def answer(self, slug: str, *, status: int = 200) -> Response:
        """Return the plugin as it is now."""
        details = get_plugin_details(tenant=tenant_of(self.request), slug=slug)
        headers = {}
        if status == 202:  # noqa: PLR2004 (HTTP's)
            headers["Location"] = reverse("workspace_api:plugin", kwargs={"slug": slug})
        return Response(PluginDetailsSerializer(details).data, status=status, headers=headers)


@guarded(get=INSTALLATIONS_VIEW)
class PluginView(_PluginView):
    """One plugin."""

    @extend_schema(
        operation_id="get_plugin",
        summary="Get a plugin, with what it asks for, how it is set, and its last run",
        tags=_TAGS,
        parameters=[_SLUG],
        responses={200: PluginDetailsSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return a plugin."""
        read_query(QuerySerializer, request)
        return self.answer(slug)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginInstallView(_PluginView):
    """Installing a plugin."""

    @extend_schema(
        operation_id="install_plugin",
        summary="Install a plugin",
        description="Sending it agrees to what the release asks for, which `uses` has to name. A"
        " plugin whose data is kept since it was uninstalled takes that over.",
        tags=_TAGS,
        request=PluginInstallSerializer,
        parameters=[_SLUG, schema.answer_header("Location", "The plugin.", statuses=(202,))],
        responses=_BEGUN,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Begin to install it."""
        values = read_body(PluginInstallSerializer, request)
        install_plugin(tenant=tenant_of(request), slug=slug, actor=actor_of(request), **values)
        return self.answer(slug, status=202)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginUpgradeView(_PluginView):
    """Bringing a plugin to a newer release."""

    @extend_schema(
        operation_id="upgrade_plugin",
        summary="Bring a plugin to a newer release; if that fails, the old one is back",
        tags=_TAGS,
        request=PluginUpgradeSerializer,
        parameters=[_SLUG, schema.answer_header("Location", "The plugin.", statuses=(202,))],
        responses=_BEGUN,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Begin to upgrade it."""
        values = read_body(PluginUpgradeSerializer, request)
        upgrade_installation(installation=self.found(slug), actor=actor_of(request), **values)
        return self.answer(slug, status=202)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginUninstallView(_PluginView):
    """Uninstalling a plugin."""

    @extend_schema(
        operation_id="uninstall_plugin",
        summary="Uninstall a plugin, and keep its data for a while or not",
        tags=_TAGS,
        request=PluginUninstallSerializer,
        parameters=[_SLUG, schema.answer_header("Location", "The plugin.", statuses=(202,))],
        responses=_BEGUN,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Begin to uninstall it."""
        purge = read_body(PluginUninstallSerializer, request)["purge"]
        uninstall_installation(installation=self.found(slug), purge=purge, actor=actor_of(request))
        return self.answer(slug, status=202)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginEnableView(_PluginView):
    """Switching a plugin on."""

    @extend_schema(
        operation_id="enable_plugin",
        summary="Serve a plugin, from the next request on",
        tags=_TAGS,
        request=EmptySerializer,
        parameters=[_SLUG],
        responses=_DONE,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Enable it."""
        read_body(EmptySerializer, request)
        enable_installation(installation=self.found(slug), actor=actor_of(request))
        return self.answer(slug)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginDisableView(_PluginView):
    """Switching a plugin off."""

    @extend_schema(
        operation_id="disable_plugin",
        summary="Serve a plugin no more, from the next request on; nothing of it is lost",
        tags=_TAGS,
        request=EmptySerializer,
        parameters=[_SLUG],
        responses=_DONE,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Disable it."""
        read_body(EmptySerializer, request)
        disable_installation(installation=self.found(slug), actor=actor_of(request))
        return self.answer(slug)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginDismissView(_PluginView):
    """Putting away an installation that failed."""

    @extend_schema(
        operation_id="dismiss_plugin",
        summary="Put away an installation that could not be made",
        tags=_TAGS,
        request=EmptySerializer,
        parameters=[_SLUG],
        responses={204: None, **schema.problems(404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Put it away."""
        read_body(EmptySerializer, request)
        dismiss_failed(installation=self.found(slug), actor=actor_of(request))
        return Response(status=204)


@guarded(post=INSTALLATIONS_MANAGE)
class PluginExportView(_PluginView):
    """Taking a plugin's data away."""

    @extend_schema(
        operation_id="export_plugin",
        summary="Get all that a plugin has, as one file",
        description="A ZIP file with the tables as CSV, the files, and the settings that are not"
        " secret, whatever the caller may see in the plugin itself.",
        tags=_TAGS,
        request=EmptySerializer,
        parameters=[_SLUG],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **schema.problems(404, 409, 413, 415, 503),
        },
    )
    def post(self, request: Request, slug: str) -> FileResponse:
        """Return the file."""
        read_body(EmptySerializer, request)
        export = export_installation(installation=self.found(slug), actor=actor_of(request))
        return FileResponse(
            export.file, as_attachment=True, filename=export.name, content_type="application/zip"
        )


@guarded(patch=INSTALLATIONS_MANAGE)
class PluginSettingsView(_PluginView):
    """How a plugin is set."""

    @extend_schema(
        operation_id="change_plugin_settings",
        summary="Change some of a plugin's settings",
        tags=_TAGS,
        request=PluginSettingsSerializer,
        parameters=[_SLUG],
        responses=_DONE,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given."""
        values = read_body(PluginSettingsSerializer, request)["settings"]
        change_settings(installation=self.found(slug), values=values, actor=actor_of(request))
        return self.answer(slug)
