"""Making archives, of one tenant or of the whole platform."""

import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.backup.archive.errors import TargetRefused
from plexica.backup.archive.keys import recipients_of
from plexica.backup.archive.layout import SUFFIX
from plexica.backup.archive.writing import ArchiveWriter
from plexica.backup.meter import Meter
from plexica.backup.models import MAX_ERROR, MAX_PHASE, Backup, BackupState
from plexica.backup.places import Place, place_of
from plexica.backup.platform_part import take_platform
from plexica.backup.taking import take_tenant
from plexica.core.actor import Actor
from plexica.core.errors import OutwardError, PlexicaError
from tenants.models import Tenant
from tenants.schema.migrations import tenant_digest
from tenants.states import TenantState

# A tenant that is on its way is not whole, and one that is being removed soon is not any more.
_TAKEN_STATES = (TenantState.ACTIVE, TenantState.SUSPENDED)
# Whoever makes a backup is believed to be alive for much longer (`SILENT_AFTER`).
_NOTED_SECONDS = 10.0
_UNFORESEEN = "It failed in a way that nobody foresaw; the log has the details."


def create_backup(
    *, slug: str, place: Place, recipients: Sequence[str], actor: Actor, meter: Meter
) -> Backup:
    """Make an archive of a tenant, or of all of them.

    Args:
        slug: Which tenant; empty for the whole platform.
        place: Where to.
        recipients: The public keys of those who may open it; if there are none, it holds nothing
            that opens anything.
        actor: Who asks for it.
        meter: Counts.

    Raises:
        InvalidInput: A key is none.
        TargetRefused: There is no such tenant, or it is not whole or not of this version.
        OutwardError: A server does not answer, or refuses. What was written is removed.
    """
    backup = begin_backup(slug=slug, place=place, recipients=recipients, actor=actor)
    make_backup(backup=backup, recipients=recipients, actor=actor, meter=meter)
    return backup


def begin_backup(
    *,
    slug: str,
    place: Place,
    recipients: Sequence[str],
    actor: Actor,
    is_scheduled: bool = False,
) -> Backup:
    """Note that a backup is made.

    Args:
        slug: Of which tenant; empty for the whole platform.
        place: Where to.
        recipients: The public keys of those who may open it.
        actor: Who asks for it.
        is_scheduled: Whether the clock does.

    Raises:
        InvalidInput: A key is none.
        TargetRefused: There is no such tenant, or it is not whole or not of this version.
    """
    keys = recipients_of(recipients)
    if slug:
        _tenants(slug)
    started_at = timezone.now()
    with transaction.atomic():
        backup = Backup.objects.create(
            slug=slug,
            place=place.name,
            name=f"{slug or 'platform'}-{started_at:%Y%m%dT%H%M%S%f}Z{SUFFIX}",
            is_scheduled=is_scheduled,
            is_encrypted=bool(keys),
            requested_by=actor.name,
            started_at=started_at,
        )
        record(
            actor=actor,
            action="backup.begun",
            target=_target(backup),
            after={"name": backup.name, "encrypted": bool(keys)},
        )
    return backup


def make_backup(*, backup: Backup, recipients: Sequence[str], actor: Actor, meter: Meter) -> None:
    """Make the archive of a backup that was begun; it appears under its name when it is whole.

    Args:
        backup: The backup.
        recipients: The public keys of those who may open it; if there are none, it holds nothing
            that opens anything.
        actor: Who asks for it.
        meter: Counts.

    Raises:
        TargetRefused: A tenant is not of this version.
        OutwardError: A server does not answer, or refuses. What was written is removed.
    """
    meter.watch(_Heartbeat(backup).beat)
    try:
        with place_of(backup.place).new_file(backup.name) as file:
            archive = ArchiveWriter(file, recipients_of(recipients))
            tenants = _tenants(backup.slug)
            documents = _write(archive, tenants, meter, is_whole=not backup.slug)
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


def _write(
    archive: ArchiveWriter, tenants: Sequence[Tenant], meter: Meter, *, is_whole: bool
) -> list[dict[str, Any]]:
    own = (
        {"own": take_platform(archive, meter, with_secrets=archive.is_encrypted)}
        if is_whole
        else {}
    )
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
            **own,
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


class _Heartbeat:
    """Notes now and then that a backup goes on, and with what."""

    def __init__(self, backup: Backup) -> None:
        self._backup = backup
        self._phase = ""
        self._noted_at = 0.0

    def beat(self, phase: str, _count: int) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._noted_at < _NOTED_SECONDS:
            return
        self._phase, self._noted_at = phase, now
        Backup.objects.filter(pk=self._backup.pk).update(
            phase=phase[:MAX_PHASE], seen_at=timezone.now()
        )


def _target(backup: Backup) -> str:
    return f"tenant:{backup.slug}" if backup.slug else "platform:backup"


def _finish(backup: Backup, state: BackupState, actor: Actor, **values: Any) -> None:
    backup.state, backup.finished_at, backup.phase = state, timezone.now(), ""
    for name, value in values.items():
        setattr(backup, name, value)
    with transaction.atomic():
        backup.save()
        record(
            actor=actor,
            action="backup.done" if state == BackupState.DONE else "backup.failed",
            target=_target(backup),
            after={"name": backup.name, "size": backup.size, "error": backup.error},
        )
