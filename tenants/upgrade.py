"""Bringing all tenants to the present version: one by one, a few first, and on from where it was.

A tenant is behind when the digest of one of its parts is not the present one (`tenants.parts`), so
one query finds all that are. Nothing else has to be remembered: an upgrade that was cut off goes
on with what is still behind.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import Conflict, InvalidInput, NotFound, OutwardError, TransientError
from plexica.core.scope import platform_scope
from tenants.claim import claimed
from tenants.lifecycle import note_digest
from tenants.models import Tenant
from tenants.parts import Part, configured_parts, differs_from_present
from tenants.runs import TenantBusy
from tenants.states import WHOLE_STATES

FIRST_FEW = 3
ATTEMPTS = 3
MAX_BACKOFF_SECONDS = 8.0
UNEXPECTED_MESSAGE = "It failed in a way that nobody foresaw; the log has the details."
_LOCK_KEY = 0x504C_5550  # "PLUP"

logger = structlog.get_logger(__name__)


class UpgradeRunning(Conflict):
    """Somebody else is upgrading the tenants."""

    code = "upgrade-running"
    title = gettext_noop("An upgrade is running already")


class Outcome(StrEnum):
    """How an upgrade ended for one tenant."""

    UPGRADED = "upgraded"
    FAILED = "failed"
    BUSY = "busy"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class TenantOutcome:
    """What became of one tenant.

    Attributes:
        slug: Which tenant.
        outcome: How it ended.
        message: Why it is still behind, in words for people; empty when it is not.
        seconds: How long it took.
    """

    slug: str
    outcome: Outcome
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upgrade is.

    Attributes:
        done: How many tenants have been tried.
        total: How many were behind at the beginning.
        last: What became of the last one.
        seconds_left: An estimate, from how long the others took.
    """

    done: int
    total: int
    last: TenantOutcome
    seconds_left: float


@dataclass(slots=True)
class UpgradeReport:
    """What became of an upgrade.

    Attributes:
        tenants: What became of each tenant that was behind, in the order in which they were tried.
        seconds: How long all of it took.
    """

    tenants: list[TenantOutcome] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, outcome: Outcome) -> int:
        """Return for how many tenants it ended like this."""
        return sum(tenant.outcome == outcome for tenant in self.tenants)

    @property
    def is_complete(self) -> bool:
        """Whether no tenant is behind any more."""
        return self.count(Outcome.UPGRADED) == len(self.tenants)


def list_behind(
    *, parts: Collection[str] | None = None, slugs: Collection[str] | None = None
) -> QuerySet[Tenant]:
    """Return the tenants that have a part which is not at its present version, oldest first.

    Args:
        parts: The names of the parts that count; all when None.
        slugs: The slugs of the tenants that count; all when None.

    Raises:
        InvalidInput: There is no part of such a name.
    """
    found: QuerySet[Tenant] = Tenant.objects.filter(differs_from_present(_chosen(parts)))
    if slugs is not None:
        found = found.filter(slug__in=slugs)
    return found.order_by("created_at", "id")


def parts_behind(tenant: Tenant) -> list[Part]:
    """Return the parts of a tenant that are not at their present version."""
    parts = configured_parts().values()
    present = {part.digest_field: part.present_digest() for part in parts}
    return [part for part in parts if _is_behind(part, tenant, present)]


def behind_of(tenants: Iterable[Tenant]) -> set[UUID]:
    """Return the ids of those of some tenants that are behind, without a query."""
    parts = configured_parts().values()
    present = {part.digest_field: part.present_digest() for part in parts}
    return {
        tenant.id
        for tenant in tenants
        if tenant.state in WHOLE_STATES and any(_is_behind(part, tenant, present) for part in parts)
    }


def upgrade_tenants(
    *,
    slugs: Collection[str] | None = None,
    parts: Collection[str] | None = None,
    first: int = FIRST_FEW,
    max_failures: int = 0,
    actor: Actor = SYSTEM,
    on_progress: Callable[[Progress], None] | None = None,
) -> UpgradeReport:
    """Bring tenants to the present version, one after the other.

    Args:
        slugs: Which tenants; all when None.
        parts: The names of the parts to bring up; all when None.
        first: How many go first; if one of them fails, none follows.
        max_failures: How many of the others may fail before the rest is left alone.
        actor: Who asks for it.
        on_progress: Called after each tenant.

    Raises:
        UpgradeRunning: Another upgrade is under way.
        InvalidInput: There is no part of such a name.
        NotFound: There is no tenant with one of the slugs.
    """
    started = time.monotonic()
    report = UpgradeReport()
    chosen = _chosen(parts)
    _check_slugs(slugs)
    with _alone():
        behind = list(list_behind(parts=parts, slugs=slugs))
        if behind:
            facts = {"tenants": len(behind), "parts": [part.name for part in chosen]}
            _record(actor, "tenants.upgrade_begun", "platform:tenants", facts)
        present = {part.digest_field: part.present_digest() for part in chosen}
        for number, tenant in enumerate(behind):
            if _is_enough(report, first=first, max_failures=max_failures):
                report.tenants.append(TenantOutcome(tenant.slug, Outcome.NOT_REACHED))
                continue
            last = _upgrade(tenant, [part for part in chosen if _is_behind(part, tenant, present)])
            report.tenants.append(last)
            if on_progress:
                done = number + 1
                pace = (time.monotonic() - started) / done
                on_progress(Progress(done, len(behind), last, pace * (len(behind) - done)))
    report.seconds = round(time.monotonic() - started, 3)
    logger.info(
        "tenants_upgraded",
        seconds=report.seconds,
        **{outcome.name.lower(): report.count(outcome) for outcome in Outcome},
    )
    return report


def _is_enough(report: UpgradeReport, *, first: int, max_failures: int) -> bool:
    failures = report.count(Outcome.FAILED)
    is_among_first = any(
        tenant.outcome == Outcome.FAILED for tenant in report.tenants[: max(first, 0)]
    )
    return is_among_first or failures > max_failures


def _upgrade(tenant: Tenant, behind: Sequence[Part]) -> TenantOutcome:
    started = time.monotonic()
    outcome, message = Outcome.UPGRADED, ""
    try:
        for part in behind:
            if part.upgrades_alone:
                _retrying()(part.upgrade, tenant)
        rest = [part for part in behind if not part.upgrades_alone]
        if rest:
            with claimed(tenant) as fresh:
                _bring_up(fresh, rest)
    except (TenantBusy, NotFound) as error:
        outcome, message = Outcome.BUSY, error.detail
    except OutwardError as error:
        outcome, message = Outcome.FAILED, str(error)
    except Exception:
        logger.exception("upgrade_failed", slug=tenant.slug)
        outcome, message = Outcome.FAILED, UNEXPECTED_MESSAGE
    if outcome == Outcome.FAILED:
        _record(SYSTEM, "tenant.upgrade_failed", f"tenant:{tenant.slug}", {"message": message})
    seconds = round(time.monotonic() - started, 3)
    return TenantOutcome(tenant.slug, outcome, message, seconds)


def _bring_up(tenant: Tenant, parts: Sequence[Part]) -> None:
    for part in parts:
        _retrying()(part.upgrade, tenant)
        note_digest(tenant=tenant, field=part.digest_field, digest=part.present_digest())
    names = [part.name for part in parts]
    _record(SYSTEM, "tenant.upgraded", f"tenant:{tenant.slug}", {"parts": names})


def _is_behind(part: Part, tenant: Tenant, present: Mapping[str, str]) -> bool:
    return bool(getattr(tenant, part.digest_field) != present[part.digest_field])


def _retrying() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(
            multiplier=settings.PLEXICA_STEP_BACKOFF_SECONDS, max=MAX_BACKOFF_SECONDS
        ),
        reraise=True,
    )


def _record(actor: Actor, action: str, target: str, facts: Mapping[str, object]) -> None:
    with platform_scope(), transaction.atomic():
        record(actor=actor, action=action, target=target, after=dict(facts))


def _chosen(names: Collection[str] | None) -> list[Part]:
    parts = configured_parts()
    if names is None:
        return list(parts.values())
    for name in names:
        if name not in parts:
            known = ", ".join(parts)
            raise InvalidInput(
                fields={
                    "parts": [
                        _("There is no part “%(name)s”. Use %(known)s.")
                        % {"name": name, "known": known}
                    ]
                }
            )
    return [part for part in parts.values() if part.name in names]


def _check_slugs(slugs: Collection[str] | None) -> None:
    if slugs is None:
        return
    known = set(Tenant.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    if missing := sorted(set(slugs) - known):
        raise NotFound(_("There is no tenant “%(slug)s”.") % {"slug": missing[0]})


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other upgrades away, by a lock that ends with the connection that holds it."""
    holder = connection.copy()
    try:
        with platform_scope():
            holder.set_autocommit(False)
            with holder.cursor() as cursor:
                # The holder is idle on purpose, for as long as the upgrade takes.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK_KEY])
                is_mine = cursor.fetchone()[0]
        if not is_mine:
            raise UpgradeRunning(_("Wait until it has ended; what is left then can go on."))
        yield
    finally:
        try:
            with platform_scope():
                holder.rollback()
        except DatabaseError:
            # A connection that broke has given the lock up already.
            logger.warning("upgrade_lock_lost", exc_info=True)
        holder.close()
