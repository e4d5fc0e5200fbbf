"""Who acts in a request."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from plexica.core.actor import Actor
from plexica.core.errors import PermissionRefused
from plexica.identity.models import User, UserKind
from plexica.identity.principals import Principal

SESSION_ROLES = "identity_roles"


def actor_of(request: HttpRequest | Request) -> Actor:
    """Return who acts: whom a bearer token stands for, or the person of a session.

    Raises:
        PermissionRefused: Nobody is logged in.
    """
    user = request.user
    if isinstance(user, Principal):
        return user.actor
    if isinstance(user, User):
        # Of an API request, the session is nobody's: a token says who it is.
        roles = [] if isinstance(request, Request) else request.session.get(SESSION_ROLES, [])
        return actor_of_user(user, roles=frozenset(roles))
    raise PermissionRefused(_("Nobody is logged in."))


def viewer_of(request: HttpRequest | Request) -> User:
    """Return the row of who looks: the person of a session, or whom a token stands for.

    Raises:
        PermissionRefused: They have none, or nobody is logged in.
    """
    if isinstance(request.user, User):
        return request.user
    raise PermissionRefused(_("Nobody is logged in."))


def actor_of_user(user: User, *, roles: frozenset[str] = frozenset()) -> Actor:
    """Return a person or a service account as the one who acts.

    Args:
        user: Their row.
        roles: The roles that their realm names, where that counts.
    """
    if user.visit is not None:
        return user.visit.actor
    is_person = user.kind == UserKind.PERSON
    return Actor(
        kind="user" if is_person else "service_account",
        id=str(user.id),
        name=str(user),
        roles=roles,
    )
