"""The sessions of browsers: begun at a login, seen, and ended.

While a tenant's schema is behind the code (ADR 11) their tables are missing. A session then lives
in Django's own row alone, and is taken over with its next request after the upgrade.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import DateTimeField, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from plexica.audit.services import record
from plexica.core.client_address import client_address
from plexica.core.crypto import UndecryptableError, decrypt, encrypt
from plexica.core.postgresql.missing import is_missing, is_table_missing
from plexica.events.services import publish
from plexica.identity.actors import actor_of_user
from plexica.identity.models import (
    MAX_ADDRESS,
    MAX_REALM_SESSION,
    MAX_USER_AGENT,
    BrowserSession,
    EndedSession,
    User,
)
from plexica.identity.session_store import SessionStore

# No access token lives longer than the longest session that a tenant may have.
ENDED_KEPT_FOR = timedelta(hours=25)
SEEN_EVERY = timedelta(minutes=1)
EVERYWHERE_EVENT = "user.logged_out_everywhere"
# Where sessions without a row of ours keep the same.
SESSION_TOKENS = "identity_tokens"
SESSION_REALM_SESSION = "identity_sid"
# With the access token the realm is asked what it knows of the person, and of nobody else.
_KEPT_TOKENS = ("id_token", "refresh_token", "access_token")
# Any number that nothing else takes as an advisory lock in one database.
_LOCK = 0x73657373

logger = structlog.get_logger(__name__)


class EndedMeanwhile(Exception):
    """A login came to its end when its session had already ended."""


def begin_session(
    request: HttpRequest,
    *,
    user: User,
    tokens: dict[str, Any],
    realm_session: str,
    asked_at: datetime,
) -> None:
    """Note the login that a session begins with.

    Args:
        request: The request that ends the login; its session is new.
        user: Who logged in.
        tokens: The token endpoint's answer (RFC 6749, section 5.1).
        realm_session: What the realm calls its own session, or an empty string.
        asked_at: When the realm was asked for the tokens.

    Raises:
        EndedMeanwhile: The realm's session, or all of the person's, ended after that.
    """
    session = request.session
    kept = seal_tokens(tokens)
    realm_session = realm_session[:MAX_REALM_SESSION]
    if is_table_missing(BrowserSession):
        session[SESSION_TOKENS] = kept
        session[SESSION_REALM_SESSION] = realm_session
        return
    with transaction.atomic():
        _check_not_ended(user, realm_session, asked_at)
        _write_session(request, user, tokens, kept, realm_session)


def _check_not_ended(user: User, realm_session: str, asked_at: datetime) -> None:
    # Whoever ends sessions waits for the row that is written next, or was before it.
    _hold_realm_session(realm_session)
    all_ended_at = (
        User.objects.select_for_update()
        .filter(pk=user.pk)
        .values_list("sessions_ended_at", flat=True)
        .first()
    )
    for ended_at in (all_ended_at, end_of_session_now(realm_session)):
        if ended_at is not None and ended_at >= asked_at:
            raise EndedMeanwhile


def _hold_realm_session(realm_session: str) -> None:
    """Have the login and the end of a session of the realm come one after the other."""
    if not realm_session:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema() || %s))",
            [_LOCK, realm_session],
        )


def _write_session(
    request: HttpRequest, user: User, tokens: dict[str, Any], kept: str, realm_session: str
) -> None:
    session = request.session
    # Its row must be there before the one that refers to it.
    session.save()
    now = timezone.now()
    BrowserSession.objects.create(
        session=Session.objects.get(pk=session.session_key),
        user=user,
        realm_session=realm_session,
        tokens=kept,
        created_at=now,
        last_seen_at=now,
        refresh_after=refresh_time(tokens, now),
        address=client_address(request)[:MAX_ADDRESS],
        user_agent=_user_agent(request),
    )


def browser_session_of(request: HttpRequest) -> BrowserSession | None:
    """Return the login that a request's session is of; None for one that nobody is logged in by.

    A session from before there were such rows gets one.
    """
    session = request.session
    user_id = session.get(SESSION_KEY)
    if user_id is None or not isinstance(session, SessionStore):
        return None
    if session.browser is None and SESSION_TOKENS in session:
        session.browser = _take_over(request, session, user_id)
    return session.browser


def note_seen(browser: BrowserSession, now: datetime) -> None:
    """Note that a session is in use, unless that is known well enough."""
    if now - browser.last_seen_at >= SEEN_EVERY:
        BrowserSession.objects.filter(pk=browser.pk, last_seen_at__lt=now).update(last_seen_at=now)


def seal_tokens(tokens: dict[str, Any]) -> str:
    """Return what is kept of a token endpoint's answer, encrypted."""
    kept = {name: tokens[name] for name in _KEPT_TOKENS if tokens.get(name)}
    return encrypt(json.dumps(kept))


def open_tokens(ciphertext: str) -> dict[str, str]:
    """Return the tokens that are kept; none if no present key opens them."""
    if not ciphertext:
        return {}
    try:
        found: dict[str, str] = json.loads(decrypt(ciphertext))
    except UndecryptableError:
        return {}
    return found


def kept_tokens(browser: BrowserSession) -> dict[str, str]:
    """Return the tokens of a session; none if it has ended since it was read."""
    found = BrowserSession.objects.filter(pk=browser.pk).values_list("tokens", flat=True).first()
    return open_tokens(found or "")


def refresh_time(tokens: dict[str, Any], now: datetime) -> datetime:
    """Return when the access token of an answer is over; at once if the answer does not tell."""
    lifetime = tokens.get("expires_in")
    is_known = isinstance(lifetime, int) and 0 < lifetime <= ENDED_KEPT_FOR.total_seconds()
    return now + timedelta(seconds=lifetime if is_known and isinstance(lifetime, int) else 0)


def list_sessions(*, user: User) -> QuerySet[BrowserSession]:
    """Return a person's sessions, the last used first."""
    return BrowserSession.objects.filter(user=user)


def end_sessions(sessions: QuerySet[BrowserSession]) -> int:
    """End sessions at once, and refuse the access tokens of theirs from the next request on.

    Returns:
        How many there were.
    """
    with transaction.atomic():
        found = list(sessions.values_list("session_id", "realm_session"))
        note_ended(sid for _key, sid in found)
        Session.objects.filter(pk__in=[key for key, _sid in found]).delete()
    return len(found)


def note_ended(realm_sessions: Iterable[str]) -> None:
    """Refuse the access tokens that were given in sessions of the realm until now."""
    wanted = sorted({sid for sid in realm_sessions if sid})
    if not wanted or is_table_missing(EndedSession):
        return
    now = timezone.now()
    EndedSession.objects.bulk_create(
        [EndedSession(realm_session=sid, ended_at=now) for sid in wanted],
        update_conflicts=True,
        update_fields=["ended_at"],
        unique_fields=["realm_session"],
    )


def note_all_ended(users: QuerySet[User]) -> None:
    """Refuse the access tokens that were given to people until now, whatever session they are of.

    In a schema that is behind this waits for the upgrade; their sessions are ended all the same.
    """
    if not is_missing(User._meta.get_field("sessions_ended_at")):  # noqa: SLF001 (documented Options)
        users.update(sessions_ended_at=timezone.now())


def end_all_of(people: QuerySet[User]) -> int:
    """End all sessions of some people at once, and refuse the access tokens that they have.

    Returns:
        How many sessions there were.
    """
    with transaction.atomic():
        note_all_ended(people)
        ended = end_sessions(BrowserSession.objects.filter(user__in=people))
        return ended + sum(_end_unnoted(SESSION_KEY, str(user.pk)) for user in people)


def end_everywhere(*, user: User) -> int:
    """End all sessions of a person here, and have the realm end its own.

    The realm is told by a subscriber of the event, as long as it takes.

    Returns:
        How many sessions there were here.
    """
    with transaction.atomic():
        ended = end_all_of(User.objects.filter(pk=user.pk))
        record(
            actor=actor_of_user(user),
            action=EVERYWHERE_EVENT,
            target=f"user:{user.pk}",
            after={"sessions": ended},
        )
        publish(event=EVERYWHERE_EVENT, payload={"user": str(user.pk), "subject": user.subject})
    return ended


def end_at_realms_word(*, issuer: str, subject: str, realm_session: str) -> int:
    """End what a realm says has ended: one session of its own, or all of a person without one.

    Returns:
        How many sessions there were here.
    """
    with transaction.atomic():
        if realm_session:
            _hold_realm_session(realm_session)
            note_ended([realm_session])
            ended = end_sessions(BrowserSession.objects.filter(realm_session=realm_session))
            return ended + _end_unnoted(SESSION_REALM_SESSION, realm_session)
        return end_all_of(User.objects.filter(issuer=issuer, subject=subject))


def end_of_session(realm_session: str) -> Subquery:
    """Return, for a query about something else, when a session of the realm has ended, or NULL."""
    ended = EndedSession.objects.filter(realm_session=realm_session)
    return Subquery(ended.values("ended_at")[:1], output_field=DateTimeField(null=True))


def end_of_session_now(realm_session: str) -> datetime | None:
    """Return when a session of the realm has ended, or None while it goes on."""
    ended = EndedSession.objects.filter(realm_session=realm_session)
    return ended.values_list("ended_at", flat=True).first()


def _end_unnoted(name: str, value: str) -> int:
    """End sessions without a row of ours, by what their own data says; there are few, or none."""
    keys = [
        session.pk
        for session in Session.objects.filter(browser=None)
        if session.get_decoded().get(name) == value
    ]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def _take_over(request: HttpRequest, session: SessionStore, user_id: str) -> BrowserSession | None:
    if is_table_missing(BrowserSession):
        return None
    now = timezone.now()
    # It was saved at its login and not since, so that tells when it began.
    began = (session.ends_at or now) - timedelta(seconds=session.get_expiry_age())
    browser, _is_new = BrowserSession.objects.get_or_create(
        session_id=session.session_key,
        defaults={
            "user_id": user_id,
            "realm_session": session.get(SESSION_REALM_SESSION, "")[:MAX_REALM_SESSION],
            "tokens": session[SESSION_TOKENS],
            "created_at": min(began, now),
            "last_seen_at": now,
            # Its end may have been told in the meantime.
            "refresh_after": now,
            "address": client_address(request)[:MAX_ADDRESS],
            "user_agent": _user_agent(request),
        },
    )
    return browser


def _user_agent(request: HttpRequest) -> str:
    said = request.headers.get("User-Agent", "")
    return "".join(letter for letter in said if letter.isprintable())[:MAX_USER_AGENT]
