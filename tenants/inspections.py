"""What the last reconciliation left, of each tenant and of the platform."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants.models import Inspection, Tenant
from tenants.reports import PartReport


def list_inspections() -> QuerySet[Inspection]:
    """Return the last inspection of each tenant, with the tenant, in the order of the slugs."""
    return (
        Inspection.objects.filter(tenant__isnull=False)
        .select_related("tenant")
        .order_by("tenant__slug")
    )


def get_inspection(*, tenant: Tenant | None) -> Inspection | None:
    """Return the last inspection of a tenant, or, without one, of the platform."""
    return Inspection.objects.filter(tenant=tenant).first()


def note_inspection(*, tenant: Tenant | None, parts: Iterable[PartReport]) -> None:
    """Keep what is left of a tenant, or, without one, of the platform.

    Args:
        tenant: Whose; one that is gone in the meantime is passed over.
        parts: The parts that were compared. What is known of the others stays.
    """
    reports = {report.part: report for report in parts}
    with suppress(IntegrityError), transaction.atomic():
        kept = Inspection.objects.select_for_update().filter(tenant=tenant).first()
        Inspection.objects.update_or_create(
            tenant=tenant,
            defaults={
                "checked_at": timezone.now(),
                "findings": [
                    *(
                        finding
                        for finding in (kept.findings if kept else [])
                        if finding["part"] not in reports
                    ),
                    *(asdict(finding) for report in reports.values() for finding in report.left),
                ],
                "not_compared": {
                    **(
                        {
                            part: reason
                            for part, reason in kept.not_compared.items()
                            if part not in reports
                        }
                        if kept
                        else {}
                    ),
                    **{part: report.error for part, report in reports.items() if report.error},
                },
            },
        )
