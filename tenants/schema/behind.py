"""Which columns a tenant's schema lacks because its upgrade has not reached it yet (ADR 11).

A tenant whose row says that its schema is of the code's version costs one comparison. For one
that is behind, or ahead of a process that still runs the code before, the catalog is asked once,
and again after a while, since an upgrade that goes step by step may stop half-way.
"""

from dataclasses import dataclass
from time import monotonic

from django.db import connection

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tenants.schema.migrations import tenant_digest
from tenants.schema.privileges import models_of

RECHECK_SECONDS = 5
_NOTHING: frozenset[tuple[str, str]] = frozenset()

_COLUMNS = """
    SELECT c.relname, a.attname
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p')
       AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found, under which digests, and until when that is believed (monotonic seconds)."""

    digests: tuple[str, str]
    until: float
    missing: frozenset[tuple[str, str]]


# By schema. An upgrade changes the digest in the row, which each request reads anew.
_known: dict[str, _Known] = {}


def missing_columns(tenant: Tenant) -> frozenset[tuple[str, str]]:
    """Return the columns of the models, as table and column, that a tenant's schema lacks.

    A schema that is not there, or has no table at all, is not behind: nothing is said to be
    missing, and whoever reads it fails as they should.
    """
    present = tenant_digest()
    if tenant.schema_digest in {present, ""}:
        return _NOTHING
    digests = (tenant.schema_digest, present)
    known = _known.get(tenant.schema_name)
    if known is None or known.digests != digests or known.until < monotonic():
        missing = _compare(tenant.schema_name)
        known = _Known(digests, monotonic() + RECHECK_SECONDS, missing)
        _known[tenant.schema_name] = known
    return known.missing


def _compare(schema: str) -> frozenset[tuple[str, str]]:
    expected = {
        (model._meta.db_table, str(field.column))  # noqa: SLF001 (Django's documented Options)
        for model in models_of(schema)
        for field in model._meta.local_concrete_fields  # noqa: SLF001
    }
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [schema, sorted({table for table, _column in expected})])
        found = {(str(table), str(column)) for table, column in cursor.fetchall()}
    return frozenset(expected - found) if found else _NOTHING
