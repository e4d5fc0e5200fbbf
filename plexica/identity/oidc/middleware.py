"""How long a browser's session lasts: idle, in all, and as long as the realm says yes."""

from collections.abc import Callable

import structlog
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.core.error_pages import error_page
from plexica.core.errors import ServiceUnavailable
from plexica.core.limits import API_PREFIX
from plexica.identity.actors import SESSION_ROLES
from plexica.identity.browser_sessions import browser_session_of, note_seen
from plexica.identity.models import BrowserSession, User
from plexica.identity.oidc.refresh import GRACE, Answer, Roles, ask_realm
from tenants.requests import tenant_or_none
from tenants.session_limits import limits_of

# The way in and out must be open while the realm does not answer, and an API has its tokens.
_NEVER_ASKED = ("/oidc/", API_PREFIX)

logger = structlog.get_logger(__name__)


class BrowserSessionMiddleware:
    """Ends a session whose time is over or that the realm has ended, before any view sees it.

    Whoever asks is then nobody, and the guards answer as they do to anybody. It stands after
    Django's authentication.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on, with the session or without."""
        browser = browser_session_of(request) if request.session.session_key else None
        refused = _follow(request, browser) if browser else None
        return refused or self.get_response(request)


def _follow(request: HttpRequest, browser: BrowserSession) -> HttpResponse | None:
    """End a session or let it go on; return an answer only if nobody can tell which."""
    now = timezone.now()
    limits = limits_of(tenant_or_none(request))
    if limits.are_over(created_at=browser.created_at, last_seen_at=browser.last_seen_at, now=now):
        logger.info("session_over", user=str(browser.user_id))
        _log_out(request)
        return None
    due_at = browser.refresh_after
    if due_at and due_at <= now and not request.path_info.startswith(_NEVER_ASKED):
        user = request.user
        if not isinstance(user, User):
            # Disabled here; the guards send them away.
            return None
        answer, roles = ask_realm(browser, user=user)
        if answer is Answer.NO:
            _log_out(request)
            return None
        if answer is Answer.NONE and now >= due_at + GRACE:
            return error_page(
                request,
                ServiceUnavailable(
                    _(
                        "The login service does not answer, so it cannot be seen whether you may go"
                        " on. You are still logged in; try again soon."
                    )
                ),
            )
        if answer is Answer.YES:
            _take_roles(request, roles)
    note_seen(browser, now)
    return None


def _take_roles(request: HttpRequest, roles: Roles) -> None:
    # Only what has changed: saving the session costs a statement.
    if roles is not None and sorted(roles) != request.session.get(SESSION_ROLES):
        request.session[SESSION_ROLES] = sorted(roles)


def _log_out(request: HttpRequest) -> None:
    request.session.flush()
    request.user = AnonymousUser()
