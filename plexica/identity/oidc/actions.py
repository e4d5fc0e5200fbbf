"""What people do at their realm with their own login: a password, a second factor.

The browser is led through a login that asks for an action (Keycloak's `kc_action`). There people
prove who they are, if that was a while ago, and come back with what became of it.
"""

import re
from enum import StrEnum

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.identity.actors import actor_of_user
from plexica.identity.models import User

REMOVE_PREFIX = "delete_credential:"
_ACTION = re.compile(
    r"UPDATE_PASSWORD|CONFIGURE_TOTP|CONFIGURE_RECOVERY_AUTHN_CODES"
    r"|webauthn-register(-passwordless)?|delete_credential:[A-Za-z0-9-]{1,64}"
)


class Status(StrEnum):
    """What became of an action, as Keycloak says it (`kc_action_status`)."""

    SUCCESS = "success"
    CANCELLED = "cancelled"


def is_action(name: str) -> bool:
    """Return whether a realm may be asked for an action."""
    return _ACTION.fullmatch(name) is not None


def tell_result(request: HttpRequest, *, user: User, action: str, status: str) -> None:
    """Tell on the next page what became of an action, and record it if it was done.

    Args:
        request: The request that the browser came back with.
        user: Who it was.
        action: What was asked for.
        status: What the realm says of it.
    """
    if status == Status.SUCCESS:
        is_removal = action.startswith(REMOVE_PREFIX)
        with transaction.atomic():
            record(
                actor=actor_of_user(user),
                action="user.factor_removed" if is_removal else "user.factor_set",
                target=f"user:{user.pk}",
                after={"action": action},
            )
        messages.success(request, _done(action))
    elif status == Status.CANCELLED:
        messages.warning(request, _("It was cancelled, so nothing has changed."))
    else:
        messages.error(request, _("The login service could not do that. Nothing has changed."))


def _done(action: str) -> str:
    if action == "UPDATE_PASSWORD":
        return _("Your password has been changed.")
    if action.startswith(REMOVE_PREFIX):
        return _("It has been removed, and opens nothing any more.")
    return _("It has been set up, and is asked for at the next login.")
