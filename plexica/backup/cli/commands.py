"""The subcommands: each parses, calls one service and says what came of it."""

import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from plexica.backup.archive.keys import identities_in, new_identity
from plexica.backup.archive.reading import Archive
from plexica.backup.cli.progress import shown
from plexica.backup.creating import create_backup
from plexica.backup.models import Backup
from plexica.backup.places import place_of, place_of_file
from plexica.backup.platform_part import is_of_platform, restore_platform
from plexica.backup.restoring import check_archive, find_document, restore_tenant
from plexica.backup.retention import prune_backups
from plexica.core.actor import operator
from plexica.core.errors import InvalidInput
from tenants.cli.exits import ExitCode
from tenants.cli.output import Output

Act = Callable[[Namespace, Output], ExitCode]
_MEGABYTE = 1_000_000


def create(options: Namespace, output: Output) -> ExitCode:
    """Make an archive."""
    given = options.recipient or settings.PLEXICA_BACKUP_RECIPIENTS
    recipients = [] if options.no_encryption else given
    if not recipients and not options.no_encryption:
        raise InvalidInput(
            _(
                "Nobody is named who may open the archive. Say --recipient KEY, or"
                " --no-encryption for one without passwords and secrets."
            )
        )
    with shown(output) as meter:
        backup = create_backup(
            slug=options.slug,
            place=place_of(_target(options.to)),
            recipients=recipients,
            actor=operator(),
            meter=meter,
        )
    path = f"{backup.place.rstrip('/')}/{backup.name}"
    output.say(f"{path}: {backup.size / _MEGABYTE:,.1f} MB, {_contents(backup)}.")
    output.document({**_document(backup), "path": path})
    return ExitCode.SUCCESS


def verify(options: Namespace, output: Output) -> ExitCode:
    """Compare all digests of an archive."""
    with shown(output) as meter:
        archive = _open(options)
        check_archive(archive, is_foreign=options.foreign, meter=meter)
    manifest = archive.manifest
    output.say(f"The archive is whole. It was made at {manifest['made_at']}.", style="green")
    output.table(
        ["Tenant", "People", "Passwords", "Files", "Plugins"],
        [
            (
                each["slug"],
                each["people"],
                "yes" if each["has_passwords"] else "no",
                each["files"]["count"],
                ", ".join(f"{one['plugin']} {one['version']}" for one in each["installations"]),
            )
            for each in manifest["tenants"]
        ],
    )
    output.document(
        {
            "whole": True,
            "ours": archive.is_ours,
            "encrypted": archive.is_encrypted,
            "made_at": manifest["made_at"],
            "tenants": [each["slug"] for each in manifest["tenants"]],
        }
    )
    return ExitCode.SUCCESS


def restore(options: Namespace, output: Output) -> ExitCode:
    """Restore one tenant, or all of an archive."""
    with shown(output) as meter:
        archive = _open(options)
        check_archive(archive, is_foreign=options.foreign, meter=meter)
        documents = _documents(archive, options)
        if is_of_platform(archive) and not options.tenant:
            restore_platform(archive=archive, actor=operator(), meter=meter)
        outcomes = [
            restore_tenant(
                archive=archive,
                document=document,
                slug=options.slug or document["slug"],
                is_replacing=options.replace,
                mails=not options.no_mail,
                actor=operator(),
                meter=meter,
            )
            for document in documents
        ]
    for outcome in outcomes:
        tenant = outcome.tenant
        if outcome.is_done:
            output.say(f"{tenant.slug} is active at {tenant.workspace_url}.", style="green")
        else:
            output.complain(
                f"{tenant.slug} was not restored, and nothing is left of it. {outcome.error}"
            )
    output.document(
        [
            {"tenant": each.tenant.slug, "restored": each.is_done, "error": each.error}
            for each in outcomes
        ]
    )
    return ExitCode.SUCCESS if all(each.is_done for each in outcomes) else ExitCode.FAILED


def _documents(archive: Archive, options: Namespace) -> list[dict[str, Any]]:
    """Return what is to be restored: one tenant, or all of a platform that is lost."""
    if not is_of_platform(archive) or options.tenant:
        return [find_document(archive, options.tenant)]
    if options.slug:
        raise InvalidInput(_("Say which tenant is to have this slug: --tenant SLUG."))
    documents: list[dict[str, Any]] = archive.manifest["tenants"]
    return documents


def list_backups(options: Namespace, output: Output) -> ExitCode:
    """Show the newest backups."""
    found = list(Backup.objects.all()[: options.limit])
    output.table(
        ["Begun", "Of", "State", "MB", "Holds", "Archive"],
        [
            (
                f"{each.started_at:%Y-%m-%d %H:%M}",
                each.slug or "the platform",
                _("Cut off") if each.is_cut_off else each.get_state_display(),
                f"{each.size / _MEGABYTE:,.1f}" if each.size else "",
                each.error or (_contents(each) if each.size else each.phase),
                f"{each.place.rstrip('/')}/{each.name}",
            )
            for each in found
        ],
    )
    output.document([_document(each) for each in found])
    return ExitCode.SUCCESS


def prune(options: Namespace, output: Output) -> ExitCode:
    """Remove what is beyond the number to be kept."""
    removed = prune_backups(keep=options.keep or settings.PLEXICA_BACKUP_KEEP, actor=operator())
    output.say(f"{len(removed)} removed.")
    output.document({"removed": [each.name for each in removed]})
    return ExitCode.SUCCESS


def new_key(options: Namespace, output: Output) -> ExitCode:
    """Make a key: the secret one into a file, the public one to whoever reads."""
    secret, public = new_identity()
    try:
        descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidInput(
            _("%(path)s cannot be written, or is there already.") % {"path": options.file}
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"# public key: {public}\n{secret}\n")
    output.say(public)
    output.document({"public_key": public, "file": str(options.file)})
    return ExitCode.SUCCESS


def _open(options: Namespace) -> Archive:
    place, name = place_of_file(options.archive)
    identities = identities_in(options.identity) if options.identity else []
    return Archive(lambda: place.open(name), identities)


def _target(given: str) -> str:
    target: str = given or settings.PLEXICA_BACKUP_TARGET
    if not target:
        raise InvalidInput(_("Say where to: --to PLACE, or set PLEXICA_BACKUP_TARGET."))
    return target


def _contents(backup: Backup) -> str:
    words = "encrypted" if backup.is_encrypted else "not encrypted, without secrets"
    passwords = "with passwords" if backup.has_passwords else "without passwords"
    return f"{words}, {passwords}"


def _document(backup: Backup) -> dict[str, Any]:
    return {
        "name": backup.name,
        "place": backup.place,
        "tenant": backup.slug or None,
        "state": backup.state,
        "cut_off": backup.is_cut_off,
        "encrypted": backup.is_encrypted,
        "passwords": backup.has_passwords,
        "size": backup.size,
        "started_at": backup.started_at,
        "finished_at": backup.finished_at,
        "error": backup.error,
    }
