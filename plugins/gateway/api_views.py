"""A plugin's API for programs: `/api/x/<plugin>/…`, with the workspace's own tokens."""

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from plexica.core.errors import NotFound
from plexica.identity.actors import viewer_of
from plexica.identity.models import User
from plexica.rbac.api import held_by
from plexica.rbac.engine import snapshot_of
from plexica.rbac.refusals import refusal
from plugins.gateway.bodies import check_length, read_body
from plugins.gateway.contexts import Caller, Via, permissions_held
from plugins.gateway.forwarding import Passage, forward
from plugins.gateway.headers import headers_to_backend
from plugins.gateway.ui import API_PREFIX
from plugins.gateway.views import find_route, handed_on
from tenants.requests import tenant_of


class HoldsWhatTheRouteNeeds(BasePermission):
    """Lets through who holds the permission of the route that their request takes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller is known.

        Raises:
            NotFound: No route leads there, or none that is for programs.
            PermissionMissing: They lack its permission.
        """
        if not isinstance(request.user, User):
            return False
        found = find_route(request._request, **view.kwargs)  # noqa: SLF001 (the framework has no other name for it)
        if not found[1].api:
            raise NotFound
        held = held_by(request.user)
        if held is None or not held.allows(found[1].permission):
            raise refusal(held=snapshot_of(request.user), permission=found[1].permission)
        return True


@extend_schema(exclude=True)
class PluginAPIView(APIView):
    """Hands a program's request on to a plugin's backend, and its answer back."""

    permission_classes = [HoldsWhatTheRouteNeeds]
    # Of a plugin's methods, its own documentation tells.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def _pass(self, request: Request, plugin: str, path: str = "") -> HttpResponseBase:
        plain = request._request  # noqa: SLF001 (its body is nobody's here but the backend's)
        check_length(plain)
        installed, _route = find_route(plain, plugin, path)
        user = viewer_of(request)
        passage = Passage(
            installed=installed,
            tenant=tenant_of(request),
            caller=Caller(user, permissions_held(installed.manifest, snapshot_of(user))),
            via=Via.API,
            method=plain.method or "",
            path=f"/{path}",
            query=plain.META.get("QUERY_STRING", ""),
            headers=headers_to_backend(plain.headers),
            body=read_body(plain),
            prefix=f"{API_PREFIX}{plugin}",
        )
        return handed_on(forward(passage), is_head=plain.method == "HEAD")

    get = post = put = patch = delete = _pass
