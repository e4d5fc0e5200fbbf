"""The tenant's database role and its schema, made and dropped by the provisioning login."""

from django.db import connection
from psycopg import sql

from plexica.core.fence import fenced_transaction
from plexica.core.scope import Scope, enter_scope, role_name, schema_owner
from tenants.models import Tenant


def provisioner_scope() -> Scope:
    """Return the scope in which roles are made: as the provisioning login itself."""
    return Scope(
        schema="pg_catalog",
        role=role_name("provisioner"),
        tenant_slug=None,
        search_path=("pg_catalog",),
    )


def ensure_role(tenant: Tenant) -> None:
    """Make the tenant's role, which the web's login may take and inherits nothing from."""
    role = sql.Identifier(tenant.database_role)
    with (
        enter_scope(provisioner_scope()),
        fenced_transaction(),
        connection.cursor() as cursor,
    ):
        if not role_exists(tenant.database_role):
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role).as_string())
        for login in ("web", "provisioner"):
            cursor.execute(
                sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
                .format(role, sql.Identifier(role_name(login)))
                .as_string()
            )
        cursor.execute(
            sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE")
            .format(sql.Identifier(role_name("tenant")), role)
            .as_string()
        )


def drop_role(role: str) -> None:
    """Drop a tenant's role, if it is there; its schema must be gone."""
    with (
        enter_scope(provisioner_scope()),
        fenced_transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)).as_string())


def drop_schema(schema: str) -> None:
    """Drop a schema with all that is in it, if it is there."""
    with (
        enter_scope(schema_owner(schema)),
        fenced_transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)).as_string()
        )


def role_exists(role: str) -> bool:
    """Return whether the server has a role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None


def schema_exists(schema: str) -> bool:
    """Return whether there is a schema of this name, whoever's it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", [schema])
        return cursor.fetchone() is not None


def schema_is_filled(schema: str) -> bool:
    """Return whether a schema is there and has tables; half-filled ones do not come about."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s LIMIT 1", [schema])
        return cursor.fetchone() is not None


def schema_bytes(schema: str) -> int | None:
    """Return how much the tables of a schema take with their indexes, in bytes; None: no schema."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint"
            " FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c"
            " ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')"
            " WHERE n.nspname = %s GROUP BY n.oid",
            [schema],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def schema_is_anothers(schema: str) -> bool:
    """Return whether there is a schema of this name that is not Plexica's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace"
            " WHERE nspname = %s",
            [schema],
        )
        owner = cursor.fetchone()
    return owner is not None and owner[0] != schema_owner(schema).role


def role_is_anothers(role: str) -> bool:
    """Return whether there is a role of this name that the provisioning login did not make.

    Who makes a role gets the right to administer it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = %s AND NOT EXISTS ("
            " SELECT 1 FROM pg_catalog.pg_auth_members m"
            " JOIN pg_catalog.pg_roles p ON p.oid = m.member"
            " WHERE m.roleid = r.oid AND m.admin_option AND p.rolname = %s)",
            [role, role_name("provisioner")],
        )
        return cursor.fetchone() is not None
