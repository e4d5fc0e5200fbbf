"""Makes the database and its roles, as the server's administrator."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql

from plexica.core.scope import role_name
from plexica.settings.environment import required

CONNECT_TIMEOUT_SECONDS = 5
# The first version in which a role with CREATEROLE cannot take roles that it has not made:
# https://www.postgresql.org/docs/16/release-16.html
OLDEST_VERSION = 160000


class Command(BaseCommand):
    """Make the roles, the logins and the database; what is there is brought in line."""

    help = (
        "Makes the roles, the logins and the database. Needs PLEXICA_DATABASE_ADMIN_URL,"
        " PLEXICA_WEB_DB_PASSWORD and PLEXICA_PROVISIONER_DB_PASSWORD. Can be repeated."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take no arguments: secrets come by the environment."""

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run the command."""
        admin_url = required("PLEXICA_DATABASE_ADMIN_URL")
        name = settings.DATABASES["default"]["NAME"]
        with psycopg.connect(
            admin_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS
        ) as server:
            if server.info.server_version < OLDEST_VERSION:
                raise CommandError("Plexica needs PostgreSQL 16 or newer.")
            for statement in _role_statements(
                web_password=required("PLEXICA_WEB_DB_PASSWORD"),
                provisioner_password=required("PLEXICA_PROVISIONER_DB_PASSWORD"),
            ):
                server.execute(statement)
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                server.execute(
                    sql.SQL(
                        "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                    ).format(sql.Identifier(name), sql.Identifier(role_name("owner")))
                )
        database_url = urlsplit(admin_url)._replace(path=f"/{name}").geturl()
        with psycopg.connect(
            database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS
        ) as database:
            for statement in _database_statements(name):
                database.execute(statement)
        self.stdout.write(f"The database {name} and its roles are ready.")


def _role_statements(*, web_password: str, provisioner_password: str) -> list[sql.Composed]:
    statements = []
    for role in ("owner", "platform", "tenant", "plugin"):
        statements += [_create(role), _alter(role, "NOLOGIN")]
    statements += [
        _create("web"),
        _alter("web", "LOGIN NOINHERIT", web_password),
        _create("provisioner"),
        _alter("provisioner", "LOGIN NOINHERIT CREATEROLE", provisioner_password),
        _grant("platform", "web", "INHERIT FALSE, SET TRUE"),
        _grant("platform", "provisioner", "INHERIT FALSE, SET TRUE"),
        _grant("owner", "provisioner", "INHERIT FALSE, SET TRUE"),
        # It hands the group on to the tenants' roles and is no member with rights itself.
        _grant("tenant", "provisioner", "ADMIN TRUE, INHERIT FALSE, SET FALSE"),
        # The same for the roles of plugins, which log in by themselves.
        _grant("plugin", "provisioner", "ADMIN TRUE, INHERIT FALSE, SET FALSE"),
    ]
    return statements


def _database_statements(name: str) -> list[sql.Composed]:
    database, owner = sql.Identifier(name), sql.Identifier(role_name("owner"))
    logins = sql.SQL(", ").join(
        sql.Identifier(role_name(login)) for login in ("web", "provisioner", "plugin")
    )
    return [
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, logins),
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, owner),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC").format(),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner),
        _keep_to_the_platform(),
        *_keep_roles(),
    ]


def _keep_to_the_platform() -> sql.Composed:
    """Return what takes from others the locks that the platform works with, and large objects.

    Plugins log in to the same database (ADR 21). One that held the lock of a tenant would stop all
    that is done to it; and what is in no schema would not go with one.
    """
    ours = sql.SQL(", ").join(
        sql.Identifier(role_name(role))
        for role in ("owner", "platform", "tenant", "web", "provisioner")
    )
    body = sql.SQL(
        "DECLARE f regprocedure; BEGIN"
        " FOR f IN SELECT oid::regprocedure FROM pg_catalog.pg_proc"
        " WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname LIKE 'pg%advisory%'"
        " OR proname IN ('lo_create', 'lo_creat', 'lo_from_bytea'))"
        " AND has_function_privilege('public', oid, 'EXECUTE') LOOP"
        " EXECUTE format('REVOKE EXECUTE ON FUNCTION pg_catalog.%s FROM PUBLIC', f);"
        " EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.%s TO {}', f);"
        " END LOOP; END"
    ).format(ours)
    return sql.SQL("DO {}").format(sql.Literal(body.as_string()))


def _keep_roles() -> list[sql.Composed]:
    """Return what takes `set_config` from the roles that requests run as.

    With it, a query that somebody has smuggled words into could take another role without a
    statement of its own (ADR 26). Logins need it to set the time zone, `pg_dump`'s output too.
    """
    function = sql.SQL("FUNCTION pg_catalog.set_config(text, text, boolean)")
    users = sql.SQL(", ").join(
        sql.Identifier(role_name(role)) for role in ("owner", "web", "provisioner", "plugin")
    )
    return [
        sql.SQL("REVOKE EXECUTE ON {} FROM PUBLIC").format(function),
        sql.SQL("GRANT EXECUTE ON {} TO {}").format(function, users),
    ]


def _create(role: str) -> sql.Composed:
    name = role_name(role)
    body = sql.SQL("BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object THEN NULL; END").format(
        sql.Identifier(name)
    )
    return sql.SQL("DO {}").format(sql.Literal(body.as_string()))


def _alter(role: str, options: str, password: str | None = None) -> sql.Composed:
    statement = sql.SQL("ALTER ROLE {} WITH NOSUPERUSER NOCREATEDB NOBYPASSRLS {}").format(
        sql.Identifier(role_name(role)), sql.SQL(options)
    )
    if password is None:
        return statement
    return sql.SQL("{} PASSWORD {}").format(statement, sql.Literal(password))


def _grant(role: str, to: str, options: str) -> sql.Composed:
    return sql.SQL("GRANT {} TO {} WITH {}").format(
        sql.Identifier(role_name(role)), sql.Identifier(role_name(to)), sql.SQL(options)
    )
