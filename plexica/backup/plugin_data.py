"""What a tenant's plugins have in the database: definitions and rows, out and back.

A plugin's definitions are SQL of its own making. They are run as the installation's role, which
reaches its schema and nothing else, as its migrations are: an archive can do no more than a plugin.
"""

import re
from typing import Any

import psycopg

from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.schema.dump import dump_schema

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
    dump = dump_schema(
        installation.schema_name,
        role=installation.database_role,
        options=[
            f"--section={part}",
            *([f"--snapshot={snapshot}"] if snapshot else []),
            "--no-publications",
            "--no-subscriptions",
        ],
        seconds=_SECONDS,
    )
    return _NOT_OURS.sub("", dump)


def moved_definitions(definitions: str, *, old_schema: str, schema: str) -> str:
    """Return definitions for a schema of another name."""
    return re.sub(rf"\b{re.escape(old_schema)}\b", schema, definitions)


def are_same(one: str, other: str) -> bool:
    """Return whether two definitions say the same."""
    return _COMMENTS.sub("", one) == _COMMENTS.sub("", other)


def run_definitions(opened: psycopg.Connection[Any], definitions: str) -> None:
    """Make what some definitions say, in a session of the installation's own role."""
    opened.execute(definitions)
