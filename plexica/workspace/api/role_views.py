"""The roles of a workspace and who holds them, by API."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.identity.actors import actor_of
from plexica.identity.models import User
from plexica.identity.selectors import get_person
from plexica.rbac.custom_roles import create_role, delete_role, update_role
from plexica.rbac.explain import preview_role_change
from plexica.rbac.explain_api import PersonSerializer
from plexica.rbac.models import Role
from plexica.rbac.permissions import ROLES_ASSIGN, ROLES_MANAGE, ROLES_VIEW
from plexica.rbac.selectors import get_group, get_role, list_roles
from plexica.rbac.services import assign_role, withdraw_role
from plexica.workspace.api.role_serializers import (
    PeoplePageSerializer,
    PreviewSerializer,
    RoleCreateSerializer,
    RolePageSerializer,
    RolePreviewSerializer,
    RoleSerializer,
    RoleUpdateSerializer,
)
from tenants.api import schema
from tenants.api.base import TenantAPIView, answer_page, guarded, read_body, read_query
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer

ORDERING = "name"
PEOPLE_ORDERING = "email"
KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="The role's key.")
USER_ID = OpenApiParameter(
    "user_id", UUID, OpenApiParameter.PATH, description="The person's or service account's id."
)
GROUP_ID = OpenApiParameter("group_id", UUID, OpenApiParameter.PATH, description="The group's id.")
_GIVEN = OpenApiResponse(description="They hold it now.")
_TAKEN = OpenApiResponse(description="They do not hold it any more.")


@guarded(get=ROLES_VIEW, post=ROLES_MANAGE)
class RoleListView(TenantAPIView):
    """All roles."""

    @extend_schema(
        operation_id="list_roles",
        summary="List roles, by name",
        tags=["roles"],
        parameters=[PageQuerySerializer],
        responses={200: RolePageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of roles."""
        wanted = read_query(PageQuerySerializer, request)
        return answer_page(request, list_roles(), RoleSerializer, wanted, ordering=ORDERING)

    @extend_schema(
        operation_id="create_role",
        summary="Make a role of the workspace's own",
        tags=["roles"],
        request=RoleCreateSerializer,
        responses={201: RoleSerializer, **schema.problems(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Make a role."""
        values = read_body(RoleCreateSerializer, request)
        role = create_role(**values, actor=actor_of(request))
        return _show(role, status=201)


@guarded(get=ROLES_VIEW, patch=ROLES_MANAGE, delete=ROLES_MANAGE)
class RoleView(TenantAPIView):
    """One role."""

    @extend_schema(
        operation_id="get_role",
        summary="Get a role",
        tags=["roles"],
        parameters=[KEY],
        responses={200: RoleSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, key: str) -> Response:
        """Return a role."""
        read_query(QuerySerializer, request)
        return _show(get_role(key=key))

    @extend_schema(
        operation_id="update_role",
        summary="Change a role of the workspace's own",
        tags=["roles"],
        parameters=[KEY],
        request=RoleUpdateSerializer,
        responses={200: RoleSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change what is given of a role."""
        role = get_role(key=key)
        values = read_body(RoleUpdateSerializer, request)
        return _show(update_role(role=role, **values, actor=actor_of(request)))

    @extend_schema(
        operation_id="delete_role",
        summary="Delete a role that nobody holds",
        tags=["roles"],
        parameters=[KEY],
        responses={204: OpenApiResponse(description="It is gone."), **schema.problems(404, 409)},
    )
    def delete(self, request: Request, key: str) -> Response:
        """Delete a role."""
        read_query(QuerySerializer, request)
        delete_role(role=get_role(key=key), actor=actor_of(request))
        return Response(status=204)


@guarded(post=ROLES_VIEW)
class RolePreviewView(TenantAPIView):
    """What a change of a role would mean."""

    @extend_schema(
        operation_id="preview_role",
        summary="What would other grants of a role mean to those who hold it?",
        description="Nothing is changed.",
        tags=["roles"],
        parameters=[KEY],
        request=RolePreviewSerializer,
        responses={200: PreviewSerializer, **schema.problems(404, 413, 415)},
    )
    def post(self, request: Request, key: str) -> Response:
        """Return who would gain and lose what."""
        role = get_role(key=key)
        wanted = frozenset(read_body(RolePreviewSerializer, request)["grants"])
        present = frozenset(grant.permission for grant in role.grants.all())
        found = {
            "added": sorted(wanted - present),
            "removed": sorted(present - wanted),
            "effects": [
                {
                    "user": effect.user,
                    "gained": sorted(effect.gained),
                    "lost": sorted(effect.lost),
                }
                for effect in preview_role_change(role=role, grants=wanted)
            ],
        }
        return Response(PreviewSerializer(found).data)


@guarded(get=ROLES_VIEW)
class RolePeopleView(TenantAPIView):
    """Who holds a role themselves."""

    @extend_schema(
        operation_id="list_people_with_role",
        summary="List the people and service accounts that hold a role themselves",
        tags=["roles"],
        parameters=[KEY, PageQuerySerializer],
        responses={200: PeoplePageSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, key: str) -> Response:
        """Return a page of people."""
        wanted = read_query(PageQuerySerializer, request)
        people = User.objects.filter(role_assignments__role=get_role(key=key))
        return answer_page(request, people, PersonSerializer, wanted, ordering=PEOPLE_ORDERING)


@guarded(put=ROLES_ASSIGN, delete=ROLES_ASSIGN)
class RolePersonView(TenantAPIView):
    """A role of one person."""

    @extend_schema(
        operation_id="give_role_to_person",
        summary="Give a role to a person or service account",
        description="One that they have already changes nothing.",
        tags=["roles"],
        parameters=[KEY, USER_ID],
        request=EmptySerializer,
        responses={204: _GIVEN, **schema.problems(404, 413, 415)},
    )
    def put(self, request: Request, key: str, user_id: UUID) -> Response:
        """Give it."""
        read_body(EmptySerializer, request)
        user = get_person(reference=str(user_id))
        assign_role(holder=user, role=key, actor=actor_of(request))
        return Response(status=204)

    @extend_schema(
        operation_id="take_role_from_person",
        summary="Take a role from a person or service account",
        description="One that they do not have changes nothing. A group may still give it to them.",
        tags=["roles"],
        parameters=[KEY, USER_ID],
        responses={204: _TAKEN, **schema.problems(404, 409)},
    )
    def delete(self, request: Request, key: str, user_id: UUID) -> Response:
        """Take it."""
        read_query(QuerySerializer, request)
        user = get_person(reference=str(user_id))
        withdraw_role(holder=user, role=key, actor=actor_of(request))
        return Response(status=204)


@guarded(put=ROLES_ASSIGN, delete=ROLES_ASSIGN)
class RoleGroupView(TenantAPIView):
    """A role of one group."""

    @extend_schema(
        operation_id="give_role_to_group",
        summary="Give a role to all who are in a group",
        description="One that it has already changes nothing.",
        tags=["roles"],
        parameters=[KEY, GROUP_ID],
        request=EmptySerializer,
        responses={204: _GIVEN, **schema.problems(404, 413, 415)},
    )
    def put(self, request: Request, key: str, group_id: UUID) -> Response:
        """Give it."""
        read_body(EmptySerializer, request)
        assign_role(holder=get_group(group_id=group_id), role=key, actor=actor_of(request))
        return Response(status=204)

    @extend_schema(
        operation_id="take_role_from_group",
        summary="Take a role from a group",
        description="One that it does not have changes nothing.",
        tags=["roles"],
        parameters=[KEY, GROUP_ID],
        responses={204: _TAKEN, **schema.problems(404, 409)},
    )
    def delete(self, request: Request, key: str, group_id: UUID) -> Response:
        """Take it."""
        read_query(QuerySerializer, request)
        withdraw_role(holder=get_group(group_id=group_id), role=key, actor=actor_of(request))
        return Response(status=204)


def _show(role: Role, *, status: int = 200) -> Response:
    return Response(RoleSerializer(get_role(key=role.key)).data, status=status)
