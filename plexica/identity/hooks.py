"""The place where higher apps tell this one what else a login means."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from plexica.identity.jwt.tokens import Claims
    from plexica.identity.models import User


class LoginHook(Protocol):
    """Does what a login means to another app, in the transaction that makes or updates the user."""

    def __call__(self, *, user: "User", claims: "Claims") -> None:
        """Act on a person who is about to be logged in; `user.last_login` is still the one before.

        Args:
            user: The person, active.
            claims: The checked claims of their ID token.
        """


_hooks: list[LoginHook] = []


def register_login_hook(hook: LoginHook) -> None:
    """Have a hook called at every login of a browser; once, when the application starts."""
    if hook not in _hooks:
        _hooks.append(hook)


def run_login_hooks(*, user: "User", claims: "Claims") -> None:
    """Call all hooks in the order of their registration; one that raises ends the login."""
    for hook in _hooks:
        hook(user=user, claims=claims)
