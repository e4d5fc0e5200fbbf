"""What was restored, beside the archive that it came from."""

from django.conf import settings

from plexica.backup import plugin_data, rows
from plexica.backup.files import count_files, is_same_file
from plexica.backup.installing import restored_installations
from plexica.backup.realms.comparing import explain_realm
from plexica.backup.restoration import Restoration
from plexica.core.scope import role_name
from tenants.models import Tenant

_MAX_NAMED = 5


def explain_differences(tenant: Tenant, restoration: Restoration) -> list[str]:
    """Return in words what of a restored tenant is not as the archive has it.

    Raises:
        TransientError: A server does not answer.
        PermanentError: A server refuses.
    """
    restoration.meter.begin(f"{tenant.slug}: comparison")
    return [
        *_explain_rows(tenant, restoration),
        *_explain_plugins(tenant, restoration),
        *explain_realm(tenant, restoration),
        *_explain_files(tenant, restoration),
    ]


def _explain_rows(tenant: Tenant, restoration: Restoration) -> list[str]:
    with rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened:
        rows.take_role(opened, role_name("owner"))
        tables = rows.columns_of(restoration.document["tables"], tenant.schema_name)
        found = rows.digest_tables(opened, tables, restoration.meter)
        sequences = rows.read_sequences(opened, tenant.schema_name)
    differing = rows.is_as(restoration.rows, found)
    counts = {
        name: facts["rows"]
        for name, facts in restoration.document["tables"].items()
        if facts["rows"] != found[name]["rows"]
    }
    names = sorted({*differing, *counts})
    if sequences != restoration.document["sequences"]:
        names.append("sequences")
    return [f"rows of {', '.join(names[:_MAX_NAMED])}"] if names else []


def _explain_plugins(tenant: Tenant, restoration: Restoration) -> list[str]:
    known = {each.plugin.slug: each for each in restored_installations(tenant)}
    texts = _archived_definitions(restoration)
    differences = []
    for document in restoration.document["installations"]:
        slug = document["plugin"]
        installation = known.pop(slug, None)
        if installation is None:
            differences.append(f"plugin {slug} is missing")
            continue
        schema = installation.schema_name
        with rows.session(seconds=settings.PLEXICA_BACKUP_STATEMENT_SECONDS) as opened:
            rows.take_role(opened, installation.database_role)
            tables = rows.list_tables(opened, schema)
            found = rows.digest_tables(opened, tables, restoration.meter)
            sequences = rows.read_sequences(opened, schema)
        differing = rows.is_as(document["tables"], found)
        if differing or set(found) != set(document["tables"]):
            differences.append(f"rows of plugin {slug}: {', '.join(differing[:_MAX_NAMED])}")
        if sequences != document["sequences"]:
            differences.append(f"sequences of plugin {slug}")
        for part in plugin_data.SECTIONS:
            text = plugin_data.read_definitions(installation, snapshot=None, part=part)
            kept = plugin_data.moved_definitions(
                texts[slug, part], old_schema=document["schema"], schema=schema
            )
            if not plugin_data.are_same(text, kept):
                differences.append(f"definitions of plugin {slug}")
    return [*differences, *(f"plugin {slug} is not in the archive" for slug in known)]


def _archived_definitions(restoration: Restoration) -> dict[tuple[str, str], str]:
    found = {}
    with restoration.archive.section(restoration.section("plugins")) as members:
        for member in members:
            slug, _slash, name = member.name.partition("/")
            if name.endswith(".sql"):
                found[slug, name.removesuffix(".sql")] = member.content().decode()
    return found


def _explain_files(tenant: Tenant, restoration: Restoration) -> list[str]:
    differing, count = [], 0
    with restoration.archive.section(restoration.section("files")) as members:
        for member in members:
            count += 1
            if not is_same_file(tenant, member, restoration.meter):
                differing.append(member.name.removeprefix("files/"))
    if differing:
        return [f"files {', '.join(differing[:_MAX_NAMED])}"]
    there = count_files(tenant)
    if there != count:
        return [f"{there} files in place of {count}"]
    return []
