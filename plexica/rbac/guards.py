"""The guards for views and tasks, as decorators, marked with the permission that they ask for.

Who is not logged in is sent to log in; who is and may not gets 403, and learns what they lack.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from plexica.identity.guards import FOUND, GUARD_ATTRIBUTE, login_needed
from plexica.identity.models import User
from plexica.rbac.engine import has_permission, snapshot_of
from plexica.rbac.keys import is_key
from plexica.rbac.refusals import PermissionMissing, refusal

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def require(permission: str) -> Callable[[View[P]], View[P]]:
    """Let only those see a view who hold a permission in the current scope.

    Args:
        permission: The permission's key, such as `core:tenants:create`.

    Raises:
        ValueError: That is no key; a view asks for one permission, not for a pattern.
    """
    _check_key(permission)

    def decorate(view: View[P]) -> View[P]:
        def known(*_args: object, **_kwargs: object) -> str:
            return permission

        return _guarded(view, known, permission)

    return decorate


def require_found(find: Callable[Concatenate[HttpRequest, P], str]) -> Callable[[View[P]], View[P]]:
    """Let only those see a view who hold the permission that is found in the request.

    Args:
        find: Returns the permission's key; called with what the view is called with, for those
            who are logged in only. It may raise, such as `NotFound`.
    """

    def decorate(view: View[P]) -> View[P]:
        return _guarded(view, find, FOUND)

    return decorate


def require_of_actor(permission: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a task do its work only for a person who holds a permission when it runs.

    The task names the person in its keyword argument `user_id`, a user of the scope that it runs
    in. What they held when it was sent counts for nothing.

    Args:
        permission: The permission's key.

    Raises:
        ValueError: That is no key.
    """
    _check_key(permission)

    def decorate(task: Callable[P, T]) -> Callable[P, T]:
        @wraps(task)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            user_id = kwargs.get("user_id")
            user = (
                User.objects.filter(pk=user_id, is_active=True).first()
                if isinstance(user_id, str | UUID)
                else None
            )
            if user is None or not has_permission(user, permission):
                raise PermissionMissing(
                    f"The task needs the permission {permission}.", permission=permission
                )
            return task(*args, **kwargs)

        setattr(guarded, GUARD_ATTRIBUTE, permission)
        return guarded

    return decorate


def _guarded(view: View[P], find: Callable[Concatenate[HttpRequest, P], str], mark: str) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return login_needed(request)
        permission = find(request, *args, **kwargs)
        held = snapshot_of(user)
        if not held.allows(permission):
            raise refusal(held=held, permission=permission)
        return view(request, *args, **kwargs)

    setattr(guarded, GUARD_ATTRIBUTE, mark)
    return guarded


def _check_key(permission: str) -> None:
    if not is_key(permission):
        raise ValueError(f"{permission!r} is no key: write namespace:resource:action.")
