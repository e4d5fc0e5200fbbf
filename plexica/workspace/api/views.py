"""The views of a workspace's API. Each parses, makes one call, and renders."""

from typing import TYPE_CHECKING, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.rbac.api import IsKnown
from plexica.rbac.engine import permissions_of, snapshot_of
from plexica.workspace.api.serializers import MeSerializer
from tenants.api import schema
from tenants.api.base import TenantAPIView, read_query
from tenants.api.serializers.strict import QuerySerializer
from tenants.requests import tenant_of

if TYPE_CHECKING:
    from plexica.identity.models import User


class MeView(TenantAPIView):
    """The caller."""

    permission_classes = [IsKnown]

    @extend_schema(
        operation_id="get_me",
        summary="Who am I, and what may I do?",
        tags=["me"],
        responses={200: MeSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return whom the token stands for."""
        read_query(QuerySerializer, request)
        user = cast("User", request.user)
        found = {
            "id": user.id,
            "kind": user.kind,
            "name": str(user),
            "tenant": tenant_of(request),
            "roles": sorted(snapshot_of(user).roles),
            "permissions": sorted(permissions_of(user)),
        }
        return Response(MeSerializer(found).data)
