"""A tenant's tables as one SQL text, made once from the migrations and replayed for each tenant.

Replaying takes a twentieth of the time that the migrations take. The text is keyed by the digest
of the migrations, so that a stale one is never used; it is built under a lock.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import connection
from psycopg import sql

from plexica.core.errors import PermanentError
from plexica.core.scope import enter_scope, platform_scope, role_name, schema_owner
from tenants.models import SchemaTemplate
from tenants.schema.dump import dump_schema
from tenants.schema.migrations import migrate_schema, tenant_digest

TEMPLATE_SCHEMA = "plexica_template_2f6e9c1b"
DUMP_TIMEOUT_SECONDS = 60
_LOCK_KEY = 0x504C_4558  # "PLEX"

# What pg_dump writes for psql or for a whole session, and not for one schema. Its statements end
# with a line; literals of our migrations hold no such lines (checked when the template is built).
_SESSION_LINES = re.compile(
    r"^(?:--.*|SET .*;|SELECT pg_catalog\.set_config\(.*;|\\(?:un)?restrict .*"
    rf"|CREATE SCHEMA {TEMPLATE_SCHEMA};)$\n?",
    re.MULTILINE,
)

logger = structlog.get_logger(__name__)


@contextmanager
def template_lock() -> Iterator[None]:
    """Hold the lock under which schemas are migrated and the template is built."""
    with platform_scope():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        try:
            yield
        finally:
            # A connection that broke has given the lock up already.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])


def is_template_being_built() -> bool:
    """Return whether somebody holds the template's lock."""
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = 0"
            " AND objid = %s AND granted",
            [_LOCK_KEY],
        )
        return cursor.fetchone() is not None


def replay_statements(schema: str) -> str:
    """Return the SQL that makes a tenant's tables in a schema that exists and is empty.

    Raises:
        PermanentError: There is no template for the present migrations.
    """
    template = _find(tenant_digest())
    if template is None:
        raise PermanentError(
            "The tables' template does not fit the present migrations. Run `manage.py migrate`."
        )
    return template.statements.replace(TEMPLATE_SCHEMA, schema)


def ensure_template() -> bool:
    """Build the template of the present migrations, if it is not there yet.

    Returns:
        Whether it was built.

    Raises:
        TransientError: pg_dump did not end in time.
        PermanentError: pg_dump failed.
    """
    digest = tenant_digest()
    with template_lock():
        if _find(digest):
            return False
        statements = _build()
        with platform_scope():
            SchemaTemplate.objects.exclude(digest=digest).delete()
            SchemaTemplate.objects.create(digest=digest, statements=statements)
    logger.info("template_built", digest=digest, characters=len(statements))
    return True


def _find(digest: str) -> SchemaTemplate | None:
    with platform_scope():
        return SchemaTemplate.objects.filter(digest=digest).first()


def _build() -> str:
    name = sql.Identifier(TEMPLATE_SCHEMA)
    drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name).as_string()
    with enter_scope(schema_owner(TEMPLATE_SCHEMA)), connection.cursor() as cursor:
        # What a build that was cut off has left.
        cursor.execute(drop)
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(name).as_string())
        migrate_schema(TEMPLATE_SCHEMA)
        statements = _clean(
            dump_schema(
                TEMPLATE_SCHEMA,
                role=role_name("owner"),
                options=["--rows-per-insert=1000"],
                seconds=DUMP_TIMEOUT_SECONDS,
            )
        )
        cursor.execute(drop)
    return statements


def _clean(dump: str) -> str:
    statements = _SESSION_LINES.sub("", dump)
    statements = re.sub(r"\n{2,}", "\n", statements).strip()
    if "\\restrict" in statements or re.search(r"^\\", statements, re.MULTILINE):
        raise PermanentError("The dump holds a command that only psql understands.")
    for literal in re.findall(r"'(?:[^']|'')*'", statements):
        # `nextval` and `setval` name their sequence in a literal, which must be replaced; any
        # other literal that holds the name would be data that the replacement changes.
        if TEMPLATE_SCHEMA in literal and not re.fullmatch(
            rf"'{TEMPLATE_SCHEMA}\.\"?\w+\"?'", literal
        ):
            raise PermanentError("The template's name stands in data of the migrations.")
    return statements
