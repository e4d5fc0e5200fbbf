"""Visits of the platform's staff in workspaces: asked for, begun, checked at each request, ended.

A visit is one browser's. The workspace gives the browser a secret before the visit is asked for,
and the console learns its digest; the console gives the browser a token afterwards, and the
workspace takes it once. Whoever has only one of the two opens nothing. See docs/adr/0015.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound, PermissionRefused
from plexica.core.scope import platform_scope
from plexica.identity.actors import actor_of_user
from plexica.identity.browser_sessions import note_seen
from plexica.identity.models import BrowserSession, User
from plexica.identity.oidc.refresh import GRACE, Answer, ask_realm
from plexica.identity.visitor import Visit
from plexica.rbac.engine import snapshot_of
from plexica.rbac.permissions import TENANTS_SUPPORT, TENANTS_SUPPORT_WRITE
from tenants.maintenance import can_be_maintained
from tenants.models import SupportVisit, Tenant
from tenants.scopes import tenant_scope
from tenants.session_limits import limits_of

MIN_REASON_LENGTH = 10
MAX_REASON_LENGTH = 300
MINUTES_OFFERED = (15, 30, 60, 120, 240)
DEFAULT_MINUTES = 30
# From the console to the workspace is one click.
HAND_OVER_SECONDS = 120
SECRET_BYTES = 32
CHALLENGE_LENGTH = 64
_CHALLENGE = re.compile(rf"[0-9a-f]{{{CHALLENGE_LENGTH}}}")

logger = structlog.get_logger(__name__)


class VisitRefused(PermissionRefused):
    """A visit cannot begin."""

    code = "visit-refused"
    title = gettext_noop("This visit cannot begin")


class VisitUndecided(Exception):
    """Nobody can tell now whether a visit is good: the staff's login service does not answer."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """A visit that was asked for, and what its browser begins it with.

    Attributes:
        visit: The visit.
        token: Good once, for two minutes, in the browser that asked.
    """

    visit: SupportVisit
    token: str


def make_secret() -> str:
    """Return a secret for a browser, or for a token."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return what is told and kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def is_challenge(text: str) -> bool:
    """Return whether a text is the digest of a secret, as `digest_of` writes it."""
    return _CHALLENGE.fullmatch(text) is not None


def ask_visit(
    *,
    tenant: Tenant,
    staff: User,
    browser: BrowserSession | None,
    challenge: str,
    reason: str,
    minutes: int,
    is_writing: bool,
) -> HandOver:
    """Have a visit ready for one browser.

    Args:
        tenant: Whose workspace.
        staff: Who of the staff.
        browser: Their session in the console, without which the visit is nothing.
        challenge: The digest of the secret that the workspace has given the browser.
        reason: Why, for both audits.
        minutes: For how long, one of `MINUTES_OFFERED`.
        is_writing: Whether things are to be changed, too.

    Raises:
        InvalidInput: The reason is too short, or a value is none of those offered.
        PermissionRefused: They may not visit, or not change things.
        Conflict: The tenant is not active.
    """
    said = " ".join(reason.split())
    _check_asked(said, minutes, challenge)
    if not _may_visit(staff, is_writing=is_writing):
        raise PermissionRefused(_("Your roles do not allow such a visit."))
    if browser is None:
        raise PermissionRefused(_("Log in to the console again, then try once more."))
    if not tenant.is_active:
        raise Conflict(_("Only the workspace of an active tenant can be opened."))
    token = make_secret()
    now = timezone.now()
    with transaction.atomic():
        visit = SupportVisit.objects.create(
            tenant=tenant,
            staff_id=staff.pk,
            staff_name=str(staff)[:200],
            browser_session=browser.pk,
            challenge=challenge,
            token_digest=digest_of(token),
            reason=said,
            is_writing=is_writing,
            minutes=minutes,
            asked_at=now,
            expires_at=now + timedelta(minutes=minutes),
        )
        record(
            actor=actor_of_user(staff),
            action="support.visit_asked",
            target=f"tenant:{tenant.slug}",
            after=_facts(visit),
        )
    return HandOver(visit, token)


def begin_visit(*, tenant: Tenant, token: str, secret: str) -> SupportVisit:
    """Take a token, once, in the browser that has the secret.

    Args:
        tenant: Whose workspace was asked.
        token: What the console gave the browser.
        secret: What the workspace gave it before.

    Raises:
        VisitRefused: The token is unknown, used, too old, of another tenant or another browser, or
            the staff member may not visit any more.
    """
    now = timezone.now()
    with platform_scope(), transaction.atomic():
        visit = (
            SupportVisit.objects.select_for_update()
            .filter(token_digest=digest_of(token), tenant_id=tenant.pk)
            .first()
        )
        if visit is None or visit.begun_at is not None or visit.ended_at is not None:
            raise VisitRefused(_("The link was used already, or is none. Begin in the console."))
        if now - visit.asked_at > timedelta(seconds=HAND_OVER_SECONDS):
            raise VisitRefused(_("It took too long. Begin in the console once more."))
        if not secret or not hmac.compare_digest(digest_of(secret), visit.challenge):
            raise VisitRefused(_("It was asked for in another browser."))
        if _why_over(visit, now, is_asking_realm=False):
            raise VisitRefused(
                _("You are not logged in to the console any more, or may not visit.")
            )
        visit.begun_at = now
        visit.expires_at = now + timedelta(minutes=visit.minutes)
        visit.save(update_fields=["begun_at", "expires_at"])
        _record_twice(visit, tenant, "support.visit_begun", _visit_of(visit).actor)
    return visit


def check_visit(*, visit_id: UUID, tenant: Tenant) -> Visit | None:
    """Return a visit if it is good in this request; None if it is over, which is then noted.

    Raises:
        VisitUndecided: The staff's login service does not answer for too long.
    """
    now = timezone.now()
    with platform_scope():
        visit = SupportVisit.objects.filter(pk=visit_id, tenant_id=tenant.pk).first()
        if visit is None or visit.begun_at is None or visit.ended_at is not None:
            return None
        if why := _why_over(visit, now):
            _end(visit, tenant, SYSTEM, why)
            return None
    return _visit_of(visit)


def end_visit(*, visit_id: UUID, tenant: Tenant, actor: Actor, why: str = "left") -> bool:
    """End a visit now; one that is over stays as it is.

    Args:
        visit_id: Which.
        tenant: Whose workspace it is in.
        actor: Who ends it.
        why: What the audits say of it.

    Returns:
        Whether it was going on.

    Raises:
        NotFound: There is none.
    """
    with platform_scope():
        visit = SupportVisit.objects.filter(pk=visit_id, tenant_id=tenant.pk).first()
        if visit is None:
            raise NotFound(_("There is no such visit."))
        return _end(visit, tenant, actor, why)


def list_visits(*, tenant: Tenant) -> QuerySet[SupportVisit]:
    """Return the visits of a tenant that have begun, newest first."""
    return SupportVisit.objects.filter(tenant=tenant, begun_at__isnull=False)


def end_visits_over() -> int:
    """End the visits whose time is over or whose staff member is out, for the schedule.

    Nobody is let in by one that has not been ended yet; it is for the audits.

    Returns:
        How many there were.
    """
    ended = 0
    now = timezone.now()
    going_on = SupportVisit.objects.filter(begun_at__isnull=False, ended_at__isnull=True)
    for visit in going_on.select_related("tenant"):
        try:
            why = _why_over(visit, now, is_asking_realm=False)
            ended += bool(why) and _end(visit, visit.tenant, SYSTEM, why)
        except DatabaseError:
            # One tenant that is broken keeps nothing from the others.
            logger.exception("visit_not_ended", visit=str(visit.pk))
    return ended


def _check_asked(reason: str, minutes: int, challenge: str) -> None:
    problems: dict[str, list[str]] = {}
    if not MIN_REASON_LENGTH <= len(reason) <= MAX_REASON_LENGTH or not reason.isprintable():
        problems["reason"] = [
            _("Write %(min)d to %(max)d characters.")
            % {"min": MIN_REASON_LENGTH, "max": MAX_REASON_LENGTH}
        ]
    if minutes not in MINUTES_OFFERED:
        problems["minutes"] = [_("Choose one of the times that are offered.")]
    if problems:
        raise InvalidInput(_("See errors for what is wrong with which field."), fields=problems)
    if not is_challenge(challenge):
        raise InvalidInput(_("Begin at the tenant's page once more."))


def _why_over(visit: SupportVisit, now: datetime, *, is_asking_realm: bool = True) -> str:
    """Return why a visit is not good any more, or nothing; in the platform's scope.

    It is good no longer than the staff member's own session in the console, which the visit keeps
    in use, and their role. Their realm is asked as often as for the console itself.
    """
    if visit.expires_at <= now:
        return "expired"
    staff = User.objects.filter(pk=visit.staff_id, is_active=True, removed_at__isnull=True).first()
    browser = (
        BrowserSession.objects.select_related("session")
        .filter(pk=visit.browser_session, user_id=visit.staff_id)
        .first()
    )
    if staff is None:
        return "staff_disabled"
    if browser is None or not _is_open(browser, now):
        return "console_session_over"
    if not _may_visit(staff, is_writing=visit.is_writing):
        return "permission_taken"
    if is_asking_realm and not _may_go_on(browser, staff, now):
        return "console_session_over"
    return ""


def _may_visit(staff: User, *, is_writing: bool) -> bool:
    held = snapshot_of(staff)
    return held.allows(TENANTS_SUPPORT) and (not is_writing or held.allows(TENANTS_SUPPORT_WRITE))


def _is_open(browser: BrowserSession, now: datetime) -> bool:
    session = getattr(browser, "session", None)
    if session is None or session.expire_date <= now:
        return False
    return not limits_of(None).are_over(
        created_at=browser.created_at, last_seen_at=browser.last_seen_at, now=now
    )


def _may_go_on(browser: BrowserSession, staff: User, now: datetime) -> bool:
    due_at = browser.refresh_after
    if due_at and due_at <= now:
        answer, _roles = ask_realm(browser, user=staff)
        if answer is Answer.NO:
            return False
        if answer is Answer.NONE and now >= due_at + GRACE:
            raise VisitUndecided
    note_seen(browser, now)
    return True


def _end(visit: SupportVisit, tenant: Tenant, actor: Actor, why: str) -> bool:
    with transaction.atomic():
        ended = SupportVisit.objects.filter(pk=visit.pk, ended_at__isnull=True).update(
            ended_at=timezone.now(), end_reason=why
        )
        if ended and visit.begun_at is not None:
            _record_twice(visit, tenant, "support.visit_ended", actor, why=why)
    return bool(ended)


def _record_twice(
    visit: SupportVisit, tenant: Tenant, action: str, actor: Actor, **more: object
) -> None:
    """Write to the platform's audit and the tenant's, in one transaction."""
    facts = {**_facts(visit), **more}
    record(actor=actor, action=action, target=f"tenant:{tenant.slug}", after=facts)
    if can_be_maintained(tenant):
        with tenant_scope(tenant):
            record(actor=actor, action=action, target=f"visit:{visit.pk}", after=facts)


def _facts(visit: SupportVisit) -> dict[str, object]:
    return {
        "visit": str(visit.pk),
        "name": visit.staff_name,
        "reason": visit.reason,
        "writes": visit.is_writing,
        "until": visit.expires_at.isoformat(),
    }


def _visit_of(visit: SupportVisit) -> Visit:
    return Visit(
        id=visit.pk,
        name=visit.staff_name,
        is_writing=visit.is_writing,
        reason=visit.reason,
        began_at=visit.begun_at or visit.asked_at,
        expires_at=visit.expires_at,
    )
