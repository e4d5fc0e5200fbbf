"""What an installation has, as one file to take away: tables, files and settings."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from psycopg import sql

from plexica.core.actor import Actor
from plexica.core.errors import Conflict, OutwardError, ServiceUnavailable
from plexica.core.scope import platform_scope
from plexica.storage.clients import get_client
from plexica.storage.errors import mapped_errors
from plugins.lifecycle.files import files_prefix
from plugins.lifecycle.session import session_of
from plugins.models import Installation
from plugins.settings_values import plain_settings
from plugins.states import InstallationState
from plugins.telling import tell

_MEGABYTE = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_STATEMENT_MS = 60_000
_LOCK_MS = 5_000
_TABLES = "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = %s ORDER BY 1"
_STATES = (InstallationState.ENABLED, InstallationState.DISABLED)


class ExportTooLarge(Conflict):
    """There is more than one file may hold."""

    code = "export-too-large"
    title = gettext_noop("This plugin has more data than one file may hold")


class NothingToExport(Conflict):
    """The installation's data cannot be reached in its present state."""

    code = "nothing-to-export"
    title = gettext_noop("The data of this plugin cannot be reached now")


@dataclass(frozen=True, slots=True)
class Export:
    """A ZIP file that is gone when it is closed.

    Attributes:
        name: What to call it.
        file: Its bytes, at the beginning.
    """

    name: str
    file: IO[bytes]


def export_installation(*, installation: Installation, actor: Actor) -> Export:
    """Write all that an installation has into a file, as it is at one moment.

    Tables become CSV with a line of names, files stay as they are, and secrets stay here.

    Args:
        installation: Which.
        actor: Who takes it away.

    Raises:
        NothingToExport: It is neither enabled nor disabled, nor is its data kept.
        ExportTooLarge: It is more than `PLEXICA_PLUGIN_EXPORT_MB`.
        ServiceUnavailable: The database or the storage server does not answer.
    """
    if installation.state not in _STATES and not installation.is_kept:
        raise NothingToExport(_("Only a plugin that is installed can be exported."))
    with platform_scope():
        with transaction.atomic():
            tell(installation, "exported", actor=actor)
        out = tempfile.TemporaryFile()  # noqa: SIM115 (whoever gets it closes it)
        try:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                _Writer(archive).write(installation)
        except OutwardError as error:
            out.close()
            raise ServiceUnavailable(str(error)) from error
        except BaseException:
            out.close()
            raise
    out.seek(0)
    return Export(f"{installation.tenant.slug}-{installation.plugin.slug}.zip", out)


class _Writer:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = settings.PLEXICA_PLUGIN_EXPORT_MB * _MEGABYTE

    def write(self, installation: Installation) -> None:
        values = plain_settings(installation, installation.release.contract)
        facts = {
            "plugin": installation.plugin.slug,
            "version": installation.release.version,
            "tenant": installation.tenant.slug,
            "settings": values,
        }
        self._add("installation.json", iter([json.dumps(facts, indent=2).encode()]))
        with session_of(installation, statement_ms=_STATEMENT_MS, lock_ms=_LOCK_MS) as session:
            session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for (table,) in session.execute(_TABLES, [installation.schema_name]).fetchall():
                self._add(
                    f"tables/{quote(table, safe='')}.csv", _rows(session, installation, table)
                )
        with mapped_errors("reading the plugin's files"):
            self._write_files(installation)

    def _write_files(self, installation: Installation) -> None:
        tenant, prefix = installation.tenant, files_prefix(installation)
        client = get_client(tenant.s3)
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=tenant.bucket, Prefix=prefix
        )
        for page in pages:
            for found in page.get("Contents", ()):
                body = client.get_object(Bucket=tenant.bucket, Key=found["Key"])["Body"]
                name = _below(found["Key"].removeprefix(prefix))
                self._add(f"files/{name}", body.iter_chunks(_CHUNK_BYTES))

    def _add(self, name: str, chunks: Iterator[bytes]) -> None:
        with self._archive.open(name, "w", force_zip64=True) as entry:
            for chunk in chunks:
                self._left -= len(chunk)
                if self._left < 0:
                    raise ExportTooLarge(
                        _("It is more than %(max)d MB. Ask an operator for a copy.")
                        % {"max": settings.PLEXICA_PLUGIN_EXPORT_MB}
                    )
                entry.write(chunk)


def _rows(
    session: psycopg.Connection[Any], installation: Installation, table: str
) -> Iterator[bytes]:
    statement = sql.SQL("COPY {} TO STDOUT (FORMAT csv, HEADER)").format(
        sql.Identifier(installation.schema_name, table)
    )
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        for data in copy:
            yield bytes(data)


def _below(key: str) -> str:
    """Return a key as a name that leads nowhere else when the file is unpacked."""
    parts = PurePosixPath(key.replace("\\", "_")).parts
    return "/".join("_" if part in {"/", "..", "."} else part for part in parts) or "_"
