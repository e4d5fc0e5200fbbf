"""What the platform has beside its tenants: its staff, its audit, its registry of plugins.

It goes into an archive of the whole platform, and comes back into an empty one only.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from plexica.audit.services import record
from plexica.backup import rows
from plexica.backup.archive.errors import ArchiveRefused, TargetRefused
from plexica.backup.archive.reading import Archive, damaged
from plexica.backup.archive.writing import ArchiveWriter
from plexica.backup.meter import Meter
from plexica.backup.realms.people import as_imported, import_page
from plexica.backup.realms.reading import READ_SECONDS, reading_realm
from plexica.backup.taking import LEFT_OUT, write_realm
from plexica.core.actor import Actor
from plexica.core.scope import PLATFORM_SCHEMA, PUBLIC_SCHEMA, role_name
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.providers import PLATFORM_REALM, platform_provider
from plugins.models import Plugin, TrustedKey
from tenants.models import Tenant
from tenants.schema.migrations import tenant_digest

_SERVER = "default"
_USERS = "identity_user"
# Of the tables that tenants share: whom the platform trusts, and what it has registered.
_SHARED = ("plugins_trustedkey", "plugins_plugin", "plugins_release", "plugins_storedpackage")


def take_platform(archive: ArchiveWriter, meter: Meter, *, with_secrets: bool) -> dict[str, Any]:
    """Write the platform's own part into an archive.

    Returns:
        What the manifest says of it.

    Raises:
        TransientError: A server does not answer.
        PermanentError: A server refuses.
    """
    sections: dict[str, Any] = {}
    meter.begin("platform: rows")
    with (
        rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened,
        archive.section("_platform/rows", sections) as section,
    ):
        opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows.take_role(opened, role_name("owner"))
        tables = {
            schema: rows.write_tables(opened, own, section, prefix=f"{schema}/", meter=meter)
            for schema, own in _tables(opened).items()
        }
        sequences = rows.read_sequences(opened, PLATFORM_SCHEMA)
    meter.begin("platform: realm")
    with (
        archive.section("_platform/realm", sections) as section,
        reading_realm(_platform_realm(), server_key=_SERVER, with_secrets=with_secrets) as copy,
    ):
        people = write_realm(section, copy)
        has_passwords = copy.has_passwords
    return {
        "taken_at": timezone.now().isoformat(),
        "issuer": platform_provider().issuer,
        "schema_digest": tenant_digest(),
        "tables": tables,
        "sequences": sequences,
        "people": people,
        "has_passwords": has_passwords,
        "sections": sections,
    }


def check_empty() -> None:
    """Refuse to restore a platform where there is one.

    Raises:
        TargetRefused: There are tenants, plugins or keys here.
    """
    if Tenant.objects.exists() or Plugin.objects.exists() or TrustedKey.objects.exists():
        raise TargetRefused(
            _(
                "This platform is not empty. From an archive of a whole platform, restore one"
                " tenant: --tenant SLUG."
            )
        )


def restore_platform(*, archive: Archive, actor: Actor, meter: Meter) -> None:
    """Restore the platform's own part into an empty platform; it can be repeated until it is done.

    Args:
        archive: An archive that was checked, of a whole platform.
        actor: Who asks for it.
        meter: Counts.

    Raises:
        ArchiveRefused: It is of another version, or not what its manifest says.
        TargetRefused: The platform is not empty.
        TransientError: A server does not answer.
        PermanentError: A server refuses.
    """
    document: dict[str, Any] = archive.manifest["own"]
    if document["schema_digest"] != tenant_digest():
        raise ArchiveRefused(
            _(
                "This archive was made by another version of Plexica, whose tables are different."
                " Restore it with that version, and upgrade then."
            )
        )
    check_empty()
    # People first: rows make the platform one that is not empty, and name people as they are then.
    meter.begin("platform: realm")
    subjects = _import_people(archive, document)
    meter.begin("platform: rows")
    with rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened:
        rows.take_role(opened, role_name("owner"))
        _load(opened, archive, document, subjects, meter)
    with transaction.atomic():
        record(
            actor=actor,
            action="platform.restored_from_backup",
            target="platform:backup",
            after={"taken_at": document["taken_at"]},
        )


def _import_people(archive: Archive, document: dict[str, Any]) -> dict[str, str]:
    """Import the staff; return what has become of the subjects of those who were there before."""
    realm = _platform_realm()
    changed = {}
    with archive.section(document["sections"]["realm"]) as members:
        for member in members:
            if not member.name.startswith("people/"):
                continue
            people = [each for each in member.document() if not each.get("serviceAccountClientId")]
            known = {each["username"]: each["id"] for each in people}
            for name, subject in import_page(realm, [as_imported(each) for each in people]):
                if known.get(name, subject) != subject:
                    changed[known[name]] = subject
    return changed


def _load(
    opened: psycopg.Connection[Any],
    archive: Archive,
    document: dict[str, Any],
    subjects: dict[str, str],
    meter: Meter,
) -> None:
    loaders = {}
    old = rows.escape(document["issuer"])
    new = rows.escape(platform_provider().issuer)
    for schema, facts in document["tables"].items():
        tables = rows.columns_of(facts, schema)
        if {table.name for table in tables} - {each.name for each in _tables(opened)[schema]}:
            raise damaged()
        if schema == PLATFORM_SCHEMA:
            rows.empty_tables(opened, tables)
        columns = {table.name: table.columns for table in tables}

        def users(row: list[bytes], columns: dict[str, tuple[str, ...]] = columns) -> list[bytes]:
            issuer, subject = (columns[_USERS].index(name) for name in ("issuer", "subject"))
            if row[issuer] == old:
                row[issuer] = new
                found = row[subject].decode()
                row[subject] = subjects.get(found, found).encode()
            return row

        transforms: dict[str, rows.Transform] = {_USERS: users}
        loaders[schema] = rows.Loader(opened, tables, transforms=transforms, meter=meter)
    with archive.section(document["sections"]["rows"]) as members:
        for member in members:
            schema, _rows, table, _number = member.name.split("/")
            loaders[schema].load(table, member)
    rows.write_sequences(opened, PLATFORM_SCHEMA, document["sequences"])
    for schema, loader in loaders.items():
        expected = {name: digest.as_document() for name, digest in loader.digests.items()}
        tables = rows.columns_of(document["tables"][schema], schema)
        if rows.is_as(expected, rows.digest_tables(opened, tables, meter)):
            raise damaged()


def _tables(opened: psycopg.Connection[Any]) -> dict[str, list[rows.Table]]:
    return {
        PLATFORM_SCHEMA: [
            table
            for table in rows.list_tables(opened, PLATFORM_SCHEMA)
            if table.name not in LEFT_OUT
        ],
        PUBLIC_SCHEMA: [
            table for table in rows.list_tables(opened, PUBLIC_SCHEMA) if table.name in _SHARED
        ],
    }


def _platform_realm() -> RealmClient:
    """Return the platform's realm, over which the master's account keeps its power."""
    account = master_client(_SERVER).account
    return RealmClient(account, realm=PLATFORM_REALM, read_seconds=READ_SECONDS)


def is_of_platform(archive: Archive) -> bool:
    """Return whether an archive has a whole platform."""
    return "own" in archive.manifest


def sections_of(manifest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all sections of an archive with whose each is."""
    own = manifest.get("own")
    for name, document in [
        *([("platform", own)] if own else []),
        *((each["slug"], each) for each in manifest["tenants"]),
    ]:
        for section in document["sections"].values():
            yield name, section
