"""The place where apps above this one say what else happens when a person logs in."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from plexica.identity.jwt.tokens import Claims
    from plexica.identity.models import User


class LoginHook(Protocol):
    """Is called at each login, in the scope that the person logs in to."""

    def __call__(self, *, user: "User", claims: "Claims") -> None:
        """Do what the app has to do.

        It runs before the session begins, so `user.last_login` still tells of the login before
        this one, and is None at the first. What it raises ends the login.

        Args:
            user: The active person who logs in.
            claims: The checked claims of their ID token.
        """


_hooks: list[LoginHook] = []


def register_login_hook(hook: LoginHook) -> None:
    """Have something called at each login, in the order of registration."""
    if hook not in _hooks:
        _hooks.append(hook)


def run_login_hooks(*, user: "User", claims: "Claims") -> None:
    """Call what was registered, for an active person who proved who they are."""
    for hook in _hooks:
        hook(user=user, claims=claims)
