"""What the platform's API says of its staff, beside what `tenants.api` says of tenants."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.identity.selectors import get_person
from plexica.rbac.explain import explain
from plexica.rbac.explain_api import (
    ExplainQuerySerializer,
    ExplanationSerializer,
    render_explanation,
)
from plexica.rbac.permissions import STAFF_VIEW
from tenants.api import schema
from tenants.api.base import TenantAPIView, guarded, read_query


@guarded(get=STAFF_VIEW)
class ExplainView(TenantAPIView):
    """Why somebody of the staff holds a permission."""

    @extend_schema(
        operation_id="explain_permission",
        summary="Why may somebody of the staff do something, or why not?",
        description="By the roles that they have in the console. A program of the platform's realm"
        " has only those that its token names.",
        tags=["permissions"],
        parameters=[ExplainQuerySerializer],
        responses={200: ExplanationSerializer, **schema.problems(404, 409)},
    )
    def get(self, request: Request) -> Response:
        """Return why."""
        wanted = read_query(ExplainQuerySerializer, request)
        user = get_person(reference=wanted["user"])
        found = explain(user=user, permission=wanted["permission"])
        return Response(render_explanation(found, user))
