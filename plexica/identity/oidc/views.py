"""Login and logout of browsers, through the realm of the current scope."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import View
from mozilla_django_oidc.utils import generate_code_challenge
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    OIDCLogoutView,
)

from plexica.core.client_address import client_address
from plexica.core.rate_limits import count_try
from plexica.identity.browser_sessions import end_everywhere
from plexica.identity.models import User
from plexica.identity.next_page import HOME, login_address, safe_next_path
from plexica.identity.oidc.actions import tell_result
from plexica.identity.oidc.backend import BACKEND_PATH, ScopedOIDCBackend
from plexica.identity.oidc.errors import AccountDisabled, LoginExpired, LoginFailed
from plexica.identity.oidc.pending import PendingLogin, forget, recall, remember
from plexica.identity.oidc.sessions import end_login, store_login
from plexica.identity.providers import Provider, current_provider

SCOPES = "openid email profile"
STATE_BYTES = 32
VERIFIER_BYTES = 48
MAX_STATE_CHARACTERS = 200

logger = structlog.get_logger(__name__)


class AuthenticateView(OIDCAuthenticationRequestView):  # type: ignore[misc] # it has no types
    """Sends a browser to the realm's login page."""

    def __init__(self, **kwargs: Any) -> None:
        # Not the library's constructor: it asks settings for the one provider.
        View.__init__(self, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Begin a login with state, nonce and PKCE, and remember it in a cookie of its own."""
        count_try("login", address=client_address(request))
        return begin_login(request, next_path=safe_next_path(request.GET.get("next")))


class CallbackView(OIDCAuthenticationCallbackView):  # type: ignore[misc] # it has no types
    """Takes a browser back from the realm."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """End the login that the state belongs to; nothing else changes anything."""
        count_try("login", address=client_address(request))
        provider = current_provider()
        state = request.GET.get("state", "")[:MAX_STATE_CHARACTERS]
        login = recall(request, issuer=provider.issuer, state=state)
        response: HttpResponse
        try:
            if login is None:
                raise LoginExpired(_("It was begun too long ago or in another browser."))
            response = self._end_login(request, provider, login)
        except LoginFailed as error:
            response = _explain(request, error, login)
        forget(request, response, state)
        add_never_cache_headers(response)
        return response

    def _end_login(
        self, request: HttpRequest, provider: Provider, login: PendingLogin
    ) -> HttpResponse:
        if error := request.GET.get("error"):
            return _end_refused_login(request, login, error)
        asked_at = timezone.now()
        # Which server answers is named in the answer (RFC 9207).
        if request.GET.get("iss", provider.issuer) != provider.issuer:
            raise LoginFailed(_("The answer came from another login service."))
        backend = ScopedOIDCBackend()
        user = backend.authenticate(request, nonce=login.nonce, code_verifier=login.code_verifier)
        if user is None:
            raise LoginFailed(_("The login service gave no code."))
        count_try("login", account=str(user.pk))
        if not user.is_active:
            raise AccountDisabled(_("Somebody who manages users here can enable it again."))
        # The session's id changes, and if it was somebody else's, it ends. Django would keep the id
        # of a session that is this person's already.
        if auth.SESSION_KEY in request.session:
            request.session.cycle_key()
        auth.login(request, user, backend=BACKEND_PATH)
        store_login(
            request,
            user=user,
            tokens=backend.tokens,
            claims=backend.claims,
            asked_at=asked_at,
        )
        if login.action:
            status = request.GET.get("kc_action_status", "")
            tell_result(request, user=user, action=login.action, status=status)
        return HttpResponseRedirect(login.next_path)


class LogoutView(OIDCLogoutView):  # type: ignore[misc] # it has no types
    """Logs a person out here and at the realm (OpenID Connect RP-Initiated Logout 1.0)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the session here, then let the realm end its own and send the browser home."""
        response: HttpResponse
        if not request.user.is_authenticated:
            response = HttpResponseRedirect(HOME)
        else:
            id_token = end_login(request)
            auth.logout(request)
            response = log_out_at_realm(id_token, back=current_provider().post_logout_redirect_uri)
        add_never_cache_headers(response)
        return response


class LogoutEverywhereView(View):
    """Logs a person out of all browsers, here and at the realm."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End all their sessions here, and lead this browser through the realm's own end."""
        response: HttpResponse
        if not isinstance(request.user, User):
            response = HttpResponseRedirect(HOME)
        else:
            id_token = end_login(request)
            end_everywhere(user=request.user)
            auth.logout(request)
            response = log_out_at_realm(id_token, back=current_provider().logged_out_uri)
        add_never_cache_headers(response)
        return response


class LoggedOutView(View):
    """Says that somebody is logged out everywhere."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page; it changes nothing."""
        response = render(request, "identity/logged_out.html", {"login_url": login_address(HOME)})
        add_never_cache_headers(response)
        return response


def log_out_at_realm(id_token: str, *, back: str) -> HttpResponse:
    """Return the redirect that ends the realm's own session of a browser.

    Args:
        id_token: The ID token of the login; without it the realm asks whether it is meant.
        back: Where the browser goes on, an address that the realm knows.
    """
    provider = current_provider()
    parameters = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": back,
        "ui_locales": _language(),
    }
    if id_token:
        parameters["id_token_hint"] = id_token
    return HttpResponseRedirect(f"{provider.end_session_endpoint}?{urlencode(parameters)}")


def begin_login(
    request: HttpRequest, *, next_path: str, is_second_try: bool = False, action: str = ""
) -> HttpResponse:
    """Return the redirect to the realm's login page.

    Args:
        request: The browser's request.
        next_path: Where to go on afterwards, a path of this host.
        is_second_try: Whether this follows by itself from a login that had expired.
        action: What the realm is to have the person do (`plexica.identity.oidc.actions`).
    """
    provider = current_provider()
    login = PendingLogin(
        state=secrets.token_urlsafe(STATE_BYTES),
        issuer=provider.issuer,
        nonce=secrets.token_urlsafe(STATE_BYTES),
        code_verifier=secrets.token_urlsafe(VERIFIER_BYTES),
        next_path=next_path,
        started_at=time.time(),
        is_second_try=is_second_try,
        action=action,
    )
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": SCOPES,
        "state": login.state,
        "nonce": login.nonce,
        "code_challenge": generate_code_challenge(login.code_verifier, "S256"),
        "code_challenge_method": "S256",
        "ui_locales": _language(),
        **({"kc_action": action} if action else {}),
    }
    response = HttpResponseRedirect(f"{provider.authorization_endpoint}?{urlencode(parameters)}")
    remember(request, response, login)
    add_never_cache_headers(response)
    return response


def _language() -> str:
    """Return the language that the realm's pages should speak: the one that ours do."""
    return get_language() or settings.LANGUAGE_CODE


def _end_refused_login(request: HttpRequest, login: PendingLogin, error: str) -> HttpResponse:
    # Keycloak says this of a login page that was left open while another tab logged in or for
    # too long, and asks to begin again.
    if error == "temporarily_unavailable" and not login.is_second_try:
        return begin_login(
            request, next_path=login.next_path, is_second_try=True, action=login.action
        )
    logger.info("login_refused", reason=error[:MAX_STATE_CHARACTERS])
    if error == "access_denied":
        raise LoginFailed(_("It was cancelled, or the login service refused it."))
    raise LoginFailed(_("The login service refused it."))


def _explain(request: HttpRequest, error: LoginFailed, login: PendingLogin | None) -> HttpResponse:
    logger.warning("login_failed", code=error.code, detail=error.detail, exc_info=error.__cause__)
    return render(
        request,
        "identity/login_failed.html",
        {
            "reason": f"{_(error.title)}. {error.detail}",
            "retry_url": login_address(login.next_path if login else HOME),
        },
        status=error.status,
    )
