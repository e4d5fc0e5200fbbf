"""The API by which `plexica-plugin dev` works: in the local environment only (ADR 21).

It is no part of the described API; whoever is not on such a platform finds nothing here.
"""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.rbac.permissions import PLUGINS_MANAGE
from plugins.api.parsers import PackageParser
from plugins.developing import (
    begin_development,
    check_allowed,
    end_development,
    install_developed,
    keep_development,
)
from plugins.models import Installation
from plugins.selectors import get_plugin, get_release
from plugins.states import InstallationState
from tenants.api.base import TenantAPIView, actor_of, guarded, read_body, read_query
from tenants.api.serializers.fields import TextField
from tenants.api.serializers.strict import QuerySerializer, StrictSerializer
from tenants.selectors import get_tenant

_MIN_PORT, _MAX_PORT = 1024, 65535
_UNDER_WAY = (
    InstallationState.INSTALLING,
    InstallationState.UPGRADING,
    InstallationState.UNINSTALLING,
)


class PortSerializer(QuerySerializer):
    """Where a process is going to listen."""

    port = serializers.IntegerField(min_value=_MIN_PORT, max_value=_MAX_PORT)


class WhereSerializer(StrictSerializer):
    """In which tenant."""

    tenant = TextField(max_length=63)


class InstallSerializer(WhereSerializer):
    """In which tenant, with which settings."""

    settings: Any = serializers.DictField(required=False, default=dict)


@extend_schema(exclude=True)
@guarded(post=PLUGINS_MANAGE)
class DevelopmentView(TenantAPIView):
    """Beginning."""

    parser_classes = (PackageParser,)

    def post(self, request: Request) -> Response:
        """Take a package, and tell what its process has to know."""
        check_allowed()
        port = read_query(PortSerializer, request)["port"]
        if not isinstance(request.data, bytes):
            raise ParseError("The body is empty: send the package.")
        attached = begin_development(content=request.data, port=port, actor=actor_of(request))
        release = attached.release
        return Response(
            {
                "plugin": release.plugin.slug,
                "version": release.version,
                "variables": dict(attached.variables),
            },
            status=201,
        )


@extend_schema(exclude=True)
@guarded(post=PLUGINS_MANAGE)
class DevelopedReleaseView(TenantAPIView):
    """Going on."""

    def post(self, request: Request, slug: str, version: str) -> Response:
        """Take note that the process is there, and tell how the tenant's installation is."""
        check_allowed()
        wanted = read_body(WhereSerializer, request)
        release = get_release(slug=slug, version=version)
        keep_development(release=release)
        tenant = get_tenant(slug=wanted["tenant"])
        found = Installation.objects.filter(tenant=tenant, plugin=release.plugin)
        installation = found.select_related("release", "run", "tenant").first()
        return Response(_status(installation, slug) if installation else None)


@extend_schema(exclude=True)
@guarded(post=PLUGINS_MANAGE)
class DevelopedInstallationView(TenantAPIView):
    """Installing."""

    def post(self, request: Request, slug: str, version: str) -> Response:
        """Begin to install a release in a tenant, or to bring it to the release."""
        check_allowed()
        wanted = read_body(InstallSerializer, request)
        install_developed(
            release=get_release(slug=slug, version=version),
            tenant=get_tenant(slug=wanted["tenant"]),
            settings=wanted["settings"],
            actor=actor_of(request),
        )
        return Response(status=202)


@extend_schema(exclude=True)
@guarded(delete=PLUGINS_MANAGE)
class DevelopedPluginView(TenantAPIView):
    """Ending."""

    def delete(self, request: Request, slug: str) -> Response:
        """Take all back that was developed; 202 until it is done."""
        check_allowed()
        is_done = end_development(plugin=get_plugin(slug=slug), actor=actor_of(request))
        return Response(status=204 if is_done else 202)


def _status(installation: Installation, slug: str) -> dict[str, Any]:
    run = installation.run
    return {
        "state": installation.state,
        "version": installation.release.version,
        "is_under_way": installation.state in _UNDER_WAY,
        "error": run.error_message if run is not None else "",
        "url": f"{installation.tenant.workspace_url}/x/{slug}/",
    }
