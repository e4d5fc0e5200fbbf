"""What is said about people whose change waits for the login service."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from plexica.identity.models import RealmChange
from plexica.identity.realm_changes import Outcome


def words_of(change: RealmChange) -> list[str]:
    """Return what waits, and what that means until it is done."""
    words = []
    if change.is_removal:
        words.append(
            _("Their login has yet to be removed. It already opens nothing in this workspace.")
        )
    elif change.is_enabled is False:
        words.append(
            _("Their login has yet to be disabled. It already opens nothing in this workspace.")
        )
    elif change.is_enabled and change.is_creation:
        words.append(_("Their login has yet to be made, so they cannot come in yet."))
    elif change.is_enabled:
        words.append(_("Their login has yet to be enabled, so they cannot come in yet."))
    if change.first_name is not None or change.last_name is not None:
        name = f"{change.first_name or ''} {change.last_name or ''}".strip()
        words.append(
            _("They are to be called %(name)s.") % {"name": name}
            if name
            else _("Their name is to be taken away.")
        )
    if change.sends_mail:
        words.append(_("The invitation has not been sent yet."))
    return words


def tell_outcome(request: HttpRequest, outcome: Outcome, *, done: str) -> None:
    """Tell on the next page what became of a change.

    Args:
        request: Whose.
        outcome: What became of it.
        done: What to say if all of it is done.
    """
    match outcome:
        case Outcome.DONE:
            messages.success(request, done)
        case Outcome.FAILED:
            messages.error(request, _("The login service refused that. See below what it said."))
        case Outcome.MAIL_WAITING:
            messages.warning(
                request, _("The mail could not be sent yet. It is tried again by itself.")
            )
        case _:
            messages.warning(
                request,
                _("The login service has yet to do its part. It is tried again by itself."),
            )
