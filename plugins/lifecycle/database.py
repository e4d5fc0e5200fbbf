"""An installation's schema and role: made, closed, opened, given another password, and dropped.

The schema is the owner role's, as all schemas are; the installation's role may use it and create
in it, and reaches nothing else. It logs in by itself, so that no statement of a plugin ever runs
in a session that could take another role.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_noop
from psycopg import sql

from plexica.core.errors import PermanentError
from plexica.core.fence import fenced_transaction
from plexica.core.scope import Scope, enter_scope, platform_scope, role_name, schema_owner
from plugins.models import Installation
from plugins.secrets import (
    database_password,
    forget_database_password,
    new_password,
    set_database_password,
)
from tenants.schema import roles

# What all installations' roles have in common: they may connect to the database.
GROUP = "plugin"
# What their names begin with, behind that of all roles of the platform.
INSTALLATION_PREFIX = "p_"
_DEFAULT_PORT = 5432
_SCRAM = b"scram-sha-256"
# An object's rights and its owner are both dependencies of it.
_GIVERS = """
    SELECT DISTINCT owner.rolname::text
      FROM pg_catalog.pg_shdepend given
      JOIN pg_catalog.pg_roles taker ON taker.oid = given.refobjid
      JOIN pg_catalog.pg_shdepend owned
        ON (owned.dbid, owned.classid, owned.objid) = (given.dbid, given.classid, given.objid)
      JOIN pg_catalog.pg_roles owner ON owner.oid = owned.refobjid
     WHERE given.deptype = 'a' AND owned.deptype = 'o' AND taker.rolname = %s
       AND owner.oid <> taker.oid AND starts_with(owner.rolname::text, %s)
       AND given.dbid = (SELECT oid FROM pg_catalog.pg_database
                          WHERE datname = current_database())"""


def make_database(installation: Installation) -> None:
    """Make the role and the schema of an installation, or finish them.

    Raises:
        PermanentError: Something of that name is not this installation's.
    """
    role, schema = installation.database_role, installation.schema_name
    if roles.schema_is_anothers(schema) or roles.role_is_anothers(role):
        raise PermanentError(
            gettext_noop("A database schema or role of this name belongs to somebody else.")
        )
    with _as_provisioner():
        if not roles.role_exists(role):
            _execute("CREATE ROLE {} NOLOGIN", sql.Identifier(role))
        _let_provisioner_take(role)
        _execute(
            "GRANT {} TO {} WITH INHERIT TRUE, SET FALSE",
            sql.Identifier(role_name(GROUP)),
            sql.Identifier(role),
        )
        _execute("ALTER ROLE {} SET search_path = {}", sql.Identifier(role), sql.Identifier(schema))
    with enter_scope(schema_owner(schema)), fenced_transaction():
        if roles.schema_is_filled(schema) and not _may_create(role, schema):
            raise PermanentError(
                gettext_noop(
                    "The schema of an earlier installation is still there. The nightly comparison"
                    " reports it, and an operator can have it removed."
                )
            )
        _execute("CREATE SCHEMA IF NOT EXISTS {}", sql.Identifier(schema))
        _execute(
            "GRANT USAGE, CREATE ON SCHEMA {} TO {}", sql.Identifier(schema), sql.Identifier(role)
        )
    open_database(installation)


def open_database(installation: Installation) -> None:
    """Let an installation's role log in, with a new password.

    Sessions that are there go on; a plugin that is refused asks for the new one.
    """
    role, password = installation.database_role, new_password()
    # In one transaction, so that what is kept is always what the server knows.
    with platform_scope(), fenced_transaction():
        set_database_password(installation=installation, password=password)
        with enter_scope(roles.provisioner_scope()):
            _execute(
                "ALTER ROLE {} WITH LOGIN NOINHERIT NOCREATEROLE CONNECTION LIMIT {} PASSWORD {}",
                sql.Identifier(role),
                sql.Literal(settings.PLEXICA_PLUGIN_CONNECTIONS),
                sql.Literal(_verifier(role, password)),
            )


def database_url(installation: Installation) -> str:
    """Return the address by which an installation's backend reaches its schema: for it alone.

    Raises:
        KeyError: Its database is not made.
        UndecryptableError: No present key opens its password.
    """
    server = settings.DATABASES["default"]
    return "postgresql://{}:{}@{}:{}/{}".format(
        installation.database_role,
        database_password(installation=installation),
        server["HOST"],
        server["PORT"] or _DEFAULT_PORT,
        quote(server["NAME"], safe=""),
    )


def seal_database(installation: Installation) -> None:
    """Give an installation's role a password that only the host knows, and end its sessions.

    So an export can still be made of what the plugin reaches no more.
    """
    if _is_ours(installation.database_role):
        open_database(installation)
        _end_sessions(installation.database_role)


def close_database(installation: Installation) -> None:
    """Let an installation's role log in no more, and end its sessions."""
    if _is_ours(installation.database_role):
        _close(installation.database_role)


def drop_database(installation: Installation) -> None:
    """Drop an installation's schema and role with all that is theirs."""
    role, schema = installation.database_role, installation.schema_name
    if _is_ours(role):
        _close(role)
        # What an installation has left that is lost is not this one's, though it bears its name.
        if not roles.schema_is_anothers(schema) and _may_create(role, schema):
            roles.drop_schema(schema)
        drop_role(role)
    with platform_scope():
        forget_database_password(installation=installation)


def drop_role(role: str) -> None:
    """Drop an installation's role with all that it has made anywhere, if it is there and ours."""
    if _is_ours(role):
        _close(role)
        others = _who_gave_rights_to(role)
        with _as_provisioner():
            # Large objects go, too, and what plugins have granted each other: only who has the
            # rights of both sides can take that back.
            for each in (role, *others):
                _let_provisioner_take(each, inherit=True)
            _execute("DROP OWNED BY {} CASCADE", sql.Identifier(role))
            for each in others:
                _let_provisioner_take(each)
        roles.drop_role(role)


def _close(role: str) -> None:
    with _as_provisioner():
        _execute("ALTER ROLE {} NOLOGIN", sql.Identifier(role))
        # Whoever was cut off while making it may not have got as far.
        _let_provisioner_take(role)
    _end_sessions(role)


def _end_sessions(role: str) -> None:
    with _as(role), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
            [role],
        )


def _let_provisioner_take(role: str, *, inherit: bool = False) -> None:
    _execute(
        "GRANT {} TO {} WITH INHERIT {}, SET TRUE",
        sql.Identifier(role),
        sql.Identifier(role_name("provisioner")),
        sql.SQL(str(inherit)),
    )


def _who_gave_rights_to(role: str) -> list[str]:
    """Return the roles of other installations that own something on which a role has rights."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVERS, [role, role_name(INSTALLATION_PREFIX)])
        return [name for (name,) in cursor.fetchall()]


def _is_ours(role: str) -> bool:
    return roles.role_exists(role) and not roles.role_is_anothers(role)


def _may_create(role: str, schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_schema_privilege(%s, oid, 'CREATE') FROM pg_catalog.pg_namespace"
            " WHERE nspname = %s",
            [role, schema],
        )
        found = cursor.fetchone()
    return found is not None and bool(found[0])


def _verifier(role: str, password: str) -> str:
    """Return what the server keeps of a password, so that no log of statements has it."""
    connection.ensure_connection()
    encrypt = connection.connection.pgconn.encrypt_password
    verifier: bytes = encrypt(password.encode(), role.encode(), _SCRAM)
    return verifier.decode()


@contextmanager
def _as_provisioner() -> Iterator[None]:
    with enter_scope(roles.provisioner_scope()), fenced_transaction():
        yield


@contextmanager
def _as(role: str) -> Iterator[None]:
    scope = Scope(schema="pg_catalog", role=role, tenant_slug=None, search_path=("pg_catalog",))
    with enter_scope(scope), fenced_transaction():
        yield


def _execute(statement: str, *names: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*names).as_string(cursor.connection))
