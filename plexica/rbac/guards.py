"""Guards for views, as decorators. Each marks the view with what it asks for.

Who is not logged in is sent to log in; who is and may not gets 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from plexica.identity.guards import login_needed
from plexica.identity.models import User
from plexica.rbac.keys import is_key
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience, has_permission, has_role
from plexica.rbac.system_roles import SUPER_ADMIN

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
Rule = Callable[[User], bool]

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
    return _guard(permission, lambda user: has_permission(user, permission))


def require_super_admin(view: View[P]) -> View[P]:
    """Let only the platform's super admins see a view of the console."""
    return _guard(SUPER_ADMIN, _is_super_admin)(view)


def require_member(view: View[P]) -> View[P]:
    """Let only the people of the current tenant see a view of its workspace."""
    return _guard("member of the tenant", _is_in_workspace)(view)


def _guard(name: str, rule: Rule) -> Callable[[View[P]], View[P]]:
    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User) or not user.is_active:
                return login_needed(request)
            if not rule(user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        setattr(guarded, GUARD_ATTRIBUTE, name)
        return guarded

    return decorate


def _is_super_admin(user: User) -> bool:
    return current_audience() is Audience.PLATFORM and has_role(user, SUPER_ADMIN)


def _is_in_workspace(user: User) -> bool:  # noqa: ARG001 (whoever is logged in here is a row of this tenant's schema)
    return current_audience() is Audience.TENANT
