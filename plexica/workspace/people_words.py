"""What is said about a change of people that has to be told to the login service."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from plexica.identity.realm_changes import Outcome


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
