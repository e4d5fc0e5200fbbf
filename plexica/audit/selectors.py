"""Reading the audit."""

from django.db.models import QuerySet

from plexica.audit.models import AuditEntry


def list_entries(*, target: str | None = None) -> QuerySet[AuditEntry]:
    """Return the entries of the current scope, newest first.

    Args:
        target: Only those on this target, given as `kind:id`.
    """
    entries = AuditEntry.objects.all()
    return entries.filter(target=target) if target else entries
