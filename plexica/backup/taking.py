"""Writing one tenant into an archive.

All of its schemas, those of its plugins included, are read in one snapshot of the database. Its
realm and its files are read after that, so what a row of the snapshot speaks of is there unless it
was removed meanwhile (ADR 25).
"""

from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.utils import timezone

from plexica.backup import plugin_data, rows
from plexica.backup.archive.writing import ArchiveWriter, SectionWriter
from plexica.backup.files import write_files
from plexica.backup.meter import Meter
from plexica.backup.realms.reading import READ_SECONDS, RealmCopy, reading_realm
from plexica.core.scope import platform_scope, role_name
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.providers import tenant_provider
from plugins.models import Installation
from plugins.secrets import secret_settings
from tenants.claim import claimed
from tenants.models import OWN_SETTINGS, Tenant
from tenants.schema.migrations import tenant_digest

if TYPE_CHECKING:
    from collections.abc import Callable

# What lasts as long as a login, or is found out anew.
LEFT_OUT = frozenset(
    {
        "django_migrations",
        "django_session",
        "identity_browsersession",
        "identity_endedsession",
        "identity_realmsync",
        "identity_usedlogouttoken",
    }
)
# What of a tenant's row comes back with it.
VALUES = (*OWN_SETTINGS, "owner_email", "created_at")


def take_tenant(
    archive: ArchiveWriter, tenant: Tenant, meter: Meter, *, with_secrets: bool
) -> dict[str, Any]:
    """Write a tenant into an archive.

    Args:
        archive: The archive.
        tenant: Which one; it must be whole.
        meter: Counts.
        with_secrets: Whether what opens something comes along. It may only if the archive is
            encrypted.

    Returns:
        What the manifest says of it.

    Raises:
        TenantBusy: Something is being done to it.
        TransientError: A server does not answer.
        PermanentError: A server refuses.
    """
    sections: dict[str, Any] = {}
    taken_at = timezone.now()
    # No run and no upgrade begins while its rows are read; what follows can bear one.
    with (
        claimed(tenant) as fresh,
        rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened,
    ):
        tenant = fresh
        opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = opened.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        meter.begin(f"{tenant.slug}: rows")
        with archive.section(f"{tenant.slug}/rows", sections) as section:
            tables, sequences = _take_rows(opened, tenant, section, meter)
        meter.begin(f"{tenant.slug}: plugins")
        with archive.section(f"{tenant.slug}/plugins", sections) as section:
            installations = [
                _take_installation(
                    opened, each, section, meter, str(snapshot[0] if snapshot else ""), with_secrets
                )
                for each in _installations(tenant)
            ]
    meter.begin(f"{tenant.slug}: realm")
    with (
        archive.section(f"{tenant.slug}/realm", sections) as section,
        reading_realm(
            realm_client(tenant, read_seconds=READ_SECONDS),
            server_key=tenant.keycloak,
            with_secrets=with_secrets,
        ) as copy,
    ):
        people = write_realm(section, copy)
        has_passwords = copy.has_passwords
    meter.begin(f"{tenant.slug}: files")
    with archive.section(f"{tenant.slug}/files", sections) as section:
        files = write_files(tenant, section, meter)
    return {
        "id": str(tenant.pk),
        "slug": tenant.slug,
        "schema": tenant.schema_name,
        "realm": tenant.realm,
        "issuer": tenant_provider(tenant).issuer,
        "taken_at": taken_at.isoformat(),
        "schema_digest": tenant_digest(),
        "values": {name: _plain(getattr(tenant, name)) for name in VALUES},
        "has_secrets": with_secrets,
        "has_passwords": has_passwords,
        "tables": tables,
        "sequences": sequences,
        "installations": installations,
        "people": people,
        "files": files,
        "sections": sections,
    }


def write_realm(section: SectionWriter, copy: RealmCopy) -> int:
    """Write a realm into a section, its people by page.

    Returns:
        How many people there are.
    """
    section.add_document("realm.json", copy.realm)
    people = 0
    for number, page in enumerate(copy.people):
        section.add_document(f"people/{number}.json", page)
        people += len(page)
    return people


def _take_rows(
    opened: psycopg.Connection[Any], tenant: Tenant, section: SectionWriter, meter: Meter
) -> tuple[dict[str, Any], dict[str, int]]:
    rows.take_role(opened, role_name("owner"))
    tables = [
        table
        for table in rows.list_tables(opened, tenant.schema_name)
        if table.name not in LEFT_OUT
    ]
    facts = rows.write_tables(opened, tables, section, prefix="", meter=meter)
    return facts, rows.read_sequences(opened, tenant.schema_name)


def _take_installation(
    opened: psycopg.Connection[Any],
    installation: Installation,
    section: SectionWriter,
    meter: Meter,
    snapshot: str,
    with_secrets: bool,  # noqa: FBT001 (private, and called once)
) -> dict[str, Any]:
    slug, schema = installation.plugin.slug, installation.schema_name
    for part in plugin_data.SECTIONS:
        text = plugin_data.read_definitions(installation, snapshot=snapshot, part=part)
        section.add(f"{slug}/{part}.sql", text.encode())
    rows.take_role(opened, installation.database_role)
    facts = rows.write_tables(
        opened, rows.list_tables(opened, schema), section, prefix=f"{slug}/", meter=meter
    )
    secrets = secret_settings(installation=installation) if with_secrets else {}
    section.add_document(f"{slug}/secrets.json", secrets)
    return {
        "id": str(installation.pk),
        "plugin": slug,
        "version": installation.release.version,
        "digest": installation.release.digest,
        "schema": schema,
        "state": installation.state,
        "uses": installation.uses,
        "settings": installation.settings,
        "installed_by": installation.installed_by,
        "installed_at": installation.installed_at.isoformat(),
        "tables": facts,
        "sequences": rows.read_sequences(opened, schema),
    }


def _installations(tenant: Tenant) -> list[Installation]:
    with platform_scope():
        return plugin_data.list_installations(tenant)


def _plain(value: Any) -> Any:
    isoformat: Callable[[], str] | None = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value
