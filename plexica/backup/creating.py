"""Making archives, of one tenant or of the whole platform."""

from collections.abc import Sequence
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.backup.archive.errors import TargetRefused
from plexica.backup.archive.keys import recipients_of
from plexica.backup.archive.layout import SUFFIX
from plexica.backup.archive.writing import ArchiveWriter
from plexica.backup.meter import Meter
from plexica.backup.models import MAX_ERROR, Backup, BackupState
from plexica.backup.places import Place
from plexica.backup.taking import take_tenant
from plexica.core.actor import Actor
from plexica.core.errors import OutwardError, PlexicaError
from tenants.models import Tenant
from tenants.schema.migrations import tenant_digest
from tenants.states import TenantState

# A tenant that is on its way is not whole, and one that is being removed soon is not any more.
_TAKEN_STATES = (TenantState.ACTIVE, TenantState.SUSPENDED)
_UNFORESEEN = "It failed in a way that nobody foresaw; the log has the details."


def create_backup(
    *,
    slug: str,
    place: Place,
    recipients: Sequence[str],
    actor: Actor,
    meter: Meter,
    is_scheduled: bool = False,
) -> Backup:
    """Make an archive of a tenant, or of all of them.

    What was begun under the same name and cut off is overwritten; an archive appears under its
    name when it is whole.

    Args:
        slug: Which tenant; empty for the whole platform.
        place: Where to.
        recipients: The public keys of those who may open it; if there are none, it holds nothing
            that opens anything.
        actor: Who asks for it.
        meter: Counts.
        is_scheduled: Whether the clock does.

    Raises:
        InvalidInput: A key is none.
        TargetRefused: There is no such tenant, or it is not whole or not of this version.
        OutwardError: A server does not answer, or refuses. What was written is removed.
    """
    keys = recipients_of(recipients)
    tenants = _tenants(slug)
    started_at = timezone.now()
    stem = slug or "platform"
    name = f"{get_valid_filename(stem)}-{started_at:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    with transaction.atomic():
        backup = Backup.objects.create(
            slug=slug,
            place=place.name,
            name=name,
            is_scheduled=is_scheduled,
            is_encrypted=bool(keys),
            requested_by=actor.name,
            started_at=started_at,
        )
        record(
            actor=actor,
            action="backup.begun",
            target=f"tenant:{slug}" if slug else "platform:backup",
            after={"name": name, "encrypted": bool(keys)},
        )
    meter.watch(lambda phase, _bytes: _note(backup, phase))
    try:
        with place.new_file(name) as file:
            archive = ArchiveWriter(file, keys)
            documents = _write(archive, tenants, meter, is_whole=not slug)
            size = archive.written
    except BaseException as error:
        words = str(error) if isinstance(error, OutwardError | PlexicaError) else _UNFORESEEN
        _finish(backup, BackupState.FAILED, actor, error=words[:MAX_ERROR])
        raise
    _finish(
        backup,
        BackupState.DONE,
        actor,
        size=size,
        tenant_count=len(documents),
        has_passwords=bool(documents) and all(each["has_passwords"] for each in documents),
    )
    return backup


def write_archive(
    file: IO[bytes], *, tenants: Sequence[Tenant], recipients: Sequence[str], meter: Meter
) -> dict[str, Any]:
    """Write an archive of some tenants to a file; `create_backup` keeps a record, too.

    Returns:
        What its manifest says of them.
    """
    archive = ArchiveWriter(file, recipients_of(recipients))
    return {"tenants": _write(archive, tenants, meter, is_whole=False), "size": archive.written}


def _write(
    archive: ArchiveWriter, tenants: Sequence[Tenant], meter: Meter, *, is_whole: bool
) -> list[dict[str, Any]]:
    documents = [
        take_tenant(archive, tenant, meter, with_secrets=archive.is_encrypted) for tenant in tenants
    ]
    archive.finish(
        {
            "made_at": timezone.now().isoformat(),
            "plexica": settings.PLEXICA_VERSION,
            "platform": settings.PLEXICA_CONSOLE_URL,
            "kind": "platform" if is_whole else "tenant",
            "tenants": documents,
        }
    )
    return documents


def _tenants(slug: str) -> list[Tenant]:
    found = Tenant.objects.filter(state__in=_TAKEN_STATES).order_by("slug")
    tenants = list(found.filter(slug=slug) if slug else found)
    if slug and not tenants:
        raise TargetRefused(
            _("There is no tenant %(slug)s that is active or suspended.") % {"slug": slug}
        )
    for tenant in tenants:
        if tenant.schema_digest != tenant_digest():
            raise TargetRefused(
                _("The tenant %(slug)s is not of this version of Plexica. Upgrade it first.")
                % {"slug": tenant.slug}
            )
    return tenants


def _note(backup: Backup, phase: str) -> None:
    Backup.objects.filter(pk=backup.pk).update(phase=phase[:100], seen_at=timezone.now())


def _finish(backup: Backup, state: BackupState, actor: Actor, **values: Any) -> None:
    backup.state, backup.finished_at, backup.phase = state, timezone.now(), ""
    for name, value in values.items():
        setattr(backup, name, value)
    with transaction.atomic():
        backup.save()
        record(
            actor=actor,
            action="backup.done" if state == BackupState.DONE else "backup.failed",
            target=f"tenant:{backup.slug}" if backup.slug else "platform:backup",
            after={"name": backup.name, "size": backup.size, "error": backup.error},
        )
