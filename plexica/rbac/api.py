"""Permissions of the API, whose callers have sent a token."""

import re
from typing import TYPE_CHECKING, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from plexica.identity.models import User
from plexica.identity.principals import Principal
from plexica.rbac.engine import snapshot_of
from plexica.rbac.keys import is_key
from plexica.rbac.refusals import refusal
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience
from plexica.rbac.snapshot import NOTHING, Snapshot
from plexica.rbac.system_roles import grants_of_roles

if TYPE_CHECKING:
    # The framework's views import this module, through its settings.
    from rest_framework.views import APIView


def held_by(caller: object) -> Snapshot | None:
    """Return what a caller of the API may do in the current scope; None if nobody has come.

    In a workspace that is what Plexica's roles give to the person or the service account, whatever
    the token says. On the platform, the roles that the token names are those of the code; a person
    who has logged in to the console also has what they were given there.

    Args:
        caller: What the authentication has made of the token, `request.user`.
    """
    if isinstance(caller, User):
        return snapshot_of(caller)
    if not isinstance(caller, Principal):
        return None
    if current_audience() is not Audience.PLATFORM:
        return NOTHING
    own = snapshot_of(caller.user) if caller.user else NOTHING
    named = grants_of_roles(Audience.PLATFORM, caller.actor.roles)
    return Snapshot(roles=own.roles | caller.actor.roles, grants=own.grants | named)


class HasPermission(BasePermission):
    """Lets through who holds a permission in the current scope.

    Attributes:
        permission: The permission's key; see `requires`.
    """

    permission: ClassVar[str] = ""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002 (the framework's signature)
        """Return whether the caller holds the permission.

        Raises:
            PermissionMissing: They do not.
        """
        return _is_held(request, self.permission)


class HoldsWhatIsNeeded(BasePermission):
    """Lets through who holds what a view asks for by its method; what asks for nothing is closed.

    It is the default. See `tenants.api.base.guarded` for how a view asks.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return whether the caller holds the permission.

        Raises:
            PermissionMissing: They do not.
        """
        needed = getattr(view, "permissions_needed", {})
        method = "GET" if request.method == "HEAD" else request.method
        if method in needed:
            return _is_held(request, needed[method])
        # A guarded view names all methods that it has: any other is answered with 405, or, to
        # OPTIONS, with what there is.
        return bool(needed) and held_by(request.user) is not None


class IsKnown(BasePermission):
    """Lets through every person and every service account of the current scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002 (the framework's signature)
        """Return whether the caller has a row."""
        return isinstance(request.user, User)


def requires(permission: str) -> type[HasPermission]:
    """Return a class for `permission_classes` that asks for one permission.

    Args:
        permission: The permission's key, such as `core:tenants:create`.

    Raises:
        ValueError: That is no key.
    """
    if not is_key(permission):
        raise ValueError(f"{permission!r} is no key: write namespace:resource:action.")
    name = "Has" + "".join(word.title() for word in re.split("[:_-]", permission))
    return type(name, (HasPermission,), {"permission": permission})


def _is_held(request: Request, permission: str) -> bool:
    held = held_by(request.user)
    if held is None:
        return False
    if not held.allows(permission):
        raise refusal(held=held, permission=permission)
    return True
