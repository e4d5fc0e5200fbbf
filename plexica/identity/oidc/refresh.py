"""Asking the realm again, on the server, whether the person of a session may go on.

It is done with the refresh token (RFC 6749, section 6) when the access token's life is over. One
request of a session asks; the others wait for what it learns, so that a token that is good once is
not spent twice. The lock is a column: nothing holds a transaction open while Keycloak is asked.
"""

import re
import time
from datetime import timedelta
from enum import Enum
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plexica.core.errors import OutwardError, PermanentError
from plexica.identity.browser_sessions import (
    end_sessions,
    kept_tokens,
    refresh_time,
    seal_tokens,
)
from plexica.identity.hooks import run_login_hooks
from plexica.identity.jwt.bearer import realm_roles
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.tokens import Claims, read_token
from plexica.identity.keycloak.errors import RawAnswerError
from plexica.identity.keycloak.transport import CONNECT_SECONDS, SERVER_ERROR, Transport
from plexica.identity.models import BrowserSession, User
from plexica.identity.providers import Provider, current_provider
from plexica.identity.services import provision_user

READ_SECONDS = 5.0
# Longer than the realm is waited for, so that a lock is left only by a process that died.
LOCK_SECONDS = CONNECT_SECONDS + READ_SECONDS + 4
WAIT_SECONDS = 0.05
# What Keycloak answers of a session that has ended, and of a person or a realm that is disabled.
_NO = frozenset({"invalid_grant", "access_denied"})
_ERROR = re.compile(r'\s*\{\s*"error"\s*:\s*"([a-z_]+)"')
# How long a session goes on when the realm cannot be asked.
GRACE = timedelta(minutes=10)
# After a call that failed, the process leaves the realm alone for a moment.
AWAY_SECONDS = 5.0
MAX_REALMS = 2000

logger = structlog.get_logger(__name__)

Roles = frozenset[str] | None

_away_until: dict[str, float] = {}


class Answer(Enum):
    """What came of asking."""

    YES = "yes"
    NO = "no"
    NONE = "none"


def ask_realm(browser: BrowserSession, *, user: User) -> tuple[Answer, Roles]:
    """Ask the realm of the current scope whether a session may go on, or wait for who asks.

    If it may not, it has ended here when this returns.

    Args:
        browser: The session, as it was when the request began.
        user: The person whose session it is.

    Returns:
        The answer, and the roles that the realm names; None where it was not asked just now.
    """
    provider = current_provider()
    if _is_away(provider):
        return Answer.NONE, None
    now = timezone.now()
    is_locked = (
        BrowserSession.objects.filter(pk=browser.pk, refresh_after=browser.refresh_after)
        .filter(Q(refreshing_until=None) | Q(refreshing_until__lt=now))
        .update(refreshing_until=now + timedelta(seconds=LOCK_SECONDS))
    )
    if not is_locked:
        return _wait(browser), None
    answer = Answer.NONE
    roles: Roles = None
    try:
        answer, roles = _ask(browser, user, provider)
        if answer is Answer.NO:
            # Before anybody who waits could take it for one that goes on.
            end_sessions(BrowserSession.objects.filter(pk=browser.pk))
    finally:
        if answer is Answer.NONE:
            _unlock(browser)
    return answer, roles


def forget_outages() -> None:
    """Ask realms again at once that have not answered just now."""
    _away_until.clear()


def _unlock(browser: BrowserSession) -> None:
    BrowserSession.objects.filter(pk=browser.pk, refresh_after=browser.refresh_after).update(
        refreshing_until=None
    )


def _wait(browser: BrowserSession) -> Answer:
    """Wait until the request that asks has an answer."""
    give_up_at = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < give_up_at:
        found = (
            BrowserSession.objects.filter(pk=browser.pk)
            .values_list("refresh_after", "refreshing_until")
            .first()
        )
        if found is None:
            return Answer.NO
        refresh_after, refreshing_until = found
        if refresh_after != browser.refresh_after:
            return Answer.YES
        if refreshing_until is None or refreshing_until < timezone.now():
            break
        time.sleep(WAIT_SECONDS)
    return Answer.NONE


def _ask(browser: BrowserSession, user: User, provider: Provider) -> tuple[Answer, Roles]:
    kept = kept_tokens(browser)
    if "refresh_token" not in kept:
        # No present key opens it, or it was ended just now.
        return Answer.NO, None
    try:
        tokens = _exchange(provider, kept["refresh_token"])
        claims = _read(tokens, provider, browser, user)
    except OutwardError as error:
        if not _is_no(error):
            # It was not the realm that answered, or it does not know Plexica: it has said nothing
            # of the person.
            _leave_alone(provider, error)
            return Answer.NONE, None
        logger.info("session_refused_by_realm", user=str(user.pk), reason=str(error))
        return Answer.NO, None
    except TokenRefused as error:
        logger.info("session_refused_by_realm", user=str(user.pk), reason=str(error))
        return Answer.NO, None
    with transaction.atomic():
        changed = BrowserSession.objects.filter(pk=browser.pk).update(
            tokens=seal_tokens(kept | tokens),
            refresh_after=refresh_time(tokens, timezone.now()),
            refreshing_until=None,
        )
        if not changed:
            # It was ended while the realm was asked.
            return Answer.NO, None
        known = provision_user(issuer=user.issuer, subject=user.subject, claims=claims)
        if known.is_active:
            run_login_hooks(user=known, claims=claims)
    return Answer.YES, realm_roles(claims)


def _is_no(error: OutwardError) -> bool:
    """Return whether the realm itself says that the session may not go on (RFC 6749, 5.2).

    What stands between may answer, too, with any status and a page of its own.
    """
    cause = error.__cause__
    if not isinstance(cause, RawAnswerError) or cause.status >= SERVER_ERROR:
        return False
    said = _ERROR.match(cause.body)
    return said is not None and said[1] in _NO


def _exchange(provider: Provider, refresh_token: str) -> dict[str, Any]:
    answer = Transport(provider.token_endpoint).call(
        "POST",
        "",
        form={
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
        },
        read_seconds=READ_SECONDS,
    )
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("id_token"), str):
        raise PermanentError("The login service gave no ID token.")
    return answer.body


def _read(
    tokens: dict[str, Any], provider: Provider, browser: BrowserSession, user: User
) -> Claims:
    """Return the new ID token's claims (OpenID Connect Core 1.0, section 12.2)."""
    claims = read_token(
        tokens["id_token"],
        provider=provider,
        audience=provider.client_id,
        kind="ID",
        came_from_realm=True,
    )
    if (
        claims["azp"] != provider.client_id
        or (claims["iss"], claims["sub"]) != (user.issuer, user.subject)
        or claims.get("sid", "") != browser.realm_session
    ):
        raise TokenRefused("The ID token is not of this session.")
    return claims


def _is_away(provider: Provider) -> bool:
    return time.monotonic() < _away_until.get(provider.issuer, 0.0)


def _leave_alone(provider: Provider, error: OutwardError) -> None:
    if len(_away_until) >= MAX_REALMS:
        _away_until.clear()
    _away_until[provider.issuer] = time.monotonic() + AWAY_SECONDS
    logger.warning("session_not_refreshed", realm=provider.realm, reason=str(error))
