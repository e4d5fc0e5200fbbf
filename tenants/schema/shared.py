"""What tenants share: the shared tables' security and rights, and the platform's own schema.

What the security should be is found out by having `grant_shared` work on empty copies of the
tables, which are rolled back: nothing live is locked, and nothing is said twice.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.db import connection
from psycopg import sql

from plexica.core.scope import PLATFORM_SCHEMA, PUBLIC_SCHEMA, role_name
from tenants.parts import Difference, Finding
from tenants.schema.catalog import (
    Catalog,
    expected_catalog,
    read_catalog,
    scratch_schema,
    server_errors,
)
from tenants.schema.comparison import compare
from tenants.schema.mending import mend
from tenants.schema.privileges import grant_shared, shared_tables

PART = "schema"


def inspect_shared() -> list[Finding]:
    """Compare policies and rights of the shared tables, and the platform's schema.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It refused, or there is no template for the present migrations.
    """
    with server_errors():
        # Security and policies, which are nobody's data, are all set anew by `grant_shared`.
        shared = [
            replace(finding, can_repair=finding.difference != Difference.ORPHANED)
            for finding in compare(PART, *_shared_catalogs())
        ]
        return [
            *_in(PUBLIC_SCHEMA, shared),
            *_in(PLATFORM_SCHEMA, compare(PART, expected_catalog(), _platform_catalog())),
        ]


def repair_shared(findings: Iterable[Finding]) -> None:
    """Mend findings of `inspect_shared`; what cannot be mended stays.

    Raises:
        TransientError: The database did not answer.
        PermanentError: It refused, or there is no template for the present migrations.
    """
    names = {finding.what for finding in findings if finding.can_repair}
    with server_errors():
        if shared := _named_in(PUBLIC_SCHEMA, names):
            expected, found = _shared_catalogs()
            mend(
                PUBLIC_SCHEMA,
                holder=role_name("platform"),
                expected=expected,
                found=found,
                names=shared,
            )
            grant_shared()
        if own := _named_in(PLATFORM_SCHEMA, names):
            mend(
                PLATFORM_SCHEMA,
                holder=role_name("platform"),
                expected=expected_catalog(),
                found=_platform_catalog(),
                names=own,
            )


def _platform_catalog() -> Catalog:
    return read_catalog(PLATFORM_SCHEMA, holder=role_name("platform"))


def _shared_catalogs() -> tuple[Catalog, Catalog]:
    """Return what the security of the shared tables should be, and what it is."""
    holder = role_name("platform")
    copy = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING IDENTITY)")
    with scratch_schema() as schema:
        with connection.cursor() as cursor:
            for table in shared_tables():
                cursor.execute(
                    copy.format(
                        sql.Identifier(schema, table), sql.Identifier(PUBLIC_SCHEMA, table)
                    ).as_string()
                )
        grant_shared(schema)
        expected = read_catalog(schema, holder=holder)
    return _security(expected), _security(read_catalog(PUBLIC_SCHEMA, holder=holder))


def _security(catalog: Catalog) -> Catalog:
    """Return what a catalog says of who may do what with the shared tables."""
    tables = {*shared_tables(), ""}
    return replace(
        catalog,
        things={
            # Copies tell the other shared tables by their full name.
            thing: definition.replace(f"{PUBLIC_SCHEMA}.", "")
            for thing, definition in catalog.things.items()
            if (thing.kind == "table" and thing.name in tables)
            or (thing.kind == "policy" and thing.parent in tables)
        },
        rights={grant: has for grant, has in catalog.rights.items() if grant.table in tables},
        migrations=frozenset(),
    )


def _in(schema: str, findings: Iterable[Finding]) -> list[Finding]:
    return [replace(finding, what=f"{schema}: {finding.what}") for finding in findings]


def _named_in(schema: str, names: Iterable[str]) -> set[str]:
    prefix = f"{schema}: "
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
