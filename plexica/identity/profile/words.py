"""What is said to somebody of a change of theirs that the login service has yet to hear of."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from plexica.identity.models import RealmChange
from plexica.identity.realm_changes import Outcome


def words_of(change: RealmChange) -> list[str]:
    """Return what waits, and what that means until it is done."""
    words = []
    if change.first_name is not None or change.last_name is not None:
        words.append(_("Your name changes here as soon as the login service knows it."))
    if change.locale is not None:
        words.append(_("The login pages do not know your language yet."))
    if change.ends_sessions or change.ended_sessions:
        words.append(
            _("Your sessions have ended here. At the login service they have yet to be ended.")
        )
    return words


def tell_outcome(request: HttpRequest, outcome: Outcome, *, done: str) -> None:
    """Tell on the next page what became of a change.

    Args:
        request: Whose.
        outcome: What became of it.
        done: What to say if all of it is done.
    """
    if outcome == Outcome.FAILED:
        messages.error(request, _("The login service refused that. See below what it said."))
    elif outcome == Outcome.DONE:
        messages.success(request, done)
    else:
        messages.success(
            request, _("That has been saved. The login service is told in the background.")
        )
