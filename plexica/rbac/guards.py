"""The guard for views, a decorator. It marks the view with the permission that it asks for.

Who is not logged in is sent to log in; who is and may not gets 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from plexica.identity.guards import login_needed
from plexica.identity.models import User
from plexica.rbac.engine import has_permission
from plexica.rbac.keys import is_key

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

GUARD_ATTRIBUTE = "plexica_guard"


def require(permission: str) -> Callable[[View[P]], View[P]]:
    """Let only those see a view who hold a permission in the current scope.

    Args:
        permission: The permission's key, such as `core:tenants:create`.

    Raises:
        ValueError: That is no key; a view asks for one permission, not for a pattern.
    """
    if not is_key(permission):
        raise ValueError(f"{permission!r} is no key: write namespace:resource:action.")

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User) or not user.is_active:
                return login_needed(request)
            if not has_permission(user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        setattr(guarded, GUARD_ATTRIBUTE, permission)
        return guarded

    return decorate
