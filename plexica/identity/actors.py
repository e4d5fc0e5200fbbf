"""Who acts in a request."""

from django.http import HttpRequest
from rest_framework.request import Request

from plexica.core.actor import Actor
from plexica.core.errors import PermissionRefused
from plexica.identity.models import User
from plexica.identity.principals import Principal

SESSION_ROLES = "identity_roles"


def actor_of(request: HttpRequest | Request) -> Actor:
    """Return who acts: the program of a bearer token, or the person of a session.

    Raises:
        PermissionRefused: Nobody is logged in.
    """
    user = request.user
    if isinstance(user, Principal):
        return user.actor
    if isinstance(user, User):
        return Actor(
            kind="user",
            id=str(user.id),
            name=str(user),
            roles=frozenset(request.session.get(SESSION_ROLES, [])),
        )
    raise PermissionRefused("Nobody is logged in.")
