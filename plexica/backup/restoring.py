"""Restoring tenants from an archive: what is refused, and what is begun."""

import secrets as random
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.backup.archive.errors import ArchiveRefused, TargetRefused
from plexica.backup.archive.layout import COPY_BYTES
from plexica.backup.archive.reading import Archive, damaged, refusing
from plexica.backup.installing import find_release
from plexica.backup.meter import Meter
from plexica.backup.platform_part import sections_of
from plexica.backup.restoration import Restoration, restoring
from plexica.backup.taking import VALUES
from plexica.core.actor import Actor
from plugins.compatibility import explain_incompatibility
from tenants import slugs
from tenants.life import delete_tenant
from tenants.models import Tenant
from tenants.provisioning.engine import run_held
from tenants.provisioning.lease import acquire
from tenants.runs import begin_run
from tenants.schema.migrations import tenant_digest
from tenants.states import RunKind, RunState, TenantState

# Those that are whole, or were: what is on its way is left to its run.
_REPLACED_STATES = (TenantState.ACTIVE, TenantState.SUSPENDED)
_TIMES = ("checklist_dismissed_at", "created_at")
# These may be empty, though no form may leave them so.
_NULL_TIMES = {"activated_at", "checklist_dismissed_at", "purge_after"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a restoration ended.

    Attributes:
        tenant: The tenant, as it was begun.
        is_done: Whether it is active now.
        error: Why not.
    """

    tenant: Tenant
    is_done: bool
    error: str


def check_archive(archive: Archive, *, is_foreign: bool, meter: Meter) -> None:
    """Read all of an archive, and compare each byte with what was written.

    Args:
        archive: The archive.
        is_foreign: Whether one of another platform is taken, too.
        meter: Counts.

    Raises:
        ArchiveRefused: It is damaged, or of another platform.
    """
    meter.begin("digest")
    seen = 0

    def count(done: int, _total: int) -> None:
        nonlocal seen
        meter.add(done - seen)
        seen = done

    archive.check_digest(count)
    if not archive.is_ours and not is_foreign:
        raise ArchiveRefused(
            _(
                "Another platform made this archive: none of PLEXICA_ENCRYPTION_KEYS is the one"
                " that it was sealed with. If you know where it comes from, say --foreign."
            )
        )
    with refusing():
        sections = list(sections_of(archive.manifest))
    for name, section in sections:
        meter.begin(f"{name}: verification")
        with archive.section(section) as members:
            for member in members:
                while data := member.stream.read(COPY_BYTES):
                    meter.add(len(data))


def find_document(archive: Archive, slug: str) -> dict[str, Any]:
    """Return what an archive has of a tenant; its only one without a slug.

    Raises:
        ArchiveRefused: It has no such tenant, or several.
    """
    documents: list[dict[str, Any]] = archive.manifest["tenants"]
    found = [each for each in documents if not slug or each["slug"] == slug]
    if len(found) != 1:
        names = ", ".join(each["slug"] for each in documents[:20])
        raise ArchiveRefused(_("Say which tenant: this archive has %(names)s.") % {"names": names})
    return found[0]


def check_target(document: dict[str, Any], slug: str, *, is_replacing: bool) -> None:
    """Refuse what cannot be restored here, before anything is changed.

    Args:
        document: What the manifest says of the tenant.
        slug: What it is to be called.
        is_replacing: Whether it may take the place of the tenant that has this slug.

    Raises:
        ArchiveRefused: It is of another version.
        TargetRefused: There is a tenant of this slug, or a plugin's release is not here.
    """
    if document["schema_digest"] != tenant_digest():
        raise ArchiveRefused(
            _(
                "This archive was made by another version of Plexica, whose tables are different."
                " Restore it with that version, and upgrade then."
            )
        )
    standing = Tenant.objects.filter(slug=slug).first()
    if standing is not None and not is_replacing and not _is_forgettable(standing):
        raise TargetRefused(
            _(
                "There is a tenant %(slug)s. Restore this one under another slug, or say --replace"
                " to have it take that one’s place."
            )
            % {"slug": slug}
        )
    if is_replacing and standing is not None and standing.state not in _REPLACED_STATES:
        raise TargetRefused(
            _("The tenant %(slug)s is %(state)s: it cannot be replaced now.")
            % {"slug": slug, "state": standing.get_state_display().lower()}
        )
    for installation in document["installations"]:
        release = find_release(installation)
        name = f"{installation['plugin']} {installation['version']}"
        if release is None:
            raise TargetRefused(
                _("The plugin %(name)s is not registered here. Register this release first.")
                % {"name": name}
            )
        if problem := explain_incompatibility(release):
            raise TargetRefused(f"{name}: {problem}")


def restore_tenant(
    *,
    archive: Archive,
    document: dict[str, Any],
    slug: str,
    is_replacing: bool = False,
    mails: bool,
    actor: Actor,
    meter: Meter,
) -> Outcome:
    """Restore a tenant in this process, wholly or not at all.

    Args:
        archive: An archive that was checked.
        document: What its manifest says of the tenant.
        slug: What it is to be called.
        is_replacing: Whether it takes the place of the tenant that has this slug. That one is
            served until this one is, and then deleted as every tenant is, after the time of grace.
        mails: Whether people without a password are sent the way to one.
        actor: Who asks for it.
        meter: Counts.

    Returns:
        How it ended, well or badly; in the latter case nothing is left of it.

    Raises:
        ArchiveRefused: The archive's values are not acceptable.
        TargetRefused: It cannot be restored here.
    """
    check_target(document, slug, is_replacing=is_replacing)
    replaced = Tenant.objects.filter(slug=slug).first() if is_replacing else None
    if replaced is not None and _is_forgettable(replaced):
        replaced = None
    tenant, is_renewing = _new_row(document, slug if replaced is None else _slug_beside(slug))
    with transaction.atomic():
        _forget(slug)
        tenant.save(force_insert=True)
        run = begin_run(tenant=tenant, kind=RunKind.FROM_BACKUP, actor=actor, is_sent=False)
        record(
            actor=actor,
            action="tenant.restoration_from_backup_begun",
            target=f"tenant:{slug}",
            after={"from": document["slug"], "taken_at": document["taken_at"]},
        )
        # Held from the moment that it can be seen: no worker knows the archive.
        lease = acquire(run.id)
    if lease is None:
        raise TargetRefused(_("Somebody else is at this tenant. Try again."))
    restoration = Restoration(
        archive=archive,
        document=document,
        is_renewing=is_renewing,
        slug=slug,
        replaces=replaced.pk if replaced else None,
        mails=mails,
        meter=meter,
    )
    with restoring(restoration):
        run_held(lease)
    run.refresh_from_db()
    if run.state == RunState.ROLLED_BACK:
        with transaction.atomic():
            _forget(tenant.slug)
    is_done = run.state == RunState.SUCCEEDED
    if is_done and replaced is not None:
        delete_tenant(tenant=Tenant.objects.get(pk=replaced.pk), actor=actor)
    tenant.slug = slug
    return Outcome(tenant=tenant, is_done=is_done, error=run.error_message)


def _slug_beside(slug: str) -> str:
    """Return the slug that a tenant has until it takes the place of another."""
    ending = f"-r{random.token_hex(2)}"
    return f"{slug[: slugs.MAX_LENGTH - len(ending)].rstrip('-')}{ending}"


def _new_row(document: dict[str, Any], slug: str) -> tuple[Tenant, bool]:
    """Return the row of a tenant that comes back, and whether its ids change."""
    try:
        values = {name: document["values"][name] for name in VALUES}
        for name in _TIMES:
            values[name] = values[name] and datetime.fromisoformat(values[name])
        old_id = UUID(document["id"])
    except (KeyError, ValueError, TypeError) as error:
        raise damaged() from error
    is_renewing = slug != document["slug"] or Tenant.objects.filter(pk=old_id).exists()
    tenant = Tenant(
        slug=slug,
        schema_name=slugs.schema_name(slug),
        realm=slugs.realm_name(slug),
        bucket=slugs.bucket_name(slug),
        **values,
    )
    if not is_renewing:
        tenant.pk = old_id
    try:
        tenant.clean_fields(exclude=_NULL_TIMES)
    except ValidationError as error:
        raise ArchiveRefused("; ".join(error.messages)) from error
    return tenant, is_renewing


def _is_forgettable(tenant: Tenant) -> bool:
    """Return whether nothing is left of a tenant but its row, after a restoration that failed."""
    last = tenant.runs.first()
    return (
        tenant.state == TenantState.FAILED
        and last is not None
        and last.kind == RunKind.FROM_BACKUP
        and last.state == RunState.ROLLED_BACK
    )


def _forget(slug: str) -> None:
    for tenant in Tenant.objects.select_for_update().filter(slug=slug):
        if _is_forgettable(tenant):
            tenant.delete()
