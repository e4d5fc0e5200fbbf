"""A replayed template is what the migrations make, and a stale one is refused."""

import re
from typing import Any

import pytest
from django.db import connection
from psycopg import sql

from plexica.core.errors import PermanentError
from plexica.core.scope import enter_scope, schema_owner
from tenants.models import SchemaTemplate, Tenant
from tenants.schema import roles
from tenants.schema.migrations import migrate_schema, tenant_digest
from tenants.schema.step import Schema
from tenants.schema.template import ensure_template
from tests.integration.conftest import MakeRun

_CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, udt_name, character_maximum_length,
               is_nullable, column_default, is_identity, identity_generation, ordinal_position
          FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2""",
    "constraints": """
        SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.convalidated
          FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
         WHERE n.nspname = %s ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = %s ORDER BY 1, 2",
    "sequences": "SELECT sequencename, data_type, start_value, increment_by, last_value"
    " FROM pg_sequences WHERE schemaname = %s ORDER BY 1",
    "owners": "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = %s ORDER BY 1",
}


def _normalized(text: str, schema: str) -> str:
    """Take out what PostgreSQL writes differently after any dump and restore.

    `x IN ('a', 'b')` on a varchar is one cast around the array at first, and one around each
    member when it is read again; the meaning is the same.
    """
    text = text.replace(schema, "SCHEMA")
    if text.startswith("CHECK"):
        text = re.sub(r"::(?:text|character varying)(?:\[\])?|[()]", "", text)
    return text


def _catalog(schema: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        for name, query in _CATALOG.items():
            cursor.execute(query, [schema])
            found[name] = [
                tuple(_normalized(str(value), schema) for value in row) for row in cursor.fetchall()
            ]
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        found["migrations"] = cursor.fetchall()
    return found


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    return make_run().tenant


def test_replay_and_migrations_give_the_same_catalog(tenant: Tenant) -> None:
    migrated = "t_by_migrations"
    create = sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(migrated)).as_string()
    try:
        with enter_scope(schema_owner(migrated)), connection.cursor() as cursor:
            cursor.execute(create)
        migrate_schema(migrated)
        Schema().do(tenant)
        expected, found = _catalog(migrated), _catalog(tenant.schema_name)
    finally:
        roles.drop_schema(migrated)
    for kind, rows in expected.items():
        assert set(found[kind]) ^ set(rows) == set(), kind
        assert len(found[kind]) == len(rows)
    assert len(expected["columns"]) > 20


def test_nothing_is_left_to_migrate_after_a_replay(tenant: Tenant) -> None:
    Schema().do(tenant)
    assert migrate_schema(tenant.schema_name) == []


def test_it_can_be_repeated_and_undone_twice(tenant: Tenant) -> None:
    step = Schema()
    step.do(tenant)
    step.do(tenant)
    step.undo(tenant)
    step.undo(tenant)
    assert not roles.role_exists(tenant.database_role)
    assert not roles.schema_is_filled(tenant.schema_name)


def test_an_empty_schema_left_by_somebody_is_filled(tenant: Tenant) -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {tenant.schema_name}")
    Schema().do(tenant)
    assert roles.schema_is_filled(tenant.schema_name)


def test_a_stale_template_is_refused(tenant: Tenant) -> None:
    template = SchemaTemplate.objects.get()
    SchemaTemplate.objects.filter(pk=template.pk).update(digest="0" * 64)
    try:
        with pytest.raises(PermanentError, match="migrate"):
            Schema().do(tenant)
    finally:
        assert ensure_template()
    assert SchemaTemplate.objects.get().digest == tenant_digest()
    assert not ensure_template()
