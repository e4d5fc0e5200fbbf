"""A fresh schema has no findings; each kind of damage is found, mended and gone."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from plexica.core.scope import PLATFORM_SCHEMA, enter_scope, role_name, schema_owner
from tenants.models import Tenant
from tenants.parts import Difference, Finding
from tenants.schema import roles
from tenants.schema.inspection import inspect_schema, repair_schema
from tenants.schema.migrations import migrate_schema
from tenants.schema.privileges import grant_schema
from tenants.schema.shared import inspect_shared, repair_shared
from tenants.schema.step import Schema
from tests.conftest import Servers
from tests.integration.conftest import MakeRun

MISSING, DIFFERENT, ORPHANED = Difference.MISSING, Difference.DIFFERENT, Difference.ORPHANED


@pytest.fixture(autouse=True)
def _only_the_schema(settings: Settings) -> None:
    settings.TENANT_STEPS = {"create": ["tenants.schema.step.Schema"]}


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    tenant = make_run().tenant
    Schema().do(tenant)
    return tenant


@pytest.fixture
def superuser(servers: Servers) -> Iterator[psycopg.Connection]:
    url = servers.environment["PLEXICA_DATABASE_ADMIN_URL"]
    with psycopg.connect(url, dbname="plexica", autocommit=True, connect_timeout=5) as database:
        yield database


def _as_owner(schema: str, *statements: str) -> None:
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _told(findings: list[Finding]) -> set[tuple[Difference, str]]:
    assert len({finding.what for finding in findings}) == len(findings)
    assert all(finding.part == "schema" and finding.detail for finding in findings)
    return {(finding.difference, finding.what) for finding in findings}


def test_a_fresh_tenant_is_clean(tenant: Tenant) -> None:
    assert inspect_schema(tenant) == []


def test_a_schema_that_the_migrations_made_is_clean_too(tenant: Tenant) -> None:
    schema = tenant.schema_name
    roles.drop_schema(schema)
    _as_owner(schema, f"CREATE SCHEMA {schema}")
    migrate_schema(schema)
    grant_schema(schema, tenant.database_role)
    assert inspect_schema(tenant) == []


def test_the_platform_is_clean() -> None:
    assert inspect_shared() == []


_ROLE_ON = "rights of its own role on"
_MENDABLE = {
    "an index dropped": (
        "DROP INDEX audit_entry_newest",
        {(MISSING, "index audit_auditentry.audit_entry_newest")},
    ),
    "an index made otherwise": (
        "DROP INDEX user_email; CREATE INDEX user_email ON identity_user (first_name)",
        {(DIFFERENT, "index identity_user.user_email")},
    ),
    "a constraint dropped": (
        "ALTER TABLE django_session DROP CONSTRAINT django_session_pkey",
        {(MISSING, "constraint django_session.django_session_pkey")},
    ),
    "a nullable column dropped": (
        "ALTER TABLE identity_user DROP COLUMN last_login",
        {(MISSING, "column identity_user.last_login")},
    ),
    "NOT NULL taken away": (
        "ALTER TABLE audit_auditentry ALTER COLUMN target DROP NOT NULL",
        {(DIFFERENT, "column audit_auditentry.target")},
    ),
    "a default set": (
        "ALTER TABLE audit_auditentry ALTER COLUMN target SET DEFAULT 'x'",
        {(DIFFERENT, "column audit_auditentry.target")},
    ),
    "a table dropped": (
        "DROP TABLE audit_auditentry",
        {(MISSING, "table audit_auditentry")},
    ),
    "a table dropped on which others depend": (
        "DROP TABLE identity_user CASCADE",
        None,
    ),
    "the records of migrations dropped": (
        "DROP TABLE django_migrations",
        None,
    ),
    "a record of a migration deleted": (
        "DELETE FROM django_migrations WHERE app = 'audit' AND name = '0001_initial'",
        {(MISSING, "migration audit.0001_initial")},
    ),
    "a right taken away": (
        "REVOKE SELECT ON django_session FROM {role}",
        {(MISSING, f"{_ROLE_ON} table django_session")},
    ),
    "more than append to the audit": (
        "GRANT UPDATE, DELETE ON audit_auditentry TO {role}",
        {(DIFFERENT, f"{_ROLE_ON} table audit_auditentry")},
    ),
    "one column of the audit": (
        "GRANT UPDATE (target) ON audit_auditentry TO {role}",
        {(DIFFERENT, f"{_ROLE_ON} table audit_auditentry")},
    ),
    "a right to give on": (
        "GRANT SELECT ON audit_auditentry TO {role} WITH GRANT OPTION",
        {(DIFFERENT, f"{_ROLE_ON} table audit_auditentry")},
    ),
    "a right for everybody": (
        "GRANT SELECT ON identity_user TO PUBLIC",
        {(DIFFERENT, "rights of PUBLIC on table identity_user")},
    ),
    "a right for another role": (
        "GRANT SELECT ON identity_user TO plexica_tenant",
        {(DIFFERENT, "rights of plexica_tenant on table identity_user")},
    ),
    "tables of its own": (
        "GRANT CREATE ON SCHEMA {schema} TO {role}",
        {(DIFFERENT, f"{_ROLE_ON} schema")},
    ),
    "no way into the schema": (
        "REVOKE USAGE ON SCHEMA {schema} FROM {role}",
        {(MISSING, f"{_ROLE_ON} schema")},
    ),
    "a sequence set anew": (
        "GRANT UPDATE ON SEQUENCE django_migrations_id_seq TO {role}",
        {(DIFFERENT, f"{_ROLE_ON} sequence django_migrations_id_seq")},
    ),
    "much at once": (
        "DROP INDEX user_email; GRANT ALL ON identity_user TO PUBLIC;"
        " ALTER TABLE audit_auditentry ALTER COLUMN target DROP NOT NULL;"
        " DROP TABLE django_session",
        None,
    ),
}


@pytest.mark.parametrize("name", _MENDABLE)
def test_damage_is_found_and_mended(tenant: Tenant, name: str) -> None:
    statement, expected = _MENDABLE[name]
    schema, role = tenant.schema_name, tenant.database_role
    _as_owner(schema, statement.format(schema=schema, role=role))
    found = inspect_schema(tenant)
    assert _told(found) == expected if expected else found
    assert all(finding.can_repair for finding in found), found
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == []


def test_only_what_is_asked_for_is_mended(tenant: Tenant) -> None:
    _as_owner(tenant.schema_name, "DROP INDEX user_email", "DROP INDEX audit_entry_newest")
    one, other = inspect_schema(tenant)
    repair_schema(tenant, [one])
    assert inspect_schema(tenant) == [other]


_LASTING = {
    "another type": (
        "ALTER TABLE audit_auditentry ALTER COLUMN target TYPE text",
        {(DIFFERENT, "column audit_auditentry.target")},
    ),
    "a column without which no row can be": (
        "ALTER TABLE audit_auditentry DROP COLUMN actor_name",
        {(MISSING, "column audit_auditentry.actor_name")},
    ),
    "a strange table": (
        "CREATE TABLE notes (id int PRIMARY KEY, text text);"
        " GRANT SELECT ON notes TO PUBLIC; CREATE INDEX notes_text ON notes (text)",
        {(ORPHANED, "table notes")},
    ),
    "a strange column": (
        "ALTER TABLE django_session ADD COLUMN more int",
        {(ORPHANED, "column django_session.more")},
    ),
    "a strange index": (
        "CREATE INDEX more ON django_session (session_data)",
        {(ORPHANED, "index django_session.more")},
    ),
    "a strange constraint": (
        "ALTER TABLE django_session ADD CONSTRAINT more CHECK (true)",
        {(ORPHANED, "constraint django_session.more")},
    ),
    "a view, a sequence, a type and a function": (
        "CREATE VIEW seen AS SELECT 1; CREATE SEQUENCE numbers; CREATE TYPE mood AS ENUM ('a');"
        " CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        {
            (ORPHANED, "view seen"),
            (ORPHANED, "sequence numbers"),
            (ORPHANED, "type mood"),
            (ORPHANED, "function one()"),
        },
    ),
    "a strange migration": (
        "INSERT INTO django_migrations (app, name, applied) VALUES ('audit', '9999_x', now())",
        {(ORPHANED, "migration audit.9999_x")},
    ),
    "rows hidden": (
        "ALTER TABLE identity_user ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY none ON identity_user USING (false)",
        {(DIFFERENT, "table identity_user"), (ORPHANED, "policy identity_user.none")},
    ),
    "rights on what will be": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
        {(ORPHANED, "default rights plexica_owner r")},
    ),
}


@pytest.mark.parametrize("name", _LASTING)
def test_what_needs_a_person_is_told_and_left_alone(tenant: Tenant, name: str) -> None:
    statement, expected = _LASTING[name]
    _as_owner(tenant.schema_name, statement.format(schema=tenant.schema_name))
    found = inspect_schema(tenant)
    assert _told(found) == expected
    assert not any(finding.can_repair for finding in found)
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == found


def test_rows_survive_a_repair_and_one_refusal_does_not_stop_the_rest(tenant: Tenant) -> None:
    _as_owner(
        tenant.schema_name,
        "ALTER TABLE django_session DROP CONSTRAINT django_session_pkey",
        "INSERT INTO django_session VALUES ('same', '', now()), ('same', '', now())",
        "DROP INDEX user_email",
    )
    repair_schema(tenant, inspect_schema(tenant))
    left = inspect_schema(tenant)
    assert _told(left) == {(MISSING, "constraint django_session.django_session_pkey")}
    _as_owner(tenant.schema_name, "DELETE FROM django_session")


def test_a_tenant_that_is_behind_has_one_finding(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(schema_digest="0" * 64)
    tenant.refresh_from_db()
    _as_owner(tenant.schema_name, "DROP INDEX user_email")
    (finding,) = inspect_schema(tenant)
    assert finding.what == "schema version"
    assert "manage.py tenant upgrade" in finding.detail
    assert not finding.can_repair


def test_a_schema_that_is_gone_is_not_made_up(tenant: Tenant) -> None:
    roles.drop_schema(tenant.schema_name)
    found = inspect_schema(tenant)
    assert _told(found) == {(MISSING, f"schema {tenant.schema_name}")}
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == found
    assert not roles.schema_exists(tenant.schema_name)


def test_somebody_elses_schema_is_left_alone(tenant: Tenant, superuser: psycopg.Connection) -> None:
    superuser.execute(f"ALTER SCHEMA {tenant.schema_name} OWNER TO CURRENT_USER")
    try:
        _told_now = _told(inspect_schema(tenant))
        assert _told_now == {(DIFFERENT, f"schema {tenant.schema_name}")}
        repair_schema(tenant, inspect_schema(tenant))
        assert _told(inspect_schema(tenant)) == _told_now
    finally:
        superuser.execute(f"ALTER SCHEMA {tenant.schema_name} OWNER TO {role_name('owner')}")


_ROLE_DAMAGE = {
    "the web may not take it": (
        "REVOKE {role} FROM plexica_web",
        {(MISSING, "membership of plexica_web in {role}")},
    ),
    "the web has it by itself": (
        "GRANT {role} TO plexica_web WITH INHERIT TRUE",
        {(DIFFERENT, "membership of plexica_web in {role}")},
    ),
    "it is not one of the tenants": (
        "REVOKE plexica_tenant FROM {role}",
        {(MISSING, "membership of {role} in plexica_tenant")},
    ),
    "another tenant may take it": (
        "GRANT {role} TO {other}",
        {(DIFFERENT, "membership of {other} in {role}")},
    ),
    "it can log in": ("ALTER ROLE {role} LOGIN", {(DIFFERENT, "role {role}: LOGIN")}),
    "it can make roles": (
        "ALTER ROLE {role} CREATEROLE",
        {(DIFFERENT, "role {role}: CREATEROLE")},
    ),
    "it has settings": (
        "ALTER ROLE {role} SET statement_timeout = 1",
        {(DIFFERENT, "role {role}: settings")},
    ),
}


@pytest.mark.parametrize("name", _ROLE_DAMAGE)
def test_a_damaged_role_is_found_and_mended(tenant: Tenant, make_run: MakeRun, name: str) -> None:
    other = make_run().tenant
    roles.ensure_role(other)
    names = {"role": tenant.database_role, "other": other.database_role}
    statement, expected = _ROLE_DAMAGE[name]
    with enter_scope(roles.provisioner_scope()), connection.cursor() as cursor:
        cursor.execute(statement.format(**names))
    found = inspect_schema(tenant)
    assert _told(found) == {(difference, what.format(**names)) for difference, what in expected}
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == []


def test_a_role_that_is_gone_is_made_again_with_its_rights(tenant: Tenant) -> None:
    with enter_scope(schema_owner(tenant.schema_name)), connection.cursor() as cursor:
        role, schema = tenant.database_role, tenant.schema_name
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}")
        cursor.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {role}")
    roles.drop_role(tenant.database_role)
    found = inspect_schema(tenant)
    assert (MISSING, f"role {tenant.database_role}") in _told(found)
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == []


def test_what_only_a_superuser_mends_is_told_with_the_remedy(
    tenant: Tenant, superuser: psycopg.Connection
) -> None:
    role = tenant.database_role
    superuser.execute(f"ALTER ROLE {role} BYPASSRLS")
    superuser.execute(f"GRANT pg_read_all_data TO {role}")
    found = inspect_schema(tenant)
    assert _told(found) == {
        (DIFFERENT, f"role {role}: BYPASSRLS"),
        (DIFFERENT, f"membership of {role} in pg_read_all_data"),
    }
    repair_schema(tenant, found)
    assert inspect_schema(tenant) == found
    for finding in found:
        assert not finding.can_repair
        superuser.execute(finding.detail.partition("has to run: ")[2])
    assert inspect_schema(tenant) == []


_SHARED_DAMAGE = {
    "a table is open": (
        "ALTER TABLE tenants_tenantsecret DISABLE ROW LEVEL SECURITY",
        {(DIFFERENT, "public: table tenants_tenantsecret")},
    ),
    "a policy is gone": (
        "DROP POLICY own_rows ON tenants_tenantsecret",
        {(MISSING, "public: policy tenants_tenantsecret.own_rows")},
    ),
    "a policy lets all through": (
        "ALTER POLICY own_rows ON tenants_tenantsecret USING (true)",
        {(DIFFERENT, "public: policy tenants_tenantsecret.own_rows")},
    ),
    "tenants may read runs": (
        "GRANT SELECT ON tenants_provisioningrun TO plexica_tenant",
        {(DIFFERENT, "public: rights of plexica_tenant on table tenants_provisioningrun")},
    ),
    "the platform may not": (
        "REVOKE INSERT ON tenants_tenant FROM plexica_platform",
        {(MISSING, "public: rights of its own role on table tenants_tenant")},
    ),
}


@pytest.mark.parametrize("name", _SHARED_DAMAGE)
def test_damage_to_what_is_shared_is_found_and_mended(name: str) -> None:
    statement, expected = _SHARED_DAMAGE[name]
    _as_owner("public", statement)
    found = inspect_shared()
    try:
        assert _told(found) == expected
    finally:
        repair_shared(found)
    assert inspect_shared() == []


def test_a_strange_policy_on_a_shared_table_is_told() -> None:
    _as_owner("public", "CREATE POLICY open ON tenants_tenantsecret USING (true)")
    try:
        (finding,) = inspect_shared()
        assert finding.what == "public: policy tenants_tenantsecret.open"
        assert not finding.can_repair
    finally:
        _as_owner("public", "DROP POLICY open ON tenants_tenantsecret")


def test_the_platforms_own_schema_is_compared_and_mended() -> None:
    _as_owner(PLATFORM_SCHEMA, "DROP INDEX user_email")
    found = inspect_shared()
    assert _told(found) == {(MISSING, "platform: index identity_user.user_email")}
    repair_shared(found)
    assert inspect_shared() == []
