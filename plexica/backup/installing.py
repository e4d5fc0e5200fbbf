"""Installations that come back: their rows, schemas and roles, and what is in the schemas."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from plexica.backup import plugin_data, rows
from plexica.backup.archive.reading import Member, damaged
from plexica.backup.restoration import Restoration
from plexica.core.errors import PermanentError
from plexica.core.fence import fenced_transaction
from plexica.core.scope import platform_scope
from plugins.backends import want_backend
from plugins.lifecycle.database import make_database
from plugins.lifecycle.session import session_of
from plugins.models import Installation, Release
from plugins.secrets import set_secret_settings
from plugins.states import InstallationState
from tenants.models import Tenant

_STATEMENT_MS = 3_600_000
_LOCK_MS = 10_000


def find_release(document: dict[str, Any]) -> Release | None:
    """Return the release that an installation had, if it is registered here."""
    return (
        Release.objects.select_related("plugin")
        .filter(digest=document["digest"], plugin__slug=document["plugin"])
        .first()
    )


def restored_installations(tenant: Tenant) -> list[Installation]:
    """Return the installations that a tenant has by now."""
    with platform_scope():
        found = Installation.objects.filter(tenant_id=tenant.pk)
        return list(found.select_related("tenant", "plugin", "release"))


def make_installation(
    tenant: Tenant, document: dict[str, Any], members: Iterator[Member], restoration: Restoration
) -> None:
    """Make an installation with all that is in its schema.

    Args:
        tenant: Whose it is.
        document: What the manifest says of it.
        members: The archive's, from the first one that is about it; those are taken.
        restoration: What is restored.

    Raises:
        ArchiveRefused: The archive does not have what its manifest says.
        TransientError: The database does not answer.
        PermanentError: It refuses something, or the release is not there.
    """
    installation = _make_row(tenant, document, restoration)
    make_database(installation)
    _fill(installation, document, members, restoration)


def _make_row(tenant: Tenant, document: dict[str, Any], restoration: Restoration) -> Installation:
    with platform_scope(), fenced_transaction():
        release = find_release(document)
        if release is None:
            raise PermanentError(
                f"The release {document['plugin']} {document['version']} is not registered here."
            )
        state = InstallationState(document["state"])
        asked = {*release.contract.uses}
        if state not in plugin_data.KEPT_STATES or not set(document["uses"]) <= asked:
            raise damaged()
        installation = Installation.objects.create(
            id=UUID(restoration.renaming(tenant).of_id(document["id"])),
            tenant=tenant,
            plugin=release.plugin,
            release=release,
            state=state,
            uses=document["uses"],
            settings=document["settings"],
            installed_by=document["installed_by"],
            installed_at=datetime.fromisoformat(document["installed_at"]),
        )
        want_backend(release=release)
    return installation


def _fill(
    installation: Installation,
    document: dict[str, Any],
    members: Iterator[Member],
    restoration: Restoration,
) -> None:
    slug, schema = document["plugin"], installation.schema_name
    texts = {
        part: plugin_data.moved_definitions(
            _next(members, f"{slug}/{part}.sql").content().decode(),
            old_schema=document["schema"],
            schema=schema,
        )
        for part in plugin_data.SECTIONS
    }
    with session_of(installation, statement_ms=_STATEMENT_MS, lock_ms=_LOCK_MS) as opened:
        plugin_data.run_definitions(opened, texts["pre-data"])
        loader = rows.Loader(
            opened, rows.columns_of(document["tables"], schema), meter=restoration.meter
        )
        last = f"{slug}/secrets.json"
        while (member := next(members, None)) is not None and member.name != last:
            loader.load(member.name.split("/")[2], member)
        if member is None:
            raise damaged()
        secrets = member.document()
        rows.write_sequences(opened, schema, document["sequences"])
        plugin_data.run_definitions(opened, texts["post-data"])
    with platform_scope():
        set_secret_settings(installation=installation, values=secrets)


def _next(members: Iterator[Member], name: str) -> Member:
    member = next(members, None)
    if member is None or member.name != name:
        raise damaged()
    return member
