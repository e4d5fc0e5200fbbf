"""The groups of a workspace and who is in them, by API."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.errors import NotFound
from plexica.identity.actors import actor_of
from plexica.identity.selectors import get_person
from plexica.rbac.explain_api import PersonSerializer
from plexica.rbac.groups import add_member, create_group, delete_group, remove_member, update_group
from plexica.rbac.holders import list_groups, list_members
from plexica.rbac.models import Group
from plexica.rbac.permissions import GROUPS_MANAGE, ROLES_VIEW
from plexica.rbac.selectors import get_group
from plexica.workspace.api.role_serializers import (
    GroupCreateSerializer,
    GroupPageSerializer,
    GroupSerializer,
    GroupUpdateSerializer,
    PeoplePageSerializer,
)
from tenants.api import schema
from tenants.api.base import TenantAPIView, answer_page, guarded, read_body, read_query
from tenants.api.serializers.pages import PageQuerySerializer
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer

ORDERING = "name"
PEOPLE_ORDERING = "email"
GROUP_ID = OpenApiParameter("group_id", UUID, OpenApiParameter.PATH, description="The group's id.")
USER_ID = OpenApiParameter(
    "user_id", UUID, OpenApiParameter.PATH, description="The person's or service account's id."
)


@guarded(get=ROLES_VIEW, post=GROUPS_MANAGE)
class GroupListView(TenantAPIView):
    """All groups."""

    @extend_schema(
        operation_id="list_groups",
        summary="List groups, by name",
        tags=["groups"],
        parameters=[PageQuerySerializer],
        responses={200: GroupPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of groups."""
        wanted = read_query(PageQuerySerializer, request)
        return answer_page(request, list_groups(), GroupSerializer, wanted, ordering=ORDERING)

    @extend_schema(
        operation_id="create_group",
        summary="Make a group",
        tags=["groups"],
        request=GroupCreateSerializer,
        responses={201: GroupSerializer, **schema.problems(409, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Make a group without members and roles."""
        values = read_body(GroupCreateSerializer, request)
        return _show(create_group(**values, actor=actor_of(request)), status=201)


@guarded(get=ROLES_VIEW, patch=GROUPS_MANAGE, delete=GROUPS_MANAGE)
class GroupView(TenantAPIView):
    """One group."""

    @extend_schema(
        operation_id="get_group",
        summary="Get a group",
        tags=["groups"],
        parameters=[GROUP_ID],
        responses={200: GroupSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, group_id: UUID) -> Response:
        """Return a group."""
        read_query(QuerySerializer, request)
        return _show(get_group(group_id=group_id))

    @extend_schema(
        operation_id="update_group",
        summary="Change a group's name or description",
        tags=["groups"],
        parameters=[GROUP_ID],
        request=GroupUpdateSerializer,
        responses={200: GroupSerializer, **schema.problems(404, 409, 413, 415)},
    )
    def patch(self, request: Request, group_id: UUID) -> Response:
        """Change what is given of a group."""
        group = get_group(group_id=group_id)
        values = read_body(GroupUpdateSerializer, request)
        return _show(update_group(group=group, **values, actor=actor_of(request)))

    @extend_schema(
        operation_id="delete_group",
        summary="Delete a group",
        description="Its members stay, and lose what they had by it.",
        tags=["groups"],
        parameters=[GROUP_ID],
        responses={204: OpenApiResponse(description="It is gone."), **schema.problems(404, 409)},
    )
    def delete(self, request: Request, group_id: UUID) -> Response:
        """Delete a group."""
        read_query(QuerySerializer, request)
        delete_group(group=get_group(group_id=group_id), actor=actor_of(request))
        return Response(status=204)


@guarded(get=ROLES_VIEW)
class GroupMembersView(TenantAPIView):
    """Who is in a group."""

    @extend_schema(
        operation_id="list_group_members",
        summary="List those who are in a group",
        tags=["groups"],
        parameters=[GROUP_ID, PageQuerySerializer],
        responses={200: PeoplePageSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, group_id: UUID) -> Response:
        """Return a page of people."""
        wanted = read_query(PageQuerySerializer, request)
        people = list_members(group=get_group(group_id=group_id))
        return answer_page(request, people, PersonSerializer, wanted, ordering=PEOPLE_ORDERING)


@guarded(put=GROUPS_MANAGE, delete=GROUPS_MANAGE)
class GroupMemberView(TenantAPIView):
    """One person in a group."""

    @extend_schema(
        operation_id="add_group_member",
        summary="Put a person or service account into a group",
        description="One who is in it already changes nothing.",
        tags=["groups"],
        parameters=[GROUP_ID, USER_ID],
        request=EmptySerializer,
        responses={
            204: OpenApiResponse(description="They are in it."),
            **schema.problems(404, 413, 415),
        },
    )
    def put(self, request: Request, group_id: UUID, user_id: UUID) -> Response:
        """Put them in."""
        read_body(EmptySerializer, request)
        group, user = get_group(group_id=group_id), get_person(reference=str(user_id))
        add_member(group=group, user=user, actor=actor_of(request))
        return Response(status=204)

    @extend_schema(
        operation_id="remove_group_member",
        summary="Take a person or service account out of a group",
        description="One who is not in it changes nothing.",
        tags=["groups"],
        parameters=[GROUP_ID, USER_ID],
        responses={
            204: OpenApiResponse(description="They are not in it."),
            **schema.problems(404, 409),
        },
    )
    def delete(self, request: Request, group_id: UUID, user_id: UUID) -> Response:
        """Take them out."""
        read_query(QuerySerializer, request)
        group, user = get_group(group_id=group_id), get_person(reference=str(user_id))
        remove_member(group=group, user=user, actor=actor_of(request))
        return Response(status=204)


def _show(group: Group, *, status: int = 200) -> Response:
    found = list_groups().filter(pk=group.pk).first()
    if found is None:
        raise NotFound
    return Response(GroupSerializer(found).data, status=status)
