"""Comparing what should be with what is, and, on request, bringing it there.

A tenant is compared without holding anybody up. Where something differs it is claimed, which keeps
runs and upgrades away, and compared again, as the difference may have been a run's work; only what
is found then counts, and is mended.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plexica.audit.services import record
from plexica.core.actor import SYSTEM, Actor
from plexica.core.errors import InvalidInput, NotFound, OutwardError
from tenants.claim import claimed
from tenants.inspections import note_inspection
from tenants.life import has_removal_begun
from tenants.models import Tenant
from tenants.parts import Finding, Part, configured_parts
from tenants.reports import PartReport, ReconcileReport, SubjectReport
from tenants.runs import TenantBusy
from tenants.schema.shared import inspect_shared, repair_shared
from tenants.states import UNFINISHED_RUN_STATES, WHOLE_STATES, TenantState

# For how long something that a late server has made is looked for after a tenant's end.
ENDED_WITHIN = timedelta(days=1)
SCHEMA_PART = "schema"
UNEXPECTED_MESSAGE = "This failed in a way that nobody foresaw; the log has the details."

Progress = Callable[[int, int, SubjectReport], None]

logger = structlog.get_logger(__name__)


def reconcile(
    *,
    slugs: Collection[str] | None = None,
    parts: Collection[str] | None = None,
    repair: bool = False,
    remove: bool = False,
    around: bool | None = None,
    actor: Actor = SYSTEM,
    on_progress: Progress | None = None,
) -> ReconcileReport:
    """Compare tenants, and, unless only some are asked for, look for what is no tenant's.

    A server that does not answer leaves its part of a tenant uncompared; the others go on.

    Args:
        slugs: The tenants; all that should be whole when None.
        parts: The names of the parts; all when None.
        repair: Whether to mend what differs and can be mended.
        remove: Whether to remove what Plexica made and is no tenant's.
        around: Whether to look at what is no single tenant's; unless only some tenants are asked
            for when None.
        actor: Who asks, for the audit of repairs and removals.
        on_progress: Called after each tenant with their number so far, the number of all, and
            what was found.

    Raises:
        NotFound: There is no tenant with one of the slugs.
        InvalidInput: There is no part with one of the names.
    """
    started_at = timezone.now()
    chosen = _choose_parts(parts)
    tenants = _choose_tenants(slugs)
    reports: list[SubjectReport] = []
    for tenant in tenants:
        report = _reconcile_tenant(tenant, chosen, repair=repair, actor=actor)
        if not report.skipped:
            note_inspection(tenant=tenant, parts=report.parts)
        reports.append(report)
        if on_progress is not None:
            on_progress(len(reports), len(tenants), report)
    platform = None
    if slugs is None if around is None else around:
        platform = SubjectReport(
            slug="",
            parts=tuple(
                _reconcile_platform(part, repair=repair, remove=remove, actor=actor)
                for part in chosen
            ),
        )
        note_inspection(tenant=None, parts=platform.parts)
    return ReconcileReport(
        started_at=started_at,
        finished_at=timezone.now(),
        tenants=tuple(reports),
        platform=platform,
    )


def reconcile_all() -> ReconcileReport:
    """Compare everything, for the schedule; mend it where the settings say so.

    What is no tenant's is reported and stays: removing it is a person's decision.
    """
    report = reconcile(repair=settings.PLEXICA_RECONCILE_REPAIRS)
    logger.info("reconciled", is_clean=report.is_clean, **report.totals)
    return report


def reconcile_ended() -> list[Finding]:
    """Remove what came into being after a tenant's end, for the schedule.

    A server may finish what it was asked for after everything else has been taken back.

    Returns:
        What was removed.
    """
    ended = Tenant.objects.filter(
        state__in=(TenantState.FAILED, TenantState.DELETED),
        updated_at__gte=timezone.now() - ENDED_WITHIN,
    )
    names = {
        name
        for tenant in ended
        for name in (tenant.schema_name, tenant.database_role, tenant.realm, tenant.bucket)
    }
    if not names:
        return []
    removed: list[Finding] = []
    for part in configured_parts().values():
        try:
            orphans = part.find_orphans()
        except OutwardError as error:
            logger.warning("orphans_not_found", part=part.name, reason=str(error))
            continue
        theirs = [orphan for orphan in orphans if names.intersection(orphan.what.split())]
        failures = _remove(part, theirs, SYSTEM)
        removed += [orphan for orphan in theirs if orphan.what not in failures]
    return removed


def _choose_parts(names: Collection[str] | None) -> list[Part]:
    parts = configured_parts()
    unknown = sorted(set(names or ()) - parts.keys())
    if unknown:
        known = ", ".join(parts)
        raise InvalidInput(fields={"parts": [f"Unknown part {unknown[0]!r}. Use {known}."]})
    return [part for name, part in parts.items() if names is None or name in names]


def _choose_tenants(slugs: Collection[str] | None) -> list[Tenant]:
    tenants = Tenant.objects.order_by("slug")
    if slugs is None:
        return list(tenants.filter(state__in=WHOLE_STATES))
    found = list(tenants.filter(slug__in=slugs))
    missing = sorted(set(slugs) - {tenant.slug for tenant in found})
    if missing:
        raise NotFound(f"There is no tenant {missing[0]}.")
    return found


def _reconcile_tenant(
    tenant: Tenant, parts: list[Part], *, repair: bool, actor: Actor
) -> SubjectReport:
    # In a long list, the row was read a while ago.
    fresh = Tenant.objects.filter(pk=tenant.pk).first()
    if reason := _why_not(fresh):
        return SubjectReport(slug=tenant.slug, skipped=reason)
    reports = [_inspect(part, tenant) for part in parts]
    if all(not report.findings for report in reports):
        return SubjectReport(slug=tenant.slug, parts=tuple(reports))
    try:
        with claimed(tenant) as mine:
            if reason := _why_not(mine):
                return SubjectReport(slug=tenant.slug, skipped=reason)
            # One after the other: what a part needs of one before it is then mended.
            reports = [
                report
                if report.is_clean
                else _reconcile_part(part, mine, repair=repair, actor=actor)
                for part, report in zip(parts, reports, strict=True)
            ]
    except (TenantBusy, NotFound) as error:
        return SubjectReport(slug=tenant.slug, skipped=str(error))
    return SubjectReport(slug=tenant.slug, parts=tuple(reports))


def _why_not(tenant: Tenant | None) -> str:
    """Return why a tenant has no parts to compare now, or nothing."""
    if tenant is None:
        return "It is gone."
    if tenant.state not in WHOLE_STATES:
        return f"It is {tenant.state}, so its parts need not be there."
    if tenant.runs.filter(state__in=UNFINISHED_RUN_STATES).exists():
        return "A run is under way."
    if has_removal_begun(tenant):
        return "Its parts are being removed."
    return ""


def _inspect(part: Part, tenant: Tenant) -> PartReport:
    try:
        found = tuple(part.inspect(tenant))
    except Exception as error:  # noqa: BLE001 (one part's failure must not hide the others)
        return PartReport(part=part.name, error=_words(error, part))
    return PartReport(part=part.name, findings=found, left=found)


def _reconcile_part(part: Part, tenant: Tenant, *, repair: bool, actor: Actor) -> PartReport:
    found = _inspect(part, tenant)
    mendable = [finding for finding in found.findings if finding.can_repair]
    if not repair or not mendable:
        return found
    error = _act(part, lambda: part.repair(tenant, mendable))
    after = _inspect(part, tenant)
    report = PartReport(
        part=part.name,
        findings=found.findings,
        left=found.findings if after.error else after.left,
        error=error or after.error,
    )
    _note_repair("tenant.repaired", f"tenant:{tenant.slug}", report, actor)
    return report


def _reconcile_platform(part: Part, *, repair: bool, remove: bool, actor: Actor) -> PartReport:
    """Compare what tenants share, and find what is left of those that are gone."""
    try:
        shared, orphans = _look_around(part)
        errors = []
        if repair and shared:
            errors.append(_act(part, lambda: repair_shared(shared)))
        if remove and orphans:
            errors += _remove(part, orphans, actor).values()
        left = (
            _look_around(part) if (repair and shared) or (remove and orphans) else (shared, orphans)
        )
    except Exception as error:  # noqa: BLE001 (one part's failure must not hide the others)
        return PartReport(part=part.name, error=_words(error, part))
    report = PartReport(
        part=part.name,
        findings=(*shared, *orphans),
        left=(*left[0], *left[1]),
        error=" ".join(filter(None, errors)),
    )
    if repair and shared:
        _note_repair(
            "platform.repaired",
            "platform:shared",
            replace(report, findings=shared, left=left[0]),
            actor,
        )
    return report


def _look_around(part: Part) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    shared = inspect_shared() if part.name == SCHEMA_PART else []
    return tuple(shared), tuple(part.find_orphans())


def _remove(part: Part, orphans: Iterable[Finding], actor: Actor) -> dict[str, str]:
    """Remove orphans, and return why some could not be, by what they are."""
    failures = {}
    for orphan in orphans:
        error = _act(part, partial(part.remove_orphan, orphan))
        if error:
            failures[orphan.what] = f"{orphan.what}: {error}"
            continue
        with transaction.atomic():
            record(
                actor=actor,
                action="orphan.removed",
                target=f"orphan:{orphan.what}",
                before={"part": part.name},
            )
    return failures


def _note_repair(action: str, target: str, report: PartReport, actor: Actor) -> None:
    after: dict[str, object] = {
        "part": report.part,
        "mended": [finding.what for finding in report.mended],
    }
    if report.error:
        after["error"] = report.error
    with transaction.atomic():
        record(actor=actor, action=action, target=target, after=after)


def _act(part: Part, act: Callable[[], None]) -> str:
    """Do something, and return why it failed, or nothing."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 (the others go on)
        return _words(error, part)
    return ""


def _words(error: Exception, part: Part) -> str:
    if isinstance(error, OutwardError):
        logger.warning("part_failed", part=part.name, reason=str(error))
        return str(error)
    logger.error("part_failed", part=part.name, exc_info=error)
    return UNEXPECTED_MESSAGE
