"""The permissions of a workspace, and why somebody holds one, by API."""

from typing import TYPE_CHECKING, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.identity.selectors import get_person
from plexica.rbac.api import IsKnown
from plexica.rbac.engine import snapshot_of
from plexica.rbac.explain import explain
from plexica.rbac.explain_api import ExplanationSerializer, render_explanation
from plexica.rbac.permissions import ROLES_VIEW
from plexica.rbac.refusals import refusal
from plexica.rbac.registry import Audience, list_definitions
from plexica.workspace.api.role_serializers import (
    OwnExplainQuerySerializer,
    PermissionListSerializer,
)
from tenants.api import schema
from tenants.api.base import TenantAPIView, guarded, read_query
from tenants.api.serializers.strict import QuerySerializer

if TYPE_CHECKING:
    from plexica.identity.models import User


@guarded(get=ROLES_VIEW)
class PermissionListView(TenantAPIView):
    """All permissions."""

    @extend_schema(
        operation_id="list_permissions",
        summary="List the permissions that there are",
        tags=["permissions"],
        responses={200: PermissionListSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return what roles of a workspace can give."""
        read_query(QuerySerializer, request)
        found = {"results": list_definitions(Audience.TENANT)}
        return Response(PermissionListSerializer(found).data)


class ExplainView(TenantAPIView):
    """Why somebody holds a permission."""

    permission_classes = [IsKnown]

    @extend_schema(
        operation_id="explain_permission",
        summary="Why may somebody do something, or why not?",
        description="The roles, groups and grants that decide, and what would change it. Everybody"
        " may ask about themselves.",
        tags=["permissions"],
        parameters=[OwnExplainQuerySerializer],
        responses={200: ExplanationSerializer, **schema.problems(404, 409)},
    )
    def get(self, request: Request) -> Response:
        """Return why."""
        wanted = read_query(OwnExplainQuerySerializer, request)
        asking = cast("User", request.user)
        user = asking
        if wanted["user"] and wanted["user"] != str(asking.pk):
            held = snapshot_of(asking)
            # Before anything is looked for: whether there is somebody is not for everybody either.
            if not held.allows(ROLES_VIEW):
                raise refusal(held=held, permission=ROLES_VIEW)
            user = get_person(reference=wanted["user"])
        found = explain(user=user, permission=wanted["permission"])
        return Response(render_explanation(found, user))
