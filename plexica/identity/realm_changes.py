"""What a realm has yet to be told about people: written with the change, told after the commit.

One worker at a time tells it about a person, under a claim that ends by itself. What it tells is
how things should be in the end, so it may be told again, and of two changes the later one stands.
See docs/adr/0014.
"""

import time
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import requests
import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from plexica.core.actor import Actor
from plexica.core.crypto import UndecryptableError
from plexica.core.errors import OutwardError, PermanentError, TransientError
from plexica.core.fence import fenced
from plexica.core.jobs import send_after_commit
from plexica.core.scope import platform_scope
from plexica.identity.keycloak.errors import KeycloakForbidden, KeycloakUnauthorized
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.keycloak.transport import READ_SECONDS
from plexica.identity.models import MAX_REASON, RealmChange, User
from plexica.identity.providers import PLATFORM_REALM
from plexica.identity.realm_people import tell_realm
from plexica.identity.realm_settling import settle_mail, settle_state
from plexica.identity.services import send_invitation
from tenants.models import Tenant
from tenants.served import in_each_served

# A call is begun only while nobody else may take over even if it lasts as long as it can.
CLAIM_SECONDS = 60
CALLS_BEGIN_SECONDS = 25.0
# A request that has changed somebody waits for the realm no longer than this.
SOON_READ_SECONDS = 5.0
SOON_SECONDS = 8.0
FIRST_RETRY_SECONDS = 5
MAX_RETRY_SECONDS = 300
FAILED_RETRY_SECONDS = 3600
MAX_ATTEMPTS = 10
MAX_ROUNDS = 3
BATCH_SIZE = 50
# A tenant whose realm or mail server is slow must not keep the worker from the others.
SETTLE_SECONDS = 15.0
PLATFORM_TASK = "identity.settle_staff"
PLATFORM_TASK_SECONDS = 20
PLATFORM_KEYCLOAK = "default"
# The account inside the realm is broken, which an operator mends.
_MENDABLE = (KeycloakUnauthorized, KeycloakForbidden)

logger = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of an attempt."""

    DONE = "done"
    WAITING = "waiting"
    MAIL_WAITING = "mail_waiting"
    FAILED = "failed"
    HELD = "held"


def ask_realm(*, user: User, actor: Actor, **wanted: object) -> None:
    """Write down what the realm is to be told, in the transaction that changes the person.

    The person's row must be held. What was asked for before and is not told yet stays, as far as it
    is not asked for otherwise now.

    Args:
        user: Whom it is about.
        actor: Who wants it.
        wanted: Fields of `RealmChange` that say what.
    """
    change = RealmChange.objects.select_for_update().filter(user=user).first() or RealmChange(
        user=user
    )
    for name, value in wanted.items():
        setattr(change, name, value)
    change.version += 1
    change.attempts, change.has_failed, change.last_error = 0, False, ""
    change.next_attempt_at = change.asked_at = timezone.now()
    change.asked_by_kind, change.asked_by_id = actor.kind, actor.id
    change.asked_by_name = actor.name[:255]
    change.save()


def waiting_for_realm(people: Collection[UUID]) -> Collection[UUID]:
    """Return those of some people who are to become different in their realm than they are there.

    Their rows must be held, so that nothing else is asked for meanwhile.
    """
    changes = RealmChange.objects.filter(pk__in=people)
    return frozenset(change.pk for change in changes if change.is_for_state)


def ask_realm_to_end(*, user: User, actor: Actor, sessions: Collection[str]) -> None:
    """Write down that the realm is to end single sessions of its own, as `ask_realm` does.

    Args:
        user: Whose they are; their row must be held.
        actor: Who wants it.
        sessions: What the realm calls them.
    """
    waiting = RealmChange.objects.filter(pk=user.pk).values_list("ended_sessions", flat=True)
    known = waiting.first() or []
    ask_realm(user=user, actor=actor, ended_sessions=sorted({*known, *sessions}))


def attempt(*, tenant: Tenant | None, user_id: UUID, read_seconds: float = READ_SECONDS) -> Outcome:
    """Tell the realm now what it has yet to be told about a person, if nobody else is at it.

    Args:
        tenant: The tenant of the current scope; None for the platform's staff, whose realm only
            the provisioner has power in.
        user_id: The person.
        read_seconds: How long a call waits for the realm.

    Returns:
        What became of it; a failure is noted in the row and is no error.
    """
    for _round in range(MAX_ROUNDS):
        change = _claim(user_id)
        if change is None:
            is_left = RealmChange.objects.filter(pk=user_id).exists()
            return Outcome.HELD if is_left else Outcome.DONE
        outcome = _work(tenant, change, read_seconds)
        if outcome is not None:
            return outcome
        # It was changed meanwhile, so there is more to tell.
    return Outcome.HELD


def attempt_soon(*, tenant: Tenant | None, users: Iterable[User]) -> dict[UUID, Outcome]:
    """Tell the realm about people in the request that has changed them, for a few seconds.

    Requests have no power in the realm of the platform's staff: there the provisioner is asked.

    Returns:
        What became of it, by their ids. Whoever the time did not suffice for waits for the clock.
    """
    if tenant is None:
        send_after_commit(PLATFORM_TASK, expires_seconds=PLATFORM_TASK_SECONDS)
        return {user.pk: Outcome.WAITING for user in users}
    ends_at = time.monotonic() + SOON_SECONDS
    found: dict[UUID, Outcome] = {}
    is_over = False
    for user in users:
        found[user.pk] = Outcome.WAITING
        if not is_over:
            found[user.pk] = attempt(tenant=tenant, user_id=user.pk, read_seconds=SOON_READ_SECONDS)
            is_over = found[user.pk] == Outcome.WAITING or time.monotonic() > ends_at
    return found


def retry(*, tenant: Tenant, user: User) -> Outcome:
    """Try at once, and as often as at first, what waits or has failed."""
    RealmChange.objects.filter(pk=user.pk).update(
        attempts=0, has_failed=False, next_attempt_at=timezone.now()
    )
    return attempt(tenant=tenant, user_id=user.pk, read_seconds=SOON_READ_SECONDS)


def settle_people() -> int:
    """Tell the realms of all tenants that are served what is due.

    Returns:
        How many people there is nothing left to tell about.
    """
    return in_each_served(_settle_all_of, doing="settle_people")


def settle_staff() -> int:
    """Tell the platform's own realm what is due; only the provisioner may.

    Returns:
        How many people there is nothing left to tell about.
    """
    with platform_scope():
        return _settle_all_of(None)


def _settle_all_of(tenant: Tenant | None) -> int:
    settled = 0
    ends_at = time.monotonic() + SETTLE_SECONDS
    is_mail_away = False
    due = RealmChange.objects.filter(_free(), next_attempt_at__lte=timezone.now())
    for change in due.order_by("next_attempt_at")[:BATCH_SIZE]:
        if is_mail_away and not change.is_for_state:
            continue
        outcome = attempt(tenant=tenant, user_id=change.pk)
        settled += outcome == Outcome.DONE
        is_mail_away = is_mail_away or outcome == Outcome.MAIL_WAITING
        if outcome == Outcome.WAITING or time.monotonic() > ends_at:
            # The realm does not answer, or slowly: the others, and other tenants, come first.
            break
    return settled


def _claim(user_id: UUID) -> RealmChange | None:
    claim = uuid.uuid4()
    until = timezone.now() + timedelta(seconds=CLAIM_SECONDS)
    is_ours = RealmChange.objects.filter(_free(), pk=user_id).update(
        claim=claim, claimed_until=until
    )
    if not is_ours:
        return None
    return RealmChange.objects.select_related("user").filter(pk=user_id, claim=claim).first()


def _free() -> Q:
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=timezone.now())


def _work(tenant: Tenant | None, change: RealmChange, read_seconds: float) -> Outcome | None:
    outcome = Outcome.WAITING
    try:
        with fenced(_until(time.monotonic() + CALLS_BEGIN_SECONDS)):
            realm = _realm(tenant, read_seconds)
            if change.is_for_state:
                tell_realm(realm, change)
                if not settle_state(change):
                    return None
            # Nobody is invited to the console: its realm's people are made there.
            if change.sends_mail and tenant is not None:
                outcome = Outcome.MAIL_WAITING
                send_invitation(
                    tenant=tenant, subject=change.user.subject, read_seconds=read_seconds
                )
                if not settle_mail(change):
                    return None
    except OutwardError as error:
        return _note_failure(change, error, outcome)
    return Outcome.DONE


def _note_failure(change: RealmChange, error: OutwardError, outcome: Outcome) -> Outcome | None:
    logger.warning(
        "realm_not_told", user=str(change.user_id), reason=str(error), cause=str(error.__cause__)
    )
    with transaction.atomic():
        found = RealmChange.objects.select_for_update().filter(pk=change.pk).first()
        if found is None or found.claim != change.claim:
            return Outcome.HELD
        if not _may_be_at_it(error):
            found.claim = found.claimed_until = None
        if found.version != change.version:
            found.save(update_fields=["claim", "claimed_until"])
            # What is asked for now has its own first attempt, unless nobody answers anyway.
            return outcome if isinstance(error, TransientError) else None
        found.attempts += 1
        is_final = isinstance(error, PermanentError) and not isinstance(error, _MENDABLE)
        found.has_failed = is_final or found.attempts >= MAX_ATTEMPTS
        found.last_error = str(error)[:MAX_REASON]
        found.next_attempt_at = timezone.now() + timedelta(seconds=_pause(found))
        found.save()
    # A mail that is refused takes nothing back of what the realm has done before.
    return Outcome.FAILED if is_final and outcome == Outcome.WAITING else outcome


def _may_be_at_it(error: OutwardError) -> bool:
    """Return whether Keycloak may still be at what nobody waits for any more.

    Then the claim stays until it ends by itself, so that nothing newer is told before that.
    """
    return isinstance(error.__cause__, requests.ReadTimeout)


def _pause(change: RealmChange) -> int:
    if change.has_failed:
        return FAILED_RETRY_SECONDS
    doubled: int = FIRST_RETRY_SECONDS * 2 ** (change.attempts - 1)
    return min(doubled, MAX_RETRY_SECONDS)


def _realm(tenant: Tenant | None, read_seconds: float) -> RealmClient:
    if tenant is None:
        account = master_client(PLATFORM_KEYCLOAK).account
        return RealmClient(account, realm=PLATFORM_REALM, read_seconds=read_seconds)
    try:
        return realm_client(tenant, read_seconds=read_seconds)
    except (KeyError, UndecryptableError) as error:
        raise KeycloakUnauthorized(
            gettext_noop("The account inside the realm does not work.")
        ) from error


def _until(moment: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > moment:
            raise TransientError(gettext_noop("The login service takes too long."))

    return check
