"""The page of one's own sessions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from plexica.core.errors import InvalidInput
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of, viewer_of
from plexica.identity.browser_sessions import browser_session_of
from plexica.identity.guards import logged_in
from plexica.identity.profile.forms import SessionForm
from plexica.identity.profile.places import address_here
from plexica.identity.profile.sessions import end_own_sessions, own_sessions, sessions_at_realm
from plexica.identity.profile.views import page_of
from plexica.identity.profile.words import tell_outcome
from tenants.requests import tenant_or_none

MAX_SHOWN = 100


@require_safe
@logged_in
def session_list(request: HttpRequest) -> HttpResponse:
    """Show where the person is logged in, here and at their realm."""
    current = browser_session_of(request)
    at_realm = sessions_at_realm(current)
    sessions = own_sessions(
        tenant=tenant_or_none(request),
        user=viewer_of(request),
        current=current,
        at_realm=at_realm or (),
    )
    return render_page(
        request,
        "identity/sessions.html",
        {
            "sessions": sessions[:MAX_SHOWN],
            "is_realm_known": at_realm is not None,
            "has_others": any(not session.is_current for session in sessions),
            **page_of(request, "session_list"),
        },
    )


@require_POST
@logged_in
def session_end(request: HttpRequest) -> HttpResponse:
    """End one of the person's other sessions."""
    form = SessionForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Choose a session."))
    return _end(request, [form.cleaned_data["session"]])


@require_POST
@logged_in
def session_end_others(request: HttpRequest) -> HttpResponse:
    """End all of the person's sessions but this one."""
    return _end(request, None)


def _end(request: HttpRequest, wanted: list[str] | None) -> HttpResponse:
    ended = end_own_sessions(
        tenant=tenant_or_none(request),
        user=viewer_of(request),
        actor=actor_of(request),
        current=browser_session_of(request),
        wanted=wanted,
    )
    if ended.count:
        words = ngettext(
            "%(count)d session has been ended.",
            "%(count)d sessions have been ended.",
            ended.count,
        )
        tell_outcome(request, ended.outcome, done=words % {"count": ended.count})
    elif ended.is_whole:
        messages.success(request, _("There was no other session."))
    if wanted is None and not ended.is_whole:
        messages.warning(
            request,
            _(
                "The login service could not be asked: sessions that only it knows may go on."
                " Try again soon."
            ),
        )
    return HttpResponseRedirect(address_here(request, "session_list"))
