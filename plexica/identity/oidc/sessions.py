"""What a login leaves behind: a session of the browser, with its tokens and the realm's roles."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from plexica.identity.actors import SESSION_ROLES
from plexica.identity.browser_sessions import (
    SESSION_REALM_SESSION,
    SESSION_TOKENS,
    EndedMeanwhile,
    begin_session,
    browser_session_of,
    kept_tokens,
    note_ended,
    open_tokens,
)
from plexica.identity.jwt.bearer import realm_roles
from plexica.identity.jwt.tokens import Claims
from plexica.identity.models import User
from plexica.identity.oidc.errors import LoginExpired
from tenants.requests import tenant_or_none
from tenants.session_limits import limits_of


def store_login(
    request: HttpRequest,
    *,
    user: User,
    tokens: dict[str, Any],
    claims: Claims,
    asked_at: datetime,
) -> None:
    """Keep what a login brought.

    Args:
        request: The request that ends the login, after the session's id was changed.
        user: Who logged in.
        tokens: The token endpoint's answer (RFC 6749, section 5.1).
        claims: The ID token's checked claims.
        asked_at: When the realm was asked for the tokens.

    Raises:
        LoginExpired: The session has ended since then.
    """
    session = request.session
    session[SESSION_ROLES] = sorted(realm_roles(claims))
    session.set_expiry(int(limits_of(tenant_or_none(request)).longest.total_seconds()))
    try:
        begin_session(
            request,
            user=user,
            tokens=tokens,
            realm_session=str(claims.get("sid", "")),
            asked_at=asked_at,
        )
    except EndedMeanwhile as error:
        session.flush()
        raise LoginExpired(_("The session was ended while you were logging in.")) from error


def end_login(request: HttpRequest) -> str:
    """Refuse the access tokens of a session's login from now on.

    Returns:
        The ID token of the login, or an empty string.
    """
    browser = browser_session_of(request)
    if browser is None:
        # In a schema that is behind, or of a session that no realm knows.
        note_ended([request.session.get(SESSION_REALM_SESSION, "")])
        return open_tokens(request.session.get(SESSION_TOKENS, "")).get("id_token", "")
    note_ended([browser.realm_session])
    # Without one that can be opened, Keycloak will ask whether to log out.
    return kept_tokens(browser).get("id_token", "")
