"""Permissions of the API, whose callers have sent a token."""

import re
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from plexica.identity.models import User
from plexica.identity.principals import Principal
from plexica.rbac.engine import has_permission
from plexica.rbac.keys import is_key
from plexica.rbac.refusals import refusal
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience, is_granted
from plexica.rbac.system_roles import grants_of_roles

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasPermission(BasePermission):
    """Lets through who holds a permission in the current scope.

    In a workspace that is what Plexica's roles give to the person or the service account, whatever
    the token says. A program of the platform has no row, so there the roles that its token names
    are compared with those in the code.

    Attributes:
        permission: The permission's key; see `requires`.
    """

    permission = ""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002 (the framework's signature)
        """Return whether the caller holds the permission.

        Raises:
            PermissionMissing: They do not, and have a row, so that they can be told more.
        """
        caller: Any = request.user
        if isinstance(caller, User):
            if not has_permission(caller, self.permission):
                raise refusal(user=caller, permission=self.permission)
            return True
        if not isinstance(caller, Principal) or current_audience() is not Audience.PLATFORM:
            return False
        return is_granted(grants_of_roles(Audience.PLATFORM, caller.actor.roles), self.permission)


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
    message = f"This needs the permission {permission}."
    return type(name, (HasPermission,), {"permission": permission, "message": message})
