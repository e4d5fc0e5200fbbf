"""The people of a workspace, by API."""

from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from plexica.core.client_address import client_address
from plexica.core.rate_limits import count_try
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.people_states import change_of
from plexica.identity.realm_changes import Outcome
from plexica.rbac.api import requires
from plexica.rbac.people import (
    Invitee,
    disable_person,
    enable_person,
    invite_people,
    remove_person,
    rename_person,
    resend_invitation,
    try_again,
    withdraw_invitation,
)
from plexica.rbac.people_selectors import get_any_person, list_people_with_roles
from plexica.rbac.permissions import (
    USERS_DISABLE,
    USERS_INVITE,
    USERS_READ,
    USERS_REMOVE,
    USERS_UPDATE,
)
from plexica.workspace.api.people_serializers import (
    InvitationsResultSerializer,
    InvitationsSerializer,
    UserPageSerializer,
    UserQuerySerializer,
    UserSerializer,
    UserUpdateSerializer,
)
from tenants.api import schema
from tenants.api.base import TenantAPIView, answer_page, read_body, read_query
from tenants.api.serializers.strict import EmptySerializer, QuerySerializer
from tenants.requests import tenant_of

ORDERING = "email"
USER_ID = OpenApiParameter("user_id", UUID, OpenApiParameter.PATH, description="The person's id.")
_TAGS = ["people"]
_DONE = {
    200: UserSerializer,
    202: OpenApiResponse(
        UserSerializer,
        description="Done here; the login service has yet to do its part, see `waiting`.",
    ),
}


class _UserView(TenantAPIView):
    """Reading needs one permission, and changing another.

    Attributes:
        changing: What changing needs.
    """

    permission_classes = [requires(USERS_READ)]
    changing: ClassVar[str] = USERS_UPDATE

    def get_permissions(self) -> list[BasePermission]:
        """Return the guard of the request's method."""
        is_safe = self.request.method in {"GET", "HEAD", "OPTIONS"}
        return [requires(USERS_READ if is_safe else self.changing)()]


class UserListView(_UserView):
    """All people."""

    changing = USERS_INVITE

    @extend_schema(
        operation_id="list_users",
        summary="List people, by address",
        tags=_TAGS,
        parameters=[UserQuerySerializer],
        responses={200: UserPageSerializer, **schema.problems()},
    )
    def get(self, request: Request) -> Response:
        """Return a page of people."""
        wanted = read_query(UserQuerySerializer, request)
        people = list_people_with_roles(
            viewer=viewer_of(request), search=wanted["search"], state=wanted["state"]
        )
        return answer_page(request, people, UserSerializer, wanted, ordering=ORDERING)

    @extend_schema(
        operation_id="invite_users",
        summary="Invite people",
        description="Each is invited for themselves, so read what became of whom. A mail with a"
        " link to set a password, good for three days, goes to each.",
        tags=_TAGS,
        request=InvitationsSerializer,
        responses={200: InvitationsResultSerializer, **schema.problems(413, 415)},
    )
    def post(self, request: Request) -> Response:
        """Invite people, and return what became of each."""
        values = read_body(InvitationsSerializer, request)
        invitees = [Invitee(**each) for each in values["people"]]
        _count(request, len(invitees))
        done = invite_people(
            tenant=tenant_of(request),
            invitees=invitees,
            roles=values["roles"],
            actor=actor_of(request),
        )
        found = [
            {
                "email": each.email,
                "outcome": each.outcome,
                "reason": each.reason,
                "user": get_any_person(each.user.pk, viewer=viewer_of(request))
                if each.user
                else None,
            }
            for each in done
        ]
        return Response(
            InvitationsResultSerializer({"results": found}, context={"request": request}).data
        )


class UserView(_UserView):
    """One person."""

    @extend_schema(
        operation_id="get_user",
        summary="Get a person",
        tags=_TAGS,
        parameters=[USER_ID],
        responses={200: UserSerializer, **schema.problems(404)},
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """Return a person."""
        read_query(QuerySerializer, request)
        return _show(request, user_id)

    @extend_schema(
        operation_id="rename_user",
        summary="Change a person's names",
        description="They change when the login service has changed them.",
        tags=_TAGS,
        parameters=[USER_ID],
        request=UserUpdateSerializer,
        responses={**_DONE, **schema.problems(404, 413, 415)},
    )
    def patch(self, request: Request, user_id: UUID) -> Response:
        """Change the names that are given."""
        person = get_any_person(user_id, viewer=viewer_of(request))
        values = read_body(UserUpdateSerializer, request)
        rename_person(
            tenant=tenant_of(request),
            user=person,
            actor=actor_of(request),
            **values,
        )
        return _show_changed(request, user_id)


def _action(
    name: str,
    *,
    permission: str,
    service: Callable[..., Outcome],
    summary: str,
    description: str = "",
    is_counted: bool = False,
) -> type[_UserView]:
    """Return the view of something that is done to a person.

    Args:
        name: The end of its address.
        permission: What it needs.
        service: What does it.
        summary: What it is, in the API's description.
        description: More of that.
        is_counted: Whether it sends a mail, which is limited.
    """

    class ActionView(_UserView):
        changing = permission
        permission_classes = [requires(permission)]

        @extend_schema(
            operation_id=f"{name}_user",
            summary=summary,
            description=description,
            tags=_TAGS,
            parameters=[USER_ID],
            request=EmptySerializer,
            responses={**_DONE, **schema.problems(404, 409, 413, 415)},
        )
        def post(self, request: Request, user_id: UUID) -> Response:
            """Do it."""
            person = get_any_person(user_id, viewer=viewer_of(request))
            read_body(EmptySerializer, request)
            if is_counted:
                _count(request, 1)
            service(tenant=tenant_of(request), user=person, actor=actor_of(request))
            return _show_changed(request, user_id)

    return type(f"User{name.title()}View", (ActionView,), {"__doc__": f"{summary}."})


ACTIONS = {
    "resend": _action(
        "resend",
        permission=USERS_INVITE,
        service=resend_invitation,
        summary="Send an invitation again, with a new link",
        description="One that was withdrawn is open again by that.",
        is_counted=True,
    ),
    "withdraw": _action(
        "withdraw",
        permission=USERS_INVITE,
        service=withdraw_invitation,
        summary="Withdraw an invitation",
        description="Its link opens nothing then. To do so again is no error.",
    ),
    "disable": _action(
        "disable",
        permission=USERS_DISABLE,
        service=disable_person,
        summary="Shut a person out",
        description="They are refused from the next request on, and their sessions end. To do so"
        " again is no error.",
    ),
    "enable": _action(
        "enable",
        permission=USERS_DISABLE,
        service=enable_person,
        summary="Let a person in again",
        description="They may come in when the login service lets them.",
    ),
    "remove": _action(
        "remove",
        permission=USERS_REMOVE,
        service=remove_person,
        summary="Remove a person for good",
        description="Their sessions, roles and memberships end, and their login is deleted. Their"
        " address can be invited again, as somebody new.",
    ),
    "retry": _action(
        "retry",
        permission=USERS_UPDATE,
        service=try_again,
        summary="Try now what waits for the login service or has failed",
    ),
}


def _count(request: Request, number: int) -> None:
    for _each in range(number):
        count_try("invitation", address=client_address(request), account=str(request.user.pk))


def _show(request: Request, user_id: UUID, *, status: int = 200) -> Response:
    person = get_any_person(user_id, viewer=viewer_of(request))
    return Response(UserSerializer(person, context={"request": request}).data, status=status)


def _show_changed(request: Request, user_id: UUID) -> Response:
    is_waiting = change_of(get_any_person(user_id, viewer=viewer_of(request))) is not None
    return _show(request, user_id, status=202 if is_waiting else 200)
