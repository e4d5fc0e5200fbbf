"""What each database role may do, set anew after every migration.

A model says what is special about it: `tenant_privileges` (of a tenant app: what the tenant's own
role may do; everything with data by default), `shared_privileges` and `tenant_rows` (of a shared
app: what tenants may do, with which rows). What is not said is not granted.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from plexica.core.scope import PLATFORM_SCHEMA, PUBLIC_SCHEMA, enter_scope, role_name, schema_owner
from tenants.schema.migrations import app_labels

DATA_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
MIGRATIONS_TABLE = "django_migrations"


def grant_schema(schema: str, role: str) -> None:
    """Give a role the data of a schema of tenant tables, and nothing of its definitions."""
    _run(schema, grants_of_schema(schema, role))


def grants_of_schema(schema: str, role: str) -> list[sql.Composable]:
    """Return the statements of `grant_schema`."""
    return [
        _revoke_all(schema, role),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(_name(schema), _name(role)),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}").format(
            _name(schema), _name(role)
        ),
        *(
            _grant(schema, model._meta.db_table, role, _tenant_privileges(model))  # noqa: SLF001 (Django's documented Options)
            for model in models_of(schema)
        ),
    ]


def grant_shared(schema: str = PUBLIC_SCHEMA) -> None:
    """Give the platform all shared rows, and each tenant its own of those that it may see.

    Args:
        schema: Where the tables are, or copies of them.
    """
    platform, tenants = role_name("platform"), role_name("tenant")
    statements: list[sql.Composable] = [
        _revoke_all(schema, platform),
        _revoke_all(schema, tenants),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}, {}").format(
            _name(schema), _name(platform), _name(tenants)
        ),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}").format(
            _name(schema), _name(platform)
        ),
    ]
    for model in models_of(PUBLIC_SCHEMA):
        table = model._meta.db_table  # noqa: SLF001 (Django's documented Options)
        statements += [
            _grant(schema, table, platform, DATA_PRIVILEGES),
            sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(_name(table)),
            *_policy(table, "platform", platform, sql.SQL("true")),
        ]
        if privileges := getattr(model, "shared_privileges", ()):
            statements += [
                _grant(schema, table, tenants, privileges),
                *_policy(table, "own_rows", tenants, _own_rows(model)),
            ]
    _run(schema, statements)


def grant_platform() -> None:
    """Give the platform's role the data of the platform's own schema."""
    grant_schema(PLATFORM_SCHEMA, role_name("platform"))


def shared_tables() -> list[str]:
    """Return the names of the tables that all tenants share."""
    return [model._meta.db_table for model in models_of(PUBLIC_SCHEMA)]  # noqa: SLF001 (Django's documented Options)


def models_of(schema: str) -> list[type[models.Model]]:
    """Return the models whose tables live in a schema."""
    labels = app_labels(schema)
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in labels and model._meta.managed and not model._meta.proxy  # noqa: SLF001 (Django's documented Options)
    ]


def _own_rows(model: type[models.Model]) -> sql.Composable:
    """Return the condition under which a shared row is the current role's own.

    `tenant_rows` is an SQL expression that gives the schema's name of the row's tenant; a tenant's
    role is named after its schema (`plexica.core.scope.role_name`).
    """
    prefix = sql.Literal(role_name(""))
    expression = sql.SQL(getattr(model, "tenant_rows"))  # noqa: B009 (declared by our own models)
    return sql.SQL("current_user = {} || ({})").format(prefix, expression)


def _tenant_privileges(model: type[models.Model]) -> Iterable[str]:
    privileges: Iterable[str] = getattr(model, "tenant_privileges", DATA_PRIVILEGES)
    return privileges


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _revoke_all(schema: str, role: str) -> sql.Composable:
    return sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}").format(
        _name(schema), _name(role)
    )


def _grant(schema: str, table: str, role: str, privileges: Iterable[str]) -> sql.Composable:
    return sql.SQL("GRANT {} ON {}.{} TO {}").format(
        sql.SQL(", ").join(sql.SQL(privilege) for privilege in privileges),
        _name(schema),
        _name(table),
        _name(role),
    )


def _policy(
    table: str, policy: str, role: str, condition: sql.Composable
) -> tuple[sql.Composable, sql.Composable]:
    return (
        sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(_name(policy), _name(table)),
        sql.SQL("CREATE POLICY {} ON {} TO {} USING ({}) WITH CHECK ({})").format(
            _name(policy), _name(table), _name(role), condition, condition
        ),
    )


def _run(schema: str, statements: Iterable[sql.Composable]) -> None:
    with enter_scope(schema_owner(schema)), connection.cursor() as cursor:
        cursor.execute(sql.SQL("; ").join(statements).as_string(cursor.connection))
