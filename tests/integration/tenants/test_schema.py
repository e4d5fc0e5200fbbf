"""A replayed template is what the migrations make, and a stale one is refused."""

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
from tests.integration.tenants.catalog import catalog


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    return make_run().tenant


def test_replay_and_migrations_give_the_samecatalog(tenant: Tenant) -> None:
    migrated = "t_by_migrations"
    create = sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(migrated)).as_string()
    try:
        with enter_scope(schema_owner(migrated)), connection.cursor() as cursor:
            cursor.execute(create)
        migrate_schema(migrated)
        Schema().do(tenant)
        expected, found = catalog(migrated), catalog(tenant.schema_name)
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
