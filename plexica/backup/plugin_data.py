"""What a tenant's plugins have in the database: definitions and rows, out and back.

A plugin's definitions are SQL of its own making. They are run as the installation's role, which
reaches its schema and nothing else, as its migrations are: an archive can do no more than a plugin.
"""

import os
import re
import subprocess
from typing import Any

import psycopg
from django.conf import settings

from plexica.core.errors import PermanentError, TransientError
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant

KEPT_STATES = (InstallationState.ENABLED, InstallationState.DISABLED)
MAX_DEFINITIONS = 32 * 1024 * 1024
SECTIONS = ("pre-data", "post-data")
_SECONDS = 300
# What is for psql, and what is there already.
_NOT_OURS = re.compile(r"^(?:\\(?:un)?restrict .*|CREATE SCHEMA .*;)$\n?", re.MULTILINE)
_COMMENTS = re.compile(r"^--.*$\n?|^\s*$\n?", re.MULTILINE)


def list_installations(tenant: Tenant) -> list[Installation]:
    """Return the installations of a tenant that a backup takes."""
    found = Installation.objects.filter(tenant_id=tenant.pk, state__in=KEPT_STATES)
    return list(found.select_related("tenant", "plugin", "release").order_by("plugin__slug"))


def read_definitions(installation: Installation, *, snapshot: str | None, part: str) -> str:
    """Return the SQL that makes what is in an installation's schema.

    Args:
        installation: Whose.
        snapshot: The snapshot to look at; the present without one.
        part: `pre-data` or `post-data`: what comes before the rows, and what after.

    Raises:
        TransientError: pg_dump did not end in time.
        PermanentError: pg_dump is not there, or failed.
    """
    database = settings.DATABASES["default"]
    command = [
        settings.PLEXICA_PG_DUMP,
        f"--schema={installation.schema_name}",
        f"--role={installation.database_role}",
        f"--section={part}",
        *([f"--snapshot={snapshot}"] if snapshot else []),
        "--no-owner",
        "--no-privileges",
        "--no-publications",
        "--no-subscriptions",
        "--encoding=UTF8",
    ]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"] or "5432",
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
        "PGCONNECT_TIMEOUT": "5",
    }
    try:
        dump = subprocess.run(  # noqa: S603 (the command is from our own settings)
            command, env=environment, capture_output=True, check=True, text=True, timeout=_SECONDS
        )
    except FileNotFoundError as error:
        raise PermanentError(
            f"{settings.PLEXICA_PG_DUMP} is not installed. Set PLEXICA_PG_DUMP to the pg_dump"
            " of the server's version."
        ) from error
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr or "").strip().rpartition("\n")[2]
        raise PermanentError(f"pg_dump failed: {last_line}"[:300]) from error
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"pg_dump did not end within {_SECONDS} seconds.") from error
    return _NOT_OURS.sub("", dump.stdout)


def moved_definitions(definitions: str, *, old_schema: str, schema: str) -> str:
    """Return definitions for a schema of another name."""
    return re.sub(rf"\b{re.escape(old_schema)}\b", schema, definitions)


def are_same(one: str, other: str) -> bool:
    """Return whether two definitions say the same."""
    return _COMMENTS.sub("", one) == _COMMENTS.sub("", other)


def run_definitions(opened: psycopg.Connection[Any], definitions: str) -> None:
    """Make what some definitions say, in a session of the installation's own role."""
    opened.execute(definitions)
