"""The sessions that somebody has, here and at their realm, and the end of some of them.

A session ends here at once. The realm ends its own of the same browser, which it is told as any
other change of a person (ADR 14), so also later if it does not answer now.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.errors import NotFound, OutwardError
from plexica.identity.browser_sessions import end_sessions, kept_tokens, list_sessions, note_ended
from plexica.identity.keycloak.account import Account, RealmSession
from plexica.identity.models import BrowserSession, User
from plexica.identity.people import lock_person
from plexica.identity.profile.devices import Device, device_of
from plexica.identity.providers import current_provider
from plexica.identity.realm_changes import Outcome, ask_realm_to_end, attempt_soon
from tenants.models import Tenant
from tenants.session_limits import limits_of

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session of somebody: a browser that is logged in.

    Attributes:
        id: What forms call it: the realm's name for it, or else ours.
        device: What it is.
        address: Where it was begun from.
        started_at: When.
        seen_at: When it was last used.
        is_current: Whether it is the one that asks.
        is_here: Whether it is logged in here, and not only to other applications.
        apps: The other applications that it is logged in to.
    """

    id: str
    device: Device
    address: str
    started_at: datetime
    seen_at: datetime
    is_current: bool = False
    is_here: bool = True
    apps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of ending sessions.

    Attributes:
        count: How many there were.
        outcome: What became of telling the realm.
        is_whole: Whether the realm could be asked, so that those only it knows are among them.
    """

    count: int
    outcome: Outcome
    is_whole: bool


def sessions_at_realm(current: BrowserSession | None) -> list[RealmSession] | None:
    """Return the person's sessions as their realm knows them; None if it does not tell.

    Args:
        current: The session that asks.
    """
    token = kept_tokens(current).get("access_token", "") if current else ""
    try:
        return Account(current_provider(), token).list_sessions()
    except OutwardError as error:
        logger.info("sessions_at_realm_unknown", reason=str(error))
        return None


def own_sessions(
    *,
    tenant: Tenant | None,
    user: User,
    current: BrowserSession | None,
    at_realm: Iterable[RealmSession],
) -> list[OwnSession]:
    """Return somebody's sessions, this one first and then the last used.

    Args:
        tenant: The tenant of the current scope; None for the platform's staff.
        user: Whose.
        current: The session that asks.
        at_realm: What the realm tells of them.
    """
    known = {session.id: session for session in at_realm}
    client_id = current_provider().client_id
    here: dict[str, list[BrowserSession]] = {}
    for row in _alive(tenant, user):
        here.setdefault(row.realm_session or str(row.pk), []).append(row)
    found = [_of_rows(key, rows, known.get(key), current, client_id) for key, rows in here.items()]
    # In such a browser nobody is asked for a password, even if it is logged in to nothing now.
    found += [_of_realm(session, client_id) for key, session in known.items() if key not in here]
    return sorted(found, key=lambda each: (not each.is_current, -each.seen_at.timestamp()))


def end_own_sessions(
    *,
    tenant: Tenant | None,
    user: User,
    actor: Actor,
    current: BrowserSession | None,
    wanted: Collection[str] | None,
) -> Ended:
    """End some of somebody's sessions, or all but the one that asks.

    Args:
        tenant: The tenant of the current scope; None for the platform's staff.
        user: Whose.
        actor: They themselves.
        current: The session that asks, which goes on.
        wanted: Which, by their ids; all others when None.

    Raises:
        NotFound: None of those are theirs.
    """
    at_realm = sessions_at_realm(current)
    is_whole = at_realm is not None
    shown = own_sessions(tenant=tenant, user=user, current=current, at_realm=at_realm or ())
    ending = [
        session
        for session in shown
        if not session.is_current and (wanted is None or session.id in wanted)
    ]
    if not ending:
        if wanted is None:
            return Ended(0, Outcome.DONE, is_whole=is_whole)
        raise NotFound
    ids = {session.id for session in ending}
    with transaction.atomic():
        found = lock_person(user.pk)
        rows = [
            row for row in list_sessions(user=found) if (row.realm_session or str(row.pk)) in ids
        ]
        of_realm = {row.realm_session for row in rows if row.realm_session}
        of_realm |= {session.id for session in ending if not session.is_here}
        note_ended(of_realm)
        end_sessions(BrowserSession.objects.filter(pk__in=[row.pk for row in rows]))
        record(
            actor=actor,
            action="user.sessions_ended",
            target=f"user:{found.pk}",
            after={"sessions": len(ending)},
        )
        if of_realm:
            ask_realm_to_end(user=found, actor=actor, sessions=of_realm)
    outcome = Outcome.DONE
    if of_realm:
        outcome = attempt_soon(tenant=tenant, users=[found])[found.pk]
    return Ended(len(ending), outcome, is_whole=is_whole)


def _alive(tenant: Tenant | None, user: User) -> list[BrowserSession]:
    limits, now = limits_of(tenant), timezone.now()
    rows = list_sessions(user=user).defer("tokens")
    return [
        row
        for row in rows
        if not limits.are_over(created_at=row.created_at, last_seen_at=row.last_seen_at, now=now)
    ]


def _of_rows(
    key: str,
    rows: list[BrowserSession],
    at_realm: RealmSession | None,
    current: BrowserSession | None,
    client_id: str,
) -> OwnSession:
    newest = max(rows, key=lambda row: row.last_seen_at)
    return OwnSession(
        id=key,
        device=device_of(newest.user_agent),
        address=newest.address,
        started_at=min(row.created_at for row in rows),
        seen_at=newest.last_seen_at,
        is_current=current is not None and current.pk in {row.pk for row in rows},
        apps=_others(at_realm, client_id) if at_realm else (),
    )


def _of_realm(session: RealmSession, client_id: str) -> OwnSession:
    return OwnSession(
        id=session.id,
        device=Device(browser=session.browser, system=session.system),
        address=session.address,
        started_at=session.started_at,
        seen_at=session.seen_at,
        is_here=False,
        apps=_others(session, client_id),
    )


def _others(session: RealmSession, client_id: str) -> tuple[str, ...]:
    return tuple(sorted(name for app, name in session.apps.items() if app != client_id))
