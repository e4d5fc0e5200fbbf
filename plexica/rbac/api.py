"""Permissions of the API, whose callers are programs."""

import re
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from plexica.identity.principals import Principal
from plexica.rbac.keys import is_key
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience, is_granted
from plexica.rbac.system_roles import grants_of_roles

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasPermission(BasePermission):
    """Lets through whose token names a system role of the platform that grants a permission.

    A program has no row, so what its token says is compared with the roles in the code. A tenant's
    realm has no say in roles: there, nobody is let through.

    Attributes:
        permission: The permission's key; see `requires`.
    """

    permission = ""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002 (the framework's signature)
        """Return whether the caller holds the permission."""
        caller: Any = request.user
        if not isinstance(caller, Principal) or current_audience() is not Audience.PLATFORM:
            return False
        return is_granted(grants_of_roles(Audience.PLATFORM, caller.actor.roles), self.permission)


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
