"""The place where the app that knows permissions tells this one how to ask for them."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from plexica.identity.models import User


class PermissionChecker(Protocol):
    """Answers whether a user may do something in the current scope."""

    def __call__(self, user: "User", permission: str, /) -> bool:
        """Return whether `user` holds `permission`, a key such as `core:users:invite`."""


_registered: list[PermissionChecker] = []


def register_permission_checker(checker: PermissionChecker) -> None:
    """Name the one that `User.has_perm` asks, once, when the application starts.

    Raises:
        RuntimeError: Another one is registered already.
    """
    if _registered and _registered[0] is not checker:
        raise RuntimeError("A permission checker is registered already.")
    _registered[:] = [checker]


def has_permission(user: "User", permission: str) -> bool:
    """Return what the registered checker says; without one, nobody may do anything."""
    return user.is_active and bool(_registered) and _registered[0](user, permission)
